"""Other ways to serve the same model, which the service is held against (`benchmarks/one_row.py`,
`benchmarks/batch.py`). Each validates, authenticates, and keeps inputs and outputs in one row."""
