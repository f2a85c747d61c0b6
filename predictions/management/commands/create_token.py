"""`manage.py create_token NAME`: a new API token."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from predictions.errors import TokenRefusedError
from predictions.models import DEFAULT_SCOPES, Scope
from predictions.services.accounts import api_caller_get_or_create, api_token_create


class Command(BaseCommand):
    help = (
        "Makes an API token and shows it, once. The caller NAME is created as a service account if "
        "there is none: two names are two callers, who cannot see each other's predictions."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the caller, and the token's name")
        parser.add_argument("--user", help="make the token for this existing user instead")
        parser.add_argument(
            "--scope",
            action="append",
            choices=Scope.values,
            help="what it may be used for, once for each (default: predict and read)",
        )
        parser.add_argument(
            "--network",
            action="append",
            default=[],
            help="where it may be used from, as 10.1.0.0/16 or 2001:db8::/32, once for each "
            "(default: anywhere)",
        )
        parser.add_argument("--expires-days", type=int, help="days until it expires (default: 90)")
        parser.add_argument("--quiet", action="store_true", help="print the token and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        name, days = options["name"], options["expires_days"]
        if days is not None and days < 1:
            raise CommandError("--expires-days must be at least 1.")
        user = self._user(options["user"]) if options["user"] else self._caller(name)
        expires_in = None if days is None else timedelta(days=days)
        try:
            token, secret = api_token_create(
                user=user,
                name=name,
                expires_in=expires_in,
                scopes=options["scope"] or DEFAULT_SCOPES,
                networks=options["network"],
            )
        except TokenRefusedError as error:
            raise CommandError(f"No such token: {error}") from None
        if options["quiet"]:
            self.stdout.write(secret)
            return
        self.stdout.write(f"A token named {name!r} for the caller {user.get_username()!r}:\n")
        self.stdout.write(f"\n    {secret}\n\n")
        expiry = "never" if token.expiry is None else f"on {token.expiry:%Y-%m-%d}"
        where = ", ".join(token.networks) or "anywhere"
        self.stdout.write(f"Scopes: {', '.join(token.scopes)}. It may be used from {where}.")
        self.stdout.write(f"It expires {expiry}. It is not stored and cannot be shown again.")

    def _user(self, username: str) -> User:
        try:
            return User.objects.get(username=username)
        except User.DoesNotExist:
            raise CommandError(f"There is no user named {username!r}.") from None

    def _caller(self, name: str) -> User:
        try:
            User._meta.get_field("username").clean(name, None)
        except ValidationError as error:
            raise CommandError(f"{name!r} cannot be a caller's name: {error.messages[0]}") from None
        return api_caller_get_or_create(username=name)
