"""Bounds of a request and of a token where the environment says nothing else."""

from typing import Final

#: The largest request body that is read at all, bytes.
BODY_BYTES: Final = 256 * 1024
#: The same of a batch, by the format of its rows: 10,000 rows fit into each.
BATCH_BODY_BYTES: Final = {
    "json": 16 * 1024 * 1024,
    "csv": 8 * 1024 * 1024,
    "parquet": 8 * 1024 * 1024,
}
#: Requests, and rows of batches, that a token may ask for within a minute.
REQUESTS_PER_MINUTE: Final = 600
ROWS_PER_MINUTE: Final = 100_000
#: Failed authentications that an address may make within a minute.
FAILURES_PER_MINUTE: Final = 30
#: Active tokens of a user, above which none is made by means of another.
TOKENS_PER_USER: Final = 50
#: Threads of a worker; one of them is left to other tokens.
WORKER_THREADS: Final = 4
#: What one statement of a request may take, ms.
STATEMENT_TIMEOUT_MS: Final = 15_000
#: Failed sign-ins of a user from one address, and for how long the pair is locked out then.
SIGN_IN_FAILURES: Final = 5
SIGN_IN_LOCKED_MINUTES: Final = 15
#: How long a session of staff may be idle, and how long it may last at all.
SESSION_IDLE_MINUTES: Final = 30
SESSION_HOURS: Final = 12
