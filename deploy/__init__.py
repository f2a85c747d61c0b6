"""What the pipeline runs around a release. Standard library only: it runs before anything is
installed."""
