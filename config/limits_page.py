"""The reference page of every bound that a request meets; its numbers are the code's."""

from typing import Final

from buildings.api.pagination import KeysetPagination
from buildings.api.renderers import CSVRenderer
from config import limits
from predictions.api import problems
from predictions.api.parsers import MAX_DEPTH
from predictions.api.problems import ProblemType
from predictions.api.throttling import rate_headers
from predictions.batches.csv_rows import COLUMNS_MAX
from predictions.batches.parquet_rows import UNFOLDED_BYTES_MAX
from predictions.batches.rows import ROWS_MAX
from predictions.services.accounts import TOKEN_DAYS_MAX, TOKEN_NETWORKS_MAX
from predictions.services.rates import IPV6_SUBSCRIBER_BITS, WINDOW_SECONDS, Rates

_FORMATS: Final = {"json": "JSON", "csv": "CSV", "parquet": "Parquet"}
_HEADERS_DRAFT: Final = "https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/"


def limits_page() -> str:
    """Markdown: what is bounded, by how much, what changes it and what is answered beyond it."""
    rows = "".join(f"| {' | '.join(row)} |\n" for row in (*_of_a_request(), *_of_a_token()))
    fresh = Rates(
        requests=1,
        request_limit=limits.REQUESTS_PER_MINUTE,
        rows=0,
        row_limit=limits.ROWS_PER_MINUTE,
        resets_in_s=WINDOW_SECONDS,
        is_granted=True,
    )
    headers = "".join(f"{name}: {value}\n" for name, value in rate_headers(fresh).items())
    return f"""\
# Limits

What a request and a token may ask for. Made from the code by `manage.py export_reference`; do not
edit. The numbers are the defaults; where a variable is named, the environment may say otherwise.

| what | bound | changed by | beyond it |
|---|---|---|---|
{rows}
## Rates

A window begins with a token's first request and lasts {WINDOW_SECONDS} seconds; the next begins
with the first request after it. Within a window no more than the quota gets through, however many
workers answer, because PostgreSQL counts. A request that is refused costs nothing. Each answer to
a request with a token says where it stands, in the headers of the
[IETF's draft]({_HEADERS_DRAFT}):

```
{headers}```

`q` is the quota within `w` seconds, `r` what is left of it for `t` seconds. A 429 has `Retry-After`
too. Rows are those of batches; a single prediction is a request. A token may have quotas of its own
(admin); 0 is no limit, and is not stated.

For an address failures alone count, an IPv6 network of {IPV6_SUBSCRIBER_BITS} bits as one address:
a valid token is served whatever others try from beside it.

## At a time

A worker handles so many requests of one token at once, so that a thread is left to the others; all
workers together so many times `WEB_CONCURRENCY`. An answer that is streamed counts until it has
been sent.
"""


def _of_a_request() -> list[tuple[str, str, str, str]]:
    pages = KeysetPagination
    return [
        (
            "body",
            f"{limits.BODY_BYTES:,} bytes",
            "",
            _said(problems.BODY_TOO_LARGE),
        ),
        *(
            (
                f"body of a batch, {_FORMATS[form]}",
                f"{most:,} bytes",
                f"`BATCH_{form.upper()}_BYTES_MAX`",
                _said(problems.BODY_TOO_LARGE),
            )
            for form, most in limits.BATCH_BODY_BYTES.items()
        ),
        ("rows of a batch", f"{ROWS_MAX:,}", "", _said(problems.BODY_TOO_LARGE)),
        (
            "columns of a batch, CSV or Parquet",
            str(COLUMNS_MAX),
            "",
            _said(problems.BODY_TOO_LARGE),
        ),
        (
            "values of a Parquet file, unfolded",
            f"{UNFOLDED_BYTES_MAX:,} bytes",
            "",
            _said(problems.BODY_TOO_LARGE),
        ),
        ("levels of nesting in JSON", str(MAX_DEPTH), "", _said(problems.MALFORMED_BODY)),
        (
            "rows a page",
            f"{pages.max_page_size} ({CSVRenderer.max_page_size:,} in CSV); {pages.page_size} "
            "without `page_size`",
            "",
            _said(problems.INVALID_INPUT),
        ),
        (
            "time of one statement in the database",
            f"{limits.STATEMENT_TIMEOUT_MS / 1000:g} s",
            "`DATABASE_STATEMENT_TIMEOUT_MS`",
            _said(problems.DATABASE_UNAVAILABLE),
        ),
    ]


def _of_a_token() -> list[tuple[str, str, str, str]]:
    limited = _said(problems.TOO_MANY_REQUESTS)
    return [
        (
            "requests of a token a minute",
            f"{limits.REQUESTS_PER_MINUTE:,}",
            "`RATE_LIMIT_REQUESTS_PER_MINUTE`, or the token's own",
            limited,
        ),
        (
            "rows of a token's batches a minute",
            f"{limits.ROWS_PER_MINUTE:,}",
            "`RATE_LIMIT_ROWS_PER_MINUTE`, or the token's own",
            limited,
        ),
        (
            "failed authentications of an address a minute",
            str(limits.FAILURES_PER_MINUTE),
            "`RATE_LIMIT_FAILURES_PER_MINUTE`",
            limited,
        ),
        (
            "requests of a token at a time, with each worker",
            f"{limits.WORKER_THREADS - 1}: one less than the worker's threads",
            "`CONCURRENCY_PER_TOKEN`, `WEB_THREADS`",
            _said(problems.TOO_MANY_AT_ONCE),
        ),
        (
            "active tokens of a user, to make another over the API",
            str(limits.TOKENS_PER_USER),
            "`API_TOKENS_PER_USER`",
            _said(problems.TOO_MANY_TOKENS),
        ),
        ("networks of a token", str(TOKEN_NETWORKS_MAX), "", _said(problems.INVALID_INPUT)),
        (
            "days that a token may be made for",
            str(TOKEN_DAYS_MAX),
            "",
            _said(problems.INVALID_INPUT),
        ),
    ]


def _said(problem: ProblemType) -> str:
    return f"{problem.status} `{problem.slug}`"
