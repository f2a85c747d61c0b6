"""Writing: the one way that rows get into the tables of this app."""
