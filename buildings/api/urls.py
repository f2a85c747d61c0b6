"""Paths below `/api/v1/`."""

from django.urls import path

from buildings.api.views import BenchmarkViewSet, BuildingViewSet

urlpatterns = [
    path("buildings/", BuildingViewSet.as_view({"get": "list"}), name="building-list"),
    path(
        "buildings/<int:ose_building_id>/",
        BuildingViewSet.as_view({"get": "retrieve"}),
        name="building-detail",
    ),
    path("benchmarks/", BenchmarkViewSet.as_view({"get": "statistics"}), name="benchmark"),
]
