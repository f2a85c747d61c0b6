"""Reading buildings; each selector takes a number of queries that does not grow with the rows."""

from django.db.models import OuterRef, Prefetch, QuerySet, Subquery

from buildings.models import BenchmarkRecord, Building, DatasetImport


def building_list() -> QuerySet[Building]:
    """Every building by its identifier, with the main facts of its newest year.

    Annotated: `data_year`, `building_type`, `primary_property_type`, `gross_floor_area_sqft` (ft²)
    and `is_synthetic`; all None for a building that never reported. One query.
    """
    newest = BenchmarkRecord.objects.filter(building=OuterRef("pk")).order_by("-data_year")

    def of_newest(field: str) -> Subquery:
        return Subquery(newest.values(field)[:1])

    return Building.objects.annotate(
        data_year=of_newest("data_year"),
        building_type=of_newest("building_type"),
        primary_property_type=of_newest("primary_property_type"),
        gross_floor_area_sqft=of_newest("property_gfa_total_sqft"),
        is_synthetic=of_newest("dataset_import__is_synthetic"),
    ).order_by("ose_building_id")


def building_get(*, ose_building_id: int, with_records: bool = False) -> Building:
    """One building by the city's identifier; raises Building.DoesNotExist.

    One query; `with_records` takes two more and prefetches the records, newest first, with their
    uses and imports.
    """
    buildings = Building.objects.all()
    if with_records:
        records = BenchmarkRecord.objects.select_related("dataset_import").order_by("-data_year")
        buildings = buildings.prefetch_related(
            Prefetch("records", queryset=records.prefetch_related("uses"))
        )
    return buildings.get(ose_building_id=ose_building_id)


def benchmark_record_latest(*, building: Building) -> BenchmarkRecord | None:
    """The newest year a building reported, with building and uses. Two queries."""
    records = BenchmarkRecord.objects.filter(building=building)
    return (
        records.select_related("building").prefetch_related("uses").order_by("-data_year").first()
    )


def training_records(*, is_synthetic: bool | None) -> QuerySet[BenchmarkRecord]:
    """Every record in a fixed order, with building, import and uses. Two queries.

    `is_synthetic` keeps only real (False) or only made-up (True) rows; None keeps both.
    """
    records = BenchmarkRecord.objects.select_related("building", "dataset_import")
    if is_synthetic is not None:
        records = records.filter(dataset_import__is_synthetic=is_synthetic)
    return records.prefetch_related("uses").order_by("building__ose_building_id", "data_year")


def dataset_import_latest() -> DatasetImport | None:
    """The last import, or None before the first. One query."""
    return DatasetImport.objects.order_by("-id").first()
