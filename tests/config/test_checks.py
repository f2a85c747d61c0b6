"""System checks of the settings that the audit rests on."""

import pytest
from django.conf import settings
from django.core.checks import run_checks

from config.checks import check_databases


def test_the_settings_in_use_are_fine() -> None:
    assert check_databases(None) == []


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("ATOMIC_REQUESTS", True, "config.E001"),
        ("ENGINE", "django.db.backends.sqlite3", "config.E002"),
    ],
)
def test_wrong_setting_is_an_error_and_the_check_is_registered(
    monkeypatch: pytest.MonkeyPatch, name: str, value: object, code: str
) -> None:
    monkeypatch.setitem(settings.DATABASES["default"], name, value)
    (found,) = [message for message in run_checks() if str(message.id).startswith("config.")]
    assert found.id == code
    assert found.is_serious()
    assert found.hint
