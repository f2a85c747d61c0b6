"""How one cell of a benchmarking file is read.

Each parser gets a cell that is stripped and not blank. It raises ValueError with the exact reason
when the cell is not what its column holds, and SetAsideError when it is but cannot be right: the
row is then loaded without that value, and flagged.
"""

import ast
import html
import json
import math
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from buildings.choices import NEIGHBORHOOD_PATTERN, PROPERTY_USE_TYPES, SHARED_PREFIX
from buildings.quality import flag_code

Place: TypeAlias = dict[str, str | float]
Value: TypeAlias = str | int | float | bool | None
Parser: TypeAlias = Callable[[str], Any]

#: How files write that there is nothing to write.
MISSING: Final = frozenset(
    {"", "NULL", "Null", "null", "NA", "N/A", "n/a", "#N/A", "nan", "NaN", "None", "Not Available"}
)
_BOOLEANS: Final = {
    **dict.fromkeys(("true", "t", "yes", "y", "1"), True),
    **dict.fromkeys(("false", "f", "no", "n", "0"), False),
}
_COMMA_OUTSIDE_PARENTHESES = re.compile(r",(?![^()]*\))")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?")
_DISTRICT = re.compile(NEIGHBORHOOD_PATTERN)
#: `DELRIDGE NEIGHBORHOODS` is the same district as `DELRIDGE`.
_DISTRICT_SUFFIX: Final = re.compile(r" NEIGHBORHOODS\b")
_COORDINATES = re.compile(r"\(?\s*(-?\d+\.?\d*)\s*,\s*(-?\d+\.?\d*)\s*\)?")
_POINT = re.compile(r"POINT\s*\(\s*(-?\d+\.?\d*)\s+(-?\d+\.?\d*)\s*\)", re.IGNORECASE)
_CITY_STATE_ZIP = re.compile(r"(?P<city>[^,]*),?\s+(?P<state>[A-Za-z]{2})\.?\s*(?P<zip>\d{5}\S*)?")
_PARCEL_DIGITS: Final = 10


class SetAsideError(Exception):
    """The cell cannot be right, for the reason given; `flag` is the data-quality rule that says so,
    `value` what the cell is understood as instead."""

    def __init__(self, reason: str, *, flag: str = "value_set_aside", value: Value = None) -> None:
        super().__init__(reason)
        self.flag = flag_code(flag)
        self.value = value


# Text


def text(max_length: int | None = None) -> Parser:
    """Text with single blanks; what is too long for the table is set aside."""

    def parse(cell: str) -> str:
        value = " ".join(cell.split()) if max_length is not None else cell
        if max_length is not None and len(value) > max_length:
            raise SetAsideError(f"{len(value)} characters; at most {max_length} are kept", value="")
        return value

    return parse


def one_of(values: Sequence[str]) -> Parser:
    """One of a closed vocabulary, without regard to case; anything else is set aside."""
    by_key = {value.casefold(): value for value in values}

    def parse(cell: str) -> str:
        value = by_key.get(" ".join(cell.split()).casefold())
        if value is None:
            raise SetAsideError(
                f"{_shown(cell)} is none of them", flag="unknown_category", value=""
            )
        return value

    return parse


def neighborhood(cell: str) -> str:
    """A district in capitals, or a pair of them as `SHARED: CENTRAL & EAST`.

    >>> neighborhood(" Delridge Neighborhoods")
    'DELRIDGE'
    >>> neighborhood("SHARED: NORTH &amp; NORTHWEST")
    'SHARED: NORTH & NORTHWEST'
    """
    value = " ".join(html.unescape(cell).upper().split())
    value = _DISTRICT_SUFFIX.sub("", value)
    if value.startswith(SHARED_PREFIX.strip()):
        value = SHARED_PREFIX + value.removeprefix(SHARED_PREFIX.strip()).strip()
    if not _DISTRICT.fullmatch(value):
        raise SetAsideError(f"{_shown(cell)} is no district", flag="unknown_category", value="")
    return value


def state(cell: str) -> str:
    """Two letters."""
    if len(cell) != 2 or not cell.isalpha():
        raise SetAsideError(f"{_shown(cell)} is not two letters", value="")
    return cell.upper()


def zip_code(cell: str) -> str:
    """A ZIP code as text."""
    # Copies that went through a spreadsheet or data frame write 98101.0.
    value = cell.removesuffix(".0")
    if len(value) > 10:
        raise SetAsideError(f"{_shown(cell)} is no ZIP code", value="")
    return value


def parcel_number(cell: str) -> str:
    """A King County parcel number with the zeros that a spreadsheet took from its front.

    >>> parcel_number("659000030"), parcel_number("701100-0000"), parcel_number("xNA")
    ('0659000030', '7011000000', '')
    """
    value = cell.removesuffix(".0").strip()
    if value.upper() == "XNA" or not value.strip("0"):
        return ""
    digits = value.replace("-", "")
    if digits.isascii() and digits.isdigit() and len(digits) <= _PARCEL_DIGITS:
        return digits.zfill(_PARCEL_DIGITS)
    return str(text(64)(value))


def years_certified(cell: str) -> str:
    """Years of certification; files of 2016 and 2017 run them together.

    >>> years_certified("201620152014"), years_certified("2,007"), years_certified("2016, 2015")
    ('2016, 2015, 2014', '2007', '2016, 2015')
    """
    digits = "".join(character for character in cell if character not in ", ")
    years = [digits[at : at + 4] for at in range(0, len(digits), 4)]
    if digits.isascii() and digits.isdigit() and len(digits) % 4 == 0:
        return str(text(255)(", ".join(years)))
    return str(text(255)(cell))


def compliance_status(cell: str) -> str:
    """The city's word, in one spelling."""
    value = str(text(64)(cell))
    return "Not Compliant" if value.casefold() == "non-compliant" else value


# Numbers


def number(
    minimum: float = -math.inf, maximum: float = math.inf, *, is_positive: bool = False
) -> Callable[[str], float]:
    """A finite number, with or without thousands separators; set aside beyond inclusive bounds."""

    def parse(cell: str) -> float:
        if not _NUMBER.fullmatch(cell):
            raise ValueError(f"{_shown(cell)} is not a number; right would be 88434 or 88,434.5")
        value = float(cell.replace(",", ""))
        if not math.isfinite(value):
            raise ValueError(f"{_shown(cell)} is too large for a number")
        if is_positive and value <= 0:
            raise SetAsideError(f"{_shown(cell)} is not above 0")
        if not minimum <= value <= maximum:
            raise SetAsideError(f"{_shown(cell)} is not {_bounds(minimum, maximum)}")
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


def data_year(cell: str) -> int | None:
    """A year that is over or under way, from 2000 on."""
    value: int | None = integer(2000, datetime.now(UTC).year)(cell)
    return value


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


# Uses

_USE_TYPES: Final = {name.casefold(): name for name in PROPERTY_USE_TYPES}


def use_type(cell: str) -> str:
    """A use as Portfolio Manager spells it; a use it does not name stands as published."""
    name = str(text(100)(cell))
    return _USE_TYPES.get(name.casefold(), name)


def split_use_types(cell: str) -> list[str]:
    """Split a list of use types on the commas outside parentheses.

    >>> split_use_types("Hotel, Personal Services (Health/Beauty, Dry Cleaning, etc), Parking")
    ['Hotel', 'Personal Services (Health/Beauty, Dry Cleaning, etc)', 'Parking']
    """
    parts = (" ".join(part.split()) for part in _COMMA_OUTSIDE_PARENTHESES.split(cell))
    return [_USE_TYPES.get(part.casefold(), part) for part in parts if part]


def use_list(cell: str) -> str:
    """A list of use types as it stands."""
    if any(len(name) > 100 for name in split_use_types(cell)):
        raise SetAsideError("a use of more than 100 characters", value="")
    return cell


# Places


def location(cell: str) -> Place:
    """Address, city, state, ZIP code and coordinates out of one cell.

    Takes the portal's three spellings: lines (`411 W REPUBLICAN ST\\nSEATTLE, WA 98119\\n(47.6,
    -122.3)`), a dict with `human_address`, `latitude` and `longitude`, and `POINT (-122.3 47.6)`.
    What cannot be understood is set aside.
    """
    if cell.startswith("{"):
        found = _location_of_dict(cell)
    elif point := _POINT.fullmatch(cell):
        found = {"latitude": float(point[2]), "longitude": float(point[1])}
    else:
        found = _location_of_lines(cell)
    found = {name: value for name, value in found.items() if value != ""}
    if not found:
        raise SetAsideError(f"{_shown(cell)} names no place")
    return found


def _location_of_lines(cell: str) -> Place:
    found: Place = {}
    words = []
    for line in cell.replace("\r", "\n").split("\n"):
        stripped = line.strip()
        if coordinates := _COORDINATES.fullmatch(stripped):
            found |= _coordinates(coordinates[1], coordinates[2])
        elif stripped:
            words.append(stripped)
    if words and (place := _CITY_STATE_ZIP.fullmatch(words[-1])):
        words.pop()
        found |= {
            "city": place["city"].strip(),
            "state": place["state"].upper(),
            "zip_code": place["zip"] or "",
        }
    return found | {"address": " ".join(words)}


def _location_of_dict(cell: str) -> Place:
    try:
        content = _mapping(cell)
        address = content.get("human_address") or {}
        address = _mapping(address) if isinstance(address, str) else address
        known = {**content, **address}
        place: Place = {
            "address": str(known.get("address") or ""),
            "city": str(known.get("city") or ""),
            "state": str(known.get("state") or ""),
            "zip_code": str(known.get("zip") or ""),
        }
        if known.get("latitude") and known.get("longitude"):
            place |= _coordinates(str(known["latitude"]), str(known["longitude"]))
    except (ValueError, SyntaxError, TypeError, AttributeError, RecursionError, MemoryError):
        raise SetAsideError(f"{_shown(cell)} names no place") from None
    return place


def _mapping(cell: str) -> dict[str, Any]:
    """A JSON object, or a Python dict as data frames print it."""
    try:
        content = json.loads(cell)
    except ValueError:
        content = ast.literal_eval(cell)
    if not isinstance(content, dict):
        raise TypeError
    return content


def _coordinates(latitude: str, longitude: str) -> Place:
    return {"latitude": float(latitude), "longitude": float(longitude)}
