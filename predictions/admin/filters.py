"""Which exchanges are listed: by what an index finds, with choices of small tables and closed
lists, never of the rows that are filtered."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, ClassVar, Final

from django.contrib.admin import ListFilter
from django.contrib.auth.models import User
from django.db.models import QuerySet, TextChoices
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from buildings.admin.filters import FoldedFilter, VocabularyFilter
from buildings.models import Building
from buildings.selectors.buildings import OSE_BUILDING_ID_MAX
from mlmodel.features import PRIMARY_PROPERTY_TYPES
from mlmodel.models import ModelVersion
from predictions.admin.shown import OUTCOMES
from predictions.models import ApiToken, Channel, ErrorCode, OutcomeSource
from predictions.selectors.exchanges import (
    calls_by_outcome,
    of_use_type,
    predictions_by_outcome,
)
from predictions.selectors.periods import midnight, of_period

_LISTED: Final = 50


class PeriodFilter(ListFilter):
    """Days, UTC, from the first to the last; the quick choices end today."""

    title = _("time")
    template = "predictions/admin/filter_period.html"
    since, until = "since", "until"
    #: Path to the table whose `created_at` is meant; a column that bounds what is read of it.
    path: ClassVar[str] = ""
    uuid: ClassVar[str] = ""

    def __init__(
        self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any
    ) -> None:
        super().__init__(request, params, model, model_admin)
        for name in self.expected_parameters():
            if name in params:
                self.used_parameters[name] = params.pop(name)[-1]

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str | None]:
        return [self.since, self.until]

    def day(self, name: str) -> date | None:
        try:
            return date.fromisoformat(str(self.used_parameters.get(name, "")))
        except ValueError:
            return None

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        names = self.expected_parameters()
        today = timezone.now().date()
        yield {
            "selected": not self.used_parameters,
            "query_string": changelist.get_query_string(remove=names),
            "display": gettext("All"),
            "kept": _kept(changelist, *names),
        }
        for days, words in (
            (1, gettext("Today")),
            (7, gettext("7 days")),
            (30, gettext("30 days")),
            (90, gettext("90 days")),
        ):
            first = (today - timedelta(days=days - 1)).isoformat()
            yield {
                "selected": self.used_parameters == {self.since: first},
                "query_string": changelist.get_query_string({self.since: first}, remove=names),
                "display": words,
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        since, until = self.day(self.since), self.day(self.until)
        return queryset.filter(
            of_period(
                since=None if since is None else midnight(since),
                until=None
                if until is None or until == date.max
                else midnight(until + timedelta(days=1)),
                path=self.path,
                uuid=self.uuid,
            )
        )


class CallPeriodFilter(PeriodFilter):
    """Of the call that brought the row."""

    path = "request__"


class AnswerPeriodFilter(PeriodFilter):
    uuid = "input_id"


class ExplanationPeriodFilter(PeriodFilter):
    uuid = "pk"


class PathFilter(FoldedFilter):
    """What another table says, mostly that of calls; `path` leads to it from the listed one."""

    path: ClassVar[str] = ""

    def named(self, **condition: Any) -> dict[str, Any]:
        return {f"{self.path}{name}": value for name, value in condition.items()}


class NumberFilter(PathFilter):
    """By a field that holds a number or a key; nothing has one that is no number."""

    field: ClassVar[str]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        asked = _number(self.value())
        named = self.named(**{self.field: asked})
        return queryset.none() if asked is None else queryset.filter(**named)


class CallerFilter(NumberFilter):
    """Users; who called by command has none."""

    title = _("caller")
    parameter_name = "caller"
    field = "caller"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        users = list(User.objects.order_by("username").values_list("pk", "username")[:_LISTED])
        asked = _number(self.value())
        if asked is not None and asked not in {pk for pk, _ in users}:
            users += User.objects.filter(pk=asked).values_list("pk", "username")
        return [(str(pk), name) for pk, name in users]


class TokenFilter(PathFilter):
    """Tokens by the first characters of their secrets, as they are on the record; the newest are
    listed to who may see tokens."""

    title = _("token")
    parameter_name = "token"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        found: dict[str, str] = {}
        if request.user.has_perm("predictions.view_apitoken"):
            newest = ApiToken.objects.order_by("-created").only("token_key", "name")[:_LISTED]
            found = {token.prefix: f"{token.prefix}… {token.name}" for token in newest}
        if (asked := self.value()) and asked not in found:
            found[asked] = f"{asked}…"
        return list(found.items())

    def has_output(self) -> bool:
        return True

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        asked = self.value()
        return queryset if not asked else queryset.filter(**self.named(token_prefix=asked))


class VersionFilter(NumberFilter):
    title = _("model version")
    parameter_name = "version"
    field = "model_version"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        versions = ModelVersion.objects.order_by("name", "-version").only("name", "version")
        return [(str(version.pk), str(version)) for version in versions[:_LISTED]]


class ChannelFilter(PathFilter):
    title = _("channel")
    parameter_name = "channel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return _choices(Channel)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        asked = self.value()
        return queryset if asked is None else queryset.filter(**self.named(channel=asked))


class PredictionCallerFilter(CallerFilter):
    path = "request__"


class PredictionTokenFilter(TokenFilter):
    path = "request__"


class PredictionVersionFilter(VersionFilter):
    path = "request__"


class PredictionChannelFilter(ChannelFilter):
    path = "request__"


class UseTypeFilter(FoldedFilter):
    title = _("primary property type")
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, value) for value in PRIMARY_PROPERTY_TYPES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        asked = self.value()
        return queryset if asked is None else of_use_type(queryset, asked)


class BuildingFilter(FoldedFilter):
    """The building whose stored facts were used, by the city's identifier."""

    title = _("OSE building id")
    parameter_name = "building"
    template = "predictions/admin/filter_text.html"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(self.value() or "", self.value() or "")]

    def choices(self, changelist: Any) -> Any:
        yield {"selected": False, "kept": _kept(changelist, self.parameter_name)}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value():
            return queryset
        asked = _number(self.value()) or 0
        # Found first: a constant tells the planner how few there are.
        found = Building.objects.filter(ose_building_id=asked).values_list("pk", flat=True).first()
        return queryset.none() if found is None else queryset.filter(building=found)


class OutcomeFilter(FoldedFilter):
    """Answered, failed, or without any output: the last are calls whose worker died."""

    title = _("outcome")
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(outcome, gettext(outcome)) for outcome in OUTCOMES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        outcome = OUTCOMES.get(self.value() or "")
        return queryset if outcome is None else self.narrowed(queryset, outcome)

    def narrowed(self, queryset: QuerySet[Any], outcome: str) -> QuerySet[Any]:
        return predictions_by_outcome(queryset, outcome=outcome)


class CallOutcomeFilter(OutcomeFilter):
    """The same for calls: one failed or missing output makes the call so."""

    def narrowed(self, queryset: QuerySet[Any], outcome: str) -> QuerySet[Any]:
        return calls_by_outcome(queryset, outcome=outcome)


class ErrorFilter(VocabularyFilter):
    title = _("error")
    parameter_name = "error_code"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return _choices(ErrorCode)


class SourceFilter(VocabularyFilter):
    title = _("source")
    parameter_name = "source"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return _choices(OutcomeSource)


class MeasuredYearFilter(NumberFilter):
    """The last years that are over."""

    title = _("data year")
    parameter_name = "data_year"
    field = "data_year"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        last = timezone.now().year - 1
        return [(str(year), str(year)) for year in range(last, last - 12, -1)]


class MeasuredVersionFilter(VersionFilter):
    path = "input__request__"


class ShadowVersionFilter(VersionFilter):
    """The challenger that scored."""


def _choices(words: type[TextChoices]) -> list[tuple[str, str]]:
    return [(value, gettext(label)) for value, label in words.choices]


def _kept(changelist: Any, *names: str | None) -> list[tuple[str, str]]:
    """What a filter's form carries along."""
    return [(name, value) for name, value in changelist.params.items() if name not in names]


def _number(text: str | None) -> int | None:
    if text and text.isascii() and text.isdecimal() and int(text[:11]) <= OSE_BUILDING_ID_MAX:
        return int(text[:11])
    return None
