"""How single cells are read; what each column makes of them is in test_benchmarking."""

import doctest

import pytest

from buildings import parsers


def test_use_types_are_split_outside_parentheses() -> None:
    assert doctest.testmod(parsers).failed == 0
    assert parsers.split_use_types(" , Hotel,,") == ["Hotel"]


def test_use_type_too_long_for_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="101 characters; at most 100 are kept"):
        parsers.use_list(f"Hotel, {'x' * 101}")


def test_bounds_are_inclusive() -> None:
    number = parsers.number(1, 3)
    assert [number("1"), number("3")] == [1.0, 3.0]
    for cell in ("0.999", "3.001"):
        with pytest.raises(ValueError, match="is not between 1 and 3"):
            number(cell)


@pytest.mark.parametrize(
    ("cell", "value"),
    [("1,234,567.5", 1_234_567.5), ("+5", 5.0), ("5.", 5.0), ("1E3", 1000.0), ("-0", 0.0)],
)
def test_number_is_read(cell: str, value: float) -> None:
    assert parsers.number()(cell) == value
