"""Performance, measured; see README.md."""
