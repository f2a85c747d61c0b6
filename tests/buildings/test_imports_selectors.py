"""Imports compared: which came before, what became of columns and counts, which records changed."""

import pytest

from buildings.models import BenchmarkRecord
from buildings.selectors.imports import (
    MOST_COUNTED,
    HeaderComparison,
    created_by,
    data_years_imported,
    dataset_import_before,
    dataset_import_comparison,
    dataset_import_latest,
    dataset_imports_comparable,
    headers_compared,
    records_created,
    revisions_made,
)
from tests.buildings.factories import (
    BenchmarkRecordFactory,
    DatasetImportFactory,
    RecordRevisionFactory,
)


@pytest.mark.django_db
def test_nothing_is_before_the_first_import() -> None:
    assert dataset_import_latest() is None
    first = DatasetImportFactory.create()
    assert dataset_import_before(dataset_import=first) is None
    assert dataset_imports_comparable(dataset_import=first) == []


@pytest.mark.django_db
def test_the_import_before_shares_a_data_year() -> None:
    first = DatasetImportFactory.create(data_years=[2015, 2016])
    DatasetImportFactory.create(data_years=[2017])
    last = DatasetImportFactory.create(data_years=[2016, 2018])
    DatasetImportFactory.create(data_years=[2016])
    assert dataset_import_before(dataset_import=last) == first
    without_years = DatasetImportFactory.create(data_years=[])
    assert dataset_import_before(dataset_import=without_years) is None


@pytest.mark.django_db
def test_comparable_imports_are_the_newest_without_headers() -> None:
    imports = [DatasetImportFactory.create(header=["x"] * 1_000) for _ in range(4)]
    others = dataset_imports_comparable(dataset_import=imports[2], limit=2)
    assert others == [imports[3], imports[1]]
    assert "header" in others[0].get_deferred_fields()


@pytest.mark.django_db
def test_data_years_are_those_of_all_imports() -> None:
    assert data_years_imported() == []
    DatasetImportFactory.create(data_years=[2016, 2018])
    DatasetImportFactory.create(data_years=[2016])
    DatasetImportFactory.create(data_years=[])
    assert data_years_imported() == [2018, 2016]


@pytest.mark.django_db
def test_an_import_created_what_it_wrote_without_changing_anything() -> None:
    first = DatasetImportFactory.create(rows_created=3, rows_read=3)
    untouched = BenchmarkRecordFactory.create(dataset_import=first)
    twice = BenchmarkRecordFactory.create()
    middle = DatasetImportFactory.create()
    RecordRevisionFactory.create(record=twice, dataset_import=middle, former_import=first)
    RecordRevisionFactory.create(record=twice, former_import=middle)
    last = twice.dataset_import
    for imported, expected in ((first, [untouched, twice]), (middle, []), (last, [])):
        assert records_created(dataset_import=imported, start=0, stop=9) == expected
        for few in (0, 2_000):
            condition = created_by(import_id=imported.pk, few=few)
            assert list(BenchmarkRecord.objects.filter(condition).order_by("pk")) == expected
    assert records_created(dataset_import=first, start=1, stop=2) == [twice]


@pytest.mark.django_db
def test_revisions_are_those_of_the_import_in_slices() -> None:
    imported = DatasetImportFactory.create()
    made = [RecordRevisionFactory.create(dataset_import=imported) for _ in range(3)]
    RecordRevisionFactory.create()
    assert revisions_made(dataset_import=imported, start=0, stop=2) == made[:2]
    assert revisions_made(dataset_import=imported, start=2, stop=4) == made[2:]


@pytest.mark.django_db
def test_comparison_counts_what_came_from_the_other() -> None:
    before = DatasetImportFactory.create(quality_flags={"energy_missing": 2})
    after = DatasetImportFactory.create(
        rows_read=9, rows_updated=8, quality_flags={"site_eui_differs": 1, "of_another_day": 4}
    )
    RecordRevisionFactory.create(dataset_import=after, former_import=before)
    RecordRevisionFactory.create(dataset_import=after)
    found = dataset_import_comparison(before=before, after=after)
    assert found.changed_of_before == 1
    assert found.years_shared == [2016]
    assert not found.is_same_file
    assert {count.name: count.difference for count in found.counts if count.difference} == {
        "rows_read": 8,
        "rows_updated": 8,
    }
    assert [(flag.name, flag.before, flag.after) for flag in found.flags] == [
        ("site_eui_differs", 0, 1),
        ("energy_missing", 2, 0),
        ("of_another_day", 0, 4),
    ]


@pytest.mark.django_db
def test_comparison_does_not_count_what_takes_long_or_may_not_be_seen() -> None:
    before = DatasetImportFactory.create()
    many = MOST_COUNTED + 1
    after = DatasetImportFactory.create(rows_read=many, rows_created=0, rows_updated=many)
    assert dataset_import_comparison(before=before, after=after).changed_of_before is None
    unseen = dataset_import_comparison(before=after, after=before, with_changes=False)
    assert unseen.changed_of_before is None


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([], [], HeaderComparison((), (), (), 0)),
        (["A"], [], HeaderComparison((), ("A",), (), 0)),
        ([], ["A"], HeaderComparison(("A",), (), (), 0)),
        (["A", "B"], ["B", "A"], HeaderComparison((), (), (), 2)),
        (["A b"], ["a-B"], HeaderComparison((), (), (("A b", "a-B"),), 0)),
        (["A", "A"], ["A"], HeaderComparison((), ("A",), (), 1)),
        (
            ["PropertyName", "SiteEUI(kBtu/sf)", "Outlier"],
            ["BuildingName", "Site EUI (kBtu/ft²)", "ComplianceIssue"],
            HeaderComparison(
                ("ComplianceIssue",),
                ("Outlier",),
                (("PropertyName", "BuildingName"), ("SiteEUI(kBtu/sf)", "Site EUI (kBtu/ft²)")),
                0,
            ),
        ),
    ],
)
def test_headers_are_compared_by_what_they_mean(
    before: list[str], after: list[str], expected: HeaderComparison
) -> None:
    assert headers_compared(before, after) == expected
