"""`manage.py make_exchanges`: what it makes, again and again the same, and where it will not."""

from datetime import date, timedelta
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from mlmodel.features import FEATURE_NAMES, feature_conflicts
from predictions.models import (
    ApiToken,
    Channel,
    ObservedOutcome,
    PredictionBatch,
    PredictionExplanation,
    PredictionInput,
    PredictionOutput,
    PredictionRequest,
)
from predictions.services.door import Question, prediction_create
from predictions.services.generation import CALLERS, Traffic, exchanges_generate
from tests.buildings.factories import BuildingFactory
from tests.fakes import FakeServedModel
from tests.predictions.factories import call_of, facts, make_user

UNTIL = date(2026, 3, 2)


def stored() -> list[list[Any]]:
    """All of it but for the numbers and the time that PostgreSQL gives."""
    tables = (PredictionRequest, PredictionBatch, PredictionInput, PredictionOutput)
    return [
        [
            {
                name: value
                for name, value in row.items()
                if table is PredictionRequest or name != "id"
            }
            for row in table._default_manager.order_by("pk").values()
        ]
        for table in tables
    ]


@pytest.mark.django_db
def test_exchanges_are_of_every_kind_and_belong_together(served: FakeServedModel) -> None:
    BuildingFactory.create_batch(3)
    counts = exchanges_generate(Traffic(count=4_000, days=9, until=UNTIL, observed=0.5))
    calls, inputs = PredictionRequest.objects.all(), PredictionInput.objects.all()
    assert counts["predictions_predictioninput"] == inputs.count() == 4_000
    assert sum(calls.values_list("row_count", flat=True)) == 4_000
    assert set(calls.values_list("channel", flat=True)) == set(Channel.values)
    names = set(calls.values_list("caller_name", flat=True))
    assert set(CALLERS) < names  # and the operator
    assert calls.values("model_version").distinct().count() == 3
    assert PredictionBatch.objects.filter(rows_received__gt=1).exists()
    outputs = PredictionOutput.objects.all()
    assert set(outputs.values_list("error_code", flat=True)) == {
        *(None, "model-failure", "invalid-output")
    }
    assert 0 < inputs.filter(output__isnull=True).count() < 40
    assert ObservedOutcome.objects.count() > 1_000
    assert PredictionExplanation.objects.exists()
    assert inputs.filter(building__isnull=False).exists()
    assert set(inputs.values_list("sent__units", flat=True)) == {None, "us", "si"}
    for features in inputs.values_list("features", flat=True)[:200]:
        assert set(features) == set(FEATURE_NAMES)
        assert feature_conflicts(features) == {}
    first, last = calls.earliest("created_at").created_at, calls.latest("created_at").created_at
    assert UNTIL - timedelta(days=9) <= first.date() < last.date() < UNTIL
    # An id of version 7 begins with the time.
    order = list(calls.order_by("created_at").values_list("pk", flat=True))
    assert [pk.int >> 80 for pk in order] == sorted(pk.int >> 80 for pk in order)


@pytest.mark.django_db
def test_nobody_can_sign_in_or_call_as_who_is_made_up(served: FakeServedModel) -> None:
    exchanges_generate(Traffic(count=10))
    for user in User.objects.filter(username__in=CALLERS):
        assert not user.has_usable_password()
        assert not user.is_staff
    tokens = ApiToken.objects.filter(user__username__in=CALLERS)
    assert tokens.count() == 2 * len(CALLERS)
    prefixes = {token.prefix for token in tokens}
    called = PredictionRequest.objects.filter(channel=Channel.API)
    assert set(called.values_list("token_prefix", flat=True)) <= prefixes


@pytest.mark.django_db(transaction=True)
def test_equal_arguments_give_equal_rows(served: FakeServedModel) -> None:
    from tests.predictions.test_make_examples import forget_everything

    out = StringIO()
    asked = {"count": 300, "days": 5, "until": UNTIL, "verbosity": 0}
    call_command("make_exchanges", **asked, stdout=out)
    assert "300  predictions_predictioninput" in out.getvalue()
    first = stored()
    with pytest.raises(CommandError, match="on record already"):
        call_command("make_exchanges", **asked)
    assert stored() == first
    tables = (PredictionRequest, PredictionInput)
    before = [table._default_manager.count() for table in tables]
    call_command("make_exchanges", **{**asked, "seed": 7}, stdout=out)
    assert [table._default_manager.count() for table in tables] > before
    forget_everything()


@pytest.mark.django_db
def test_real_exchanges_and_production_keep_made_up_ones_out(
    served: FakeServedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    prediction_create(call=call_of(make_user()), questions=[Question(features=facts())])
    with pytest.raises(CommandError, match="Real exchanges are on record"):
        call_command("make_exchanges", count=10, verbosity=0)
    monkeypatch.setattr(settings, "SETTINGS_MODULE", "config.settings.production")
    with pytest.raises(CommandError, match="production"):
        call_command("make_exchanges", count=10, verbosity=0)
    assert PredictionInput.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("asked", [{"count": 0}, {"days": 0}, {"observed": 1.5}])
def test_nonsense_is_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(CommandError, match="--count"):
        call_command("make_exchanges", verbosity=0, **asked)


@pytest.mark.django_db
def test_factors_are_needed() -> None:
    with pytest.raises(CommandError, match="no emission factors"):
        call_command("make_exchanges", count=1, verbosity=0)
    assert timezone.now().date() == Traffic(count=1).until
