"""The admin shows what is stored, to who may view it, and changes nothing."""

from datetime import UTC, datetime
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
from django.utils.html import escape
from pytest_django.fixtures import Settings

from buildings.admin.base import BoundedChangeList, BoundedPaginator
from buildings.admin.facts import FACTS, value_said
from buildings.admin.published import WORKED_OUT, PublishedCell, cells_understood
from buildings.benchmarking import COLUMNS
from buildings.models import (
    BenchmarkRecord,
    Building,
    DatasetImport,
    EmissionFactorSet,
    PropertyUse,
    RejectedRow,
)
from buildings.quality import RULES
from tests.buildings.factories import (
    BenchmarkRecordFactory,
    BuildingFactory,
    DatasetImportFactory,
    EmissionFactorSetFactory,
    PropertyUseFactory,
    PublishedRowFactory,
    RecordRevisionFactory,
)

pytestmark = pytest.mark.django_db

TABLES = (Building, BenchmarkRecord, DatasetImport, EmissionFactorSet)
SCRIPT = "<script>alert(1)</script>"


def address(table: type[Model], page: str, *args: Any) -> str:
    return reverse(f"admin:buildings_{table._meta.model_name}_{page}", args=args)


def import_with_rejected(rows: int) -> DatasetImport:
    imported = DatasetImportFactory.create(
        rows_read=rows, rows_created=0, rows_rejected=rows, source=SCRIPT, file_name=SCRIPT
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
    if table is EmissionFactorSet:
        return EmissionFactorSetFactory.create(name=SCRIPT, source=SCRIPT)
    record = scripted_record()
    return record if table is BenchmarkRecord else record.building


def scripted_record() -> BenchmarkRecord:
    """A script in every text that a file can bring."""
    record = BenchmarkRecordFactory.create(
        comments=SCRIPT, dataset_import__header=["PropertyName", SCRIPT]
    )
    PropertyUseFactory.create(record=record, use_type=SCRIPT)
    Building.objects.update(property_name=SCRIPT)
    record.building.refresh_from_db()
    PublishedRowFactory.create(record=record, cells=[SCRIPT, SCRIPT])
    RecordRevisionFactory.create(
        record=record,
        former_import__header=[SCRIPT],
        former_cells=[SCRIPT],
        changes={"comments": [SCRIPT, SCRIPT], SCRIPT: [None, SCRIPT]},
    )
    return record


def compare(*args: int) -> str:
    return reverse("admin:buildings_datasetimport_compare", args=args)


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
        (Building, "tower EXAMPLE", 1),
        (Building, "nothing like it", 0),
        (Building, "%", 0),
        (Building, "99999999999999999999", 0),
        (BenchmarkRecord, "nothing like it", 0),
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
        (Building, {"primary_property_type": "Hospital"}, 1),
        (Building, {"neighborhood": "DOWNTOWN"}, 2),
        (Building, {"neighborhood": "EAST"}, 1),
        (Building, {"neighborhood": SCRIPT}, 0),
        (Building, {"data_year": "2017"}, 1),
        (Building, {"data_year": "x"}, 0),
        (Building, {"is_synthetic": "0"}, 0),
        (Building, {"o": "4.5.6.7"}, 2),
        (BenchmarkRecord, {"o": "4.5.6"}, 3),
        (BenchmarkRecord, {"o": "-5", "data_year": "2016"}, 2),
        (BenchmarkRecord, {"data_year": "2017"}, 1),
        (BenchmarkRecord, {"data_year": "9" * 30}, 0),
        (BenchmarkRecord, {"primary_property_type": "Hospital"}, 1),
        (BenchmarkRecord, {"compliance_status": "Compliant"}, 3),
        (BenchmarkRecord, {"is_synthetic": "1"}, 3),
        (BenchmarkRecord, {"flag": "any"}, 1),
        (BenchmarkRecord, {"flag": "none"}, 2),
        (BenchmarkRecord, {"flag": "site_eui_differs"}, 1),
        (BenchmarkRecord, {"flag": "no_such_flag"}, 0),
        (BenchmarkRecord, {"import": "0"}, 0),
        (BenchmarkRecord, {"import": "x"}, 0),
        (DatasetImport, {"is_synthetic__exact": "1"}, 3),
        (DatasetImport, {"started_at__year": "2026"}, 3),
    ],
)
def test_filters_narrow(
    auditor_client: Client, table: type[Model], query: dict[str, str], found: int
) -> None:
    building = BuildingFactory.create(neighborhood="SHARED: DOWNTOWN & EAST")
    for year in (2016, 2017):
        kind = "Hospital" if year == 2017 else "Hotel"
        BenchmarkRecordFactory.create(
            building=building,
            data_year=year,
            primary_property_type=kind,
            dataset_import__data_years=[year],
            quality_flags=["site_eui_differs"] if year == 2017 else [],
        )
    BenchmarkRecordFactory.create()
    response = auditor_client.get(address(table, "changelist"), query)
    assert response.status_code == 200
    assert response.context["cl"].result_count == found


def test_filter_by_import_keeps_what_it_wrote_and_what_it_created(auditor_client: Client) -> None:
    kept = BenchmarkRecordFactory.create()
    first = kept.dataset_import
    changed = BenchmarkRecordFactory.create()
    RecordRevisionFactory.create(record=changed, former_import=first)

    def found(**query: int) -> set[int]:
        response = auditor_client.get(address(BenchmarkRecord, "changelist"), query)
        return {record.pk for record in response.context["cl"].result_list}

    assert found(**{"import": first.pk}) == {kept.pk}
    assert found(**{"import": changed.dataset_import_id}) == {changed.pk}
    assert found(created_by=first.pk) == {kept.pk, changed.pk}
    assert found(created_by=changed.dataset_import_id) == set()


def test_filter_by_an_import_that_is_not_listed_names_it(
    auditor_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("buildings.admin.filters._IMPORTS_LISTED", 1)
    old = BenchmarkRecordFactory.create(dataset_import__file_name="old.csv").dataset_import
    BenchmarkRecordFactory.create()
    url = address(BenchmarkRecord, "changelist")
    assert "old.csv" not in auditor_client.get(url).content.decode()
    assert f"{old.pk}: old.csv" in auditor_client.get(url, {"import": old.pk}).content.decode()


def queries(client: Client, url: str) -> int:
    client.get(url)  # what is asked once a process (content types) is asked before we count
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def test_long_lists_are_bounded(auditor_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BoundedPaginator, "MOST_ROWS", 3)
    monkeypatch.setattr(BoundedChangeList, "FEW_ROWS", 2)
    monkeypatch.setattr(site.get_model_admin(Building), "list_per_page", 2)
    for _ in range(6):
        BuildingFactory.create()
    url = address(Building, "changelist")
    last = auditor_client.get(url, {"p": 2})
    assert len(last.context["cl"].result_list) == 1
    assert "the first 3" in last.content.decode()
    assert "e=1" in auditor_client.get(url, {"p": 3}).headers["Location"]  # beyond the bound
    filtered = auditor_client.get(url, {"neighborhood": "DOWNTOWN"}).content.decode()
    assert "the first 3; search or filter" in filtered
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE buildings_building")
    assert "the first 3 of about 6" in auditor_client.get(url).content.decode()


@pytest.mark.parametrize("table", [Building, BenchmarkRecord])
def test_long_lists_are_never_counted_whole(auditor_client: Client, table: type[Model]) -> None:
    BenchmarkRecordFactory.create()
    with CaptureQueriesContext(connection) as captured:
        auditor_client.get(address(table, "changelist"))
    counts = [q["sql"] for q in captured.captured_queries if "COUNT(" in q["sql"]]
    assert counts
    assert all(f"LIMIT {BoundedPaginator.MOST_ROWS + 1}" in sql for sql in counts)


def test_list_of_records_reads_no_heavy_column(auditor_client: Client) -> None:
    BenchmarkRecordFactory.create()
    with CaptureQueriesContext(connection) as captured:
        auditor_client.get(address(BenchmarkRecord, "changelist"))
    sql = " ".join(query["sql"] for query in captured.captured_queries)
    for column in ("comments", "list_of_all_property_use_types", "values_digest", "header"):
        assert column not in sql


@pytest.mark.parametrize("table", TABLES)
def test_list_takes_a_fixed_number_of_queries(auditor_client: Client, table: type[Model]) -> None:
    BenchmarkRecordFactory.create(uses=1)
    EmissionFactorSetFactory.create()
    few = queries(auditor_client, address(table, "changelist"))
    for _ in range(5):
        BenchmarkRecordFactory.create(uses=2)
        EmissionFactorSetFactory.create()
    assert queries(auditor_client, address(table, "changelist")) == few


@pytest.mark.parametrize("table", TABLES)
def test_page_takes_a_fixed_number_of_queries(auditor_client: Client, table: type[Model]) -> None:
    record = BenchmarkRecordFactory.create(uses=2)
    imported = import_with_rejected(2)

    def grown(building: Building) -> None:
        for year in range(2000, 2015):
            BenchmarkRecordFactory.create(building=building, data_year=year)

    def revised() -> None:
        for rank in range(3, 12):
            PropertyUse.objects.create(record=record, rank=rank, use_type="x")
            RecordRevisionFactory.create(record=record, former_import__header=["Comments"])

    def more_rejected() -> None:
        RejectedRow.objects.bulk_create(
            RejectedRow(dataset_import=imported, line_number=line, reasons=[], row={})
            for line in range(100, 115)
        )
        for _ in range(5):
            RecordRevisionFactory.create(dataset_import=imported)

    PublishedRowFactory.create(record=record, cells=["x"])
    RecordRevisionFactory.create(record=record)
    RecordRevisionFactory.create(dataset_import=imported)
    factor_set = EmissionFactorSetFactory.create(factors={"steam": 1.0})
    more: dict[type[Model], Any] = {
        Building: lambda: grown(record.building),
        BenchmarkRecord: revised,
        DatasetImport: more_rejected,
        EmissionFactorSet: EmissionFactorSetFactory.create,
    }
    row = {
        Building: record.building,
        BenchmarkRecord: record,
        DatasetImport: imported,
        EmissionFactorSet: factor_set,
    }[table]
    url = address(table, "change", row.pk)
    few = queries(auditor_client, url)
    more[table]()
    assert queries(auditor_client, url) == few


# Data quality


def test_flags_are_in_words_with_tolerance_and_figures(auditor_client: Client) -> None:
    factor_set = EmissionFactorSetFactory.create()
    record = BenchmarkRecordFactory.create(
        quality_flags=["emissions_differ", "energy_missing", "floor_areas_differ"],
        property_gfa_parking_sqft=50_000.0,
        total_ghg_emissions_mtco2e=500.0,
    )
    body = auditor_client.get(address(BenchmarkRecord, "change", record.pk)).content.decode()
    for rule in RULES:
        assert (escape(rule.title) in body) == (rule.code in record.quality_flags)
    for text in (
        "parking 50,000 and buildings 90,000 are not 95,000 ft² in all",
        "500.00 t CO2e reported, 197.84 by the year&#x27;s factors",
        "Noted while the row was read.",
        "1 % or 0.1 t CO2e, whichever is more",
        str(factor_set),
    ):
        assert text in body


def test_flagged_emissions_without_factors_say_so(auditor_client: Client) -> None:
    record = BenchmarkRecordFactory.create(quality_flags=["emissions_differ"])
    body = auditor_client.get(address(BenchmarkRecord, "change", record.pk)).content.decode()
    assert "No emission factors are on record" in body


def test_record_without_flags_row_or_history_says_so(auditor_client: Client) -> None:
    record = BenchmarkRecordFactory.create()
    body = auditor_client.get(address(BenchmarkRecord, "change", record.pk)).content.decode()
    for text in (
        "No data-quality rule is broken.",
        "The row as published was not kept for this record.",
        "No import has changed this record since it was created.",
        "No use was published.",
    ):
        assert text in body


def test_list_says_how_many_flags_and_which(auditor_client: Client) -> None:
    BenchmarkRecordFactory.create()
    BenchmarkRecordFactory.create(quality_flags=["energy_missing"])
    BenchmarkRecordFactory.create(quality_flags=["energy_missing", "site_eui_differs"])
    body = auditor_client.get(address(BenchmarkRecord, "changelist")).content.decode()
    assert ">1 flag</span>" in body
    assert ">2 flags</span>" in body
    # In the order of the rules, whatever the order they are stored in.
    assert "any floor area on record; No energy was reported" in body


def test_record_without_coordinates(auditor_client: Client) -> None:
    record = BenchmarkRecordFactory.create(latitude=None, quality_flags=["energy_missing"])
    response = auditor_client.get(address(BenchmarkRecord, "change", record.pk))
    assert "-122.33" not in response.content.decode()


# As published and as understood


def understood(header: list[str], cells: list[str], **values: Any) -> list[PublishedCell]:
    parcel = {"building__tax_parcel_identification_number": "0000000001"}
    record = BenchmarkRecordFactory.create(
        dataset_import__header=header, uses=1, **parcel, **values
    )
    PublishedRowFactory.create(record=record, cells=cells)
    return cells_understood(record)


@pytest.mark.parametrize(
    ("header", "text", "values", "shown", "note"),
    [
        ("Property GFA Total", "95,000.0", {}, "95,000 ft²", ""),
        ("SiteEnergyUse(kBtu)", "7200000", {}, "7,200,000 kBtu", ""),
        ("SiteEnergyUse(kBtu)", "7200001", {}, "7,200,000 kBtu", "understood otherwise"),
        ("SiteEnergyUse(kBtu)", "much", {}, "7,200,000 kBtu", "understood otherwise"),
        ("NumberofFloors", "99", {"number_of_floors": None}, "–", "understood as not known"),
        ("NumberofFloors", "NA", {"number_of_floors": None}, "–", ""),
        ("Electricity(kBtu)", "", {}, "4,000,000 kBtu", WORKED_OUT),
        ("ENERGYSTARScore", "0", {"energy_star_score": None}, "–", "set aside: "),
        ("YearBuilt", "1968", {}, "1968", ""),
        ("DefaultData", "No", {}, "no", ""),
        ("DefaultData", "perhaps", {}, "no", "understood otherwise"),
        ("Neighborhood", " Downtown", {}, "DOWNTOWN", ""),
        ("PrimaryPropertyType", "Motel", {}, "Hotel", "in the city’s grouping of 2016"),
        ("LargestPropertyUseType", "HOTEL", {}, "Hotel", ""),
        ("LargestPropertyUseTypeGFA", "10000", {}, "10,000 ft²", ""),
        ("SecondLargestPropertyUseType", "", {}, "–", ""),
        ("TaxParcelIdentificationNumber", "1", {}, "0000000001", ""),
        ("OSEBuildingID", "900777", {"building__ose_building_id": 900_777}, "900777", ""),
        ("Location", "(47.61, -122.33)", {}, "47.61 °", ""),
        ("Location", "(47.0, -122.33)", {}, "47.61 °", "understood otherwise, or"),
        ("Location", "somewhere, or not, {", {}, "47.61 °", "understood otherwise, or"),
        ("Location", "{", {}, "47.61 °", "set aside: "),
    ],
)  # fmt: skip
def test_cell_is_shown_with_what_it_was_understood_as(
    header: str, text: str, values: dict[str, Any], shown: str, note: str
) -> None:
    PropertyUseFactory.reset_sequence(0)
    cell = understood([header], [text], **values)[0]
    assert (cell.header, cell.text) == (header, text)
    assert shown in cell.value
    assert cell.note.startswith(note)
    assert bool(cell.note) == bool(note)


def test_facts_without_a_cell_are_shown_too() -> None:
    cells = understood(["Electricity(kWh)"], ["1172284"])
    by_label = {cell.label: cell for cell in cells if not cell.header}
    assert by_label["Electricity"].value == "4,000,000 kBtu"
    assert by_label["Electricity"].note == WORKED_OUT


def test_unknown_and_ragged_cells_are_shown_and_not_used() -> None:
    cells = understood(["Remark"], ["x", "beyond the header"])[:2]
    assert cells == [PublishedCell("Remark", "x"), PublishedCell("", "beyond the header")]


def test_facts_of_a_building_are_not_compared_with_another_years_row(
    auditor_client: Client,
) -> None:
    building = BuildingFactory.create(property_name="New Name")
    BenchmarkRecordFactory.create(building=building, data_year=2017)
    record = BenchmarkRecordFactory.create(
        building=building, dataset_import__header=["PropertyName", "Neighborhood"]
    )
    PublishedRowFactory.create(record=record, cells=["Old Name", "EAST"])
    name, district = cells_understood(record)[:2]
    assert (name.is_kept, name.note) == (False, "")
    assert (district.is_kept, district.note) == (True, "understood otherwise")
    body = auditor_client.get(address(BenchmarkRecord, "change", record.pk)).content.decode()
    assert "newest year only (2017)" in body
    assert 'class="pv-differs"' in body


def test_huge_rows_are_shown_whole(auditor_client: Client) -> None:
    header = [f"Column {n} {'x' * 200}" for n in range(1_000)]
    record = BenchmarkRecordFactory.create(dataset_import__header=header)
    PublishedRowFactory.create(record=record, cells=["y"] * 1_000)
    body = auditor_client.get(address(BenchmarkRecord, "change", record.pk)).content.decode()
    assert body.count("not used") == 1_000
    url = address(DatasetImport, "change", record.dataset_import_id)
    body = auditor_client.get(url).content.decode()
    assert "1000 columns" in body
    assert header[-1] in body


def test_every_column_and_every_fact_of_a_record_has_a_label() -> None:
    assert {column.field for column in COLUMNS} <= FACTS.keys()
    technical = {"id", "building", "dataset_import", "source_line_number", "values_digest"}
    fields = {field.name for field in BenchmarkRecord._meta.concrete_fields}
    assert fields - technical - {"quality_flags"} <= FACTS.keys()


def test_units_are_those_of_the_columns() -> None:
    for column in COLUMNS:
        unit = {"year": "", "therm": "therms"}.get(column.unit or "", column.unit or "")
        assert FACTS[column.field].unit == unit


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("site_energy_use_kbtu", None, "–"),
        ("site_energy_use_kbtu", 0.0, "0 kBtu"),
        ("comments", "", "–"),
        ("is_default_data", False, "no"),
        ("uses", [[1, "Hotel", 10_000.0], [2, "Parking", None]], "Hotel (10,000 ft²); Parking"),
        ("uses", [], "none"),
        ("of_another_day", 1.5, "1.5"),
    ],
)
def test_values_are_said_in_full(field: str, value: Any, said: str) -> None:
    assert value_said(field, value) == said


# History


def test_history_tells_when_by_whom_from_what_and_what_changed(
    auditor_client: Client, admin_user: User
) -> None:
    record = BenchmarkRecordFactory.create(dataset_import__imported_by=admin_user)
    first = RecordRevisionFactory.create(
        record=record,
        former_import__file_name="first.csv",
        former_import__header=["Comments"],
        former_cells=["as it was", "beyond"],
    )
    RecordRevisionFactory.create(record=record, former_import=first.dataset_import, changes={})
    body = auditor_client.get(address(BenchmarkRecord, "change", record.pk)).content.decode()
    for text in (
        "7,000,000.5 kBtu",
        "7,200,000 kBtu",
        "first.csv",
        "line 7",
        f"by {admin_user.username}",
        "as it was",
        "beyond",
        "No value: only the text as published.",
        "was not kept",
        address(DatasetImport, "change", first.former_import_id),
    ):
        assert text in body
    assert body.index("No value: only") < body.index("7,000,000.5 kBtu")  # newest first


def test_history_needs_its_own_permission(client: Client) -> None:
    record = RecordRevisionFactory.create().record
    client.force_login(viewer("benchmarkrecord"))
    body = client.get(address(BenchmarkRecord, "change", record.pk)).content.decode()
    assert "7,000,000.5" not in body


# Imports


def viewer(*tables: str) -> User:
    user = User.objects.create_user("viewer", is_staff=True)
    codes = [f"view_{table}" for table in tables]
    user.user_permissions.set(Permission.objects.filter(codename__in=codes))
    return user


def test_import_page_shows_flags_changes_and_links(auditor_client: Client) -> None:
    imported = DatasetImportFactory.create(
        quality_flags={"site_eui_differs": 1234, "of_another_day": 2},
        database_role="loader",
        header=["OSEBuildingID", "<b>"],
    )
    RecordRevisionFactory.create(record__dataset_import=imported)
    body = auditor_client.get(address(DatasetImport, "change", imported.pk)).content.decode()
    records = address(BenchmarkRecord, "changelist")
    for text in (
        "Site EUI is not energy over any floor area on record",
        "1,234",
        "of_another_day",
        f"{records}?import={imported.pk}&amp;flag=site_eui_differs",
        f"{records}?created_by={imported.pk}",
        "7,000,000.5 kBtu",
        "loader",
        "command line",
        "1.0 s",
        "2 columns",
        "&lt;b&gt;",
        "No row was rejected.",
    ):
        assert text in body


def test_empty_import_page_says_so(auditor_client: Client) -> None:
    imported = DatasetImportFactory.create(
        header=[], data_years=[], started_at=datetime(2026, 1, 2, tzinfo=UTC)
    )
    body = auditor_client.get(address(DatasetImport, "change", imported.pk)).content.decode()
    for text in (
        "breaks a rule",
        "This import changed no record",
        "The header was not kept.",
        "No earlier import has a data year in common",
        "184 min 6 s",
    ):
        assert text in body


# Comparing imports


@pytest.fixture
def compared(db: None) -> tuple[DatasetImport, DatasetImport]:
    """An import and a later one of the same year, which changed a record and created another."""
    before = DatasetImportFactory.create(
        header=["PropertyName", "Outlier"],
        file_name="before.csv",
        quality_flags={"site_eui_differs": 1},
    )
    DatasetImportFactory.create(header=[], data_years=[2017])
    after = DatasetImportFactory.create(
        header=["BuildingName", SCRIPT],
        file_name=SCRIPT,
        rows_read=2,
        rows_updated=1,
        quality_flags={"energy_missing": 3},
    )
    RecordRevisionFactory.create(
        record__dataset_import=after,
        record__building__property_name=SCRIPT,
        former_import=before,
        changes={"comments": [SCRIPT, "after"]},
    )
    BenchmarkRecordFactory.create(dataset_import=after, building__property_name="Brand New")
    return before, after


@pytest.mark.parametrize("tables", [(), ("benchmarkrecord", "recordrevision")])
def test_comparison_is_for_who_may_view_imports(
    client: Client, compared: tuple[DatasetImport, DatasetImport], tables: tuple[str, ...]
) -> None:
    before, after = compared
    assert client.get(compare(after.pk)).status_code == 302  # to the login
    client.force_login(viewer(*tables))
    for args in ((after.pk,), (after.pk, before.pk), (0, 1)):
        assert client.get(compare(*args)).status_code == 403


def test_comparison_shows_records_to_who_may_view_records(
    client: Client, compared: tuple[DatasetImport, DatasetImport]
) -> None:
    client.force_login(viewer("datasetimport"))
    body = client.get(compare(compared[1].pk)).content.decode()
    assert "before.csv" in body
    assert "Brand New" not in body
    assert "permission to view record revisions" in body
    assert "permission to view benchmark records" in body


def test_comparison_without_anything_before(auditor_client: Client) -> None:
    imported = DatasetImportFactory.create()
    response = auditor_client.get(compare(imported.pk))
    assert response.status_code == 200
    body = response.content.decode()
    assert "There is nothing before it" in body
    assert "Choose another" not in body
    DatasetImportFactory.create(data_years=[2019])
    assert "Choose another" in auditor_client.get(compare(imported.pk)).content.decode()


def test_comparison_of_what_is_not_there(auditor_client: Client) -> None:
    imported = DatasetImportFactory.create()
    for args in ((0,), (imported.pk, imported.pk), (imported.pk, 0), (10**30,)):
        assert auditor_client.get(compare(*args)).status_code == 404
    assert auditor_client.get(compare(imported.pk), {"with": "x"}).status_code == 200


def test_comparison_shows_both_sides(
    auditor_client: Client, compared: tuple[DatasetImport, DatasetImport]
) -> None:
    before, after = compared
    body = auditor_client.get(compare(after.pk)).content.decode()
    assert SCRIPT not in body
    for text in (
        f"Import {before.pk} and import {after.pk}",
        "before.csv",
        after.sha256,
        "BuildingName",
        "Outlier",
        "&lt;script&gt;",
        "Site EUI is not energy over any floor area on record",
        "No energy was reported: blank, or 0 throughout",
        "+3",
        "-1",
        f"1 of them were as import {before.pk} had left them",
        "Brand New",
    ):
        assert text in body


def test_comparison_with_another_by_choice(
    auditor_client: Client, compared: tuple[DatasetImport, DatasetImport]
) -> None:
    before, after = compared
    chosen = auditor_client.get(compare(before.pk), {"with": after.pk}, follow=True)
    assert chosen.redirect_chain[-1][0] == compare(after.pk, before.pk)  # the later one leads
    other = DatasetImport.objects.get(data_years=[2017])
    body = auditor_client.get(compare(after.pk, other.pk)).content.decode()
    assert "no data year in common" in body
    assert "The header of one of them was not kept." in body


def test_comparison_of_the_same_file(auditor_client: Client) -> None:
    for _ in range(2):
        imported = DatasetImportFactory.create(sha256="a" * 64, header=["OSEBuildingID"])
    body = auditor_client.get(compare(imported.pk)).content.decode()
    assert "Both read the same bytes" in body
    assert "No column was added, removed or renamed." in body
    assert "Neither import brought a record that breaks a rule." in body


def test_comparison_is_paginated_in_a_fixed_number_of_queries(auditor_client: Client) -> None:
    before = DatasetImportFactory.create()
    after = DatasetImportFactory.create(rows_read=60, rows_created=30, rows_updated=30)
    changed = BenchmarkRecordFactory.create(dataset_import=after)
    RecordRevisionFactory.create(record=changed, former_import=before)
    BenchmarkRecordFactory.create(dataset_import=after)
    few = queries(auditor_client, compare(after.pk))
    for _ in range(29):
        record = BenchmarkRecordFactory.create(dataset_import=after)
        RecordRevisionFactory.create(record=record, former_import=before)
    for _ in range(29):
        BenchmarkRecordFactory.create(dataset_import=after)
    assert queries(auditor_client, compare(after.pk)) == few

    def shown(**query: int) -> tuple[int, int]:
        context = auditor_client.get(compare(after.pk), query).context
        return len(context["revisions"]), len(context["created"]["rows"])

    assert shown() == (25, 25)
    assert shown(changed=2) == (5, 25)
    assert shown(changed=2, created=2) == (5, 5)
    body = auditor_client.get(compare(after.pk), {"changed": 2}).content.decode()
    assert "?changed=2&amp;created=2" in body
    assert 'rel="prev"' in body


def test_comparison_cannot_be_posted_to_change_anything(
    admin_client: Client, compared: tuple[DatasetImport, DatasetImport]
) -> None:
    before = list(DatasetImport.objects.values())
    admin_client.post(compare(compared[1].pk), {"file_name": "x"})
    assert list(DatasetImport.objects.values()) == before


# Emission factors


def test_derived_factors_say_that_they_are(auditor_client: Client) -> None:
    imported = DatasetImportFactory.create()
    derived = EmissionFactorSetFactory.create(
        is_derived=True,
        derivation={
            "records": 3_482,
            "share_explained": 0.9987,
            "median_relative_residual": 0.0006,
        },
        dataset_import=imported,
    )
    given = EmissionFactorSetFactory.create()
    body = auditor_client.get(address(EmissionFactorSet, "change", derived.pk)).content.decode()
    for text in (
        "derived by regression",
        "3,482 records",
        "99.87%",
        "less than 0.06%",
        "kg CO2e/MBtu",
        "53.1100",
        "0.02379 kg CO2e/kWh",
        address(DatasetImport, "change", imported.pk),
    ):
        assert text in body
    body = auditor_client.get(address(EmissionFactorSet, "change", given.pk)).content.decode()
    assert "derived by regression" not in body
    listed = auditor_client.get(address(EmissionFactorSet, "changelist")).content.decode()
    assert "derived by regression" in listed
    assert "99.87% of 3,482" in listed


def test_derivation_of_another_day_is_no_error(auditor_client: Client) -> None:
    derived = EmissionFactorSetFactory.create(
        is_derived=True, derivation=None, factors={"steam": 1.0}
    )
    for url in (
        address(EmissionFactorSet, "change", derived.pk),
        address(EmissionFactorSet, "changelist"),
    ):
        assert auditor_client.get(url).status_code == 200
