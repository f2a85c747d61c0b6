"""Production: every secret from the environment, none with a default; TLS everywhere."""

from django.core.exceptions import ImproperlyConfigured

from config.env import database_from_url, env
from config.logging import logging_settings
from config.settings.base import *  # noqa: F403 -- that is what settings modules do


def _required(name: str, how: str) -> str:
    value = env.str(name, "")
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. {how}")
    return value


def _secret_key() -> str:
    how = (
        "Make one with: python -c 'import secrets; print(secrets.token_urlsafe(64))' and put it "
        "in the environment as SECRET_KEY."
    )
    value = _required("SECRET_KEY", how)
    if len(value) < 50 or len(set(value)) < 16 or value.startswith("django-insecure-"):
        raise ImproperlyConfigured(
            f"SECRET_KEY is weak: 50 characters or more, made at random, are needed. {how}"
        )
    return value


DEBUG = False
SECRET_KEY = _secret_key()
# After a change of SECRET_KEY, the former ones keep sessions and signed links valid for a while.
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", [])
ALLOWED_HOSTS = [
    host.strip()
    for host in _required(
        "ALLOWED_HOSTS", "Name the hosts served, separated by commas: api.example.org."
    ).split(",")
]
DATABASES = {
    "default": database_from_url(
        _required(
            "DATABASE_URL",
            "Name the PostgreSQL database: postgres://user:password@host:5432/database "
            "(with ?sslmode=require where it is not on this machine).",
        )
    )
}

SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", True)
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$"]  # probes of the platform come without TLS
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", 365 * 24 * 3600)
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("SECURE_HSTS_INCLUDE_SUBDOMAINS", True)
SECURE_HSTS_PRELOAD = env.bool("SECURE_HSTS_PRELOAD", True)
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
LANGUAGE_COOKIE_SECURE = True
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])
# Only behind a proxy that sets the header itself on every request: a client could forge it.
if env.bool("BEHIND_TLS_PROXY", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Versions are kept in PostgreSQL alone unless a tracking server is named: a container has no disk
# of its own to keep MLflow's on.
MLFLOW_TRACKING_URI = env.str("MLFLOW_TRACKING_URI", "")

LOGGING = logging_settings(style="json", level=env.str("LOG_LEVEL", "INFO"))
