"""Migration 0003 on a database that holds what version 0.1 stored."""

import csv
from io import StringIO
from typing import Any

import pytest
from django.apps import apps as current_apps
from django.contrib.auth.models import User
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from django.urls import reverse
from knox.crypto import hash_token

from predictions.exports.examples import write_outputs_csv
from predictions.models import ApiToken, PredictionInput
from predictions.selectors import prediction_list_by_call

pytestmark = pytest.mark.django_db(transaction=True)

BEFORE = [("predictions", "0002_insert_only")]


def migrate(targets: list[tuple[str, str]]) -> Any:
    executor = MigrationExecutor(connection)
    executor.migrate(targets)
    return MigrationExecutor(connection).loader.project_state(targets).apps


@pytest.fixture
def old_prediction() -> Any:
    """A prediction and a failure, stored before 0003; everything is migrated again afterwards."""
    latest = MigrationExecutor(connection).loader.graph.leaf_nodes()
    apps = migrate(BEFORE)
    try:
        version = current_apps.get_model("mlmodel.ModelVersion").objects.create(
            name="site-energy-use",
            version=1,
            artifact_uri="file:///nowhere",
            artifact_digest="0" * 64,
            file_digests={},
            signature={},
            size_bytes=1,
        )
        call = apps.get_model("predictions.PredictionRequest").objects.create(
            caller_name="ann",
            channel="api",
            request_id="r",
            row_count=2,
            model_version_id=version.pk,
            received_at="2026-11-24T00:00:00Z",
        )
        inputs = apps.get_model("predictions.PredictionInput").objects
        outputs = apps.get_model("predictions.PredictionOutput").objects
        facts = {"primary_property_type": "Hotel", "gross_floor_area_sqft": 1000.0}
        stored = inputs.create(request=call, position=0, features=facts)
        outputs.create(
            input=stored, site_energy_use_kbtu=8.0, site_eui_kbtu_per_sqft=2.0, duration_ms=1.0
        )
        failed = inputs.create(request=call, position=1, features=facts)
        outputs.create(input=failed, error_code="model-failure", duration_ms=1.0)
    finally:
        migrate(latest)
    return stored.pk


def test_old_answers_stay_as_they_are_and_are_shown(
    old_prediction: Any, admin_browser: Client
) -> None:
    stored = PredictionInput.objects.get(pk=old_prediction)
    assert stored.output.site_energy_use_kbtu == 8.0
    assert (stored.output.electricity_kbtu, stored.output.cautions) == (None, None)
    with connection.cursor() as cursor, pytest.raises(DatabaseError, match="insert-only"):
        cursor.execute("UPDATE predictions_predictionoutput SET electricity_kbtu = 8")

    page = admin_browser.get(
        reverse("admin:predictions_predictioninput_change", args=[old_prediction])
    )
    assert page.status_code == 200
    assert "—" in page.content.decode()
    for table in ("predictioninput", "predictionrequest", "predictionoutput"):
        assert (
            admin_browser.get(reverse(f"admin:predictions_{table}_changelist")).status_code == 200
        )

    text = StringIO()
    write_outputs_csv(list(prediction_list_by_call(request_id=stored.request_id)), text)
    answered, failed = csv.DictReader(StringIO(text.getvalue()))
    assert answered["site_energy_use_kbtu"] == "8.0"
    assert answered["electricity_kbtu"] == answered["ghg_emissions_mtco2e"] == ""
    assert (failed["error_code"], failed["cautions"]) == ("model-failure", "")


class TestTokens:
    """Migration 0006 on a database that holds tokens of before."""

    def test_tokens_of_before_keep_working_and_may_predict_and_read(self, caller: User) -> None:
        latest = MigrationExecutor(connection).loader.graph.leaf_nodes()
        apps = migrate([("predictions", "0005_idempotency")])
        try:
            apps.get_model("predictions", "ApiToken").objects.create(
                digest=hash_token("an-old-secret"),
                token_key="an-old-secret"[:15],
                user_id=caller.pk,
                name="old",
            )
        finally:
            migrate(latest)
        token = ApiToken.objects.get()
        assert (token.scopes, token.networks) == (["predict", "read"], [])
        assert (token.name, token.state, token.last_used_at) == ("old", "active", None)
        headers = {"Authorization": "Bearer an-old-secret"}
        assert Client().get("/api/v1/predictions/", headers=headers).status_code == 200
