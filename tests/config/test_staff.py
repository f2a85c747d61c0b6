"""Who may do what in the back office: every address of the admin, tried as everybody."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axes.models import AccessAttempt, AccessFailureLog
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group as UserGroup
from django.contrib.auth.models import Permission, User
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, URLResolver
from django.utils import timezone

from buildings.admin import ReadOnlyAdmin
from buildings.models import (
    BenchmarkRecord,
    Building,
    DatasetImport,
    DatasetUpload,
    EmissionFactorSet,
)
from buildings.services.datasets import dataset_import
from buildings.services.uploads import dataset_upload_create
from config.staff_page import admin_roles_page
from mlmodel.models import ModelPromotion, ModelVersion, PromotionProposal
from predictions import staff
from predictions.admin.exporting import export_urls
from predictions.models import (
    ApiToken,
    Caller,
    Export,
    IdempotencyKey,
    ObservedOutcome,
    OutcomeSource,
    PredictionExplanation,
    PredictionInput,
    PredictionOutput,
    PredictionRequest,
    ShadowOutput,
)
from predictions.services.accounts import (
    api_caller_get_or_create,
    api_token_create,
    groups_ensure,
)
from predictions.services.door import Question, prediction_create
from predictions.services.outcomes import outcome_create
from tests.buildings import csvs
from tests.fakes import FakeServedModel
from tests.predictions.factories import call_of, facts, make_model_version, make_user

pytestmark = pytest.mark.django_db

ANONYMOUS = "anonymous"
SUPERUSER = "superuser"
ACTORS = (ANONYMOUS, *staff.Group, SUPERUSER)


@pytest.fixture
def record(served: FakeServedModel, tmp_path: Any) -> dict[type[Model], Any]:
    """A row of every table that the admin has a list of."""
    groups_ensure()
    someone = make_user(username="someone", is_staff=True)
    (stored,) = prediction_create(call=call_of(someone), questions=[Question(features=facts())])
    outcome_create(
        prediction=stored,
        values={"data_year": 2020, "site_energy_use_kbtu": 1.0},
        source=OutcomeSource.ADMIN,
        entered_by=someone,
    )
    PredictionExplanation.objects.create(
        input=stored,
        caller_name="someone",
        request_id="r",
        site_energy_use_kbtu=1.0,
        reference_features={},
        reference_kbtu=1.0,
        contributions=[],
        orders=1,
        seed=1,
        peers=[],
        peer_count=0,
        duration_ms=1.0,
    )
    other = make_model_version()
    ShadowOutput.objects.create(
        input=stored, model_version=other, error_code="model-failure", duration_ms=1.0
    )
    path = csvs.file(tmp_path, [csvs.row(101)], "one.csv")
    dataset_import(path=path, source="one.csv", is_synthetic=False)
    ModelPromotion.objects.create(
        version=other, alias="challenger", kind="challenge", promoted_by_name="x"
    )
    PromotionProposal.objects.create(
        version=other, reason="r", evidence={}, proposed_by=someone, proposed_by_name="someone"
    )
    dataset_upload_create(source="one.csv", content=path.read_bytes(), uploaded_by=someone)
    api_token_create(user=api_caller_get_or_create(username="caller"), name="t")
    IdempotencyKey.objects.create(caller=someone, key="k", fingerprint="0" * 64)
    Export.objects.create(
        list_name="x.y", format="csv", exported_by=someone, exported_by_name="someone"
    )
    attempt = {"username": "x", "ip_address": "10.0.0.1", "attempt_time": timezone.now()}
    AccessAttempt.objects.create(failures_since_start=1, **attempt)
    AccessFailureLog.objects.create(**attempt)
    LogEntry.objects.create(user=someone, action_flag=1, object_repr="x")
    first = {
        model: model._default_manager.first()
        for model in (
            *(Building, BenchmarkRecord, DatasetImport, EmissionFactorSet),
            *(ModelVersion, ModelPromotion, PromotionProposal, ApiToken, Caller, Export),
            *(IdempotencyKey, ObservedOutcome, PredictionInput, PredictionOutput),
            *(
                PredictionExplanation,
                PredictionRequest,
                ShadowOutput,
                AccessAttempt,
                AccessFailureLog,
                LogEntry,
            ),
            *(DatasetUpload, User, UserGroup),
        )
    }
    return {**first, Caller: Caller.objects.get(username="caller")}


@pytest.fixture
def browser_of(db: None) -> Callable[[str], Client]:
    """A browser in which such a one is signed in."""

    def made(actor: str) -> Client:
        groups_ensure()
        client = Client(raise_request_exception=False)
        if actor == ANONYMOUS:
            return client
        is_staff = actor in staff.STAFF_GROUPS or actor == SUPERUSER
        user = make_user(is_staff=is_staff, is_superuser=actor == SUPERUSER)
        if actor != SUPERUSER:
            user.groups.add(UserGroup.objects.get(name=actor))
        client.force_login(user)
        return client

    return made


def may(actor: str, permission: str) -> bool:
    return actor == SUPERUSER or (
        actor in staff.STAFF_GROUPS and staff.may(staff.Group(actor), permission)
    )


def patterns(of: list[Any], prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every address, as Django writes routes, below the admin."""
    for pattern in of:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from patterns(pattern.url_patterns, route)
        else:
            yield route, pattern


#: Address -> status for who is no staff, and for staff.
PLAIN = {
    "": (302, 200),
    "login/": (200, 302),
    "logout/": (302, 405),
    "password_change/": (302, 200),
    "password_change/done/": (302, 200),
    "jsi18n/": (302, 200),
    "search/": (302, 200),
}
#: By the last part of an address: what takes which permission beside seeing, and what a GET gives.
CUSTOM: dict[str, tuple[str, int]] = {
    "mlmodel_modelversion_performance": ("predictions.view_observedoutcome", 200),
    "mlmodel_promotionproposal_decide": ("mlmodel.view_promotionproposal", 405),
    "buildings_datasetupload_decide": ("buildings.add_datasetupload", 405),
    "auth_user_password_change": ("auth.change_user", 200),
}
#: What exists and changes nothing, or leads nowhere without more: asked for in other tests.
APART = (
    "autocomplete/",
    "r/<path:content_type_id>/<path:object_id>/",
    "(?P<url>.*)$",
    "<path:url>",
)


def expected(actor: str, route: str, pattern: URLPattern, listed: Any) -> int:
    """The status of a GET."""
    is_staff = actor in staff.STAFF_GROUPS or actor == SUPERUSER
    if route in PLAIN:
        return PLAIN[route][is_staff]
    if not is_staff:
        return 302
    name = str(pattern.name)
    assert listed is not None, f"Who may see {route}? Say it in this test."
    model, of = listed
    app_label, model_name = model._meta.app_label, model._meta.model_name
    sees = may(actor, f"{app_label}.view_{model_name}")
    if name in CUSTOM:
        permission, status = CUSTOM[name]
        return status if sees and may(actor, permission) else 403
    verb = name.removeprefix(f"{app_label}_{model_name}_")
    if verb in ("changelist", "history", "change", "compare"):
        return 200 if sees else 403
    if verb == "add":
        adds = may(actor, f"{app_label}.add_{model_name}")
        is_addable = not isinstance(of, ReadOnlyAdmin) or type(of).has_add_permission is not (
            ReadOnlyAdmin.has_add_permission
        )
        return 200 if adds and is_addable else 403
    if verb == "delete":
        is_for_nobody = model is User or isinstance(of, ReadOnlyAdmin)
        deletes = may(actor, f"{app_label}.delete_{model_name}")
        return 200 if deletes and not is_for_nobody else 403
    if not name or name == "None":  # Django's redirect of `<pk>/` to the page
        return 302
    raise AssertionError(f"Who may see {route} ({name})? Say it in this test.")


@pytest.mark.parametrize("actor", ACTORS)
def test_every_address_is_for_whom_it_is_meant(
    actor: str, browser_of: Callable[[str], Client], record: dict[type[Model], Any]
) -> None:
    browser = browser_of(actor)
    lists = {
        f"{model._meta.app_label}/{model._meta.model_name}/": (model, of)
        for model, of in admin.site._registry.items()
    }
    wrong, seen = [], 0
    for route, pattern in patterns(admin.site.get_urls()):
        if route.startswith(APART) or route.endswith(APART):
            continue
        if pattern.name == "app_list":
            continue
        listed = next((of for start, of in lists.items() if route.startswith(start)), None)
        address = route
        if listed is not None:
            assert listed[0] in record or "<" not in route, f"make a row of {listed[0]}"
            row = record.get(listed[0])
            address = re.sub(r"<[^>]+>", str(row.pk) if row else "0", route)
        if "/compare/" in address and route.count("<") == 2:
            continue  # the same view
        status = browser.get(f"/admin/{address}").status_code
        seen += 1
        if status != expected(actor, route, pattern, listed):
            wrong.append((route, status, expected(actor, route, pattern, listed)))
    assert seen > 100
    assert not wrong


@pytest.mark.parametrize("actor", ACTORS)
def test_what_leads_nowhere_tells_nobody_anything(
    actor: str, browser_of: Callable[[str], Client]
) -> None:
    browser = browser_of(actor)
    is_staff = actor in staff.STAFF_GROUPS or actor == SUPERUSER
    content_type = ContentType.objects.get_for_model(User).pk
    for address in ("autocomplete/", f"r/{content_type}/1/", "nothing/", "predictions/nothing/"):
        status = browser.get(f"/admin/{address}").status_code
        assert status in ((403, 404) if is_staff else (302,)), address
    for app_label in ("auth", "axes", "admin", "buildings", "mlmodel", "predictions"):
        sees = any(
            may(actor, f"{app_label}.view_{model._meta.model_name}")
            for model in admin.site._registry
            if model._meta.app_label == app_label
        )
        wanted = 302 if not is_staff else 200 if sees else 404
        assert browser.get(f"/admin/{app_label}/").status_code == wanted, app_label


@pytest.mark.parametrize("actor", ACTORS)
def test_every_list_is_exported_by_who_may_see_and_export_it(
    actor: str, browser_of: Callable[[str], Client], record: dict[type[Model], Any]
) -> None:
    browser = browser_of(actor)
    assert [pattern.name for pattern in export_urls()] == ["admin_export"]
    for model, of in admin.site._registry.items():
        label, name = model._meta.app_label, model._meta.model_name
        address = f"/admin/export/{label}/{name}/"
        answer = browser.post(address, {"format": "jsonl"})
        if actor not in staff.STAFF_GROUPS and actor != SUPERUSER:
            wanted = 302
        elif not isinstance(of, ReadOnlyAdmin):
            wanted = 404
        elif may(actor, f"{label}.view_{name}") and may(actor, "predictions.export_lists"):
            wanted = 200
        else:
            wanted = 403
        assert answer.status_code == wanted, address
        if wanted == 200:
            assert b"".join(answer).count(b"\n") == of.get_queryset(answer.wsgi_request).count()
            assert browser.get(address).status_code == 405
    assert bool(Export.objects.count() > 1) == may(actor, "predictions.export_lists")


def test_every_list_and_every_permission_is_in_the_matrix() -> None:
    in_matrix = {table for area in staff.AREAS for table in area.tables}
    for model in admin.site._registry:
        assert f"{model._meta.app_label}.{model._meta.model_name}" in in_matrix
    there = set(Permission.objects.values_list("content_type__app_label", "codename"))
    for group in staff.Group:
        assert set(staff.permissions_of(group)) <= there
    for area in staff.AREAS:
        assert set(area.more) == set(area.said), area.title
    assert set(staff.PURPOSES) == set(staff.Group)


def test_groups_are_set_to_the_matrix_again(capsys: pytest.CaptureFixture[str]) -> None:
    groups_ensure()
    auditor = UserGroup.objects.get(name="auditor")
    auditor.permissions.add(Permission.objects.get(codename="add_user"))
    call_command("seed_groups")
    assert "auditor, data_scientist, approver, operator, api_client" in capsys.readouterr().out
    assert {
        (each.content_type.app_label, each.codename)
        for each in auditor.permissions.select_related("content_type")
    } == set(staff.permissions_of(staff.Group.AUDITOR))


def test_the_page_says_what_the_matrix_says() -> None:
    page = admin_roles_page()
    assert "| API tokens | sees | nothing | nothing | sees; makes, revokes |" in page
    assert "| Proposals to promote | sees | sees; proposes, withdraws one's own | sees; " in page
