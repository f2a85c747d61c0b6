"""The admin shows what is stored, to who may view it, and changes nothing."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.sites import site
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.db.models import Model
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django.fixtures import Settings

from buildings.models import BenchmarkRecord, Building, DatasetImport, PropertyUse, RejectedRow
from tests.buildings.factories import (
    BenchmarkRecordFactory,
    BuildingFactory,
    DatasetImportFactory,
    PropertyUseFactory,
)

pytestmark = pytest.mark.django_db

TABLES = (Building, BenchmarkRecord, DatasetImport)
SCRIPT = "<script>alert(1)</script>"


def address(table: type[Model], page: str, *args: Any) -> str:
    return reverse(f"admin:buildings_{table._meta.model_name}_{page}", args=args)


def import_with_rejected(rows: int) -> DatasetImport:
    imported = DatasetImportFactory.create(
        rows_read=rows, rows_created=0, rows_rejected=rows, source=SCRIPT
    )
    RejectedRow.objects.bulk_create(
        RejectedRow(
            dataset_import=imported,
            line_number=line,
            reasons=[{"field": "YearBuilt", "reason": f"{SCRIPT} is not a number"}],
            row={"PropertyName": SCRIPT, SCRIPT: "x", "Outlier": ""},
        )
        for line in range(2, rows + 2)
    )
    return imported


def stored(table: type[Model]) -> Model:
    if table is DatasetImport:
        return import_with_rejected(3)
    record = BenchmarkRecordFactory.create(comments=SCRIPT)
    PropertyUseFactory.create(record=record, use_type=SCRIPT)
    Building.objects.update(property_name=SCRIPT)
    return record if table is BenchmarkRecord else record.building


@pytest.fixture(autouse=True)
def static_root(settings: Settings, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path  # WhiteNoise warns when it is not there


@pytest.fixture
def auditor_client(client: Client) -> Client:
    user = User.objects.create_user("auditor", is_staff=True)
    user.user_permissions.set(
        Permission.objects.filter(content_type__app_label="buildings", codename__startswith="view_")
    )
    client.force_login(user)
    return client


@pytest.mark.parametrize("table", TABLES)
def test_superuser_cannot_add_change_or_delete(admin_client: Client, table: type[Model]) -> None:
    row = stored(table)
    before = table._default_manager.values().get(pk=row.pk)
    assert admin_client.get(address(table, "add")).status_code == 403
    assert admin_client.post(address(table, "add"), {}).status_code == 403
    assert admin_client.post(address(table, "change", row.pk), {}).status_code == 403
    assert admin_client.post(address(table, "delete", row.pk), {"post": "yes"}).status_code == 403
    admin_client.post(
        address(table, "changelist"),
        {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"},
    )
    assert table._default_manager.values().get(pk=row.pk) == before


@pytest.mark.parametrize("table", TABLES)
def test_superuser_has_no_more_than_view(admin_user: User, table: type[Model]) -> None:
    request = RequestFactory().get("/")
    request.user = admin_user
    admin = site.get_model_admin(table)
    permissions = admin.get_model_perms(request)
    assert permissions == {"add": False, "change": False, "delete": False, "view": True}
    assert admin.get_actions(request) == {}
    for inline in admin.get_inline_instances(request):
        assert not inline.has_add_permission(request, None)
        assert not inline.has_change_permission(request)
        assert not inline.has_delete_permission(request)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("page", ["changelist", "change"])
def test_staff_without_permission_sees_nothing(
    client: Client, table: type[Model], page: str
) -> None:
    row = stored(table)
    client.force_login(User.objects.create_user("clerk", is_staff=True))
    args = [row.pk] if page == "change" else []
    assert client.get(address(table, page, *args)).status_code == 403


@pytest.mark.parametrize("table", TABLES)
def test_pages_show_scripts_as_text(auditor_client: Client, table: type[Model]) -> None:
    row = stored(table)
    for url in (address(table, "changelist"), address(table, "change", row.pk)):
        response = auditor_client.get(url)
        assert response.status_code == 200
        body = response.content.decode()
        assert "&lt;script&gt;alert(1)" in body
        assert SCRIPT not in body
        assert 'name="_save"' not in body


def test_building_page_has_its_records(auditor_client: Client) -> None:
    building = BuildingFactory.create(property_name="Example Tower")
    for year in (2016, 2017):
        BenchmarkRecordFactory.create(building=building, data_year=year)
    body = auditor_client.get(address(Building, "change", building.pk)).content.decode()
    for text in ("Example Tower", "2016", "2017", "7,200,000", "kBtu/ft²"):
        assert text in body


def test_record_page_shows_units_uses_and_provenance(auditor_client: Client) -> None:
    record = BenchmarkRecordFactory.create(uses=2, energy_star_score=None)
    body = auditor_client.get(address(BenchmarkRecord, "change", record.pk)).content.decode()
    for text in ("95,000", "ft²", "t CO2e", "197.8", "10,000", "–", str(record.dataset_import)):
        assert text in body


def test_rejected_rows_are_paginated(auditor_client: Client) -> None:
    imported = import_with_rejected(60)
    url = address(DatasetImport, "change", imported.pk)
    shown = auditor_client.get(url).content.decode()
    assert shown.count("YearBuilt: &lt;script&gt;") == 25
    last = auditor_client.get(url, {"rejected-page": 3}).content.decode()
    assert last.count("YearBuilt: &lt;script&gt;") == 10


@pytest.mark.parametrize(
    ("table", "query", "found"),
    [
        (Building, "900777", 1),
        (Building, "example tower", 1),
        (Building, "nothing like it", 0),
        (BenchmarkRecord, "900777", 1),
        (BenchmarkRecord, "tower", 1),
        (DatasetImport, "sample-bench", 2),
        (DatasetImport, "0" * 64, 0),
    ],
)
def test_search_finds(auditor_client: Client, table: type[Model], query: str, found: int) -> None:
    tower = BuildingFactory.create(ose_building_id=900_777, property_name="Example Tower")
    digests = {"sha256": "a" * 64}
    BenchmarkRecordFactory.create(building=tower, dataset_import__sha256="b" * 64)
    BenchmarkRecordFactory.create(
        building__ose_building_id=900_778, dataset_import=DatasetImportFactory.create(**digests)
    )
    response = auditor_client.get(address(table, "changelist"), {"q": query})
    assert response.status_code == 200
    assert response.context["cl"].result_count == found


@pytest.mark.parametrize(
    ("table", "query", "found"),
    [
        (Building, {"records__primary_property_type": "Hospital"}, 1),
        (Building, {"neighborhood": "DOWNTOWN"}, 2),
        (Building, {"o": "3.6.7.8"}, 2),
        (BenchmarkRecord, {"o": "4.5.9"}, 3),
        (Building, {"records__dataset_import__is_synthetic__exact": "0"}, 0),
        (BenchmarkRecord, {"data_year": "2017"}, 1),
        (BenchmarkRecord, {"primary_property_type": "Hospital"}, 1),
        (BenchmarkRecord, {"dataset_import__started_at__year": "2026"}, 3),
        (DatasetImport, {"is_synthetic__exact": "1"}, 3),
    ],
)
def test_filters_narrow(
    auditor_client: Client, table: type[Model], query: dict[str, str], found: int
) -> None:
    building = BuildingFactory.create()
    for year in (2016, 2017):
        kind = "Hospital" if year == 2017 else "Hotel"
        BenchmarkRecordFactory.create(building=building, data_year=year, primary_property_type=kind)
    BenchmarkRecordFactory.create()
    response = auditor_client.get(address(table, "changelist"), query)
    assert response.status_code == 200
    assert response.context["cl"].result_count == found


def queries(client: Client, url: str) -> int:
    client.get(url)  # what is asked once a process (content types) is asked before we count
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


@pytest.mark.parametrize("table", TABLES)
def test_list_takes_a_fixed_number_of_queries(auditor_client: Client, table: type[Model]) -> None:
    BenchmarkRecordFactory.create(uses=1)
    few = queries(auditor_client, address(table, "changelist"))
    for _ in range(5):
        BenchmarkRecordFactory.create(uses=2)
    assert queries(auditor_client, address(table, "changelist")) == few


@pytest.mark.parametrize("table", TABLES)
def test_page_takes_a_fixed_number_of_queries(auditor_client: Client, table: type[Model]) -> None:
    record = BenchmarkRecordFactory.create(uses=2)
    imported = import_with_rejected(2)

    def grown(building: Building) -> None:
        for year in range(2000, 2015):
            BenchmarkRecordFactory.create(building=building, data_year=year)

    more: dict[type[Model], Any] = {
        Building: lambda: grown(record.building),
        BenchmarkRecord: lambda: [
            PropertyUse.objects.create(record=record, rank=rank, use_type="x")
            for rank in range(3, 12)
        ],
        DatasetImport: lambda: RejectedRow.objects.bulk_create(
            RejectedRow(dataset_import=imported, line_number=line, reasons=[], row={})
            for line in range(100, 115)
        ),
    }
    row = {Building: record.building, BenchmarkRecord: record, DatasetImport: imported}[table]
    url = address(table, "change", row.pk)
    few = queries(auditor_client, url)
    more[table]()
    assert queries(auditor_client, url) == few
