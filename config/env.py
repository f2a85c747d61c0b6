"""What is made of the environment's variables (`config.variables`) before there are settings."""

import os
import secrets
import tomllib
from pathlib import Path
from typing import Any, Final

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from config import variables
from config.variables import BASE_DIR

__all__ = ["BASE_DIR", "VAR_DIR", "VERSION", "database_from_url", "secret_from_file"]

#: Everything the project makes as it runs (git-ignored); elsewhere where the code is read-only.
VAR_DIR: Final = Path(variables.VAR_DIR.read() or BASE_DIR / "var")

#: The project's version, which stands in pyproject.toml and nowhere else.
VERSION: Final[str] = tomllib.loads((BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]["version"]


def database_from_url(url: str) -> dict[str, Any]:
    """Django's description of the database that `url` names.

    Connections stay open (opening one costs more than a prediction) and are checked before a
    request uses them. A server that does not answer fails the request in seconds. Time limits on
    statements hold where DATABASE_STATEMENT_TIMEOUT_MS is set: `config.wsgi` does, for requests;
    migrations and loading the dataset take as long as they need. Options in the URL's query win.
    """
    try:
        parsed = dj_database_url.parse(url, conn_max_age=None, conn_health_checks=True)
    except dj_database_url.ParseError:
        right = variables.DATABASE_URL.right
        raise ImproperlyConfigured(f"The database's URL must be {right}.") from None
    database: dict[str, Any] = dict(parsed)
    limits = {
        "statement_timeout": variables.DATABASE_STATEMENT_TIMEOUT_MS.read(),
        "lock_timeout": variables.DATABASE_LOCK_TIMEOUT_MS.read(),
    }
    options = {
        "connect_timeout": variables.DATABASE_CONNECT_TIMEOUT_S.read(),
        "application_name": "futurisys-energy",
        # Poolers such as PgBouncer may refuse start-up options: 0 leaves a limit out.
        "options": " ".join(f"-c {name}={value}" for name, value in limits.items() if value),
    }
    database["OPTIONS"] = options | database.get("OPTIONS", {})
    return database


def secret_from_file(path: Path) -> str:
    """The secret in `path`, made (mode 600) by whoever asks first."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(64))
        try:
            path.hardlink_to(draft)  # fails if another process was first: its secret counts
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text()
