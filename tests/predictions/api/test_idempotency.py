"""The header Idempotency-Key: one row and one answer, whatever fails and whoever comes at once."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from typing import Any, Literal

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection, connections
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from mlmodel.features import FeatureRow
from mlmodel.prediction import Prediction
from predictions.api import idempotency
from predictions.models import (
    IdempotencyKey,
    IdempotentAnswer,
    PredictionExplanation,
    PredictionInput,
    PredictionOutput,
    PredictionRequest,
)
from predictions.services import idempotency as service
from predictions.services import serving as serving_module
from predictions.services.accounts import api_caller_get_or_create
from predictions.services.serving import Serving, serving_reset
from tests.buildings.factories import BenchmarkRecordFactory, BuildingFactory
from tests.fakes import FakeServedModel
from tests.predictions.factories import facts, make_model_version

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/v1/predictions/"
KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"


def post(
    api: APIClient,
    body: Any = None,
    url: str = URL,
    *,
    key: str | None = KEY,
    content_type: str = "application/json",
    **headers: str,
) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body or facts()).encode()
    sent = headers if key is None else {"Idempotency-Key": key, **headers}
    return api.generic("POST", url, content, content_type, headers=sent)  # type: ignore[arg-type]


def counts() -> tuple[int, int, int]:
    return (
        PredictionRequest.objects.count(),
        PredictionInput.objects.count(),
        PredictionOutput.objects.count(),
    )


def assert_replay(repeat: Any, first: Any) -> None:
    assert (repeat.status_code, repeat.content) == (first.status_code, first.content)
    assert repeat["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first
    own = {"Idempotency-Replayed", "RateLimit", "X-Request-ID"}
    assert {name: value for name, value in repeat.items() if name not in own} == {
        name: value for name, value in first.items() if name not in own
    }


def assert_problem(answer: Any, status: int, slug: str) -> None:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == f"/api/v1/problems/{slug}/"


def die(*_: object, **__: object) -> Any:
    raise SystemExit


def building_url() -> str:
    building: Any = BuildingFactory(year_built=1927)
    BenchmarkRecordFactory(
        building=building,
        data_year=2016,
        property_gfa_total_sqft=88434,
        primary_property_type="Hotel",
    )
    return f"/api/v1/buildings/{building.ose_building_id}/predictions/"


# -- The key ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["", "a" * 256, "é", "a\x7f", "a\tb", "a\nb", "\x00", "€", "a\x80"])
def test_a_key_that_is_none_is_refused_by_name(
    api: APIClient, served: FakeServedModel, key: str
) -> None:
    answer = post(api, key=key)
    assert_problem(answer, 400, "invalid-input")
    (error,) = answer.json()["errors"]
    assert (error["in"], error["pointer"]) == ("header", "/Idempotency-Key")
    assert "1 to 255" in error["detail"]
    assert (counts(), served.seen) == ((0, 0, 0), [])


@pytest.mark.parametrize("key", ["a", "a" * 255, '"8e03"', "a b", "~!@/\\'%,;=", "0"])
def test_every_printable_key_is_one(api: APIClient, served: FakeServedModel, key: str) -> None:
    first = post(api, key=key)
    assert first.status_code == 201
    assert_replay(post(api, key=key), first)
    assert counts() == (1, 1, 1)


def test_a_key_of_a_get_means_nothing(api: APIClient, served: FakeServedModel) -> None:
    headers = {"Idempotency-Key": "é"}
    assert api.get(URL, headers=headers).status_code == 200


# -- What is repeated ------------------------------------------------------------------------------


def test_a_repeat_is_answered_byte_for_byte_and_not_done(
    api: APIClient, served: FakeServedModel
) -> None:
    first = post(api)
    assert first.status_code == 201
    serving_reset()  # a repeat needs no model
    repeat = post(api)
    assert_replay(repeat, first)
    assert repeat["Location"] == first.json()["url"]
    assert repeat["X-Request-ID"] != first["X-Request-ID"]
    assert (counts(), len(served.seen)) == ((1, 1, 1), 1)
    stored = IdempotencyKey.objects.get()
    assert stored.prediction_request == PredictionRequest.objects.get()


def test_without_a_key_each_post_is_another(api: APIClient, served: FakeServedModel) -> None:
    ids = {post(api, key=None).json()["id"] for _ in range(2)}
    assert (len(ids), counts()) == (2, (2, 2, 2))
    assert IdempotencyKey.objects.count() == 0


def test_a_model_that_failed_is_answered_again_and_not_asked_again(
    api: APIClient, served: FakeServedModel
) -> None:
    def fail(rows: object) -> list[Prediction]:
        raise ValueError

    served.answer = fail
    first = post(api)
    assert_problem(first, 500, "prediction-failed")
    served.answer = FakeServedModel.by_area
    assert_replay(post(api), first)
    assert (counts(), len(served.seen)) == ((1, 1, 1), 1)


@pytest.mark.parametrize("what", ["building", "what-if", "explanation"])
def test_every_post_is_repeated_alike(api: APIClient, served: FakeServedModel, what: str) -> None:
    original = post(api, key=None).json()["url"]
    url, body = {
        "building": (building_url(), b""),
        "what-if": (f"{original}what-if/", {"changes": {"year_built": 2001}}),
        "explanation": (f"{original}explanations/", b""),
    }[what]
    first = post(api, body, url)
    assert first.status_code == 201
    asked, before = len(served.seen), counts()
    assert_replay(post(api, body, url), first)
    assert (len(served.seen), counts()) == (asked, before)
    assert PredictionExplanation.objects.count() == (what == "explanation")


def test_every_post_of_the_api_honours_the_key() -> None:
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    # The answer that makes a token holds its secret: it is not kept, and a key is refused there.
    secret = "/api/v1/tokens/"
    posts = {
        path: operations["post"]
        for path, operations in paths.items()
        if "post" in operations and path != secret
    }
    assert len(posts) >= 4
    for path, operation in posts.items():
        names = [parameter["name"] for parameter in operation.get("parameters", ())]
        assert "Idempotency-Key" in names, path
        assert {"409", "422"} <= set(operation["responses"]), path
        assert "Idempotency-Replayed" in operation["responses"]["201"]["headers"], path
    for path, operations in paths.items():
        for method, operation in operations.items():
            names = [parameter["name"] for parameter in operation.get("parameters", ())]
            assert ("Idempotency-Key" in names) is (method == "post" and path != secret)


# -- What is another request -----------------------------------------------------------------------


@pytest.mark.parametrize("what", ["body", "a space more", "query", "path", "content type"])
def test_the_key_of_another_request_is_refused(
    api: APIClient, served: FakeServedModel, what: str
) -> None:
    building = building_url()
    body = json.dumps(facts()).encode()
    first = post(api, body)
    other = {
        "body": lambda: post(api, facts(year_built=2001)),
        "a space more": lambda: post(api, body + b" "),
        "query": lambda: post(api, body, f"{URL}?emission_factor_set=seattle-2016"),
        "path": lambda: post(api, b"", building),
        "content type": lambda: post(api, body, content_type="application/json; charset=utf-8"),
    }[what]()
    assert_problem(other, 422, "idempotency-key-reused")
    assert KEY.encode() not in other.content
    assert counts() == (1, 1, 1)
    assert_replay(post(api, body), first)


def test_another_callers_key_is_another_key(
    api: APIClient, served: FakeServedModel, api_for: Callable[[User], APIClient]
) -> None:
    stranger = api_for(api_caller_get_or_create(username="stranger"))
    mine = post(api)
    theirs = post(stranger, facts(year_built=2001))
    assert theirs.status_code == 201
    assert theirs.json()["id"] != mine.json()["id"]
    assert_replay(post(api), mine)
    assert_replay(post(stranger, facts(year_built=2001)), theirs)


def test_a_callers_other_token_is_the_same_caller(
    api: APIClient, served: FakeServedModel, api_for: Callable[[User], APIClient], caller: User
) -> None:
    first = post(api)
    assert_replay(post(api_for(caller)), first)


# -- What is not kept ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "refused"),
    [
        (400, {"body": {"year_built": 1927}}),
        (400, {"body": b"{"}),
        (400, {"url": f"{URL}?nonsense=1"}),
        (400, {"url": f"{URL}?emission_factor_set=none-v1"}),
        (406, {"Accept": "text/html"}),
        (413, {"body": b" " * (256 * 1024 + 1)}),
        (415, {"content_type": "text/plain"}),
        (404, {"url": "/api/v1/buildings/1/predictions/", "body": b""}),
    ],
)
def test_a_refusal_is_not_kept_and_the_request_may_be_mended(
    api: APIClient, served: FakeServedModel, status: int, refused: dict[str, Any]
) -> None:
    for _ in range(2):
        answer = post(api, **refused)
        assert answer.status_code == status
        assert "Idempotency-Replayed" not in answer
    assert (counts(), IdempotencyKey.objects.count()) == ((0, 0, 0), 0)
    assert post(api).status_code == 201


def test_who_may_not_ask_learns_nothing_from_a_key(
    api: APIClient, served: FakeServedModel, caller: User
) -> None:
    post(api)
    assert_problem(post(APIClient()), 401, "not-authenticated")
    caller.groups.clear()
    assert_problem(post(api), 403, "not-permitted")


def test_503_before_anything_is_written_is_not_kept(
    api: APIClient, served: FakeServedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as without_a_model:
        without_a_model.setattr(serving_module, "_serving", None)
        without_a_model.setattr(serving_module, "model_version_champion", lambda name: None)
        assert_problem(post(api), 503, "model-unavailable")
    assert post(api).status_code == 201
    assert counts() == (1, 1, 1)


def test_stored_facts_that_do_not_suffice_may_be_completed(
    api: APIClient, served: FakeServedModel
) -> None:
    building: Any = BuildingFactory(year_built=1927)
    url = f"/api/v1/buildings/{building.ose_building_id}/predictions/"
    assert_problem(post(api, b"", url), 409, "incomplete-facts")
    BenchmarkRecordFactory(
        building=building,
        data_year=2016,
        property_gfa_total_sqft=88434,
        primary_property_type="Hotel",
    )
    assert post(api, b"", url).status_code == 201


# -- A request that was cut short ------------------------------------------------------------------


def test_a_worker_that_died_before_the_output_is_taken_over(
    api: APIClient, served: FakeServedModel
) -> None:
    served.answer = die
    with pytest.raises(SystemExit):
        post(api)
    assert counts() == (1, 1, 0)
    served.answer = FakeServedModel.by_area
    answer = post(api)
    assert answer.status_code == 201
    assert counts() == (1, 1, 1)
    assert answer.json()["id"] == str(PredictionInput.objects.get().id)
    assert api.get(answer["Location"]).content == answer.content
    assert_replay(post(api), answer)
    assert served.seen[0] == served.seen[1]


@pytest.mark.parametrize("fails", [False, True])
def test_a_worker_that_died_before_its_answer_was_stored_had_answered(
    api: APIClient, served: FakeServedModel, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    def fail(rows: object) -> list[Prediction]:
        raise ValueError

    if fails:
        served.answer = fail
    with monkeypatch.context() as dying:
        dying.setattr(idempotency, "idempotent_answer_create", die)
        with pytest.raises(SystemExit):
            post(api)
    assert counts() == (1, 1, 1)
    served.answer = die  # nobody asks it again
    answer = post(api)
    assert answer.status_code == (500 if fails else 201)
    assert_replay(post(api), answer)
    assert counts() == (1, 1, 1)


def test_an_unforeseen_failure_is_not_kept_and_the_repeat_goes_on(
    api: APIClient, served: FakeServedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: object, **__: object) -> Any:
        raise LookupError

    with monkeypatch.context() as broken:
        broken.setattr("predictions.api.views.PredictionSerializer", break_down)
        assert_problem(post(api), 500, "internal-error")
    answer = post(api)
    assert answer.status_code == 201
    assert "Idempotency-Replayed" not in answer
    assert (counts(), len(served.seen)) == ((1, 1, 1), 1)


def test_what_goes_on_is_what_was_stored_not_what_is_known_by_now(
    api: APIClient, served: FakeServedModel
) -> None:
    url = building_url()
    served.answer = die
    with pytest.raises(SystemExit):
        post(api, b"", url)
    building = PredictionInput.objects.get().building
    BenchmarkRecordFactory(
        building=building,
        data_year=2017,
        property_gfa_total_sqft=1000,
        primary_property_type="Hotel",
    )
    served.answer = FakeServedModel.by_area
    answer = post(api, b"", url)
    assert answer.status_code == 201
    assert answer.json()["features"]["gross_floor_area_sqft"] == 88434
    assert building is not None
    assert answer.json()["ose_building_id"] == building.ose_building_id
    assert served.seen[0] == served.seen[1]
    assert counts() == (1, 1, 1)


def test_the_version_on_the_record_answers_though_another_serves(
    api: APIClient, served: FakeServedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.answer = die
    with pytest.raises(SystemExit):
        post(api)
    served.answer = FakeServedModel.by_area
    former = PredictionRequest.objects.get().model_version
    new = FakeServedModel(die)
    monkeypatch.setattr(serving_module, "_serving", Serving(make_model_version(), new))

    # Its files are nowhere: nothing is stored, and nothing is kept.
    assert_problem(post(api), 409, "model-version-gone")
    assert counts() == (1, 1, 0)

    serving_module._cache[former.pk] = served
    answer = post(api)
    assert answer.status_code == 201
    assert answer.json()["model"]["version"] == former.version
    assert (new.seen, counts()) == ([], (1, 1, 1))


def test_a_variation_that_was_cut_short_goes_on(api: APIClient, served: FakeServedModel) -> None:
    url = f"{post(api, key=None).json()['url']}what-if/"
    body = {"changes": {"gross_floor_area_sqft": 1000}}
    served.answer = die
    with pytest.raises(SystemExit):
        post(api, body, url)
    served.answer = FakeServedModel.by_area
    answer = post(api, body, url)
    assert answer.status_code == 201
    assert answer.json()["difference"]["site_energy_use_kbtu"] == 80.0 * (1000 - 88434)
    assert counts() == (2, 2, 2)
    assert_replay(post(api, body, url), answer)


def test_an_explanation_and_its_answer_are_stored_together_or_not_at_all(
    api: APIClient, served: FakeServedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"{post(api, key=None).json()['url']}explanations/"
    with monkeypatch.context() as dying:
        dying.setattr(idempotency, "idempotent_answer_create", die)
        with pytest.raises(SystemExit):
            post(api, b"", url)
    assert (PredictionExplanation.objects.count(), IdempotencyKey.objects.count()) == (0, 0)
    first = post(api, b"", url)
    assert first.status_code == 201
    assert_replay(post(api, b"", url), first)
    assert post(api, b"", url, key="another").status_code == 200


# -- A connection that is lost ---------------------------------------------------------------------


def end_session() -> None:
    """The server ends this session, and its client has yet to notice."""
    other = connections["default"].copy()
    with other.cursor() as cursor:
        pid = connection.connection.info.backend_pid
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    other.close()


@contextmanager
def losing_the_connection(
    at: Literal["COMMIT", "INSERT"], number: int, when: str
) -> Iterator[list[str]]:
    """At the so-many-th COMMIT or INSERT into answers: `before` the server does it, or `after`,
    when it has and its client never hears of it."""
    wrapper: Any = connections["default"]
    commit = wrapper._commit
    done: list[str] = []

    def losing(act: Callable[[], Any]) -> Any:
        done.append(at)
        if len(done) != number:
            return act()
        if when == "before":
            end_session()
            return act()
        act()
        wrapper.connection.close()
        raise OperationalError("server closed the connection unexpectedly")

    def losing_insert(execute: Any, sql: str, *arguments: Any) -> Any:
        if 'INSERT INTO "predictions_idempotentanswer"' not in sql:
            return execute(sql, *arguments)
        return losing(lambda: execute(sql, *arguments))

    if at == "COMMIT":
        wrapper._commit = lambda: losing(commit)
    try:
        with connection.execute_wrapper(losing_insert) if at == "INSERT" else nullcontext():
            yield done
    finally:
        wrapper._commit = commit


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("at", "number", "stored"),
    [
        ("COMMIT", 1, {"before": (0, 0, 0), "after": (1, 1, 0)}),
        ("COMMIT", 2, {"before": (1, 1, 0), "after": (1, 1, 1)}),
        ("INSERT", 1, {"before": (1, 1, 1), "after": (1, 1, 1)}),
    ],
)
def test_whether_a_lost_commit_was_done_the_repeat_makes_one_row(
    api: APIClient,
    served: FakeServedModel,
    at: Literal["COMMIT", "INSERT"],
    number: int,
    stored: dict[str, tuple[int, int, int]],
    when: str,
) -> None:
    with losing_the_connection(at, number, when) as done:
        assert_problem(post(api), 503, "database-unavailable")
    assert len(done) == number
    assert counts() == stored[when]
    answer = post(api)
    assert answer.status_code == 201
    assert ("Idempotency-Replayed" in answer) is ((at, when) == ("INSERT", "after"))
    assert counts() == (1, 1, 1)
    again = post(api)
    assert again.content == answer.content
    assert IdempotentAnswer.objects.count() == 1


def test_a_lock_that_cannot_be_given_back_goes_with_its_session(
    api: APIClient, served: FakeServedModel
) -> None:
    def look(rows: Sequence[FeatureRow]) -> list[Prediction]:
        end_session()
        return FakeServedModel.by_area(rows)

    served.answer = look
    assert_problem(post(api), 503, "database-unavailable")
    served.answer = FakeServedModel.by_area
    assert post(api).status_code == 201
    assert held_locks() == 0


def held_locks() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database "
            "WHERE locktype = 'advisory' AND datname = current_database()"
        )
        (count,) = cursor.fetchone()
    return int(count)


@pytest.mark.parametrize("body", [None, {"year_built": 1}])
def test_every_claim_is_given_back(
    api: APIClient, served: FakeServedModel, body: dict | None
) -> None:
    for _ in range(2):
        post(api, body)
        assert held_locks() == 0


# -- Several at once -------------------------------------------------------------------------------


@pytest.fixture
def at_once(api: Any) -> Iterator[Callable[..., "Future[Any]"]]:
    """Posts in a thread of its own, with a connection of its own."""

    def post_and_close(*arguments: Any, **options: Any) -> Any:
        client = APIClient(raise_request_exception=False)
        client.credentials(**api._credentials)
        try:
            return post(client, *arguments, **options)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        yield lambda *arguments, **options: pool.submit(post_and_close, *arguments, **options)


def test_of_two_posts_at_once_one_is_done_and_the_other_told_to_wait(
    api: APIClient,
    served: FakeServedModel,
    api_for: Callable[[User], APIClient],
    at_once: Callable[..., "Future[Any]"],
) -> None:
    stranger = api_for(api_caller_get_or_create(username="stranger"))
    is_asked, may_answer = threading.Event(), threading.Event()

    def wait(rows: Sequence[FeatureRow]) -> list[Prediction]:
        is_asked.set()
        assert may_answer.wait(30)
        return FakeServedModel.by_area(rows)

    served.answer = wait
    try:
        first = at_once()
        assert is_asked.wait(30)
        second = post(api)
        assert_problem(second, 409, "idempotency-key-in-use")
        assert second["Retry-After"] == "1"
        assert_problem(post(api, facts(year_built=2001)), 422, "idempotency-key-reused")
        served.answer = FakeServedModel.by_area
        assert post(api, key="another").status_code == 201
        assert post(stranger).status_code == 201
    finally:
        may_answer.set()
    answer = first.result(30)
    assert answer.status_code == 201
    assert_replay(post(api), answer)
    assert counts() == (3, 3, 3)


def test_of_many_at_once_one_is_done(
    api: APIClient, served: FakeServedModel, at_once: Callable[..., "Future[Any]"]
) -> None:
    answers = [future.result(60) for future in [at_once() for _ in range(8)]]
    done = [answer for answer in answers if answer.status_code == 201]
    first = next(answer for answer in done if "Idempotency-Replayed" not in answer)
    assert {answer.content for answer in done} == {first.content}
    assert len(done) + [answer.status_code for answer in answers].count(409) == 8
    assert (counts(), len(served.seen)) == ((1, 1, 1), 1)
    assert_replay(post(api), first)


def test_what_was_answered_just_before_the_claim_is_seen(
    api: APIClient,
    served: FakeServedModel,
    at_once: Callable[..., "Future[Any]"],
) -> None:
    locked, patch = service._locked, pytest.MonkeyPatch()
    others: list[Any] = []

    @contextmanager
    def locked_after_another(name: str) -> Iterator[bool]:
        patch.undo()
        others.append(at_once().result(30))
        with locked(name) as is_locked:
            yield is_locked

    patch.setattr(service, "_locked", locked_after_another)
    repeat = post(api)
    assert_replay(repeat, others[0])
    assert counts() == (1, 1, 1)


def test_where_locks_do_not_hold_the_unique_key_does(
    api: APIClient,
    served: FakeServedModel,
    at_once: Callable[..., "Future[Any]"],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As behind a pooler that deals out sessions by transaction."""
    monkeypatch.setattr(service, "_locked", lambda name: nullcontext(enter_result=True))
    both_claimed = threading.Barrier(2)
    create = service.idempotency_key_create

    def create_together(**arguments: Any) -> None:
        both_claimed.wait(30)
        create(**arguments)

    monkeypatch.setattr("predictions.services.door.idempotency_key_create", create_together)
    answers = [future.result(60) for future in [at_once(), at_once()]]
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert (counts(), len(served.seen)) == ((1, 1, 1), 1)


# -- What it costs ---------------------------------------------------------------------------------


def test_statements_are_few_and_fixed(
    api: APIClient, served: FakeServedModel, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(9):
        post(api, key=None)
    # claim: lock, key; beside inputs: INSERT key; INSERT answer; unlock
    with django_assert_num_queries(9 + 5):
        post(api)
    # token; lock, key with its answer, unlock
    with django_assert_num_queries(4):
        post(api)
