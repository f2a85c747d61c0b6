"""Batches over HTTP: 10,000 buildings in, as many answers out."""
