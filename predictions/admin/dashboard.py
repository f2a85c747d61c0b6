"""The admin's first page: what the service was asked of late, and what it answers with.

Each part is shown to who may view the rows that it is made of.
"""

from collections.abc import Sequence
from typing import Any, Final

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from buildings.admin.base import list_url
from buildings.models import DatasetImport
from buildings.selectors.estimates import rows_estimated
from mlmodel.comparison import headline_scores
from mlmodel.models import Alias, ModelVersion
from predictions.admin.charts import Series, bars, columns, lines
from predictions.admin.shown import amount, link
from predictions.models import PredictionInput, PredictionRequest, UsageDay
from predictions.selectors.dashboard import Usage, inputs_with_call, usage_window
from predictions.services.usage import usage_days_count

WINDOWS: Final = (7, 30, 90)
_USUAL: Final = 30
_MISSING_LISTED: Final = 8
_IMPORTS_LISTED: Final = 5
#: The set-up that the headline is of: fuels known.
_HEADLINE: Final = ("energy", "f")

admin.site.index_template = "predictions/admin/dashboard.html"


def dashboard_callback(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the first page shows beside the list of tables (unfold's DASHBOARD_CALLBACK)."""
    chosen = request.GET.get("days", "")
    days = int(chosen) if chosen in map(str, WINDOWS) else _USUAL
    context |= {
        "title": _("Dashboard"),
        "windows": [(window, window == days) for window in WINDOWS],
        "days": days,
    }
    user = request.user
    may_see_versions = user.has_perm("mlmodel.view_modelversion")
    if user.has_perms(["predictions.view_predictionrequest", "predictions.view_predictioninput"]):
        usage_days_count(days=days)
        usage = usage_window(days=days)
        context |= _traffic(usage, days)
        if may_see_versions:
            context["by_version"] = _by_version(usage)
    if may_see_versions:
        context["serving"] = _serving()
    if user.has_perm("buildings.view_datasetimport"):
        newest = DatasetImport.objects.order_by("-pk")
        context["imports"] = newest.defer("header")[:_IMPORTS_LISTED]
        context["imports_url"] = list_url(DatasetImport)
    return context


def _traffic(usage: Usage, days: int) -> dict[str, Any]:
    names = [date_format(day.day, "j N") for day in usage.days]
    answered = [usage.answered(day) for day in usage.days]
    failed = [day.failed for day in usage.days]
    missing = [usage.missing_by_day[day.day] for day in usage.days]
    predictions, refused = usage.total("predictions"), usage.total("rows_refused")
    received = usage.total("rows_received")
    since = usage.days[0].day.isoformat()
    listed = list_url(PredictionInput, since=since)
    busiest = max(usage.days, key=lambda day: day.predictions)
    return {
        "tiles": [
            {
                "name": _("Predictions"),
                "value": amount(predictions),
                "note": _("in %(calls)s calls") % {"calls": amount(usage.total("calls"))},
                "url": listed,
            },
            {
                "name": _("Failed"),
                "value": _share(sum(failed), predictions),
                "note": _("%(count)s inputs, the model answered no energy")
                % {"count": amount(sum(failed))},
                "url": f"{listed}&outcome=failed",
                "css": "ex-bad" if sum(failed) else "",
            },
            {
                "name": _("Without output"),
                "value": amount(len(usage.without_output)),
                "note": _("inputs whose worker died"),
                "url": f"{listed}&outcome=no+output",
                "css": "ex-warn" if usage.without_output else "",
            },
            {
                "name": _("Refused"),
                "value": _share(refused, received),
                "note": _("%(refused)s of %(received)s rows of batches")
                % {"refused": amount(refused), "received": amount(received)},
            },
            {
                "name": _("Latency of the model"),
                "value": _latency(usage.days, "latency_p50_ms"),
                "note": _("median day; p95 %(p95)s")
                % {"p95": _latency(usage.days, "latency_p95_ms")},
            },
            *_on_record(),
        ],
        "charts": [
            columns(
                title=_("Predictions a day, by outcome"),
                summary=_("%(total)s in %(days)s days; most on %(day)s, %(most)s.")
                % {
                    "total": amount(predictions),
                    "days": days,
                    "day": date_format(busiest.day, "j N"),
                    "most": amount(busiest.predictions),
                },
                names=names,
                series=[
                    Series(name=_("answered"), css="ex-good", values=answered),
                    Series(name=_("failed"), css="ex-bad", values=failed),
                    Series(name=_("no output"), css="ex-warn", values=missing),
                ],
            ),
            lines(
                title=_("Latency of the model, by day"),
                summary=_("What the model took for a call; batches count once."),
                names=names,
                series=[
                    Series(
                        name=_("median"),
                        css="ex-good",
                        values=[day.latency_p50_ms for day in usage.days],
                    ),
                    Series(
                        name=_("95th percentile"),
                        css="ex-warn",
                        values=[day.latency_p95_ms for day in usage.days],
                    ),
                ],
                unit="ms",
            ),
            lines(
                title=_("Share refused and failed, by day"),
                summary=_(
                    "Refused: rows of batches. Calls that were refused as a whole never "
                    "reached the model and leave no exchange."
                ),
                names=names,
                series=[
                    Series(
                        name=_("refused"),
                        css="ex-warn",
                        values=[
                            _percent(day.rows_refused, day.rows_received) for day in usage.days
                        ],
                    ),
                    Series(
                        name=_("failed"),
                        css="ex-bad",
                        values=[_percent(day.failed, day.predictions) for day in usage.days],
                    ),
                ],
                unit="%",
            ),
        ],
        "by_type": bars(
            title=_("Predictions by primary property type"),
            summary=_("Of the last %(days)s days.") % {"days": days},
            rows=[
                (
                    name or _("unknown"),
                    count,
                    list_url(PredictionInput, since=since, type=name),
                )
                for name, count in usage.by_type.items()
            ],
            first=_("Primary property type"),
        ),
        "missing": inputs_with_call(ids=usage.without_output[:_MISSING_LISTED]),
        "missing_more": max(0, len(usage.without_output) - _MISSING_LISTED),
        "missing_url": list_url(PredictionInput, since=since, outcome="no output"),
        "calls_url": list_url(PredictionRequest, since=since),
    }


def _by_version(usage: Usage) -> dict[str, Any]:
    since = usage.days[0].day.isoformat()
    versions = ModelVersion.objects.only("name", "version").in_bulk(list(usage.by_version))
    return bars(
        title=_("Predictions by model version"),
        summary=_("Of the last %(days)s days.") % {"days": len(usage.days)},
        rows=[
            (
                str(versions.get(pk, pk)),
                count,
                list_url(PredictionInput, since=since, version=pk),
            )
            for pk, count in usage.by_version.items()
        ],
        first=_("Model version"),
    )


def _serving() -> dict[str, Any] | None:
    version = ModelVersion.objects.filter(
        name=settings.SERVED_MODEL_NAME, alias=Alias.CHAMPION
    ).first()
    if version is None:
        return None
    scores = headline_scores(version.metrics).get(_HEADLINE, {})
    percent = 100 * scores["mdape"] if "mdape" in scores else None
    return {
        "version": version,
        "link": link("mlmodel_modelversion", version.pk, version),
        "facts": [
            (_("R² of the logarithm"), amount(scores.get("r2_log"), 3)),
            (_("Median error"), "—" if percent is None else f"{amount(percent, 1)} %"),
            (_("Size"), f"{amount(version.size_bytes / 1000)} kB"),
            (_("Trained"), date_format(version.created_at, "j F Y")),
            (
                _("Serves since"),
                date_format(version.promoted_at, "j F Y") if version.promoted_at else "—",
            ),
        ],
    }


def _on_record() -> list[dict[str, Any]]:
    """Nothing while PostgreSQL has not looked how many there are: then they are few."""
    on_record = rows_estimated(PredictionInput)
    if not on_record:
        return []
    return [
        {
            "name": _("On record"),
            "value": f"≈ {amount(on_record)}",
            "note": _("predictions since the first, estimated"),
            "url": list_url(PredictionInput),
        }
    ]


def _latency(days: Sequence[UsageDay], name: str) -> str:
    """Of the days' figures the middle one."""
    known = sorted(value for day in days if (value := getattr(day, name)) is not None)
    return "—" if not known else f"{amount(known[len(known) // 2], 2)} ms"


def _percent(part: int, whole: int) -> float | None:
    return None if not whole else 100.0 * part / whole


def _share(part: int, whole: int) -> str:
    percent = _percent(part, whole)
    return "—" if percent is None else f"{amount(percent, 2)} %"
