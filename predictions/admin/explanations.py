"""Why predictions are what they are."""

from django.contrib import admin
from django.utils.translation import gettext as _
from unfold.decorators import display

from buildings.admin import KeysetAdmin
from buildings.figures import quantity_said
from mlmodel.features import FEATURES
from predictions.admin.filters import ExplanationPeriodFilter
from predictions.admin.search import PredictionSearch
from predictions.admin.shown import contributions_table, link, shown, table
from predictions.models import PredictionExplanation


@admin.register(PredictionExplanation)
class PredictionExplanationAdmin(PredictionSearch, KeysetAdmin):
    """Explanations: what each feature adds, and the nearest buildings with measured energy."""

    list_display = (
        "created_at",
        "input",
        "caller_name",
        "site_energy_use_kbtu",
        "percentile",
        "peers_data_year",
        "duration_ms",
    )
    list_filter = (ExplanationPeriodFilter,)
    fieldsets = (
        ("Which", {"fields": ("prediction", "caller_name", "caller", "request_id")}),
        ("From a usual building to this one", {"fields": ("adds", "orders", "seed")}),
        (
            "Peers",
            {
                "fields": (
                    "nearest",
                    "percentile",
                    "peer_count",
                    "peers_data_year",
                    "peers_are_synthetic",
                )
            },
        ),
        ("The usual building", {"fields": ("reference",)}),
        ("On the record", {"fields": ("created_at", "duration_ms", "id")}),
    )

    @display(description="prediction")
    def prediction(self, explanation: PredictionExplanation) -> str:
        return link("predictions_predictioninput", explanation.input_id, explanation.input_id)

    @display(description="contributions")
    def adds(self, explanation: PredictionExplanation) -> str:
        return contributions_table(explanation)

    @display(description="nearest")
    def nearest(self, explanation: PredictionExplanation) -> str:
        if not explanation.peers:
            return _("none on record")
        year_unknown = _("year unknown")
        return table(
            (
                f"{peer['ose_building_id']} {peer['property_name']}",
                f"{quantity_said('gross_floor_area_sqft', peer['gross_floor_area_sqft'])}, "
                f"{peer['year_built'] or year_unknown}: "
                f"{quantity_said('eui_kbtu_per_sqft', peer['site_eui_kbtu_per_sqft'], '.1f')}",
            )
            for peer in explanation.peers
        )

    @display(description="facts")
    def reference(self, explanation: PredictionExplanation) -> str:
        return table(
            (
                _(feature.label),
                " ".join(shown(feature, explanation.reference_features.get(feature.name))),
            )
            for feature in FEATURES
        )
