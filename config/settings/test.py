"""Tests: real PostgreSQL (DATABASE_URL, or a throw-away one that `tests.postgres_plugin`
starts)."""

from config import variables
from config.env import database_from_url
from config.settings.base import *  # noqa: F403 -- that is what settings modules do

SECRET_KEY = "test-only-" + "x" * 50
ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
DATABASES = {"default": database_from_url(variables.DATABASE_URL.read() or "postgres:///unset")}
WHITENOISE_AUTOREFRESH = True  # no `collectstatic` before the tests
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Tests that are not about limits ask as often as they like; those that are set them.
RATE_LIMIT_FAILURES_PER_MINUTE = 0
CONCURRENCY_PER_TOKEN = 0
