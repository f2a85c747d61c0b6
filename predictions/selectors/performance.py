"""How good a model version's predictions turned out to be, by what was measured since.

Everything is computed by PostgreSQL in one statement. The definitions are those of
`mlmodel.evaluation.scores`, so that what cross-validation promised can stand beside them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import sha256
from typing import Any, Final

from django.core.cache import cache
from django.db import connection
from django.db.models import (
    BigIntegerField,
    BooleanField,
    Case,
    DateField,
    Exists,
    ExpressionWrapper,
    F,
    FloatField,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Abs, Coalesce, Ln, TruncMonth

from buildings.models import BenchmarkRecord
from mlmodel.features import HAS_FUELS
from mlmodel.models import ModelVersion
from mlmodel.selectors import REFERENCE_DATA_YEAR
from predictions.models import ObservedOutcome
from predictions.selectors.outcomes import outcome_list_latest

#: A group of fewer buildings is not disclosed: its figures would be those of a few of them. The
#: pages of the model's evaluation draw the line at the same number.
SMALLEST_GROUP: Final = 10

#: Whether the fuels and the score were known -> the set-up's name in cross-validation.
_SET_UPS: Final = {(False, False): "a", (True, False): "f", (False, True): "b", (True, True): "c"}

_PREDICTED: Final = F("input__output__site_energy_use_kbtu")
_MEASURED: Final = F("site_energy_use_kbtu")
_LOG_PREDICTED: Final = Ln(_PREDICTED)
_LOG_MEASURED: Final = Ln(_MEASURED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """How close predictions came to `outcomes` measured years of so many `buildings`.

    `r2_log` is R² of the logarithm (None where all measured the same), `mdape` the median absolute
    percentage error as a ratio, `bias` the median of ln(predicted / measured), `coverage_80` and
    `coverage_90` the shares within the intervals (None where no prediction has any).
    """

    outcomes: int
    buildings: int
    r2_log: float | None
    mdape: float
    bias: float
    coverage_80: float | None
    coverage_90: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """The accuracy of all, and by group; a group without outcomes is not there.

    Set-ups tell what the caller knew, as in cross-validation: `a` neither fuels nor ENERGY STAR
    score, `f` fuels, `b` score, `c` both. `by_training`: whether the model may have been trained on
    the building (None: nobody knows which building it is).
    """

    overall: Accuracy | None = None
    by_set_up: Mapping[str, Accuracy] = field(default_factory=dict)
    by_training: Mapping[bool | None, Accuracy] = field(default_factory=dict)
    by_primary_property_type: Mapping[str, Accuracy] = field(default_factory=dict)
    by_month: Mapping[date, Accuracy] = field(default_factory=dict)

    def disclosed(self) -> tuple["Performance", int]:
        """The same without the groups that are too small to disclose, and how many those are."""
        kept: dict[str, Any] = {}
        withheld = 0
        for name in _BITS.values():
            groups: Mapping[Any, Accuracy] = getattr(self, name)
            kept[name] = {key: of for key, of in groups.items() if of.buildings >= SMALLEST_GROUP}
            withheld += len(groups) - len(kept[name])
        if self.overall is not None and self.overall.buildings < SMALLEST_GROUP:
            kept["overall"] = None
            withheld += 1
        return replace(self, **kept), withheld


#: What GROUPING() says of a row -> the groups it is one of; a column that is grouped by has the
#: bit 0.
_BITS: Final = {
    0b0111: "by_set_up",
    0b1011: "by_training",
    0b1101: "by_primary_property_type",
    0b1110: "by_month",
}

# One reading of the rows serves all groupings. var_pop and sums are of n rows alike, so that R² is
# 1 - mean squared error / variance.
_ACCURACY_SQL: Final = """
    SELECT GROUPING(has_score, is_trained_on, primary_property_type, month) AS grouping,
           has_score, has_fuels, is_trained_on, primary_property_type, month,
           count(*) AS outcomes,
           count(DISTINCT building) AS buildings,
           1 - avg(log_error * log_error) / nullif(var_pop(log_measured), 0) AS r2_log,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY relative_error) AS mdape,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY log_error) AS bias,
           avg(is_within_80::int)::float AS coverage_80,
           avg(is_within_90::int)::float AS coverage_90
    FROM ({facts}) AS facts
    GROUP BY GROUPING SETS
        ((), (has_score, has_fuels), (is_trained_on), (primary_property_type), (month))
    ORDER BY has_score, has_fuels, is_trained_on, primary_property_type, month
"""


def model_performance(
    *,
    version: ModelVersion,
    primary_property_type: str | None = None,
    month: date | None = None,
    data_year: int | None = None,
    is_trained_on: bool | None = None,
) -> Performance:
    """How close this version's predictions came to what was measured, of each prediction and year
    by the latest outcome. One query.

    Narrowed to a primary property type, to predictions of one month (its first day, UTC), to a
    measured year, or to buildings that the model may have been trained on (False: to all others,
    as cross-validation does). Left out is what has no logarithm: where 0 was predicted or measured.
    """
    outcomes = outcome_list_latest().filter(
        input__request__model_version=version,
        input__output__site_energy_use_kbtu__gt=0,
        site_energy_use_kbtu__gt=0,
    )
    if data_year is not None:
        outcomes = outcomes.filter(data_year=data_year)
    if primary_property_type is not None:
        outcomes = outcomes.filter(input__features__primary_property_type=primary_property_type)
    if month is not None:
        outcomes = outcomes.alias(asked=TruncMonth("input__created_at", output_field=DateField()))
        outcomes = outcomes.filter(asked=month)
    if is_trained_on is not None:
        trained_on = Exists(_records_trained_on(version))
        outcomes = outcomes.filter(trained_on if is_trained_on else ~trained_on)
    facts, parameters = _facts(outcomes, version).query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_ACCURACY_SQL.format(facts=facts), parameters)
        return _performance(cursor.fetchall())


def _facts(outcomes: QuerySet[ObservedOutcome], version: ModelVersion) -> QuerySet[Any, Any]:
    """A row an outcome: the groups it is in and how far off the prediction was."""
    return (
        outcomes.order_by()
        .alias(**{name: _feature(name) for name in (*HAS_FUELS, "energy_star_score")})
        .values(
            has_score=_is_true(Q(energy_star_score__isnull=False)),
            has_fuels=_is_true(Q(**{f"{name}__isnull": False for name in HAS_FUELS})),
            is_trained_on=Case(
                When(input__building__isnull=True, then=None),
                default=Exists(_records_trained_on(version)),
                output_field=BooleanField(),
            ),
            primary_property_type=_feature("primary_property_type"),
            month=TruncMonth("input__created_at", output_field=DateField()),
            # Who names no building is told apart by the facts: the same ones are one building.
            building=Coalesce(
                F("input__building_id"),
                Func(
                    F("input__features"),
                    Value(0),
                    function="jsonb_hash_extended",
                    output_field=BigIntegerField(),
                ),
            ),
            log_measured=_LOG_MEASURED,
            log_error=_LOG_PREDICTED - _LOG_MEASURED,
            relative_error=Abs(_PREDICTED / _MEASURED - 1.0, output_field=FloatField()),
            is_within_80=_is_within(80),
            is_within_90=_is_within(90),
        )
    )


def _feature(name: str) -> KeyTextTransform:
    """The text of a feature; SQL's NULL where it is not known."""
    return KeyTextTransform(name, "input__features")


def _is_true(condition: Q) -> ExpressionWrapper:
    return ExpressionWrapper(condition, output_field=BooleanField())


def _is_within(coverage: int) -> Case:
    low = f"input__output__site_energy_use_low_{coverage}_kbtu"
    high = f"input__output__site_energy_use_high_{coverage}_kbtu"
    return Case(
        When(Q(**{f"{low}__isnull": True}), then=None),
        When(site_energy_use_kbtu__range=(F(low), F(high)), then=True),
        default=False,
        output_field=BooleanField(),
    )


def _records_trained_on(version: ModelVersion) -> QuerySet[BenchmarkRecord]:
    """Of the building of an outcome, the record that the version may have been trained on."""
    return BenchmarkRecord.objects.filter(
        building=OuterRef("input__building"),
        data_year=REFERENCE_DATA_YEAR,
        is_synthetic=bool(version.data_fingerprint.get("is_synthetic", False)),
        compliance_status="Compliant",
    )


def _performance(rows: list[tuple[Any, ...]]) -> Performance:
    overall: Accuracy | None = None
    groups: dict[str, dict[Any, Accuracy]] = {name: {} for name in _BITS.values()}
    for grouping, has_score, has_fuels, is_trained_on, primary_property_type, month, *rest in rows:
        if not rest[0]:  # all, and there is none
            continue
        accuracy = Accuracy(**dict(zip(Accuracy.__dataclass_fields__, rest, strict=True)))
        keys = {
            "by_set_up": _SET_UPS.get((has_fuels, has_score)),
            "by_training": is_trained_on,
            "by_primary_property_type": primary_property_type,
            "by_month": month and month.date(),
        }
        if name := _BITS.get(grouping):
            groups[name][keys[name]] = accuracy
        else:
            overall = accuracy
    return Performance(overall=overall, **groups)


#: How long an answer is kept, s: an outcome that was stored with a smaller number, but later than
#: the newest one, is not noticed sooner.
_KEPT_S: Final = 3_600


def model_performance_kept(
    *,
    version: ModelVersion,
    primary_property_type: str | None = None,
    is_trained_on: bool | None = None,
) -> Performance:
    """`model_performance`, computed once by each process as long as nothing is added to what it is
    made of: outcomes and records are only ever added to. One query, and one more when computed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT max(id) FROM predictions_observedoutcome), "
            "(SELECT max(id) FROM buildings_datasetimport)"
        )
        newest = cursor.fetchone()
    of = (version.pk, primary_property_type, is_trained_on, *newest)
    key = f"performance:{sha256(repr(of).encode()).hexdigest()}"
    found: Performance | None = cache.get(key)
    if found is None:
        found = model_performance(
            version=version,
            primary_property_type=primary_property_type,
            is_trained_on=is_trained_on,
        )
        cache.set(key, found, _KEPT_S)
    return found
