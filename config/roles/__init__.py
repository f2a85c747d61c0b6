"""Four database roles: who they are, what each may do, and the SQL that makes it so.

`matrix` is the only place that says who may do what; the command `create_database`, the reference
pages and the tests read it. `statements` turns it into SQL, `provision` runs that SQL.
"""
