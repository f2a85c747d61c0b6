"""Settings, as a new process reads them from its environment."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from config.env import database_from_url, secret_from_file

Run = Callable[..., CompletedProcess[str]]

PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "config.settings.production",
    "SECRET_KEY": "Zq3vN8xK1mB7tR5wY2cF9hJ4pL6sD0gA-uE_iOnVbXzQkWrTyUaMdHfGjPl",
    "ALLOWED_HOSTS": "api.example.org, www.example.org",
    "DATABASE_URL": "postgres://app:secret@db.example.org:5432/energy?sslmode=require",
}


@pytest.fixture
def settings_of(run_python: Run) -> Callable[..., dict[str, object]]:
    """The named settings, in a new process with these variables."""

    def read(*names: str, **variables: str) -> dict[str, object]:
        done = run_python(
            "-c",
            "import json, sys; from django.conf import settings;"
            "print(json.dumps({name: getattr(settings, name, None) for name in sys.argv[1:]}))",
            *names,
            **variables,
        )
        assert done.returncode == 0, done.stderr
        values: dict[str, object] = json.loads(done.stdout)
        return values

    return read


# -- production ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("SECRET_KEY", "", "SECRET_KEY is not set. Make one with: python -c"),
        ("SECRET_KEY", "too-little", "SECRET_KEY is weak"),
        ("SECRET_KEY", "ab" * 40, "SECRET_KEY is weak"),
        ("SECRET_KEY", "django-insecure-" + PRODUCTION["SECRET_KEY"], "SECRET_KEY is weak"),
        ("ALLOWED_HOSTS", "", "ALLOWED_HOSTS is not set. Name the hosts served"),
        (
            "ALLOWED_HOSTS",
            "api.example.org,*",
            "ALLOWED_HOSTS must not be *. Name the hosts served",
        ),
        ("DATABASE_URL", "", "DATABASE_URL is not set. Name the PostgreSQL database"),
        ("DATABASE_URL", "mysql://app:secret@db/energy", "DATABASE_URL must be postgres://"),
        ("DATABASE_URL", "postgres://app:p@ss:w/rd@db/energy", "URL must be postgres://"),
        ("LOG_LEVEL", "LOUD", "LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR"),
    ],
)
def test_missing_or_weak_secret_stops_production(
    run_python: Run, name: str, value: str, sentence: str
) -> None:
    done = run_python("manage.py", "migrate", **{**PRODUCTION, name: value})
    assert done.returncode != 0
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert not value or value not in done.stderr  # a weak secret is a secret still


def test_production_passes_djangos_deployment_checks(run_python: Run) -> None:
    done = run_python(
        "manage.py", "check", "--deploy", "--fail-level", "WARNING", "--tag", "security",
        **PRODUCTION,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_production_settings(settings_of: Callable[..., dict[str, object]]) -> None:
    settings = settings_of(
        *("DEBUG", "ALLOWED_HOSTS", "SECURE_PROXY_SSL_HEADER", "SECURE_SSL_REDIRECT"),
        *("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "CSRF_TRUSTED_ORIGINS", "DATABASES"),
        **PRODUCTION,
        CSRF_TRUSTED_ORIGINS="https://a.example.org,https://b.example.org",
    )
    databases = settings.pop("DATABASES")
    assert settings == {
        "DEBUG": False,
        "ALLOWED_HOSTS": ["api.example.org", "www.example.org"],
        "SECURE_PROXY_SSL_HEADER": None,
        "SECURE_SSL_REDIRECT": True,
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "CSRF_TRUSTED_ORIGINS": ["https://a.example.org", "https://b.example.org"],
    }
    assert isinstance(databases, dict)
    assert databases["default"]["OPTIONS"]["sslmode"] == "require"


def test_forwarded_scheme_is_believed_behind_a_tls_proxy_only(
    settings_of: Callable[..., dict[str, object]],
) -> None:
    settings = settings_of("SECURE_PROXY_SSL_HEADER", **PRODUCTION, BEHIND_TLS_PROXY="true")
    assert settings["SECURE_PROXY_SSL_HEADER"] == ["HTTP_X_FORWARDED_PROTO", "https"]


def test_web_server_without_a_word_gets_production_and_a_time_limit(run_python: Run) -> None:
    variables = {k: v for k, v in PRODUCTION.items() if k != "DJANGO_SETTINGS_MODULE"}
    done = run_python(
        "-c",
        "import django.core.wsgi; django.core.wsgi.get_wsgi_application = lambda: None\n"
        "import config.wsgi; from django.conf import settings\n"
        "print(settings.SETTINGS_MODULE, settings.DATABASES['default']['OPTIONS']['options'])",
        **variables,
    )
    assert done.stdout == (
        "config.settings.production -c statement_timeout=15000 -c lock_timeout=5000\n"
    )


# -- local ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variables", "hosts"),
    [
        ({}, ["127.0.0.1", "localhost", "[::1]", "127.0.0.1"]),
        ({"HOST": "192.0.2.7"}, ["127.0.0.1", "localhost", "[::1]", "192.0.2.7"]),
        ({"HOST": "0.0.0.0"}, ["*"]),
        ({"HOST": "0.0.0.0", "ALLOWED_HOSTS": "here.example.org"}, ["here.example.org"]),
    ],
)
def test_local_hosts_follow_the_address(
    settings_of: Callable[..., dict[str, object]], variables: dict[str, str], hosts: list[str]
) -> None:
    settings = settings_of(
        *("ALLOWED_HOSTS", "DEBUG", "SECRET_KEY"),
        DJANGO_SETTINGS_MODULE="config.settings.local",
        SECRET_KEY="from the environment",
        **variables,
    )
    assert settings == {
        "ALLOWED_HOSTS": hosts,
        "DEBUG": False,
        "SECRET_KEY": "from the environment",
    }


# -- the pieces -----------------------------------------------------------------------------------


def test_database_connections_persist_and_are_checked() -> None:
    database = database_from_url("postgres://user:pass@host:5433/name")
    assert database["CONN_MAX_AGE"] is None
    assert database["CONN_HEALTH_CHECKS"] is True
    assert not database.get("ATOMIC_REQUESTS")
    assert database["OPTIONS"]["connect_timeout"] == 3
    assert database["OPTIONS"]["options"] == "-c lock_timeout=5000"  # commands may take long


def test_time_limits_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_STATEMENT_TIMEOUT_MS", "250")
    monkeypatch.setenv("DATABASE_LOCK_TIMEOUT_MS", "0")
    options = database_from_url("postgres://host/name")["OPTIONS"]
    assert options["options"] == "-c statement_timeout=250"


def test_options_in_the_url_win() -> None:
    options = database_from_url("postgres://host/name?connect_timeout=9&sslmode=require")["OPTIONS"]
    assert options["connect_timeout"] in {9, "9"}
    assert options["sslmode"] == "require"


def test_secret_is_made_once_and_closed_to_others(tmp_path: Path) -> None:
    path = tmp_path / "var" / "secret_key"
    secret = secret_from_file(path)
    assert len(secret) >= 50
    assert path.stat().st_mode & 0o777 == 0o600
    assert secret_from_file(path) == secret
    assert list(path.parent.iterdir()) == [path]


def test_secret_of_a_faster_process_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret_key"
    path.write_text("the other's")
    monkeypatch.setattr(Path, "exists", lambda _: False)  # looked just before it was written
    assert secret_from_file(path) == "the other's"
    assert list(tmp_path.iterdir()) == [path]
