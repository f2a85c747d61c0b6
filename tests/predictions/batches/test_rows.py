"""Files of rows: what is no such file, what is too much, what is understood."""

import contextlib
import io
from typing import Any

import pytest

from predictions.batches.csv_rows import rows_of_csv
from predictions.batches.parquet_rows import rows_of_parquet
from predictions.errors import BatchFormatError, RowsRefusedError, TooManyRowsError
from tests.predictions.batches.bodies import csv_of, parquet_of, rows_of
from tests.predictions.factories import facts

COLUMNS: dict[str, Any] = {
    "primary_property_type": ["Hotel", "Hotel"],
    "gross_floor_area_sqft": [90_000.0, 80_000.0],
    "year_built": [1927, 1928],
}
HEADER = "primary_property_type,gross_floor_area_sqft,year_built\n"


def read(content: str | bytes, limit: int = 10_000) -> Any:
    body = content.encode() if isinstance(content, str) else content
    return rows_of_csv(io.BytesIO(body), limit=limit)


class TestCSV:
    @pytest.mark.parametrize(
        ("content", "says"),
        [
            (b"", "empty"),
            (b"\n\n,,\n", "empty"),
            (HEADER.encode() + "Hôtel,1,1\n".encode("cp1252"), "Line 2: byte 0xf4"),
            (HEADER.encode("utf-16"), "Line 1: byte 0xff"),
            (HEADER.encode() + b"Ho\0tel,1,1\n", "Line 2: a NUL character"),
            (HEADER.encode() + b'"Hotel,1,1\n', "Line 2: not readable as CSV"),
            (HEADER.encode() + b'"Ho"tel,1,1\n', "Line 2: not readable as CSV"),
            (HEADER.replace("\n", "\r").encode() + b"Hotel,1,1\r", "carriage returns alone"),
            (HEADER.encode() + b"x" * 200_000 + b",1,1\n", "Line 2: not readable as CSV"),
        ],
    )
    def test_what_is_no_csv_is_refused_by_line(self, content: bytes, says: str) -> None:
        with pytest.raises(BatchFormatError, match=says):
            read(content)

    def test_columns_that_are_unknown_twice_or_missing_are_all_named(self) -> None:
        with pytest.raises(RowsRefusedError) as caught:
            read("Year Bilt,zzz,year_built,Year-Built,\n1,2,3,4,5\n")
        assert [(error["pointer"], error["code"]) for error in caught.value.errors] == [
            ("/columns/Year Bilt", "unknown-member"),
            ("/columns/zzz", "unknown-member"),
            ("/columns/Year-Built", "duplicate"),
            ("/columns/4", "unknown-member"),
            ("/columns", "required"),
            ("/columns", "required"),
        ]
        details = [error["detail"] for error in caught.value.errors]
        assert "`year_built`" in details[0]
        assert "Leave it out" in details[1]
        assert "Columns 3 and 4 are both year_built" in details[2]
        assert "`gross_floor_area_sqft`" in details[5]

    def test_more_columns_or_rows_than_are_taken_are_too_many(self) -> None:
        with pytest.raises(TooManyRowsError, match="200 columns"):
            read("x," * 1_000 + "\n")
        body = csv_of(rows_of(4))
        assert read(body, limit=4).received == 4
        with pytest.raises(TooManyRowsError, match="10,000 rows"):
            read(body, limit=3)

    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    @pytest.mark.parametrize("end", ["\n", "\r\n"])
    @pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
    def test_every_spelling_means_the_same(self, delimiter: str, end: str, mark: bytes) -> None:
        rows = [
            facts(gross_floor_area_sqft=88434.5, has_steam=True, number_of_floors=None),
            facts(gross_floor_area_sqft=90000, has_steam=None, number_of_floors=3),
        ]
        assert read(mark + csv_of(rows, delimiter=delimiter, end=end)).features == [
            {**dict.fromkeys(one), **row, "gross_floor_area_sqft": float(area)}
            for row, area, one in zip(
                rows, (88434.5, 90000), read(csv_of(rows)).features, strict=True
            )
        ]

    def test_cells_are_read_as_the_citys_files_are(self) -> None:
        rows = read(
            "Primary Property Type;GROSS floor area (sqft);year_built;Has steam;number of floors\n"
            ' hotel ;88,434;"1,927";YES;NULL\n\n;;;;\nHotel;8.9e4;1927.0;f;N/A\n'
        )
        assert (rows.received, rows.refused) == (2, [])
        first, second = rows.features
        assert (first["primary_property_type"], first["gross_floor_area_sqft"]) == ("Hotel", 88434)
        assert (first["year_built"], first["has_steam"], first["number_of_floors"]) == (
            1927,
            True,
            None,
        )
        assert (second["gross_floor_area_sqft"], second["has_steam"]) == (89000, False)

    @pytest.mark.parametrize(
        ("line", "code"),
        [
            ("Hotel,90000", "wrong-width"),
            ("Hotel,90000,1927,1", "wrong-width"),
            ("Hotell,90000,1927", "unknown-choice"),
            ("Hotel,,1927", "required-or-null"),
            ("Hotel,90_000,1927", "not-a-number"),
            ("Hotel,1e999,1927", "not-a-number"),
            ("Hotel,inf,1927", "not-a-number"),
            ('Hotel,"90000,5",1927', "not-a-number"),
            ("Hotel,90000,1927.5", "not-whole"),
            ("Hotel,90000,3000", "out-of-range"),
        ],
    )
    def test_a_bad_row_says_why_and_on_which_line(self, line: str, code: str) -> None:
        rows = read(f"{HEADER}Hotel,90000,1927\n\n{line}\nHotel,90000,1927\n")
        (refused,) = rows.refused
        assert (refused.row, refused.line, len(rows.features)) == (1, 4, 2)
        assert [fault.code for fault in refused.faults] == [
            "null" if code == "required-or-null" else code
        ]


class TestParquet:
    def test_rows_nulls_and_nan(self) -> None:
        rows = rows_of_parquet(
            parquet_of(
                {**COLUMNS, "number_of_floors": [float("nan"), 3.0], "has_steam": [None, True]}
            )
        )
        assert rows.refused == []
        assert [row["number_of_floors"] for row in rows.features] == [None, 3]
        assert [row["has_steam"] for row in rows.features] == [None, True]

    @pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "zstd", "brotli", "lz4"])
    def test_every_compression(self, compression: str) -> None:
        assert rows_of_parquet(parquet_of(COLUMNS, compression=compression)).received == 2

    def test_what_is_no_parquet_is_refused(self) -> None:
        good = parquet_of(COLUMNS)
        for body in (
            b"",
            b"PAR1",
            b"x" * 100,
            good[:-20],
            good[20:],
            b"PAR1" + b"\xff" * 99 + b"PAR1",
        ):
            with pytest.raises(BatchFormatError):
                rows_of_parquet(body)

    @pytest.mark.parametrize("at", [8, 40, 200, -200, -60])
    def test_damage_raises_nothing_but_refusals(self, at: int) -> None:
        damaged = bytearray(parquet_of(COLUMNS))
        damaged[at : at + 20] = bytes(range(200, 220))
        with contextlib.suppress(BatchFormatError, RowsRefusedError, TooManyRowsError):
            rows_of_parquet(bytes(damaged))

    def test_more_rows_than_are_taken(self) -> None:
        with pytest.raises(TooManyRowsError, match="10,000 rows"):
            rows_of_parquet(parquet_of({name: v[:1] * 10_001 for name, v in COLUMNS.items()}))

    def test_a_few_kilobytes_that_unfold_to_gigabytes_are_refused(self) -> None:
        import pyarrow as pa

        one = pa.array(["x" * 3_000_000])
        texts = pa.DictionaryArray.from_arrays(pa.array([0] * 10_000), one)
        columns = {name: v[:1] * 10_000 for name, v in COLUMNS.items()}
        body = parquet_of({**columns, "neighborhood": texts}, compression="zstd")
        assert len(body) < 100_000
        # A text that long is no neighborhood; that it stands ten thousand times costs nothing.
        assert len(rows_of_parquet(body).refused) == 10_000
        plain = {**columns, "neighborhood": ["x" * 20_000] * 10_000}
        body = parquet_of(plain, compression="zstd", use_dictionary=False)
        assert len(body) < 200_000
        with pytest.raises(TooManyRowsError, match="33,554,432 bytes"):
            rows_of_parquet(body)

    @pytest.mark.parametrize(
        "values", [[[1], [2]], [{"a": 1}, {"a": 2}], [b"x", b"y"]], ids=["list", "struct", "bytes"]
    )
    def test_columns_of_odd_types_are_named(self, values: Any) -> None:
        with pytest.raises(RowsRefusedError) as caught:
            rows_of_parquet(parquet_of({**COLUMNS, "number_of_floors": values}))
        (error,) = caught.value.errors
        assert (error["pointer"], error["code"]) == ("/columns/number_of_floors", "odd-type")

    def test_unknown_and_missing_columns_are_named(self) -> None:
        with pytest.raises(RowsRefusedError) as caught:
            rows_of_parquet(parquet_of({"year_buildt": [1], "__index_level_0__": [0]}))
        assert [error["code"] for error in caught.value.errors] == [
            "unknown-member",
            "unknown-member",
            "required",
            "required",
            "required",
        ]

    def test_values_of_the_wrong_type_are_refused_row_by_row(self) -> None:
        rows = rows_of_parquet(parquet_of({**COLUMNS, "has_steam": [1, 0]}))
        assert [row.faults[0].code for row in rows.refused] == ["not-a-boolean"] * 2
