"""Yearly records: the newest of a building, and those that a model is trained on."""

from collections.abc import Collection

from django.db.models import QuerySet

from buildings.models import BenchmarkRecord, Building


def benchmark_record_latest(*, building: Building) -> BenchmarkRecord | None:
    """The newest year a building reported, with building and uses. Two queries."""
    records = BenchmarkRecord.objects.filter(building=building)
    return (
        records.select_related("building").prefetch_related("uses").order_by("-data_year").first()
    )


def benchmark_records_latest(*, ose_building_ids: Collection[int]) -> QuerySet[BenchmarkRecord]:
    """The newest year that each of these buildings reported, with building and uses, if it has any;
    unordered. Two queries, however many."""
    records = BenchmarkRecord.objects.filter(building__ose_building_id__in=ose_building_ids)
    return (
        records.select_related("building")
        .prefetch_related("uses")
        .order_by("building_id", "-data_year")
        .distinct("building_id")
    )


def training_records(*, data_year: int, is_synthetic: bool | None) -> QuerySet[BenchmarkRecord]:
    """Every record of one year in a fixed order, with building, import and uses. Two queries.

    One year only: the same building in two years would be in training and test folds alike.
    `is_synthetic` keeps only real (False) or only made-up (True) rows; None keeps both.
    """
    records = BenchmarkRecord.objects.select_related("building", "dataset_import")
    records = records.filter(data_year=data_year)
    if is_synthetic is not None:
        records = records.filter(is_synthetic=is_synthetic)
    return records.prefetch_related("uses").order_by("building__ose_building_id")


def data_years() -> list[int]:
    """Every data year on record, oldest first. One query."""
    years = BenchmarkRecord.objects.order_by("data_year").values_list("data_year", flat=True)
    return list(years.distinct())


def has_only_synthetic_records() -> bool:
    """Whether made-up records are all there is. Two queries, of a row each."""
    records = BenchmarkRecord.objects.order_by()
    return (
        not records.filter(is_synthetic=False).exists()
        and records.filter(is_synthetic=True).exists()
    )
