"""POST and GET of batches."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from django.http import Http404, StreamingHttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.fields import DateTimeField
from rest_framework.request import Request
from rest_framework.viewsets import GenericViewSet

from buildings.api.pagination import StrictQueryMixin
from predictions.api import examples
from predictions.api.authentication import MayPredict
from predictions.api.batches.parsers import (
    BatchCSVParser,
    BatchJSONParser,
    BatchParquetParser,
    BatchParser,
    body_parsed,
)
from predictions.api.batches.renderers import (
    BatchCSVRenderer,
    BatchNDJSONRenderer,
    BatchParquetRenderer,
    BatchRenderer,
)
from predictions.api.batches.serializers import (
    BatchQuerySerializer,
    BatchRowsSerializer,
    BatchSerializer,
)
from predictions.api.calls import call_of, prediction_logged
from predictions.api.exceptions import MalformedBodyError
from predictions.api.filters import PredictionUnitsQuerySerializer
from predictions.api.idempotency import idempotent
from predictions.api.parsers import request_body
from predictions.api.throttling import rows_charge
from predictions.batches.answers import answered_rows, row_counts
from predictions.models import PredictionBatch, PredictionInput
from predictions.selectors import prediction_list_by_call
from predictions.selectors.batches import batch_get
from predictions.services.batches import batch_create, building_rows, rows_admit
from predictions.services.versions import serving_pinned

_NDJSON: Final = BatchNDJSONRenderer.media_type
_CSV: Final = BatchCSVRenderer.media_type
_PARQUET: Final = BatchParquetRenderer.media_type


def _answers(code: int, description: str) -> dict[Any, Any]:
    return {
        (code, "application/json"): OpenApiResponse(BatchSerializer, description=description),
        (code, _NDJSON): OpenApiTypes.STR,
        (code, _CSV): OpenApiTypes.STR,
        (code, _PARQUET): OpenApiTypes.BINARY,
    }


_ANSWER_EXAMPLES: Final = [
    OpenApiExample("Two rows, one skipped", value=examples.BATCH, response_only=True),
    OpenApiExample(
        "Two rows, one skipped, with units=si", value=examples.BATCH_SI, response_only=True
    ),
    OpenApiExample(
        "A row a line",
        value=examples.BATCH_JSON_LINES,
        response_only=True,
        media_type=_NDJSON,
    ),
    OpenApiExample("A table", value=examples.BATCH_CSV, response_only=True, media_type=_CSV),
    OpenApiExample(
        "A row a line with units=si",
        value=examples.BATCH_JSON_LINES_SI,
        response_only=True,
        media_type=_NDJSON,
    ),
    OpenApiExample(
        "A table with units=si",
        value=examples.BATCH_CSV_SI,
        response_only=True,
        media_type=_CSV,
    ),
    OpenApiExample("The same table", value="PAR1…PAR1", response_only=True, media_type=_PARQUET),
]


class BatchViewSet(StrictQueryMixin, GenericViewSet[PredictionBatch]):
    """Up to 10,000 buildings in one call."""

    queryset = PredictionBatch.objects.none()
    parser_classes = (BatchJSONParser, BatchCSVParser, BatchParquetParser)
    renderer_classes = (
        BatchRenderer,
        BatchNDJSONRenderer,
        BatchCSVRenderer,
        BatchParquetRenderer,
    )
    query_serializers = {
        "create": BatchQuerySerializer,
        "retrieve": PredictionUnitsQuerySerializer,
    }

    def get_permissions(self) -> list[Any]:
        permissions = [*super().get_permissions()]
        return [*permissions, MayPredict()] if self.action == "create" else permissions

    @extend_schema(
        summary="Predict many buildings at once",
        description=(
            "Up to 10,000 rows as JSON (16 MiB), CSV (8 MiB) or Parquet (8 MiB), by "
            "`Content-Type`; the answer as JSON, JSON Lines, CSV or Parquet, by `Accept`, in the "
            "order of the rows. More rows or bytes are refused with 413.\n\n"
            "It is one call on the record: every input is stored before the model sees it, every "
            "output before the first byte of the answer. A row that is not valid refuses the whole "
            "batch, and each is named (`/rows/17/year_built`, of a CSV with its `line`), or is "
            "skipped with `on_error=skip`. Where the model has no answer to a row, its "
            "`error_code` says so; the others are answered.\n\n"
            "A CSV has a header of feature names, matched by their letters and digits; its cells "
            "are separated by commas, semicolons or tabs; thousands separators are understood, and "
            "an empty cell is missing. Parquet is flat, its columns named likewise; null and NaN "
            "are missing.\n\n"
            "With `units=si`, rows of every format name their areas in m² "
            "(`gross_floor_area_m2`), and so do refusals; the answer is in m² and kWh."
        ),
        parameters=[BatchQuerySerializer],
        request={
            "application/json": BatchRowsSerializer,
            "text/csv": OpenApiTypes.STR,
            "application/vnd.apache.parquet": OpenApiTypes.BINARY,
        },
        responses=_answers(201, "Stored and answered."),
        examples=[
            OpenApiExample(
                "Two buildings",
                value=examples.BATCH_ROWS,
                request_only=True,
                media_type="application/json",
            ),
            OpenApiExample(
                "Stored facts",
                value={"ose_building_ids": [1, 2]},
                request_only=True,
                media_type="application/json",
            ),
            OpenApiExample(
                "A header and a line",
                value=examples.BATCH_ROWS_CSV,
                request_only=True,
                media_type="text/csv",
            ),
            OpenApiExample(
                "A building with units=si",
                value=examples.BATCH_ROWS_SI,
                request_only=True,
                media_type="application/json",
            ),
            OpenApiExample(
                "A header and a line with units=si",
                value=examples.BATCH_ROWS_SI_CSV,
                request_only=True,
                media_type="text/csv",
            ),
            *_ANSWER_EXAMPLES,
        ],
        tags=["predictions"],
    )
    @idempotent(writes_ahead=True)
    def create(self, request: Request) -> StreamingHttpResponse:
        asked = self.query.validated_data
        body = request_body(request)
        parsed = body_parsed(self._parser(request), body, units=asked["units"])
        rows = building_rows(ose_building_ids=parsed) if isinstance(parsed, list) else parsed
        rows_charge(request, rows=rows.received)
        rows_admit(rows=rows, is_skipping=asked["on_error"] == "skip")
        user: Any = request.user
        batch, inputs = batch_create(
            call=call_of(request, body),
            rows=rows,
            emission_factor_set=asked.get("emission_factor_set"),
            serving=serving_pinned(user=user, number=asked.get("model_version")),
        )
        prediction_logged(request, batch.request_id)
        answer = self._answer(request, batch, inputs, status.HTTP_201_CREATED)
        answer["Location"] = _url(request, batch)
        return answer

    @extend_schema(
        summary="Read a batch again",
        description="As it was answered, in any of the formats, in the units asked for. Your own; "
        "staff read everybody's. What was wrong with rows that were skipped stays as it was said.",
        parameters=[PredictionUnitsQuerySerializer],
        responses=_answers(200, "As it stands on the record."),
        examples=_ANSWER_EXAMPLES,
        tags=["predictions"],
    )
    def retrieve(self, request: Request, request_id: UUID) -> StreamingHttpResponse:
        user: Any = request.user
        try:
            batch = batch_get(user=user, request_id=request_id)
        except PredictionBatch.DoesNotExist:
            raise Http404 from None
        inputs = list(prediction_list_by_call(request_id=request_id))
        return self._answer(request, batch, inputs, status.HTTP_200_OK)

    def body_bytes_max(self, request: Request) -> int:
        """Larger bodies are refused, by the format of their rows."""
        return self._parser(request).limit_bytes()

    def _parser(self, request: Request) -> BatchParser:
        parser: Any = self.get_content_negotiator().select_parser(request, self.get_parsers())
        if parser is None and not int(request.META.get("CONTENT_LENGTH") or 0):
            raise MalformedBodyError(_("The body is empty; send rows."))
        if parser is None:
            raise UnsupportedMediaType(str(request.content_type))
        found: BatchParser = parser
        return found

    def _answer(
        self,
        request: Request,
        batch: PredictionBatch,
        inputs: Sequence[PredictionInput],
        code: int,
    ) -> StreamingHttpResponse:
        renderer: BatchRenderer = request.accepted_renderer  # type: ignore[assignment]  # one of ours
        units: str = self.query.validated_data["units"]
        call = batch.request
        head = {
            "id": str(call.id),
            "url": _url(request, batch),
            "created_at": DateTimeField().to_representation(call.created_at),
            "request_id": call.request_id,
            "model": {"name": call.model_version.name, "version": call.model_version.version},
            "format": batch.format,
            "row_counts": row_counts(batch, inputs),
        }
        answer = StreamingHttpResponse(
            renderer.pieces(head, answered_rows(batch, inputs), units=units),
            status=code,
            content_type=renderer.media_type,
        )
        if renderer.extension:
            name = f"predictions-{call.id}.{renderer.extension}"
            answer["Content-Disposition"] = f'attachment; filename="{name}"'
        return answer


def _url(request: Request, batch: PredictionBatch) -> str:
    return request.build_absolute_uri(reverse("batch-detail", args=[batch.request_id]))
