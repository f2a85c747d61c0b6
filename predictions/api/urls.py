"""Paths below /api/v1/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from predictions.api.batches.views import BatchViewSet
from predictions.api.catalogue import ProblemTypeViewSet
from predictions.api.exporting import PredictionExportViewSet
from predictions.api.outcomes import PredictionOutcomeViewSet
from predictions.api.performance import ModelPerformanceViewSet
from predictions.api.tokens import TokenViewSet
from predictions.api.views import (
    BuildingPredictionViewSet,
    EmissionFactorSetViewSet,
    ModelVersionViewSet,
    PredictionViewSet,
)

router = SimpleRouter(use_regex_path=False)
router.register("predictions", PredictionViewSet, basename="prediction")
router.register("models", ModelVersionViewSet, basename="model")
router.register("emission-factor-sets", EmissionFactorSetViewSet, basename="emission-factor-set")
router.register("tokens", TokenViewSet, basename="token")
router.register("problems", ProblemTypeViewSet, basename="problem")

urlpatterns = [
    path(
        "predictions/export/",
        PredictionExportViewSet.as_view({"get": "export"}),
        name="prediction-export",
    ),
    *router.urls,
    path("predictions/batch/", BatchViewSet.as_view({"post": "create"}), name="batch-list"),
    path(
        "predictions/batch/<uuid:request_id>/",
        BatchViewSet.as_view({"get": "retrieve"}),
        name="batch-detail",
    ),
    path(
        "models/<slug:name>/versions/<int:number>/",
        ModelVersionViewSet.as_view({"get": "version"}),
        name="model-detail",
    ),
    path(
        "buildings/<int:ose_building_id>/predictions/",
        BuildingPredictionViewSet.as_view({"post": "create"}),
        name="building-prediction-list",
    ),
    path(
        "predictions/<uuid:id>/outcomes/",
        PredictionOutcomeViewSet.as_view({"get": "list", "post": "create"}),
        name="prediction-outcome-list",
    ),
    path(
        "models/<slug:name>/versions/<int:number>/performance/",
        ModelPerformanceViewSet.as_view({"get": "retrieve"}),
        name="model-performance",
    ),
]
