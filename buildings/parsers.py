"""How one cell of a benchmarking file is read.

Each parser gets a cell that is stripped and not blank; it raises ValueError with the exact reason.
"""

import math
import re
from collections.abc import Callable
from typing import Final, TypeAlias

Value: TypeAlias = str | int | float | bool | None
Parser: TypeAlias = Callable[[str], Value]

_BOOLEANS: Final = {"true": True, "y": True, "yes": True, "false": False, "n": False, "no": False}
_COMMA_OUTSIDE_PARENTHESES = re.compile(r",(?![^()]*\))")
_NUMBER = re.compile(r"[+-]?([0-9]{1,3}(,[0-9]{3})+|[0-9]+)(\.[0-9]*)?([eE][+-]?[0-9]+)?")


def text(max_length: int | None = None) -> Parser:
    """Text as it stands, of a length that the table can hold."""

    def parse(cell: str) -> str:
        if max_length is not None and len(cell) > max_length:
            raise ValueError(f"{len(cell)} characters; at most {max_length} are kept")
        return cell

    return parse


def category(max_length: int, *, renamed: dict[str, str] | None = None) -> Parser:
    """Text whose inner blanks are single; `renamed` maps former names to the current ones."""
    check = text(max_length)

    def parse(cell: str) -> Value:
        name = " ".join(cell.split())
        return check((renamed or {}).get(name, name))

    return parse


def neighborhood(cell: str) -> Value:
    """A neighborhood district in capitals, as most of the file has it."""
    parse = category(64, renamed={"DELRIDGE NEIGHBORHOODS": "DELRIDGE"})
    return parse(cell.upper())


def zip_code(cell: str) -> Value:
    """A zip code as text."""
    # Copies that went through a spreadsheet or data frame write 98101.0.
    return text(10)(cell.removesuffix(".0"))


def number(
    minimum: float = -math.inf, maximum: float = math.inf, *, is_positive: bool = False
) -> Callable[[str], float]:
    """A finite number, with or without thousands separators, within inclusive bounds."""

    def parse(cell: str) -> float:
        if not _NUMBER.fullmatch(cell):
            raise ValueError(f"{_shown(cell)} is not a number; right would be 88434 or 88,434.5")
        value = float(cell.replace(",", ""))
        if not math.isfinite(value):
            raise ValueError(f"{_shown(cell)} is too large for a number")
        if is_positive and value <= 0:
            raise ValueError(f"{_shown(cell)} is not above 0")
        if not minimum <= value <= maximum:
            raise ValueError(f"{_shown(cell)} is not {_bounds(minimum, maximum)}")
        return value

    return parse


def integer(minimum: int, maximum: int, *, unknown: tuple[int, ...] = ()) -> Parser:
    """A whole number; the values in `unknown` are how the city writes that it does not know."""
    parse_number = number(minimum, maximum)

    def parse(cell: str) -> int | None:
        value = parse_number(cell)
        if not value.is_integer():
            raise ValueError(f"{_shown(cell)} is not a whole number")
        return None if int(value) in unknown else int(value)

    return parse


def boolean(cell: str) -> bool:
    """True or false, yes or no, in whatever case."""
    try:
        return _BOOLEANS[cell.lower()]
    except KeyError:
        raise ValueError(f"{_shown(cell)} is neither true nor false") from None


def _bounds(minimum: float, maximum: float) -> str:
    if maximum == math.inf:
        return f"{minimum:.0f} or more"
    return f"between {minimum:.0f} and {maximum:.0f}"


def _shown(cell: str) -> str:
    return repr(cell if len(cell) <= 60 else f"{cell[:59]}…")


def split_use_types(cell: str) -> list[str]:
    """Split a list of use types on the commas outside parentheses.

    >>> split_use_types("Hotel, Personal Services (Health/Beauty, Dry Cleaning, etc), Parking")
    ['Hotel', 'Personal Services (Health/Beauty, Dry Cleaning, etc)', 'Parking']
    """
    parts = (" ".join(part.split()) for part in _COMMA_OUTSIDE_PARENTHESES.split(cell))
    return [part for part in parts if part]


def use_list(cell: str) -> Value:
    """A list of use types as it stands, each of a length that the table can hold."""
    for name in split_use_types(cell):
        text(100)(name)
    return cell
