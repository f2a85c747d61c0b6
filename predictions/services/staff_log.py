"""What staff did, beyond what Django's admin logs by itself: into the same table, which nobody
edits."""

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.contenttypes.models import ContentType
from django.db import models

#: `LogEntry.object_repr` holds no more.
_REPR_LENGTH = 200


class StaffAction(models.IntegerChoices):
    """Kinds of action; the first three are Django's."""

    ADDED = 1, "added"
    CHANGED = 2, "changed"
    DELETED = 3, "deleted"
    SIGNED_IN = 11, "signed in"
    SIGNED_OUT = 12, "signed out"
    EXPORTED = 13, "exported"
    APPROVED = 14, "approved"
    DECLINED = 15, "declined"
    WITHDRAWN = 16, "withdrawn"
    REVOKED = 17, "revoked"
    UNLOCKED = 18, "unlocked"
    REFUSED = 19, "tried in vain"


def staff_action_log(
    *,
    user: AbstractBaseUser,
    action: StaffAction,
    target: models.Model | None = None,
    said: str = "",
) -> None:
    """One row: who did what to which row, and a few words, which must hold no secret."""
    LogEntry.objects.create(
        user_id=user.pk,
        content_type=None if target is None else ContentType.objects.get_for_model(target),
        object_id=None if target is None else str(target.pk),
        object_repr="" if target is None else str(target)[:_REPR_LENGTH],
        action_flag=action,
        change_message=said,
    )
