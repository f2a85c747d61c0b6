"""Reading; each selector takes a number of queries that does not grow with the rows."""
