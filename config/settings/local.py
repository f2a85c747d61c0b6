"""Development on one machine; the embedded PostgreSQL when DATABASE_URL is unset."""

import dj_database_url

from config.env import env
from config.settings.base import *  # noqa: F403

SECRET_KEY = env.str("SECRET_KEY", "local-only-" + "x" * 50)
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
DATABASES = {"default": dj_database_url.parse(env.str("DATABASE_URL"))}
