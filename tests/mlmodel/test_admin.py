"""Model versions in the admin."""

import pytest
from django.test import Client
from django.urls import reverse

from mlmodel.registry import shipped_manifest
from tests.predictions.factories import make_model_version

pytestmark = pytest.mark.django_db


def test_versions_are_read_and_nothing_else(admin_browser: Client) -> None:
    scores = {"r2_log": 0.77, "r2_log_std": 0.02, "mdape": 0.33}
    version = make_model_version(alias="champion", metrics={"f": scores})
    make_model_version(
        metrics={"protocol": {}, "scores": {"non_residential": {"energy": {"f": {"r2_log": 0.81}}}}}
    )
    make_model_version(code_version="<script>alert(1)</script>")
    listed = admin_browser.get(reverse("admin:mlmodel_modelversion_changelist")).content.decode()
    assert "0.770" in listed
    assert "0.810" in listed
    assert "champion" in listed
    url = reverse("admin:mlmodel_modelversion_change", args=[version.pk])
    page = admin_browser.get(url).content.decode()
    assert "0.77 ± 0.02" in page
    assert version.artifact_digest in page
    assert "Registered without the evaluation" in page
    assert admin_browser.post(url, {"alias": ""}).status_code == 403
    version.refresh_from_db()
    assert version.alias == "champion"


def test_a_version_leads_to_the_facts_of_its_card(admin_browser: Client) -> None:
    version = make_model_version(
        **{
            name: value
            for name, value in shipped_manifest().items()
            if name in ("metrics", "parameters", "data_fingerprint")
        }
    )
    page = admin_browser.get(
        reverse("admin:mlmodel_modelversion_change", args=[version.pk])
    ).content.decode()
    assert f"/api/v1/models/site-energy-use/versions/{version.version}/" in page
    assert "coverage_80_stop" in page
