"""`make soak`: hundreds of submissions through a site that is harmed every few seconds."""
