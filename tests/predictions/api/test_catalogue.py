"""The catalogue of problems: served, complete, and the place where every `type` leads."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from predictions.api.problems import (
    IDEMPOTENCY_KEY_IN_USE,
    METHOD_NOT_ALLOWED,
    PROBLEMS,
    PROBLEMS_PATH,
    RETRIES,
    TOO_MANY_AT_ONCE,
    TOO_MANY_REQUESTS,
    Fault,
    Location,
    Place,
    Problem,
    ProblemType,
    Retry,
)
from predictions.faults import pointer
from tests.openapi import openapi_document

OPENAPI = openapi_document()


def test_the_catalogue_is_served_where_the_types_lead() -> None:
    assert reverse("problem-list") == PROBLEMS_PATH
    for each in PROBLEMS:
        assert reverse("problem-detail", kwargs={"slug": each.slug}) == each.uri


def test_everybody_may_read_it_without_a_query(
    client: Client, django_assert_num_queries: Any, db: None
) -> None:
    with django_assert_num_queries(0):
        listed = client.get(PROBLEMS_PATH)
        assert [client.get(each["type"]).json() for each in listed.json()] == listed.json()
    assert [each["slug"] for each in listed.json()] == [each.slug for each in PROBLEMS]


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.slug)
def test_each_says_all_that_it_must(client: Client, problem: ProblemType) -> None:
    english, french = (
        client.get(problem.uri, headers={"Accept-Language": language}) for language in ("en", "fr")
    )
    assert (english["Content-Language"], french["Content-Language"]) == ("en", "fr")
    assert "Accept-Language" in english["Vary"]
    for name in ("title", "when", "fix"):
        assert english.json()[name]
        assert english.json()[name] != french.json()[name]
    assert english.json()["retry"] == problem.retry in RETRIES
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", problem.slug)
    # What a caller did wrong has its place in the request; what we did wrong has none.
    assert (problem.place is not None) == (400 <= problem.status < 500)
    is_later = problem in (TOO_MANY_REQUESTS, TOO_MANY_AT_ONCE, IDEMPOTENCY_KEY_IN_USE)
    assert (problem.retry is Retry.NEVER) == (problem.status < 500 and not is_later)


def test_no_two_are_alike() -> None:
    for name in ("slug", "title", "when"):
        assert len({str(getattr(each, name)) for each in PROBLEMS}) == len(PROBLEMS)


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.slug)
def test_each_is_in_the_schema_with_an_example(problem: ProblemType) -> None:
    if problem in (METHOD_NOT_ALLOWED, TOO_MANY_REQUESTS):
        pytest.skip("no operation answers so: a method without one, and nothing is throttled yet")
    examples = [
        content["examples"]
        for path in OPENAPI["paths"].values()
        for operation in path.values()
        for status, answer in operation["responses"].items()
        if status == str(problem.status)
        for content in answer["content"].values()
    ]
    documents = [each["value"] for named in examples for each in named.values()]
    assert problem.uri in {document["type"] for document in documents}


def test_a_refusal_without_faults_of_its_own_names_the_place_of_its_type() -> None:
    gone = ProblemType(
        slug="gone", status=410, title="Gone", when="w", fix="f", place=Place(Location.PATH, "/id")
    )
    assert Problem(gone, "It is gone.").document(request_id="r") == {
        "type": "/api/v1/problems/gone/",
        "title": "Gone",
        "status": 410,
        "detail": "It is gone.",
        "errors": [{"in": "path", "pointer": "/id", "detail": "It is gone.", "code": "gone"}],
        "request_id": "r",
    }
    own = Fault("Look.", "here", Place(Location.QUERY, pointer("a/b")))
    document = Problem(gone, "It is gone.", (own,)).document(request_id="r")
    assert document["errors"] == [own.document()]
    assert own.document()["pointer"] == "/a~1b"
