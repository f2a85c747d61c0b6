"""Who may do what: the groups and the first superuser."""

import secrets
from typing import Final

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.db import transaction

#: Group -> the permissions it has, as app -> (actions, tables); no tables: all of the app's.
#: Tokens are nobody's business but their owners' and the administrators'.
_AUDITED: Final = ("predictionrequest", "predictioninput", "predictionoutput")
GROUPS: Final[dict[str, dict[str, tuple[tuple[str, ...], tuple[str, ...]]]]] = {
    "auditor": {
        "predictions": (("view",), _AUDITED),
        "mlmodel": (("view",), ()),
        "buildings": (("view",), ()),
        "admin": (("view",), ("logentry",)),
    },
    "data_scientist": {
        "predictions": (("view",), _AUDITED),
        "mlmodel": (("view",), ()),
        "buildings": (("view",), ()),
    },
    "api_client": {"predictions": (("add", "view"), ("predictionrequest",))},
}


def groups_ensure() -> list[str]:
    """Give every group of `GROUPS` exactly its permissions; return the names of new groups.

    The table above is the definition: for other rights, make a group of another name.
    """
    created = []
    with transaction.atomic():
        for name, apps in GROUPS.items():
            group, is_new = Group.objects.get_or_create(name=name)
            if is_new:
                created.append(name)
            granted: list[Permission] = []
            for app, (actions, tables) in apps.items():
                permissions = Permission.objects.filter(content_type__app_label=app)
                if tables:
                    permissions = permissions.filter(content_type__model__in=tables)
                granted += [p for p in permissions if p.codename.split("_")[0] in actions]
            group.permissions.set(granted)
    return created


def superuser_ensure(*, username: str) -> str | None:
    """Make the superuser unless there is a user of that name; return the password made for it."""
    users = get_user_model().objects
    if users.filter(username=username).exists():
        return None
    password = secrets.token_urlsafe(15)
    users.create_superuser(username=username, email="", password=password)
    return password
