"""What no cell alone can show to be wrong: blank rows, repeats, rows of another file."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from buildings.benchmarking import IDENTIFIER_HEADER, YEAR_HEADER
from buildings.reading import BadRow, BlankRow, ParsedRow, Reason, Row, Survey

#: Identifiers from here on are kept for synthetic buildings; the city's end near 51,000.
SYNTHETIC_ID_FROM: Final = 900_001


class Judge:
    """Passes rows on, less blank ones, repeats, and those that do not belong in this file."""

    def __init__(self, found: Survey, counts: Counter[str], *, is_synthetic: bool) -> None:
        self._is_synthetic = is_synthetic
        self._survey = found
        self._stray_years = found.stray_years
        self._counts = counts
        #: Of each building and year, the line that it was first on, and what that said.
        self._first: dict[tuple[int, int], tuple[int, bytes]] = {}

    def judged(self, rows: Iterable[Row]) -> Iterator[ParsedRow | BadRow]:
        for row in rows:
            if isinstance(row, BlankRow):
                self._counts["blank"] += 1
            elif isinstance(row, BadRow):
                yield row
            elif reason := self._misplaced(row):
                yield BadRow(row.line_number, row.cells, (reason,))
            else:
                line, digest = self._first.setdefault(
                    (row.ose_building_id, row.data_year), (row.line_number, row.digest)
                )
                if line == row.line_number:
                    yield row
                elif digest == row.digest:
                    self._counts["duplicate"] += 1
                else:
                    said = (
                        f"building {row.ose_building_id} in {row.data_year} is on line {line} "
                        "already, with other values; right would be one row for each year"
                    )
                    yield BadRow(row.line_number, row.cells, (Reason(IDENTIFIER_HEADER, said),))

    def _misplaced(self, row: ParsedRow) -> Reason | None:
        if row.data_year in self._stray_years:
            main = self._survey.main_year
            share = f"{self._survey.years[main]:,} of {self._survey.rows:,} rows"
            said = f"{row.data_year} in a file of {main} ({share}); load other years' rows apart"
            return Reason(YEAR_HEADER, said)
        if self._is_synthetic and row.ose_building_id < SYNTHETIC_ID_FROM:
            return Reason(
                IDENTIFIER_HEADER, f"synthetic buildings have ids from {SYNTHETIC_ID_FROM}"
            )
        if not self._is_synthetic and row.ose_building_id >= SYNTHETIC_ID_FROM:
            said = (
                f"ids from {SYNTHETIC_ID_FROM} are kept for synthetic buildings; load such a file "
                "as synthetic"
            )
            return Reason(IDENTIFIER_HEADER, said)
        return None
