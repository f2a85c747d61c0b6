"""The record as a file, streamed: the same rows as the list, without pages."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from buildings.api.caching import CachingMixin
from buildings.api.negotiation import PreferredFormatNegotiation
from buildings.api.pagination import StrictQueryMixin
from predictions.api import examples
from predictions.api.filters import PredictionListQuerySerializer
from predictions.exports import formats
from predictions.exports.columns import PATHS, columns_in
from predictions.models import PredictionInput
from predictions.selectors import prediction_rows


def _renderer(form: formats.Format) -> type[JSONRenderer]:
    """Makes a format one that may be asked for; all that it renders is problem documents."""
    members = {"media_type": form.media_type, "format": form.extension, "writes": form}
    return type(f"{form.extension.capitalize()}Renderer", (JSONRenderer,), members)


class PredictionExportViewSet(CachingMixin, StrictQueryMixin):
    """Predictions on the record as one file."""

    queryset = PredictionInput.objects.none()
    pagination_class = None
    renderer_classes = tuple(map(_renderer, (formats.CSV, formats.JSON_LINES, formats.PARQUET)))
    content_negotiation_class = PreferredFormatNegotiation
    query_serializers = {"export": PredictionListQuerySerializer}

    @extend_schema(
        operation_id="predictions_export",
        summary="Your predictions as a file",
        description=(
            "The rows of the list, newest first, one flat row each: the call, every feature, what "
            "was sent, the output or error code. Names of columns end in their units. CSV, JSON "
            "Lines or Parquet by `Accept`; CSV by default. In CSV an empty cell is a null, and a "
            "text that a spreadsheet would take for a formula begins with an apostrophe. The file "
            "is sent as it is read: one that breaks off was cut short by an error."
        ),
        parameters=[PredictionListQuerySerializer],
        responses={
            (200, formats.CSV.media_type): OpenApiResponse(OpenApiTypes.STR, "The rows."),
            (200, formats.JSON_LINES.media_type): OpenApiTypes.STR,
            (200, formats.PARQUET.media_type): OpenApiTypes.BINARY,
        },
        examples=[
            OpenApiExample(
                "A header and a row, shortened",
                value=examples.EXPORT_CSV,
                response_only=True,
                media_type=formats.CSV.media_type,
            ),
            OpenApiExample(
                "A row, shortened",
                value=examples.EXPORT_JSON_LINES,
                response_only=True,
                media_type=formats.JSON_LINES.media_type,
            ),
            OpenApiExample(
                "Bytes of a Parquet file",
                value="PAR1…",
                response_only=True,
                media_type=formats.PARQUET.media_type,
            ),
        ],
        tags=["predictions"],
    )
    def export(self, request: Request) -> StreamingHttpResponse:
        renderer: Any = request.accepted_renderer
        form: formats.Format = renderer.writes
        columns = columns_in(self.query.validated_data["units"])
        user: Any = request.user
        rows: Iterator[Mapping[str, Any]] = iter(())
        if request.method == "GET":
            rows = _begun(prediction_rows(user=user, filters=self.query.filters(), paths=PATHS))
        return StreamingHttpResponse(
            form.write(rows, columns),
            content_type=form.content_type,
            headers={"Content-Disposition": f'attachment; filename="predictions.{form.extension}"'},
        )


def _begun(rows: Iterator[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The same rows, the first of them read: what fails at once is answered as an error."""
    return chain([first for first in [next(rows, None)] if first is not None], rows)
