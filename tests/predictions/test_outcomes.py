"""What was measured: what PostgreSQL refuses, what counts, and what is matched."""

import threading
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from buildings.models import BenchmarkRecord
from buildings.quality import METERED_IN_DOUBT, RULES
from predictions.errors import UnsuitablePredictionError
from predictions.models import (
    Channel,
    ObservedOutcome,
    OutcomeSource,
    PredictionInput,
)
from predictions.selectors import building_features
from predictions.selectors.outcomes import outcome_list, outcome_list_latest
from predictions.services import matching
from predictions.services.door import Question, prediction_create
from predictions.services.matching import outcomes_match
from predictions.services.outcomes import outcome_conflicts, outcome_create
from predictions.services.variations import variation_create
from tests.buildings.factories import (
    BenchmarkRecordFactory,
    DatasetImportFactory,
    RecordRevisionFactory,
)
from tests.fakes import FakeServedModel
from tests.predictions.factories import call_of, facts, make_user

pytestmark = pytest.mark.django_db

#: Kept by the tests of predictions.api, too.
VALUES: dict[str, Any] = {"data_year": 2020, "site_energy_use_kbtu": 1000.0}


@pytest.fixture
def prediction(served: FakeServedModel) -> PredictionInput:
    return ask()


def ask(**changes: Any) -> PredictionInput:
    question = Question(features=facts(**changes))
    return prediction_create(call=call_of(make_user()), questions=[question])[0]


def ask_about(record: BenchmarkRecord) -> PredictionInput:
    """A prediction from stored facts."""
    building, features = building_features(ose_building_id=record.building.ose_building_id)
    question = Question(features=features, building=building)
    return prediction_create(call=call_of(make_user()), questions=[question])[0]


def enter(prediction: PredictionInput, **changes: Any) -> ObservedOutcome:
    return outcome_create(
        prediction=prediction,
        values={**VALUES, **changes},
        source=OutcomeSource.API,
        entered_by=make_user(),
    )


def record_of(**values: Any) -> Any:
    return BenchmarkRecordFactory(uses=1, **values)


def matched(*, is_dry_run: bool = False) -> dict[str, int]:
    """Pairs by status, without those that there are none of."""
    found = outcomes_match(is_dry_run=is_dry_run)
    return {status: count for status, count in found.pairs.items() if count}


# -- what PostgreSQL refuses --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"data_year": 1999}, "year_is_over"),
        ({"data_year": timezone.now().year}, "year_is_over"),
        *(
            ({name: value}, f"{name}_range|fuels_add_up")
            for name in (
                "site_energy_use_kbtu",
                "electricity_kbtu",
                "natural_gas_kbtu",
                "steam_kbtu",
                "ghg_emissions_mtco2e",
            )
            for value in (-1.0, 1.1e11, float("nan"), float("inf"))
        ),
        ({"electricity_kbtu": 1101.0}, "fuels_add_up"),
        (
            {"electricity_kbtu": 500.0, "natural_gas_kbtu": 399.0, "steam_kbtu": 0.0},
            "fuels_add_up",
        ),
        ({"source": "hearsay"}, "source_known"),
        ({"source": "matched"}, "record_if_matched"),
    ],
)
def test_no_impossible_outcome_can_be_stored(
    prediction: PredictionInput, values: dict[str, Any], constraint: str
) -> None:
    row = {"input": prediction, "source": "api", "entered_by_name": "x", **VALUES}
    with transaction.atomic(), pytest.raises(IntegrityError, match=constraint):
        ObservedOutcome.objects.create(**{**row, **values})
    ObservedOutcome.objects.create(**row)  # and without the change it can


def test_an_outcome_needs_an_answer_to_compare_with(served: FakeServedModel) -> None:
    served.answer = lambda rows: []
    with pytest.raises(UnsuitablePredictionError, match="no answer"):
        enter(ask())
    assert not ObservedOutcome.objects.exists()


@pytest.mark.parametrize(
    ("changes", "member"),
    [
        ({"data_year": 2026}, "data_year"),
        ({"data_year": 1999}, "data_year"),
        ({"electricity_kbtu": 600.0, "steam_kbtu": 501.0}, "site_energy_use_kbtu"),
        (
            {"electricity_kbtu": 500.0, "natural_gas_kbtu": 399.0, "steam_kbtu": 0.0},
            "site_energy_use_kbtu",
        ),
        ({"data_year": 2025}, None),
        ({"electricity_kbtu": 10.0}, None),  # the other fuels are not known
        ({"electricity_kbtu": 500.0, "natural_gas_kbtu": 400.0, "steam_kbtu": 0.0}, None),
        (
            {
                "site_energy_use_kbtu": 1e6,
                "electricity_kbtu": 1.009e6,
                "natural_gas_kbtu": 0.0,
                "steam_kbtu": 0.0,
            },
            None,
        ),
    ],
)
def test_the_words_are_those_of_the_constraints(
    prediction: PredictionInput, changes: dict[str, Any], member: str | None
) -> None:
    now = datetime(2026, 11, 27, tzinfo=UTC)
    values = {**VALUES, **changes}
    assert list(outcome_conflicts(values, now=now)) == ([member] if member else [])
    row = {"input": prediction, "source": "api", "entered_by_name": "x", "created_at": now}
    if member is None:
        ObservedOutcome.objects.create(**row, **values)
    else:
        with transaction.atomic(), pytest.raises(IntegrityError, match="observedoutcome"):
            ObservedOutcome.objects.create(**row, **values)


# -- what counts --------------------------------------------------------------------------------


def test_the_latest_of_a_prediction_and_year_counts(served: FakeServedModel) -> None:
    first, second = ask(), ask()
    wrong, other_year, other = enter(first), enter(first, data_year=2021), enter(second)
    right = enter(first, site_energy_use_kbtu=900.0)
    assert set(outcome_list_latest()) == {other_year, other, right}
    listed: Any = outcome_list(prediction=first)
    assert [(outcome.pk, outcome.is_latest) for outcome in listed] == [
        (right.pk, True),
        (other_year.pk, True),
        (wrong.pk, False),
    ]


# -- matching -----------------------------------------------------------------------------------


def test_nothing_is_matched_to_what_was_not_predicted_from_stored_facts(
    served: FakeServedModel,
) -> None:
    record = record_of()
    original = ask_about(record)
    variation_create(call=call_of(make_user()), original=original, features=original.features)
    ask()
    served.answer = lambda rows: []
    failed = ask_about(record)
    assert matched() == {"new": 1}
    assert [outcome.input_id for outcome in ObservedOutcome.objects.all()] == [original.pk]
    assert failed.output.error_code


@pytest.mark.parametrize(
    ("values", "status"),
    [
        *(({"quality_flags": [flag]}, "flagged") for flag in METERED_IN_DOUBT),
        ({"compliance_status": "Not Compliant"}, "not-compliant"),
        ({"outlier": "High outlier"}, "not-compliant"),
        ({"site_energy_use_kbtu": None}, "no-energy"),
        ({"site_energy_use_kbtu": 0.0}, "no-energy"),
        ({"site_energy_use_kbtu": -5.0}, "no-energy"),
        ({"site_energy_use_kbtu": float("nan")}, "no-energy"),
        ({"site_energy_use_kbtu": 2e11}, "no-energy"),
        ({"data_year": 2100}, "year-not-over"),
    ],
)
def test_doubtful_records_are_not_matched(
    served: FakeServedModel, values: dict[str, Any], status: str
) -> None:
    ask_about(record_of(**values))
    assert matched() == {status: 1}
    assert not ObservedOutcome.objects.exists()


@pytest.mark.parametrize(
    "flag",
    sorted({rule.code for rule in RULES} - {*METERED_IN_DOUBT, "site_energy_exchanged_with_wn"}),
)
def test_flags_of_other_things_do_not_matter(served: FakeServedModel, flag: str) -> None:
    ask_about(record_of(quality_flags=[flag]))
    assert matched() == {"new": 1}
    emissions = ObservedOutcome.objects.get().ghg_emissions_mtco2e
    assert emissions == (None if flag == "emissions_differ" else 197.84)


def test_a_record_becomes_the_outcome_of_its_prediction(served: FakeServedModel) -> None:
    record = record_of()
    prediction = ask_about(record)
    assert matched() == {"new": 1}
    stored = ObservedOutcome.objects.get()
    assert (stored.input_id, stored.record_id, stored.data_year) == (prediction.pk, record.pk, 2016)
    assert stored.site_energy_use_kbtu == 7_200_000.0
    assert (stored.electricity_kbtu, stored.natural_gas_kbtu, stored.steam_kbtu) == (
        4_000_000.0,
        3_200_000.0,
        0.0,
    )
    assert (stored.ghg_emissions_mtco2e, stored.source, stored.entered_by_id) == (
        197.84,
        "matched",
        None,
    )
    assert stored.entered_by_name


@pytest.mark.parametrize(
    "values",
    [
        {"other_fuel_use_kbtu": 500_000.0, "site_energy_use_kbtu": 7_700_000.0},
        {"electricity_kbtu": -10.0, "site_energy_use_kbtu": 3_199_990.0},
        {"steam_use_kbtu": None},
    ],
)
def test_fuels_that_do_not_add_up_are_not_known(
    served: FakeServedModel, values: dict[str, Any]
) -> None:
    ask_about(record_of(**values))
    assert matched() == {"new": 1}
    stored = ObservedOutcome.objects.get()
    assert stored.site_energy_use_kbtu == values.get("site_energy_use_kbtu", 7_200_000.0)
    assert (stored.electricity_kbtu, stored.natural_gas_kbtu, stored.steam_kbtu) == (None,) * 3


def test_where_energies_are_exchanged_the_fuels_tell_the_metered_one(
    served: FakeServedModel,
) -> None:
    ask_about(
        record_of(
            data_year=2018,
            site_energy_use_kbtu=7_000_000.0,
            site_energy_use_wn_kbtu=7_200_000.0,
            quality_flags=["site_energy_exchanged_with_wn"],
        )
    )
    assert matched() == {"new": 1}
    assert ObservedOutcome.objects.get().site_energy_use_kbtu == 7_200_000.0


def test_years_before_the_facts_do_not_count_and_later_ones_do(served: FakeServedModel) -> None:
    newest = record_of(data_year=2017)
    for year in (2015, 2016):
        record_of(building=newest.building, data_year=year)
    ask_about(newest)
    later = DatasetImportFactory(finished_at=timezone.now())  # loaded after the prediction
    record_of(building=newest.building, data_year=2018, dataset_import=later)
    assert matched() == {"new": 2}
    years = ObservedOutcome.objects.values_list("data_year", flat=True)
    assert sorted(years) == [2017, 2018]


def test_a_corrected_record_is_as_old_as_its_first_import(served: FakeServedModel) -> None:
    record = record_of()
    ask_about(record)
    correcting = DatasetImportFactory(finished_at=timezone.now())
    former = record.dataset_import
    BenchmarkRecord.objects.filter(pk=record.pk).update(dataset_import=correcting)
    record.refresh_from_db()
    RecordRevisionFactory(record=record, dataset_import=correcting, former_import=former)
    assert matched() == {"new": 1}


def test_facts_that_were_loaded_after_the_prediction_were_not_used(served: FakeServedModel) -> None:
    record = record_of(dataset_import__finished_at=datetime(2100, 1, 1, tzinfo=UTC))
    ask_about(record)
    assert matched() == {}


def test_matching_twice_stores_nothing_twice(served: FakeServedModel) -> None:
    record = record_of()
    predictions = [ask_about(record), ask_about(record)]
    assert matched() == {"new": 2}
    before = list(ObservedOutcome.objects.order_by("id").values())
    assert matched() == {"known": 2}
    assert list(ObservedOutcome.objects.order_by("id").values()) == before
    BenchmarkRecord.objects.update(site_energy_use_kbtu=7_210_000.0)  # a later file corrects it
    assert matched() == {"new": 2}
    assert matched() == {"known": 2}
    latest = outcome_list_latest().filter(input=predictions[0])
    assert [outcome.site_energy_use_kbtu for outcome in latest] == [7_210_000.0]


def test_what_somebody_entered_is_not_overruled(served: FakeServedModel) -> None:
    prediction = ask_about(record_of())
    enter(prediction, data_year=2016)
    assert matched() == {"entered": 1}
    assert ObservedOutcome.objects.count() == 1


def test_chunks_come_to_the_same(served: FakeServedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "_CHUNK", 2)
    for _ in range(5):
        ask_about(record_of())
    told: list[int] = []
    found = outcomes_match(on_start=told.append, on_chunk=told.append)
    assert told == [5, 2, 2, 1]
    assert (found.predictions, found.pairs["new"]) == (5, 5)
    assert ObservedOutcome.objects.values("input").distinct().count() == 5


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_store_once(served: FakeServedModel) -> None:
    for _ in range(3):
        ask_about(record_of())
    results: list[int] = []

    def run() -> None:
        try:
            results.append(outcomes_match().pairs["new"])
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [0, 0, 3]
    assert ObservedOutcome.objects.count() == 3


def test_the_command_counts_and_a_dry_run_stores_nothing(served: FakeServedModel) -> None:
    ask_about(record_of())
    ask_about(record_of(compliance_status="Not Compliant"))
    said = StringIO()
    call_command("match_outcomes", "--dry-run", stdout=said)
    assert "2 predictions from stored facts, 2 yearly records" in said.getvalue()
    assert "matched 1." in said.getvalue()
    assert "1  record not compliant" in said.getvalue()
    assert "nothing was stored" in said.getvalue()
    assert not ObservedOutcome.objects.exists()
    call_command("match_outcomes", stdout=said)
    assert ObservedOutcome.objects.count() == 1


def test_the_channel_does_not_matter(served: FakeServedModel) -> None:
    building, features = building_features(ose_building_id=record_of().building.ose_building_id)
    prediction_create(
        call=call_of(None, channel=Channel.COMMAND),
        questions=[Question(features=features, building=building)] * 3,
    )
    assert matched() == {"new": 3}
