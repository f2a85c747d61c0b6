"""How lists of what belongs to predictions are searched."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpRequest

from predictions.admin.shown import SEARCHED
from predictions.selectors.exchanges import prediction_found


class PredictionSearch:
    """Mixin: finds rows by the prediction that they are of."""

    search_fields = ("id",)  # shows the box; `get_search_results` searches
    search_help_text = SEARCHED
    path_to_prediction: ClassVar[str] = "input__"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if search_term.strip():
            found = prediction_found(search_term, path=self.path_to_prediction)
            queryset = queryset.filter(found)
        return queryset, False
