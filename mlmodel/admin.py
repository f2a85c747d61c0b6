"""Model versions, as auditors and data scientists read them."""

import json
from collections.abc import Mapping

from django.contrib import admin
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from unfold.decorators import display

from buildings.admin import ReadOnlyAdmin
from buildings.figures import figure
from mlmodel.card import model_card
from mlmodel.comparison import headline_scores
from mlmodel.models import Alias, ModelPromotion, ModelVersion, PromotionKind


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnlyAdmin):
    """Which versions there are, how good they are, what they were trained on, which one serves."""

    list_display = (
        "version",
        "name",
        "part",
        "r2_log",
        "mdape",
        "size",
        "created_at",
        "promoted_at",
    )
    list_filter = ("name", "alias", "created_at")
    search_fields = ("run_id", "artifact_digest", "code_version")
    search_help_text = "MLflow run, artifact digest or code version"
    date_hierarchy = "created_at"
    list_select_related = ("promoted_by",)
    fieldsets = (
        ("Version", {"fields": ("name", "version", "part", "promoted_at", "promoted_by")}),
        ("How good it is", {"fields": ("scores",)}),
        ("Model card", {"fields": ("card",), "classes": ("collapse",)}),
        ("What it was made from", {"fields": ("data", "settings", "code_version", "created_at")}),
        ("Files", {"fields": ("run_id", "artifact_uri", "artifact_digest", "size", "files")}),
        ("Signature", {"fields": ("columns",), "classes": ("collapse",)}),
    )

    @display(description="part", label={Alias.CHAMPION: "success", Alias.CHALLENGER: "info"})
    def part(self, version: ModelVersion) -> str:
        return version.alias or "—"

    @display(description="R² of log (fuels known)")
    def r2_log(self, version: ModelVersion) -> str:
        return _score(version, "r2_log")

    @display(description="MdAPE (fuels known)")
    def mdape(self, version: ModelVersion) -> str:
        return _score(version, "mdape")

    @display(description="size (kB)")
    def size(self, version: ModelVersion) -> str:
        return figure(version.size_bytes / 1000)

    @display(description="cross-validation, by set-up")
    def scores(self, version: ModelVersion) -> str:
        return format_html_join(
            "",
            "<p>{}</p>",
            ((_scores_said(name, of),) for name, of in _scores(version).items()),
        )

    @display(description="facts")
    def card(self, version: ModelVersion) -> str:
        card = model_card(version)
        if card is None:
            return _("Registered without the evaluation that a card is made from.")
        return format_html(
            "<p>{}</p>{}",
            _("The API shows them with their words, in English and French, below %(path)s.")
            % {"path": f"/api/v1/models/{version.name}/versions/{version.version}/"},
            _json(card["facts"]),
        )

    @display(description="training data")
    def data(self, version: ModelVersion) -> str:
        return _json(version.data_fingerprint)

    @display(description="parameters")
    def settings(self, version: ModelVersion) -> str:
        return _json(version.parameters)

    @display(description="files (SHA-256)")
    def files(self, version: ModelVersion) -> str:
        return _json(version.file_digests)

    @display(description="inputs and outputs")
    def columns(self, version: ModelVersion) -> str:
        return _json(version.signature)


@admin.register(ModelPromotion)
class ModelPromotionAdmin(ReadOnlyAdmin):
    """The history: which version got which part, in place of which, by whom, why, against what."""

    list_display = (
        "created_at",
        "version",
        "event",
        "replaced_version",
        "promoted_by_name",
        "is_forced",
        "reason",
    )
    list_filter = ("kind", "is_forced", "created_at")
    search_fields = ("reason", "promoted_by_name", "version__version")
    search_help_text = "Reason, who did it, or version number"
    date_hierarchy = "created_at"
    list_select_related = ("version", "replaced_version")
    fieldsets = (
        ("What", {"fields": ("version", "replaced_version", "event", "alias", "created_at")}),
        ("Who and why", {"fields": ("promoted_by_name", "promoted_by", "is_forced", "reason")}),
        ("What stood at the decision", {"fields": ("facts",)}),
    )

    @display(
        description="event",
        label={
            PromotionKind.PROMOTION: "success",
            PromotionKind.ROLLBACK: "danger",
            PromotionKind.CHALLENGE: "info",
        },
    )
    def event(self, promotion: ModelPromotion) -> tuple[str, str]:
        return promotion.kind, promotion.get_kind_display()

    @display(description="comparison")
    def facts(self, promotion: ModelPromotion) -> str:
        return _json(promotion.comparison)


def _score(version: ModelVersion, metric: str) -> str:
    value = _scores(version).get("f", {}).get(metric)
    return "—" if value is None else figure(value, ".3f")


def _scores_said(set_up: str, scores: Mapping[str, float]) -> str:
    written = {
        name: "—" if scores.get(name) is None else figure(scores[name], "g")
        for name in ("r2_log", "r2_log_std", "mdape")
    }
    said = _("%(set_up)s: R² of log %(r2_log)s ± %(r2_log_std)s, MdAPE %(mdape)s")
    return said % {"set_up": set_up, **written}


def _scores(version: ModelVersion) -> dict[str, Mapping[str, float]]:
    """The headline scores of energy by set-up."""
    scores = headline_scores(version.metrics)
    return {set_up: of for (target, set_up), of in scores.items() if target == "energy"}


def _json(value: object) -> str:
    return format_html("<pre>{}</pre>", json.dumps(value, indent=2, sort_keys=True))
