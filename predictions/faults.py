"""What is wrong with a row, said in the active language, and where."""

import difflib
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from mlmodel.checking import RowFault
from mlmodel.features import Feature

#: Of what was given instead, no more is compared with the names and words there are.
_COMPARED_LENGTH: Final = 100


def fault_said(fault: RowFault, *, is_nearest_sought: bool = True) -> str:
    """What is wrong, and the nearest of what is known. Looking for that takes up to a millisecond,
    which is too much for each row of a large batch."""
    parameters = dict(fault.message.parameters)
    if fault.feature is not None:
        parameters["bounds"] = bounds_said(fault.feature)
    said = _(fault.message.template) % parameters
    given = fault.given[:_COMPARED_LENGTH] if is_nearest_sought else ""
    is_member = fault.code == "unknown-member"
    for near in difflib.get_close_matches(given, fault.known, n=1):
        name = f"`{near}`" if is_member else repr(near)
        hint = _("Did you mean %(name)s?") % {"name": name}
        return f"{said} {hint}"
    if not is_member:
        return said
    hint = _("Leave it out.")
    return f"{said} {hint}"


def bounds_said(feature: Feature) -> str:
    """The feature's inclusive bounds with their unit."""
    return _("%(minimum)s to %(maximum)s") % {
        "minimum": grouped(feature.written(feature.minimum)),
        "maximum": grouped(feature.written(feature.maximum)) + feature.unit_suffix,
    }


def grouped(number: str) -> str:
    """A number whose thousands are grouped by commas, as the active language groups them."""
    return number.replace(",", pgettext("between the thousands of a number", ","))


def pointer(*names: str | int) -> str:
    """A JSON Pointer (RFC 6901) of printable, shortened names."""
    parts = []
    for name in names:
        text = str(name)[:64]
        text = "".join(char if char.isprintable() else "\ufffd" for char in text)
        parts.append(text.replace("~", "~0").replace("/", "~1"))
    return "".join(f"/{part}" for part in parts)
