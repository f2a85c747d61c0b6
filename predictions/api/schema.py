"""What drf-spectacular cannot see by itself: problem documents on operations, bearer tokens."""

import re
from itertools import groupby
from typing import Any, Literal

from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerExtension,
)
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.renderers import SafeDumper  # type: ignore[attr-defined]  # PyYAML's
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

from buildings.api.pagination import StrictQueryMixin
from predictions.api import problems
from predictions.api.authentication import scope_needed
from predictions.api.idempotency import KEY_HEADER, REPLAYED_HEADER
from predictions.api.problems import (
    PROBLEM_MEDIA_TYPE,
    Fault,
    Location,
    Place,
    Problem,
    ProblemType,
)
from predictions.api.serializers import NoInputSerializer, ProblemSerializer
from predictions.models import KEY_PATTERN

_ALWAYS = (
    problems.BAD_REQUEST,
    problems.NOT_ACCEPTABLE,
    problems.LENGTH_REQUIRED,
    problems.INTERNAL_ERROR,
)
_WITH_TOKEN = (
    problems.NOT_AUTHENTICATED,
    problems.INSUFFICIENT_SCOPE,
    problems.WRONG_NETWORK,
    problems.TOO_MANY_REQUESTS,
    problems.TOO_MANY_AT_ONCE,
    problems.DATABASE_UNAVAILABLE,
)
_WITH_PATH_PARAMETER = (problems.NOT_FOUND,)
_WITH_BODY = (
    problems.MALFORMED_BODY,
    problems.INVALID_INPUT,
    problems.NOT_PERMITTED,
    problems.BODY_TOO_LARGE,
    problems.UNSUPPORTED_MEDIA_TYPE,
    problems.PREDICTION_FAILED,
    problems.MODEL_UNAVAILABLE,
    problems.EMISSION_FACTORS_MISSING,
)
_REQUEST_ID = "0199d3a0-0000-7000-8000-000000000000"


#: What the parameters in paths are.
_PATH_PARAMETERS = {
    "name": "The registered model, as `models/` lists it.",
    "number": "Its version, as `models/` lists it.",
    "id": "The `id` of an object, as its list or its POST answered it.",
    "ose_building_id": "The city's identifier of a building.",
    "request_id": "The `id` of a batch, as its POST answered it.",
    "slug": "The last part of the `type` of a problem document.",
}

# Readers of OpenAPI speak YAML 1.2, to which "0000900001" without quotes is a number; PyYAML speaks
# 1.1, to which it is none.
SafeDumper.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"[0-9]+$"), list("0123456789")
)
_WITH_KEY = (
    problems.IDEMPOTENCY_KEY_IN_USE,
    problems.IDEMPOTENCY_KEY_REUSED,
    problems.MODEL_VERSION_GONE,
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

# Described in SPECTACULAR_SETTINGS, once for all operations.
_RATES = ("RateLimit-Policy", "RateLimit")
_LATER = (problems.TOO_MANY_REQUESTS.status, problems.DATABASE_UNAVAILABLE.status)


class ProblemAutoSchema(AutoSchema):
    """Adds to each operation the problems it can answer with, by status, the scope it needs and the
    headers that state the rates; says what the parameters in its path are, and where the header
    Idempotency-Key is honoured."""

    def _resolve_path_parameters(self, variables: list[str]) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super()._resolve_path_parameters(variables)
        for parameter in parameters:
            parameter["description"] = _PATH_PARAMETERS[parameter["name"]]
        return parameters

    def _get_response_headers_for_code(
        self, status_code: str, direction: Literal["request", "response"] = "response"
    ) -> dict[str, Any]:
        has_token = self.view.authentication_classes and int(status_code) != 401
        names = [*_RATES] if has_token else []
        if int(status_code) in _LATER:
            names.append("Retry-After")
        return {
            **super()._get_response_headers_for_code(status_code, direction),
            **{name: {"$ref": f"#/components/headers/{name}"} for name in names},
        }

    def get_auth(self) -> list[dict[str, list[str]]]:
        scope = scope_needed(self.view, self.method)
        return [{name: [str(scope)] for name in required} for required in super().get_auth()]

    def get_override_parameters(self) -> list[Any]:
        return [
            *super().get_override_parameters(),
            *(_KEY_PARAMETERS if self._is_idempotent() else ()),
        ]

    def _get_request_body(
        self, direction: Literal["request", "response"] = "request"
    ) -> dict[str, Any]:
        body: dict[str, Any] = super()._get_request_body(direction)
        if body:
            body["required"] = self.get_request_serializer() is not NoInputSerializer
        return body

    def _is_idempotent(self) -> bool:
        handler = getattr(self.view, getattr(self.view, "action", None) or "", None)
        return getattr(handler, "is_idempotent", False)

    def _get_response_bodies(
        self, direction: Literal["request", "response"] = "response"
    ) -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        if direction != "response":
            return bodies
        for status, types in groupby(self._problems(), key=lambda each: each.status):
            if str(status) not in bodies:
                bodies[str(status)] = self._problem_body(status, list(types))
        return bodies

    def _problems(self) -> list[ProblemType]:
        found = [*_ALWAYS]
        if self.view.authentication_classes:
            found += _WITH_TOKEN
        if isinstance(self.view, StrictQueryMixin):
            found.append(problems.INVALID_INPUT)
        if "{" in self.path:
            found += _WITH_PATH_PARAMETER
        if self.method == "POST":
            found += _WITH_BODY
        if self._is_idempotent():
            found += _WITH_KEY
        found += getattr(self.view, "problems_of", {}).get(getattr(self.view, "action", None), ())
        return [each for each in problems.PROBLEMS if each in found]

    def _problem(self, kind: ProblemType) -> Problem:
        if kind is problems.INVALID_INPUT and self.method == "GET":
            in_query = Fault(kind.when, kind.slug, Place(Location.QUERY))
            return Problem(kind, kind.when, (in_query,))
        return Problem(kind, kind.when)

    def _problem_body(self, status: int, types: list[ProblemType]) -> dict[str, Any]:
        examples = [
            OpenApiExample(
                problem.slug,
                value=self._problem(problem).document(request_id=_REQUEST_ID),
                response_only=True,
                status_codes=[str(status)],
                media_type=PROBLEM_MEDIA_TYPE,
            )
            for problem in types
        ]
        response = OpenApiResponse(
            ProblemSerializer,
            description="; ".join(str(problem.title) for problem in types) + ".",
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


class StrictSerializerExtension(OpenApiSerializerExtension):
    """Says of bodies that are read strictly that they are, and what DRF's fields cannot say."""

    target_class = "predictions.api.serializers.StrictSerializer"
    match_subclasses = True

    def map_serializer(
        self, auto_schema: AutoSchema, direction: Literal["request", "response"]
    ) -> dict[str, Any]:
        schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return {**schema, "additionalProperties": False, **getattr(self.target, "bounds", {})}
