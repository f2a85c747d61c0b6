"""What drf-spectacular cannot see by itself: problem documents on operations, bearer tokens."""

from typing import Any, Literal

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiResponse

from predictions.api import exceptions
from predictions.api.authentication import scope_needed
from predictions.api.exceptions import PROBLEM_MEDIA_TYPE, ProblemType
from predictions.api.serializers import ProblemSerializer

_ALWAYS = (
    exceptions.BAD_REQUEST,
    exceptions.NOT_AUTHENTICATED,
    exceptions.INSUFFICIENT_SCOPE,
    exceptions.WRONG_NETWORK,
    exceptions.NOT_ACCEPTABLE,
    exceptions.RATE_LIMITED,
    exceptions.TOO_MANY_AT_ONCE,
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

# Described in SPECTACULAR_SETTINGS, once for all operations.
_RATES = ("RateLimit-Policy", "RateLimit")
_LATER = (exceptions.RATE_LIMITED.status, exceptions.DATABASE_UNAVAILABLE.status)


class ProblemAutoSchema(AutoSchema):
    """Adds to each operation the problems it can answer with, by status, the scope it needs and the
    headers that state the rates."""

    def _get_response_headers_for_code(
        self, status_code: str, direction: Literal["request", "response"] = "response"
    ) -> dict[str, Any]:
        names = [] if status_code == str(exceptions.NOT_AUTHENTICATED.status) else [*_RATES]
        if int(status_code) in _LATER:
            names.append("Retry-After")
        return {
            **super()._get_response_headers_for_code(status_code, direction),
            **{name: {"$ref": f"#/components/headers/{name}"} for name in names},
        }

    def get_auth(self) -> list[dict[str, list[str]]]:
        scope = scope_needed(self.view, self.method)
        return [{name: [str(scope)] for name in required} for required in super().get_auth()]

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
            "description": "A token made by `manage.py create_token NAME`, in the admin, or by "
            "another token of scope `admin`. Each operation needs one scope of it: `read` for what "
            "is on the record, buildings and models; `predict` for what asks the model, besides "
            "the permission of the token's user; `admin` for tokens.",
        }
