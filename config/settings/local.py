"""Development and demonstration on one machine: everything has a default.

`manage.py` starts the embedded PostgreSQL when DATABASE_URL is unset.
"""

from config import variables
from config.env import VAR_DIR, database_from_url, secret_from_file
from config.logging import logging_settings
from config.settings.base import *  # noqa: F403 -- that is what settings modules do

_HOST = variables.HOST.read()

DEBUG = variables.DEBUG.read()
SECRET_KEY = variables.SECRET_KEY.read() or secret_from_file(VAR_DIR / "secret_key")
# Who listens on every interface wants to be reached by names that are not known here.
ALLOWED_HOSTS = variables.ALLOWED_HOSTS.read() or (
    ["*"] if _HOST in {"0.0.0.0", "::"} else ["127.0.0.1", "localhost", "[::1]", _HOST]  # noqa: S104
)
CSRF_TRUSTED_ORIGINS: list[str] = variables.CSRF_TRUSTED_ORIGINS.read()
# The stand-in serves commands that need no database (`manage.py check`): port 9 discards.
DATABASES = {
    "default": database_from_url(
        variables.DATABASE_URL.read() or "postgres://unset@127.0.0.1:9/DATABASE_URL-is-unset"
    )
}
LOGGING = logging_settings(style="text", level=variables.LOG_LEVEL.read())
