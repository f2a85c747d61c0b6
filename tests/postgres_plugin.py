"""Starts a throw-away PostgreSQL for the tests when DATABASE_URL is unset (placeholder:
DATABASE_URL is needed)."""
