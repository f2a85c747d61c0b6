"""The first superuser."""

import secrets

from django.contrib.auth import get_user_model


def superuser_ensure(*, username: str) -> str | None:
    """Make the superuser unless there is a user of that name; return the password made for it."""
    users = get_user_model().objects
    if users.filter(username=username).exists():
        return None
    password = secrets.token_urlsafe(15)
    users.create_superuser(username=username, email="", password=password)
    return password
