"""Many buildings at once: their rows out of a file, and the answers into one. No HTTP."""
