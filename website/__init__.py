"""Makes the documentation site, the slides and the pictures; no part of the service."""
