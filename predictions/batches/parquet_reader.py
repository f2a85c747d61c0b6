"""A program: Parquet on standard input, its columns as JSON on standard output. Imports nothing of
the project, which runs it as a process of its own (`predictions.batches.parquet_rows`).

A few kilobytes of Parquet may unfold to gigabytes, and what its own figures say need not be true:
so the kernel bounds memory and time, and the figures only make the refusal quick.

    python parquet_reader.py ROWS_MAX COLUMNS_MAX BYTES_MAX
"""

import json
import os
import resource
import sys
from typing import Any, NoReturn

#: Bytes beside those of the values: the interpreter, pyarrow's libraries and what they reserve.
_OWN_BYTES = 1 << 30
_SECONDS_MAX = 10
_TEXT_MAX = 200


def main(rows_max: int, columns_max: int, bytes_max: int) -> None:
    limit = _OWN_BYTES + 4 * bytes_max
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS_MAX, _SECONDS_MAX))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"  # which does not reserve ahead
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        answer = _columns(sys.stdin.buffer.read(), rows_max, columns_max, bytes_max)
    except MemoryError:
        _refuse("too-large")
    text = json.dumps(answer)
    if len(text) > bytes_max:
        _refuse("too-large")
    sys.stdout.write(text)


def _columns(body: bytes, rows_max: int, columns_max: int, bytes_max: int) -> dict[str, Any]:
    import pyarrow as pa
    from pyarrow import parquet

    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    try:
        file = parquet.ParquetFile(pa.BufferReader(body))
        metadata, schema = file.metadata, file.schema_arrow
        unfolded = sum(
            metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups)
        )
        if len(schema) > columns_max:
            _refuse("too-many-columns")
        if metadata.num_rows > rows_max:
            _refuse("too-many-rows")
        if unfolded > bytes_max:
            _refuse("too-large")
        odd = [field.name for field in schema if not _is_plain(pa, field.type)]
        if odd:
            return {"names": schema.names, "odd": odd, "columns": []}
        # Texts that come back stay one object each.
        texts = [field.name for field in schema if pa.types.is_string(field.type)]
        file = parquet.ParquetFile(pa.BufferReader(body), read_dictionary=texts)
        columns: list[list[Any]] = [[] for _ in schema.names]
        for batch in file.iter_batches(batch_size=1_000, use_threads=False):
            if len(columns[0]) + len(batch) > rows_max:
                _refuse("too-many-rows")
            for column, values in zip(columns, batch.columns, strict=True):
                column.extend(_values(pa, values))
    except pa.ArrowException as error:
        if isinstance(error, MemoryError):
            raise
        _refuse("malformed")
    except (OSError, ValueError, OverflowError):
        _refuse("malformed")
    return {"names": schema.names, "odd": [], "columns": columns}


def _is_plain(pa: Any, kind: Any) -> bool:
    types = pa.types
    if types.is_dictionary(kind):
        kind = kind.value_type
    return bool(
        types.is_boolean(kind)
        or types.is_integer(kind)
        or types.is_floating(kind)
        or types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_null(kind)
    )


def _values(pa: Any, values: Any) -> list[Any]:
    """Plain values; null and NaN are None."""
    if pa.types.is_dictionary(values.type):
        # Longer than any word there is: wrong anyway, and not to be written ten thousand times.
        known = [text and text[:_TEXT_MAX] for text in values.dictionary.to_pylist()]
        return [None if at is None else known[at] for at in values.indices.to_pylist()]
    # NaN is the one value that is not equal to itself.
    return [value if value == value else None for value in values.to_pylist()]


def _refuse(code: str) -> NoReturn:
    sys.stdout.write(json.dumps({"code": code}))
    sys.exit(0)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
