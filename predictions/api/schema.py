"""What drf-spectacular cannot see by itself: problem documents on operations, bearer tokens."""

from typing import Any, Literal

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

from predictions.api import exceptions
from predictions.api.exceptions import PROBLEM_MEDIA_TYPE, ProblemType
from predictions.api.idempotency import KEY_HEADER, REPLAYED_HEADER
from predictions.api.serializers import ProblemSerializer
from predictions.models import KEY_PATTERN

_ALWAYS = (
    exceptions.BAD_REQUEST,
    exceptions.NOT_AUTHENTICATED,
    exceptions.NOT_ACCEPTABLE,
    exceptions.INTERNAL_ERROR,
    exceptions.DATABASE_UNAVAILABLE,
)
_WITH_PATH_PARAMETER = (exceptions.NOT_FOUND,)
_WITH_BODY = (
    exceptions.MALFORMED_BODY,
    exceptions.INVALID_INPUT,
    exceptions.NOT_PERMITTED,
    exceptions.LENGTH_REQUIRED,
    exceptions.BODY_TOO_LARGE,
    exceptions.UNSUPPORTED_MEDIA_TYPE,
    exceptions.PREDICTION_FAILED,
    exceptions.MODEL_UNAVAILABLE,
    exceptions.EMISSION_FACTORS_MISSING,
)
_WITH_KEY = (
    exceptions.IDEMPOTENCY_KEY_IN_USE,
    exceptions.IDEMPOTENCY_KEY_REUSED,
)
_KEY_PARAMETERS = [
    OpenApiParameter(
        KEY_HEADER,
        {"type": "string", "minLength": 1, "maxLength": 255, "pattern": f"^{KEY_PATTERN}$"},
        OpenApiParameter.HEADER,
        description="Makes it safe to send the request again: repeated with the same key by the "
        "same caller, it is not done again, and its answer is given again byte for byte, for 24 "
        "hours at least. Take a new random UUID for each new request. Refusals are not kept: mend "
        "the request and keep the key.",
    ),
    OpenApiParameter(
        REPLAYED_HEADER,
        {"type": "string", "enum": ["true"]},
        OpenApiParameter.HEADER,
        response=[200, 201, 500],
        description="Present when the answer is given again.",
    ),
]


class ProblemAutoSchema(AutoSchema):
    """Adds to each operation the problems it can answer with, by status, and to those that honour
    it the header Idempotency-Key."""

    def get_override_parameters(self) -> list[Any]:
        return [
            *super().get_override_parameters(),
            *(_KEY_PARAMETERS if self._is_idempotent() else ()),
        ]

    def _is_idempotent(self) -> bool:
        handler = getattr(self.view, getattr(self.view, "action", None) or "", None)
        return getattr(handler, "is_idempotent", False)

    def _get_response_bodies(
        self, direction: Literal["request", "response"] = "response"
    ) -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        if direction != "response":
            return bodies
        by_status: dict[int, list[ProblemType]] = {}
        for problem in self._problems():
            by_status.setdefault(problem.status, []).append(problem)
        for status, problems in sorted(by_status.items()):
            if str(status) not in bodies:
                bodies[str(status)] = self._problem_body(status, problems)
        return bodies

    def _problems(self) -> list[ProblemType]:
        problems = [*_ALWAYS]
        if "{" in self.path:
            problems += _WITH_PATH_PARAMETER
        if self.method == "POST":
            problems += _WITH_BODY
        if self._is_idempotent():
            problems += _WITH_KEY
        problems += getattr(self.view, "problems_of", {}).get(
            getattr(self.view, "action", None), ()
        )
        return problems

    def _problem_body(self, status: int, problems: list[ProblemType]) -> dict[str, Any]:
        examples = [
            OpenApiExample(
                problem.slug,
                value={
                    "type": problem.uri,
                    "title": problem.title,
                    "status": status,
                    "detail": "What was wrong, and what would be right.",
                    "request_id": "0199d3a0-0000-7000-8000-000000000000",
                },
                response_only=True,
                status_codes=[str(status)],
                media_type=PROBLEM_MEDIA_TYPE,
            )
            for problem in problems
        ]
        response = OpenApiResponse(
            ProblemSerializer,
            description="; ".join(problem.title for problem in problems) + ".",
            examples=examples,
        )
        body: dict[str, Any] = self._get_response_for_code(
            response, str(status), media_types=[PROBLEM_MEDIA_TYPE]
        )
        return body


class ApiTokenScheme(OpenApiAuthenticationExtension):
    """Declares the token as HTTP bearer authentication."""

    target_class = "predictions.api.authentication.ApiTokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A token made by `manage.py create_token NAME` or in the admin.",
        }
