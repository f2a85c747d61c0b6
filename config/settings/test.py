"""Tests: real PostgreSQL (DATABASE_URL, or a throw-away one that `tests.postgres_plugin`
starts)."""

import dj_database_url

from config.env import env
from config.settings.base import *  # noqa: F403

SECRET_KEY = "test-only-" + "x" * 50
ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
DATABASES = {"default": dj_database_url.parse(env.str("DATABASE_URL", "postgres:///unset"))}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
