"""Datasets put forward in the admin: tried, confirmed, loaded by a worker; each step on the
record."""

import threading
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, OperationalError, transaction
from django.test import Client
from django.urls import reverse

from buildings.errors import UploadConflictError
from buildings.models import (
    BenchmarkRecord,
    DatasetImport,
    DatasetUpload,
    DatasetUploadStep,
    UploadStage,
)
from buildings.services import uploads
from buildings.services.uploads import (
    dataset_upload_create,
    dataset_upload_decide,
    dataset_uploads_carry_out,
    dataset_uploads_run,
)
from predictions.services.accounts import groups_ensure
from tests.buildings import csvs
from tests.predictions.factories import make_user

pytestmark = pytest.mark.django_db

ADD = "/admin/buildings/datasetupload/add/"


@pytest.fixture
def operator(client: Client) -> User:
    groups_ensure()
    user = make_user(username="olga", is_staff=True)
    user.groups.add(Group.objects.get(name="operator"))
    client.force_login(user)
    return user


@pytest.fixture
def content(tmp_path: Path) -> bytes:
    return csvs.file(tmp_path, [csvs.row(101), csvs.row(102)], "one.csv").read_bytes()


def form(content: bytes, name: str = "one.csv", **changes: Any) -> dict[str, Any]:
    file = SimpleUploadedFile(name, content, "text/csv")
    return {"file": file, "published": "", "rejects_allowed": "0", **changes}


def stages(upload: DatasetUpload) -> list[str]:
    return list(upload.steps.values_list("stage", flat=True))


def decide(client: Client, upload: DatasetUpload, what: str) -> Any:
    address = reverse("admin:buildings_datasetupload_decide", args=[upload.pk])
    return client.post(address, {what: "1"}, follow=True)


def test_from_the_upload_to_the_import(client: Client, operator: User, content: bytes) -> None:
    made = client.post(ADD, form(content, "../../etc/one.csv"))
    assert made.status_code == 302
    upload = DatasetUpload.objects.get()
    assert (upload.source, bytes(upload.content or b"")) == ("one.csv", content)
    assert (upload.uploaded_by, upload.size_bytes) == (operator, len(content))
    page = reverse("admin:buildings_datasetupload_change", args=[upload.pk])
    assert b"has not come to it yet" in client.get(page).content
    assert b"no dry run yet" in decide(client, upload, "confirm").content

    out = StringIO()
    call_command("import_worker", "--once", stdout=out)
    assert out.getvalue() == f"Upload {upload.pk}: dry run done\n"
    assert not BenchmarkRecord.objects.exists()
    said = client.get(page).content.decode()
    assert "2 would be created" in said
    assert 'name="confirm"' in said

    assert b"loads it next" in decide(client, upload, "confirm").content
    assert b"already" in decide(client, upload, "cancel").content
    assert LogEntry.objects.filter(user=operator, change_message="confirmed").count() == 1
    call_command("import_worker", "--once", stdout=StringIO())
    assert stages(upload) == ["checked", "confirmed", "loaded"]
    assert BenchmarkRecord.objects.count() == 2
    imported = DatasetImport.objects.get()
    assert imported.imported_by == operator
    assert imported.source == f"upload {upload.pk}: one.csv"
    assert upload.steps.get(stage="loaded").dataset_import == imported
    assert f"Import {imported.pk}" in client.get(page).content.decode()
    out = StringIO()
    call_command("import_worker", "--once", stdout=out)
    assert out.getvalue() == "Nothing waits.\n"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"file": ""}, "one of the two"),
        ({"published": "sample"}, "one of the two"),
        ({"published": "/etc/passwd", "file": ""}, "not one of the available"),
        ({"rejects_allowed": "-1"}, "greater than or equal to 0"),
        ({"file": SimpleUploadedFile("x.csv", b"a,b\n1,2\n")}, "line 1"),
        ({"file": SimpleUploadedFile("x.csv", b"\x00\xff" * 100)}, "line 1"),
    ],
)
def test_what_cannot_be_loaded_is_said_at_once(
    client: Client, operator: User, content: bytes, changes: dict[str, Any], says: str
) -> None:
    answer = client.post(ADD, form(content, **changes))
    assert answer.status_code == 200
    assert says in answer.content.decode()
    assert not DatasetUpload.objects.exists()


def test_too_large_a_file_is_refused(
    client: Client, operator: User, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("buildings.admin.uploads.UPLOAD_BYTES_MAX", 10)
    assert b"10 bytes at most" in client.post(ADD, form(content)).content
    assert not DatasetUpload.objects.exists()


def test_rejects_fail_it_unless_they_are_allowed(operator: User, tmp_path: Path) -> None:
    bad = csvs.file(tmp_path, [csvs.row(101), csvs.row(102, YearBuilt="x")], "bad.csv")
    refused = dataset_upload_create(
        source="bad.csv", content=bad.read_bytes(), uploaded_by=operator
    )
    dataset_uploads_carry_out()
    assert stages(refused) == ["failed"]
    assert "1 row cannot be loaded" in refused.steps.get().report
    with pytest.raises(UploadConflictError, match="no dry run"):
        dataset_upload_decide(upload=refused, is_confirmed=True, by=operator)
    with pytest.raises(UploadConflictError, match="failed already"):
        dataset_upload_decide(upload=refused, is_confirmed=False, by=operator)
    allowed = dataset_upload_create(
        source="bad.csv", content=bad.read_bytes(), uploaded_by=operator, rejects_allowed=1
    )
    dataset_uploads_carry_out()
    assert "rejected line 3" in allowed.steps.get(stage="checked").report
    assert stages(refused) == ["failed"]  # and is not tried again


def test_what_is_cancelled_is_never_loaded(operator: User, content: bytes) -> None:
    upload = dataset_upload_create(source="one.csv", content=content, uploaded_by=operator)
    dataset_upload_decide(upload=upload, is_confirmed=False, by=operator)
    assert dataset_uploads_carry_out() == []
    with pytest.raises(UploadConflictError):
        dataset_upload_decide(upload=upload, is_confirmed=False, by=operator)
    assert not DatasetImport.objects.exists()


def test_the_bundled_sample_is_loaded_by_its_name(operator: User) -> None:
    upload = dataset_upload_create(source="sample", content=None, uploaded_by=operator)
    dataset_uploads_carry_out()
    assert "synthetic data" in upload.steps.get().report


def test_of_two_workers_one_loads(
    operator: User, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = dataset_upload_create(source="one.csv", content=content, uploaded_by=operator)
    dataset_uploads_carry_out()
    dataset_upload_decide(upload=upload, is_confirmed=True, by=operator)
    tasks = [(upload, False)] * 2  # both saw it waiting
    monkeypatch.setattr(uploads, "uploads_waiting", lambda: tasks)
    (step,) = dataset_uploads_carry_out()
    assert step.stage == UploadStage.LOADED
    assert DatasetImport.objects.count() == 1


def test_the_worker_goes_on_when_the_database_was_away(monkeypatch: pytest.MonkeyPatch) -> None:
    stopping = threading.Event()
    looks = []

    def look() -> list[DatasetUploadStep]:
        looks.append(1)
        if len(looks) == 1:
            raise OperationalError
        stopping.set()
        return []

    monkeypatch.setattr(uploads, "dataset_uploads_carry_out", look)
    monkeypatch.setattr("buildings.services.uploads.connection.close", lambda: None)
    dataset_uploads_run(stopping=stopping, pause_s=0.001, on_step=print)
    assert len(looks) == 2


def test_a_pause_is_positive() -> None:
    with pytest.raises(CommandError, match="positive"):
        call_command("import_worker", "--pause", "0")


def test_only_an_operator_confirms(client: Client, operator: User, content: bytes) -> None:
    upload = dataset_upload_create(source="one.csv", content=content, uploaded_by=operator)
    dataset_uploads_carry_out()
    auditor = make_user(is_staff=True)
    auditor.groups.add(Group.objects.get(name="auditor"))
    client.force_login(auditor)
    assert decide(client, upload, "confirm").status_code == 403
    page = client.get(reverse("admin:buildings_datasetupload_change", args=[upload.pk]))
    assert b"would be created" in page.content
    assert b'name="confirm"' not in page.content
    assert stages(upload) == ["checked"]


def test_the_tables_hold_the_order_and_keep_it(operator: User, content: bytes) -> None:
    upload = dataset_upload_create(source="one.csv", content=content, uploaded_by=operator)

    def step(**values: Any) -> DatasetUploadStep:
        return DatasetUploadStep.objects.create(upload=upload, by_name="x", **values)

    step(stage="checked")
    for values, constraint in (
        ({"stage": "checked"}, "stage_unique"),
        ({"stage": "confirmed"}, "people_decide"),
        ({"stage": "failed", "by": operator}, "people_decide"),
        ({"stage": "loaded"}, "import_if_loaded"),
        ({"stage": "x"}, "stage_known"),
    ):
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            step(**values)
    step(stage="cancelled", by=operator)
    with pytest.raises(IntegrityError, match="confirmed_or_not"), transaction.atomic():
        step(stage="confirmed", by=operator)
    for table in (DatasetUpload, DatasetUploadStep):
        with pytest.raises(DatabaseError, match="insert-only"), transaction.atomic():
            table.objects.update(created_at=None)
