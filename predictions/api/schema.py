"""What drf-spectacular cannot see by itself: problem documents on operations, bearer tokens."""

import re
from itertools import groupby
from typing import Any, Literal

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.renderers import SafeDumper
from drf_spectacular.utils import OpenApiExample, OpenApiResponse

from buildings.api.pagination import StrictQueryMixin
from predictions.api import problems
from predictions.api.problems import (
    PROBLEM_MEDIA_TYPE,
    Fault,
    Location,
    Place,
    Problem,
    ProblemType,
)
from predictions.api.serializers import ProblemSerializer

_ALWAYS = (problems.BAD_REQUEST, problems.NOT_ACCEPTABLE, problems.INTERNAL_ERROR)
_WITH_TOKEN = (problems.NOT_AUTHENTICATED, problems.DATABASE_UNAVAILABLE)
_WITH_PATH_PARAMETER = (problems.NOT_FOUND,)
_WITH_BODY = (
    problems.MALFORMED_BODY,
    problems.INVALID_INPUT,
    problems.NOT_PERMITTED,
    problems.LENGTH_REQUIRED,
    problems.BODY_TOO_LARGE,
    problems.UNSUPPORTED_MEDIA_TYPE,
    problems.PREDICTION_FAILED,
    problems.MODEL_UNAVAILABLE,
    problems.EMISSION_FACTORS_MISSING,
)
_REQUEST_ID = "0199d3a0-0000-7000-8000-000000000000"


#: What the parameters in paths are.
_PATH_PARAMETERS = {
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


class ProblemAutoSchema(AutoSchema):
    """Adds to each operation the problems it can answer with, by status, and says what the
    parameters in its path are."""

    def _resolve_path_parameters(self, variables: list[str]) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super()._resolve_path_parameters(variables)
        for parameter in parameters:
            parameter["description"] = _PATH_PARAMETERS[parameter["name"]]
        return parameters

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
            "description": "A token made by `manage.py create_token NAME` or in the admin.",
        }
