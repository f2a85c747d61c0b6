"""Numbers and quantities as the reader writes them.

What is stored and what is exchanged is canonical (kBtu, ft², a point before the decimals). Only
pages for people ask this module; their language decides.
"""

from functools import lru_cache
from typing import Final

from django.utils.translation import get_language, pgettext

from buildings.units import quantity_of

NOT_KNOWN: Final = "–"
#: Languages whose readers think in kWh and m².
_SI_LANGUAGES: Final = ("fr",)


def figure(value: float, form: str = ",.0f") -> str:
    """What `format(value, form)` says, with the separators of the active language.

    >>> figure(7456910.13), figure(0.1234, ".1%")
    ('7,456,910', '12.3%')
    """
    return with_separators(format(value, form))


def with_separators(number: str) -> str:
    """A number in English notation, with the separators of the active language."""
    return number.translate(_separators(get_language()))


@lru_cache
def _separators(language: str | None) -> dict[int, str]:
    """What stands for a comma, a point and a percent sign in the active language, `language`."""
    return {
        ord(","): pgettext("between the thousands of a number", ","),
        ord("."): pgettext("before the decimals of a number", "."),
        ord("%"): pgettext("after a share", "%"),
    }


def beside(name: str, value: float, form: str = "") -> str:
    """For who thinks in SI, what is kept under `name` (`…_kbtu`, `…_sqft`) in SI, in brackets;
    else empty. Without a `form` it has four digits or more.

    The figure on record stays the first one: it is what the caller sent and was answered.
    """
    quantity = quantity_of(name)
    if quantity is None or (get_language() or "").partition("-")[0] not in _SI_LANGUAGES:
        return ""
    in_si = quantity.to_si(value)
    form = form or (",.0f" if abs(in_si) >= 100 else ",.4g")
    return f" ({figure(in_si, form)}\u00a0{quantity.si_unit})"


def quantity_said(name: str, value: float | None, form: str = ",.0f") -> str:
    """A value that is kept under `name`, with its unit, and in the reader's unit too.

    >>> quantity_said("site_energy_use_kbtu", 3412.141633)
    '3,412 kBtu'
    """
    if value is None:
        return NOT_KNOWN
    quantity = quantity_of(name)
    unit = f" {quantity.unit}" if quantity else ""
    return f"{figure(value, form)}{unit}{beside(name, value, form)}"
