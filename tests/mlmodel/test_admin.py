"""Model versions in the admin."""

import pytest
from django.test import Client
from django.urls import reverse

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
    assert admin_browser.post(url, {"alias": ""}).status_code == 403
    version.refresh_from_db()
    assert version.alias == "champion"
