"""Filters that ask small tables and closed vocabularies, never the millions of rows they filter."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Final

from django.contrib.admin import SimpleListFilter
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from buildings.choices import NEIGHBORHOODS, PRIMARY_PROPERTY_TYPES, SHARED_PREFIX
from buildings.models import Building, DatasetImport
from buildings.quality import RULES
from buildings.selectors.imports import created_by, data_years_imported

#: The city's words for whether a report met the ordinance, in all files so far.
COMPLIANCE_STATUSES: Final = (
    "Compliant",
    "Not Compliant",
    "Error - Correct Default Data",
    "Missing Data",
    "Account Requires Verification",
    "Connection Error",
)
_IMPORTS_LISTED: Final = 20
ANY: Final = "any"
NONE: Final = "none"


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 19 else None


class FoldedFilter(SimpleListFilter):
    """Its choices unfold on demand: some lists are long."""

    template = "buildings/admin/filter.html"


class VocabularyFilter(FoldedFilter):
    """One of a closed list of words; the parameter is the field."""

    values: ClassVar[Sequence[str]] = ()

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, value) for value in self.values]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset if value is None else queryset.filter(Q((str(self.parameter_name), value)))


class PropertyTypeFilter(VocabularyFilter):
    title = "primary property type"
    parameter_name = "primary_property_type"
    values = PRIMARY_PROPERTY_TYPES


class ComplianceFilter(VocabularyFilter):
    title = "compliance status"
    parameter_name = "compliance_status"
    values = COMPLIANCE_STATUSES


class NeighborhoodFilter(VocabularyFilter):
    """A district, with the buildings that it shares with another."""

    title = "neighborhood"
    parameter_name = "neighborhood"
    values = NEIGHBORHOODS

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value is None:
            return queryset
        shared = (
            f"{SHARED_PREFIX}{first} & {second}"
            for other in NEIGHBORHOODS
            for first, second in ((value, other), (other, value))
        )
        return queryset.filter(neighborhood__in=[value, *shared])


class SyntheticFilter(FoldedFilter):
    """Made-up rows, or real ones."""

    title = "synthetic"
    parameter_name = "is_synthetic"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("1", _("Synthetic")), ("0", _("Real"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset if value is None else queryset.filter(is_synthetic=value == "1")


class DataYearFilter(FoldedFilter):
    """The years that imports have brought."""

    title = "data year"
    parameter_name = "data_year"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(year), str(year)) for year in data_years_imported()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        year = _number(self.value())
        return queryset.none() if year is None else queryset.filter(data_year=year)


class QualityFlagFilter(FoldedFilter):
    """Records that break a data-quality rule, any, or none."""

    title = "quality flag"
    parameter_name = "flag"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        rules = [(rule.code, _(rule.title)) for rule in RULES]
        return [(ANY, _("Any flag")), (NONE, _("No flag")), *rules]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        # The index on flags leaves out records without any; PostgreSQL uses it when told so.
        flagged = ~Q(quality_flags=[])
        match self.value():
            case None:
                return queryset
            case "any":
                return queryset.filter(flagged)
            case "none":
                return queryset.filter(quality_flags=[])
            case code:
                return queryset.filter(flagged, quality_flags__contains=[code])


class ImportFilter(FoldedFilter):
    """Records as an import left them: the newest imports, and whichever the address names."""

    title = "import that wrote the record"
    parameter_name = "import"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        imports = list(self._imports(DatasetImport.objects.all())[:_IMPORTS_LISTED])
        asked = _number(self.value())
        if asked is not None and asked not in {pk for pk, _ in imports}:
            imports += self._imports(DatasetImport.objects.filter(pk=asked))
        return [(str(pk), f"{pk}: {name}") for pk, name in imports]

    @staticmethod
    def _imports(imports: QuerySet[DatasetImport]) -> Any:
        return imports.order_by("-id").values_list("pk", "file_name")

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        asked = _number(self.value())
        return queryset.none() if asked is None else self.narrowed(queryset, asked)

    def narrowed(self, queryset: QuerySet[Any], import_id: int) -> QuerySet[Any]:
        return queryset.filter(dataset_import=import_id)


class CreatedByFilter(ImportFilter):
    """Records that an import was the first to bring, whatever became of them; set by links."""

    title = "import that created the record"
    parameter_name = "created_by"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        asked = self.value()
        return [(asked, _("import %(id)s") % {"id": asked})] if asked else []

    def narrowed(self, queryset: QuerySet[Any], import_id: int) -> QuerySet[Any]:
        return queryset.filter(created_by(import_id=import_id))


def buildings_matching(term: str) -> Q:
    """Buildings with this OSE id, or all of these words in name or address."""
    words = Q()
    for word in term.upper().split():
        words &= Q(search_text__contains=word)
    identifier = _number(term.strip())
    return words if identifier is None else words | Q(ose_building_id=identifier)


def buildings_found(term: str) -> QuerySet[Building]:
    return Building.objects.order_by().filter(buildings_matching(term))


def titles_of(codes: Iterable[str]) -> list[str]:
    """Rules' titles, in the order of the rules; of another day's rule, its code."""
    by_code = {rule.code: _(rule.title) for rule in RULES}
    order = list(by_code)
    known = sorted((code for code in codes if code in by_code), key=order.index)
    return [by_code[code] for code in known] + [code for code in codes if code not in by_code]
