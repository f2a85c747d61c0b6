"""Development and demonstration on one machine: everything has a default.

`manage.py` starts the embedded PostgreSQL when DATABASE_URL is unset.
"""

from config.env import VAR_DIR, database_from_url, env, secret_from_file
from config.logging import logging_settings
from config.settings.base import *  # noqa: F403 -- that is what settings modules do

_HOST = env.str("HOST", "127.0.0.1")

DEBUG = env.bool("DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY", "") or secret_from_file(VAR_DIR / "secret_key")
# Who listens on every interface wants to be reached by names that are not known here.
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", []) or (
    ["*"] if _HOST in {"0.0.0.0", "::"} else ["127.0.0.1", "localhost", "[::1]", _HOST]  # noqa: S104
)
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])
# The stand-in serves commands that need no database (`manage.py check`): port 9 discards.
DATABASES = {
    "default": database_from_url(
        env.str("DATABASE_URL", "") or "postgres://unset@127.0.0.1:9/DATABASE_URL-is-unset"
    )
}
LOGGING = logging_settings(style="text", level=env.str("LOG_LEVEL", "INFO"))
