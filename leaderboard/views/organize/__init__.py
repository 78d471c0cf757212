"""The organizers' pages: each of them is for the organizers of its challenge, and is not there for others."""
