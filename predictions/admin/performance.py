"""A model version in the admin, with what became of its predictions."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, Final

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from unfold.decorators import display

from buildings.admin.base import STYLES
from buildings.figures import figure
from mlmodel.admin import ModelVersionAdmin
from mlmodel.comparison import promised_scores
from mlmodel.features import PRIMARY_PROPERTY_TYPES
from mlmodel.models import Alias, ModelVersion
from mlmodel.selectors import model_version_list
from predictions.selectors.performance import Accuracy, Performance, model_performance_kept

_TRAINING_WORDS: Final = {
    False: gettext_noop("not trained on"),
    True: gettext_noop("may have been trained on"),
    None: gettext_noop("not known which building"),
}
#: What cross-validation promised is of these buildings.
_POPULATIONS: Final = {
    "non_residential": gettext_lazy("non-residential buildings"),
    "all": gettext_lazy("all buildings"),
}
_WIDTH: Final = 720
_HEIGHT: Final = 220
_LEFT: Final = 44
_BOTTOM: Final = 190
#: Of a month, so that the first one does not fill the chart.
_WIDEST: Final = 80
#: The set-up that the headline is of.
_HEADLINE: Final = "f"

admin.site.unregister(ModelVersion)


@admin.register(ModelVersion)
class MeasuredModelVersionAdmin(ModelVersionAdmin):
    """The registry's page, which cannot know of predictions, and a page of live accuracy."""

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        version, scores, *others = super().get_fieldsets(request, obj)
        turned_out = (_("How good it turned out to be"), {"fields": ("live",)})
        is_to_propose = request.user.has_perm("mlmodel.add_promotionproposal")
        if obj is None or obj.alias == Alias.CHAMPION or not is_to_propose:
            return [version, scores, turned_out, *others]
        proposing = (_("Shall it serve?"), {"fields": ("proposing",)})
        return [version, proposing, scores, turned_out, *others]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.performance_view)
        name = "mlmodel_modelversion_performance"
        urls: list[URLPattern] = super().get_urls()
        return [path("<int:version_id>/performance/", view, name=name), *urls]

    @display(description="promotion")
    def proposing(self, version: ModelVersion) -> str:
        url = reverse("admin:mlmodel_promotionproposal_add")
        said = _("propose that it becomes the champion")
        return format_html('<a href="{}?version={}">{}</a>', url, version.pk, said)

    @display(description="live accuracy")
    def live(self, version: ModelVersion) -> str:
        url = reverse("admin:mlmodel_modelversion_performance", args=[version.pk])
        return format_html('<a href="{}">{}</a>', url, _("predicted beside measured"))

    def performance_view(self, request: HttpRequest, version_id: int) -> HttpResponse:
        """For who may view outcomes, which they could read one by one: no group is withheld."""
        if not self.has_view_permission(request) or not request.user.has_perm(
            "predictions.view_observedoutcome"
        ):
            raise PermissionDenied
        version = get_object_or_404(model_version_list(), pk=version_id)
        chosen = request.GET.get("type")
        if chosen not in PRIMARY_PROPERTY_TYPES:
            chosen = None
        is_new_only = request.GET.get("new") == "on"
        performance = model_performance_kept(
            version=version,
            primary_property_type=chosen,
            is_trained_on=False if is_new_only else None,
        )
        population, promised = promised_scores(version.metrics)
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": version,
            "title": _("Live accuracy"),
            "stylesheet": STYLES,
            "types": PRIMARY_PROPERTY_TYPES,
            "chosen": chosen,
            "is_new_only": is_new_only,
            "population": _POPULATIONS.get(population, population),
            "overall": performance.overall,
            "tables": _tables(performance, promised),
            "chart": _chart(performance, promised.get(_HEADLINE, {}).get("mdape")),
        }
        return TemplateResponse(request, "predictions/admin/performance.html", context)


def _tables(
    performance: Performance, promised: Mapping[str, Mapping[str, float]]
) -> list[dict[str, Any]]:
    """Heading, first column and rows of each table; a promise stands below its set-up."""
    from mlmodel.evaluation.protocol import SET_UP_WORDS  # late: no worker evaluates

    by_set_up = []
    for set_up, accuracy in performance.by_set_up.items():
        words = _(SET_UP_WORDS.get(set_up, set_up))
        by_set_up.append((words, *_figures(accuracy), False))
        if scores := promised.get(set_up):
            by_set_up.append(
                (_("%(set_up)s, as promised") % {"set_up": words}, *_promised(scores), True)
            )
    of_all = [(_("all"), *_figures(performance.overall), False)] if performance.overall else []
    return [
        {
            "title": _("All, and by what the caller knew"),
            "first": _("Known"),
            "rows": [*of_all, *by_set_up],
        },
        {
            "title": _("By whether the model was trained on the building"),
            "first": _("Building"),
            "rows": _rows(
                (_(_TRAINING_WORDS[key]), of) for key, of in performance.by_training.items()
            ),
        },
        {
            "title": _("By primary property type"),
            "first": _("Primary property type"),
            "rows": _rows(performance.by_primary_property_type.items()),
        },
        {
            "title": _("By month of the prediction"),
            "first": _("Month (UTC)"),
            "rows": _rows((f"{month:%Y-%m}", of) for month, of in performance.by_month.items()),
        },
    ]


def _rows(groups: Iterable[tuple[str, Accuracy]]) -> list[tuple[Any, ...]]:
    return [(key, *_figures(accuracy), False) for key, accuracy in groups]


def _figures(accuracy: Accuracy) -> tuple[str, ...]:
    counts = (figure(accuracy.outcomes), figure(accuracy.buildings))
    return (*counts, *_scores(asdict(accuracy)))


def _promised(scores: Mapping[str, float]) -> tuple[str, ...]:
    return ("", "", *_scores(scores))


def _scores(scores: Mapping[str, float | None]) -> tuple[str, ...]:
    return (
        _number(scores.get("r2_log")),
        _share(scores.get("mdape")),
        _number(scores.get("bias"), "+.3f"),
        _share(scores.get("coverage_80")),
        _share(scores.get("coverage_90")),
    )


def _number(value: float | None, form: str = ".3f") -> str:
    return "—" if value is None else figure(value, form)


def _share(value: float | None) -> str:
    return "—" if value is None else figure(value, ".1%")


def _chart(performance: Performance, promise: float | None) -> dict[str, Any] | None:
    """Where the bars of the months' MdAPE stand in an SVG, and the line of the promised one."""
    months = list(performance.by_month.items())[-24:]
    if not months:
        return None
    top = max([accuracy.mdape for _, accuracy in months] + [promise or 0.0, 0.1]) * 1.1
    step = min((_WIDTH - _LEFT) / len(months), _WIDEST)

    def y(value: float) -> float:
        return round(_BOTTOM * (1 - value / top), 1)

    bars = [
        {
            "x": round(_LEFT + step * (place + 0.15), 1),
            "middle": round(_LEFT + step * (place + 0.5), 1),
            "y": y(accuracy.mdape),
            "width": round(step * 0.7, 1),
            "height": round(_BOTTOM - y(accuracy.mdape), 1),
            "month": f"{month:%Y-%m}",
            "said": _("%(share)s of %(count)s")
            % {"share": figure(accuracy.mdape, ".1%"), "count": figure(accuracy.outcomes)},
            "is_labelled": len(months) <= 12 or place % 2 == 0,
        }
        for place, (month, accuracy) in enumerate(months)
    ]
    return {
        "width": _WIDTH,
        "height": _HEIGHT,
        "left": _LEFT,
        "bottom": _BOTTOM,
        "label_y": _BOTTOM + 18,
        "bars": bars,
        "ticks": [(y(top * share), figure(top * share, ".0%")) for share in (0.25, 0.5, 0.75)],
        "promise_y": None if promise is None else y(promise),
        "promise": _share(promise),
    }
