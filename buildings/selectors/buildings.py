"""Lists of buildings, and one building."""

from django.db.models import Prefetch, QuerySet

from buildings.models import BenchmarkRecord, Building


def building_list() -> QuerySet[Building]:
    """Every building by its identifier, with the facts of its newest year. One query."""
    return Building.objects.order_by("ose_building_id")


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
