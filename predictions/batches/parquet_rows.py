"""Rows out of Parquet, which is read in a process of its own: bounded in memory and time whatever
the file says, and no worker grows by pyarrow's libraries."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from django.utils.translation import gettext as _

from buildings.units import US
from mlmodel.checking import RowFault
from mlmodel.messages import Message
from predictions.batches.csv_rows import COLUMNS_MAX, columns_located, too_many_columns
from predictions.batches.rows import ROWS_MAX, Rows, error_of, too_many_rows
from predictions.errors import BatchFormatError, RowsRefusedError, TooManyRowsError
from predictions.faults import grouped
from predictions.models import BatchFormat

#: What the values may take once they are unfolded, as Parquet counts and as JSON.
UNFOLDED_BYTES_MAX: Final = 32 * 1024 * 1024
_READER: Final = Path(__file__).with_name("parquet_reader.py")
_LONGEST_S: Final = 20.0


def rows_of_parquet(body: bytes, *, units: str = US) -> Rows:
    """Every row of a file whose columns are named after features in `units`; null and NaN are
    missing.

    Raises BatchFormatError where it cannot be read, TooManyRowsError where it is larger than is
    taken, and RowsRefusedError for columns that are unknown, missing, or of no plain type.
    """
    found = _read(body)
    features = columns_located(found["names"], units=units)
    if found["odd"]:
        said = Message("Must be a column of numbers, texts or booleans, and not nested.")
        errors = [
            error_of(RowFault(name, "odd-type", said), "columns", name) for name in found["odd"]
        ]
        raise RowsRefusedError(errors, error_count=len(errors))
    rows = Rows(BatchFormat.PARQUET, units)
    names = [feature.name for feature in features]
    for values in zip(*found["columns"], strict=True):
        rows.add(dict(zip(names, values, strict=True)))
    return rows


def _read(body: bytes) -> dict[str, Any]:
    limits = map(str, (ROWS_MAX, COLUMNS_MAX, UNFOLDED_BYTES_MAX))
    try:
        done = subprocess.run(  # noqa: S603 -- our own program
            [sys.executable, "-I", str(_READER), *limits],
            input=body,
            capture_output=True,
            timeout=_LONGEST_S,
            check=False,
        )
        found: dict[str, Any] = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        # It had to be stopped, or memory ran out where nothing could be said any more.
        raise BatchFormatError(
            _("The body cannot be read as Parquet within the memory and time there is for it.")
        ) from None
    match found.get("code"):
        case "too-many-rows":
            raise too_many_rows()
        case "too-many-columns":
            raise too_many_columns()
        case "too-large":
            said = _("Its values take more than %(limit)s bytes.")
            raise TooManyRowsError(said % {"limit": grouped(f"{UNFOLDED_BYTES_MAX:,}")})
        case "malformed":
            raise BatchFormatError(_("The body is no whole Parquet file."))
    return found
