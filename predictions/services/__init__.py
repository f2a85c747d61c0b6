"""What may be done with the record: the door to the model, the model behind it, its callers."""
