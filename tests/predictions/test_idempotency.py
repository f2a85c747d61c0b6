"""Keys and answers in PostgreSQL: who may change or delete them, and when they are forgotten."""

import hashlib
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from predictions.checks import idempotency_keys_are_kept
from predictions.errors import IdempotencyKeyReusedError
from predictions.models import (
    IDEMPOTENCY_TABLES,
    KEPT_AT_LEAST,
    IdempotencyKey,
    IdempotentAnswer,
    PredictionRequest,
)
from predictions.services import idempotency
from predictions.services.door import Question, prediction_create
from predictions.services.idempotency import (
    Answer,
    idempotency_claimed,
    idempotency_key_create,
    idempotency_keys_purge,
    idempotent_answer_create,
)
from tests.fakes import FakeServedModel
from tests.predictions.factories import call_of, facts, make_user

pytestmark = pytest.mark.django_db

FINGERPRINT = hashlib.sha256(b"").hexdigest()


def stored(
    *, age: timedelta = timedelta(), answered: timedelta | None = timedelta(), **values: Any
) -> IdempotencyKey:
    """A key first used `age` ago and answered `answered` ago, if it was."""
    now = timezone.now()
    key = IdempotencyKey.objects.create(
        **{
            "caller": values.pop("caller", None) or make_user(),
            "key": "k",
            "fingerprint": FINGERPRINT,
            "created_at": now - age,
            **values,
        }
    )
    if answered is not None:
        IdempotentAnswer.objects.create(
            key=key, status=201, headers={}, body=b"", created_at=now - answered
        )
    return key


OLD = KEPT_AT_LEAST + timedelta(minutes=1)


@pytest.mark.parametrize("table", IDEMPOTENCY_TABLES)
@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET created_at = now()", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
)
def test_young_rows_can_be_neither_changed_nor_deleted(table: str, statement: str) -> None:
    stored(age=KEPT_AT_LEAST - timedelta(minutes=1))
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(IntegrityError, match="is refused"):
            cursor.execute(statement.format(table))


@pytest.mark.parametrize("statement", ["UPDATE {} SET created_at = now()", "TRUNCATE {} CASCADE"])
def test_old_rows_cannot_be_changed_either(statement: str) -> None:
    stored(age=OLD, answered=OLD)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(IntegrityError, match="is refused"):
            cursor.execute(statement.format(IDEMPOTENCY_TABLES[0]))


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"key": ""}, "key_printable"),
        ({"key": "é"}, "key_printable"),
        ({"key": "a\n"}, "key_printable"),
        ({"fingerprint": "x"}, "fingerprint_hex"),
    ],
)
def test_what_is_no_key_is_refused(values: dict[str, Any], constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        stored(**values)


def test_a_caller_has_a_key_once() -> None:
    caller = make_user()
    stored(caller=caller)
    stored(caller=make_user())
    with pytest.raises(IntegrityError, match="caller_key_unique"):
        stored(caller=caller)


def test_an_answer_is_final() -> None:
    with pytest.raises(IntegrityError, match="status_final"):
        IdempotentAnswer.objects.create(key=stored(answered=None), status=100, body=b"", headers={})


def test_what_is_stored_is_small_and_comes_back_as_it_was() -> None:
    caller, body = make_user(), b'{"energy": 1234567.0}' * 100_000
    with idempotency_claimed(caller=caller, key="k", fingerprint=FINGERPRINT) as claim:
        assert (claim.answer, claim.interrupted_id) == (None, None)
        idempotency_key_create(claim=claim)
        answer = Answer(status=201, headers={"Location": "/é"}, body=body)
        idempotent_answer_create(claim=claim, answer=answer)
    with idempotency_claimed(caller=caller, key="k", fingerprint=FINGERPRINT) as claim:
        assert claim.answer == answer
    assert len(IdempotentAnswer.objects.get().body) < len(body) / 50
    with (
        pytest.raises(IdempotencyKeyReusedError),
        idempotency_claimed(caller=caller, key="k", fingerprint=FINGERPRINT[::-1]),
    ):
        pytest.fail("claimed")


def test_a_call_of_several_inputs_goes_on_whole(
    transactional_db: None, served: FakeServedModel
) -> None:
    caller = make_user()
    questions = [Question(features=facts(year_built=year)) for year in (1950, 1960, 1970)]

    def ask(answer: Any) -> list[Any]:
        served.answer = answer
        with idempotency_claimed(caller=caller, key="k", fingerprint=FINGERPRINT) as claim:
            return prediction_create(call=call_of(caller, claim=claim), questions=questions)

    def die(rows: object) -> list:
        raise SystemExit

    with pytest.raises(SystemExit):
        ask(die)
    first = ask(FakeServedModel.by_area)
    assert [one.features["year_built"] for one in first] == [1950, 1960, 1970]
    again = ask(die)
    assert [one.output.pk for one in again] == [one.output.pk for one in first]
    assert PredictionRequest.objects.count() == 1


# -- Forgetting ------------------------------------------------------------------------------------


def test_what_is_old_is_purged_with_its_answer(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "_CHUNK", 2)
    caller = make_user()
    for number in range(5):
        stored(caller=caller, key=f"old {number}", age=OLD, answered=OLD)
    stored(caller=caller, key="never answered", age=OLD, answered=None)
    stored(caller=caller, key="answered later", age=OLD, answered=OLD - timedelta(hours=1))
    stored(caller=caller, key="young")
    out = StringIO()
    call_command("purge_idempotency_keys", stdout=out)
    assert out.getvalue() == "Deleted 6 idempotency keys older than 24 hours.\n"
    assert {key.key for key in IdempotencyKey.objects.all()} == {"answered later", "young"}
    assert IdempotentAnswer.objects.count() == 2


def test_a_longer_memory_is_a_setting(settings: Any) -> None:
    stored(age=OLD, answered=OLD)
    settings.IDEMPOTENCY_TTL = timedelta(hours=72)
    call_command("purge_idempotency_keys", stdout=StringIO())
    assert IdempotencyKey.objects.count() == 1


def test_a_shorter_one_is_refused_by_a_check_and_by_postgresql(settings: Any) -> None:
    assert idempotency_keys_are_kept(None) == []
    settings.IDEMPOTENCY_TTL = timedelta(hours=23)
    (error,) = idempotency_keys_are_kept(None)
    assert error.id == "predictions.E001"
    stored(age=timedelta(hours=23, minutes=30), answered=timedelta(hours=23, minutes=30))
    with pytest.raises(IntegrityError, match="is refused"), transaction.atomic():
        idempotency_keys_purge(older_than=settings.IDEMPOTENCY_TTL)
    assert IdempotencyKey.objects.count() == 1


def test_a_forgotten_key_is_a_new_one_and_the_record_stays(
    transactional_db: None, served: FakeServedModel, api: Any, caller: User
) -> None:
    def post() -> Any:
        return api.post(
            "/api/v1/predictions/", facts(), format="json", headers={"Idempotency-Key": "k"}
        )

    first = post()
    with connection.cursor() as cursor:
        for table in IDEMPOTENCY_TABLES:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(f"UPDATE {table} SET created_at = created_at - interval '25 hours'")
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    assert post().content == first.content  # kept until it is purged
    assert idempotency_keys_purge(older_than=KEPT_AT_LEAST) == 1
    assert post().json()["id"] != first.json()["id"]
    assert PredictionRequest.objects.count() == 2


def test_staff_see_keys_and_change_none(admin_browser: Client) -> None:
    key = stored(key="<b>k</b>")
    stored(key="cut short", answered=None)
    page = admin_browser.get(reverse("admin:predictions_idempotencykey_changelist"))
    text = page.content.decode()
    assert "&lt;b&gt;k&lt;/b&gt;" in text
    assert "no answer" in text
    for query in ({"answer__isempty": "1"}, {"q": "cut"}):
        found = admin_browser.get(page.request["PATH_INFO"], query).content.decode()
        assert "cut short" in found
        assert "&lt;b&gt;" not in found
    one = reverse("admin:predictions_idempotencykey_change", args=[key.pk])
    assert admin_browser.get(one).status_code == 200
    assert admin_browser.post(one, {"key": "other"}).status_code == 403
