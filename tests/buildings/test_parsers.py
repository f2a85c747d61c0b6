"""How single cells are read; what each column makes of them is in test_reading."""

import doctest
import json
from typing import Any

import pytest

from buildings import parsers
from buildings.parsers import SetAsideError

ADDRESS = {"address": "405 OLIVE WAY", "city": "SEATTLE", "state": "WA", "zip_code": "98101"}
POINT = {"latitude": 47.61219, "longitude": -122.33799}


def test_use_types_are_split_outside_parentheses() -> None:
    assert doctest.testmod(parsers).failed == 0
    assert parsers.split_use_types(" , Hotel,,") == ["Hotel"]


def test_use_type_too_long_for_the_table_is_set_aside() -> None:
    with pytest.raises(SetAsideError, match="more than 100 characters"):
        parsers.use_list(f"Hotel, {'x' * 101}")


def test_bounds_are_inclusive() -> None:
    number = parsers.number(1, 3)
    assert [number("1"), number("3")] == [1.0, 3.0]
    for cell in ("0.999", "3.001"):
        with pytest.raises(SetAsideError, match="is not between 1 and 3"):
            number(cell)
    with pytest.raises(SetAsideError, match="is not 1 or more"):
        parsers.number(1)("0")


@pytest.mark.parametrize(
    ("cell", "value"),
    [("1,234,567.5", 1_234_567.5), ("+5", 5.0), ("5.", 5.0), ("1E3", 1000.0), ("-0", 0.0)],
)
def test_number_is_read(cell: str, value: float) -> None:
    assert parsers.number()(cell) == value


def test_flag_of_a_value_set_aside_is_one_of_the_rules() -> None:
    with pytest.raises(KeyError):
        SetAsideError("reason", flag="no_such_rule")


_HUMAN = {"address": "405 OLIVE WAY", "city": "SEATTLE", "state": "WA", "zip": "98101"}
_DICT = {"latitude": "47.61219", "longitude": "-122.33799"}


@pytest.mark.parametrize(
    ("cell", "place"),
    [
        ("405 OLIVE WAY\nSEATTLE, WA 98101\n(47.61219, -122.33799)", ADDRESS | POINT),
        ("405 OLIVE WAY\r\nSEATTLE, WA 98101\r\n(47.61219, -122.33799)", ADDRESS | POINT),
        ("405 OLIVE WAY\nSEATTLE, WA 98101", ADDRESS),
        ("1 A ST\nUNIT 2\nSEATTLE, WA", {**ADDRESS, "address": "1 A ST UNIT 2", "zip_code": None}),
        ("(47.61219, -122.33799)", POINT),
        ("POINT (-122.33799 47.61219)", POINT),
        (json.dumps(_DICT | {"human_address": json.dumps(_HUMAN)}), ADDRESS | POINT),
        (json.dumps(_DICT | {"human_address": _HUMAN}), ADDRESS | POINT),
        (str(_DICT | {"human_address": json.dumps(_HUMAN)}), ADDRESS | POINT),
        (str({"latitude": None, "longitude": None, "human_address": str(_HUMAN)}), ADDRESS),
        (str({"needs_recoding": False, **_DICT}), POINT),
    ],
)
def test_place_is_read_in_every_spelling_of_the_portal(cell: str, place: dict[str, Any]) -> None:
    assert parsers.location(cell) == {
        name: value for name, value in place.items() if value is not None
    }


@pytest.mark.parametrize(
    "cell",
    [
        "{",
        "{'latitude': ",
        "{1, 2}",
        "{'human_address': '['}",
        "{'human_address': 5}",
        "{" * 5000,
        "{'latitude': 'north', 'longitude': 'west'}",
        "{'x': __import__('os').system('true')}",
    ],
)
def test_place_that_is_none_is_set_aside(cell: str) -> None:
    with pytest.raises(SetAsideError, match="names no place"):
        parsers.location(cell)
