"""The digest of a row's values is stored: it must be the same in every process and Python."""

from buildings.reading import _digest

BUILDING = {
    "ose_building_id": 900_001,
    "property_name": "Example Hôtel",
    "address": "1 Example Street",
    "city": "Seattle",
    "year_built": None,
}
RECORD = {"data_year": 2016, "site_energy_use_kbtu": 7_200_000.1, "is_default_data": False}
USES = ((1, "Hotel", 90_000.0), (2, "Parking", None))


def test_it_is_the_same_everywhere() -> None:
    assert _digest(BUILDING, RECORD, USES).hex() == "4703ea1c39dab4833f067ea0a61409fe"


def test_objects_shared_or_not_make_no_difference() -> None:
    name = "".join(["Example ", "Hôtel"])
    apart = BUILDING | {"property_name": name}
    shared = RECORD | {"comments": name}
    alone = RECORD | {"comments": "".join(["Example", " Hôtel"])}
    assert _digest(apart, shared, USES) == _digest(apart, alone, USES)


def test_case_and_blanks_of_names_say_nothing_but_missing_and_zero_do() -> None:
    assert _digest(BUILDING | {"address": " 1  EXAMPLE street"}, RECORD, USES) == _digest(
        BUILDING, RECORD, USES
    )
    assert _digest(BUILDING | {"year_built": 0}, RECORD, USES) != _digest(BUILDING, RECORD, USES)
