"""What makes the documentation site, the slides and the pictures from docs/ (not part of the service)."""
