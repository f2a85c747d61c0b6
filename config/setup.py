"""Setting the project up, step by step: what `make setup` and `make run` do before serving.

Every step leaves alone what is there already, so that a second run is quick and changes nothing.
"""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.core.management import call_command
from django.core.management.base import CommandError, OutputWrapper
from django.db import OperationalError, connection

from buildings.models import BenchmarkRecord, DatasetImport
from config import services
from predictions.models import ApiToken

if TYPE_CHECKING:
    from collections.abc import Callable

#: The portal may change a row of its file any day; that shall not keep anybody from starting.
_REJECTS_TOLERATED: Final = 100
ADMIN: Final = "admin"
#: The service account whose token the example call uses.
CALLER: Final = "demo"
OLDEST_POSTGRESQL: Final = 15


@dataclass
class NewSecrets:
    """Secrets made by this run; None: it was there already, and nobody knows it any more."""

    admin_password: str | None = None
    token: str | None = None
    is_shown: bool = False

    @property
    def is_to_be_shown(self) -> bool:
        return not self.is_shown and bool(self.admin_password or self.token)


class Setup:
    """The steps, in order. `secrets` fills as they are made, also when a later step fails."""

    def __init__(self, out: OutputWrapper) -> None:
        self.out = out
        self.secrets = NewSecrets()

    def run(self) -> None:
        """Take every step; each says what it did or found, and how long it took.

        Raises:
            CommandError: A step failed; the message says which and why.
        """
        steps: list[tuple[str, Callable[[], str]]] = [
            ("database", self._database),
            ("tables", self._tables),
            ("dataset", self._dataset),
            ("model", self._model),
            ("static files", self._static_files),
            ("groups", self._groups),
            ("superuser", self._superuser),
            ("API token", self._token),
        ]
        for number, (name, step) in enumerate(steps, start=1):
            mark = f"[{number}/{len(steps)}] {name}"
            self._write(f"{mark} …")
            start = time.perf_counter()
            result = step()
            self._write(f"{mark}: {result} ({time.perf_counter() - start:.1f} s)")

    def _database(self) -> str:
        try:
            connection.ensure_connection()
        except OperationalError as error:
            raise CommandError(f"The database that DATABASE_URL names: {error}") from error
        release, patch = connection.get_database_version()
        if release < OLDEST_POSTGRESQL:
            raise CommandError(
                f"DATABASE_URL leads to PostgreSQL {release}: "
                f"{OLDEST_POSTGRESQL} or later is needed."
            )
        settings = connection.settings_dict
        place = f"{settings['HOST'] or 'local socket'}:{settings['PORT'] or 5432}"
        return f"PostgreSQL {release}.{patch}, database {settings['NAME']} at {place}"

    def _tables(self) -> str:
        self._call("migrate", interactive=False, verbosity=0)
        return "up to date"

    def _dataset(self) -> str:
        if not DatasetImport.objects.exists():
            self._call("load_dataset", source="auto", allow_rejects=_REJECTS_TOLERATED)
        latest = DatasetImport.objects.latest("id")
        if latest.is_synthetic:
            self._banner(
                "THE DATA IS SYNTHETIC: the official file could not be had, and the bundled",
                "sample stands in for it. None of its buildings exists. For the real ones:",
                "manage.py load_dataset --source seattle-2016",
            )
        if BenchmarkRecord.objects.filter(values_digest=b"").exists():
            self._banner(
                "VERSION 0.1 LOADED SOME RECORDS, and they lack what later versions read.",
                "Load their files again; what differs is kept as history:",
                f"manage.py load_dataset --source {latest.source}",
            )
        kind = "synthetic sample" if latest.is_synthetic else "official data"
        years = ", ".join(str(year) for year in latest.data_years)
        return f"{kind} {latest.file_name}, data year {years}, {latest.rows_read} rows"

    def _model(self) -> str:
        self._call("register_shipped_model")
        return "the shipped version is registered"

    def _static_files(self) -> str:
        self._call("collectstatic", interactive=False, verbosity=0)
        return "collected"

    def _groups(self) -> str:
        from predictions import staff
        from predictions.services.accounts import groups_ensure

        groups_ensure()
        return ", ".join(staff.Group)

    def _superuser(self) -> str:
        self.secrets.admin_password = services.superuser_ensure(username=ADMIN)
        return f"created {ADMIN}" if self.secrets.admin_password else f"{ADMIN} is there already"

    def _token(self) -> str:
        from predictions.services.accounts import api_caller_get_or_create, api_token_create

        if ApiToken.objects.filter(user__username=CALLER).exists():
            return f"{CALLER} has one already"
        caller = api_caller_get_or_create(username=CALLER)
        _, self.secrets.token = api_token_create(user=caller, name="first token, made by setup")
        return f"created one for {CALLER}"

    def _call(self, command: str, **options: Any) -> None:
        call_command(command, stdout=self.out, **options)

    def _banner(self, *lines: str) -> None:
        width = max(len(line) for line in lines)
        rule = "!" * (width + 8)
        for line in (rule, *(f"!!  {text:<{width}}  !!" for text in lines), rule):
            self.out.write(line)

    def _write(self, text: str) -> None:
        self.out.write(text)
        self.out.flush()
