"""Fuzzing of what reads participants' files: `python -m tests.fuzz`."""
