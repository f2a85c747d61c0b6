"""`manage.py serve`: gunicorn until Ctrl-C."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config import variables
from config.server import Address, AddressError, Server, welcome_text
from config.setup import NewSecrets


def free_address() -> Address:
    """HOST and PORT, if somebody can listen there.

    Raises:
        CommandError: Nobody can; the message says why.
    """
    address = Address(variables.HOST.read(), variables.PORT.read())
    try:
        address.require_free()
    except AddressError as error:
        raise CommandError(str(error)) from error
    return address


class Command(BaseCommand):
    help = "Serve with gunicorn on HOST (127.0.0.1) and PORT (8000) until Ctrl-C."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        self.serve(NewSecrets())

    def serve(self, secrets: NewSecrets) -> None:
        """Serve, and say so once ready; ends the process with gunicorn's code if it fails."""
        address = free_address()  # or another server's readiness would be taken for ours

        def welcome(lack: str) -> None:
            self.stdout.write(welcome_text(address, secrets, lack))
            self.stdout.flush()

        code = Server(address).run(when_ready=welcome)
        self.stdout.write("Stopped." if code == 0 else f"gunicorn ended with code {code}.")
        if code:
            sys.exit(code)
