"""Up to some thousand made-up exchanges, as columns of the tables they fill."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
from django.db import models
from numpy.typing import NDArray

from mlmodel.features import FEATURE_NAMES, NEIGHBORHOODS, PRIMARY_PROPERTY_TYPES
from predictions.models import (
    BatchFormat,
    Channel,
    ErrorCode,
    ObservedOutcome,
    OutcomeSource,
    PredictionBatch,
    PredictionExplanation,
    PredictionInput,
    PredictionOutput,
    PredictionRequest,
)
from predictions.services.generation.cast import CALLERS, FUELS, OPERATOR, Cast, Traffic

_SHARES: Final = (0.34, 0.25, 0.16, 0.11, 0.08, 0.03, 0.03)
_OPERATOR_SHARE: Final = 0.02
#: Usual site EUI, kBtu/ft²/year, and how common the type is; the others are 60 and rare.
_TYPES: Final = {
    "Small- and Mid-Sized Office": (65.0, 20.0),
    "Low-Rise Multifamily": (33.0, 18.0),
    "Mid-Rise Multifamily": (38.0, 14.0),
    "Large Office": (72.0, 9.0),
    "Warehouse": (30.0, 8.0),
    "Retail Store": (70.0, 6.0),
    "Mixed Use Property": (75.0, 5.0),
    "K-12 School": (48.0, 5.0),
    "Hotel": (90.0, 4.0),
    "Worship Facility": (36.0, 3.0),
    "Supermarket / Grocery Store": (250.0, 2.0),
    "Hospital": (210.0, 1.0),
    "Restaurant": (220.0, 1.0),
    "Laboratory": (270.0, 0.5),
}
_OTHER_TYPE: Final = (60.0, 0.4)
_COVERAGES: Final = ((80, 0.34), (90, 0.5))

Numbers = NDArray[np.float64]


class Block:
    """Exchanges stored at `times`, from the `first` of all on; depends on nothing else."""

    def __init__(self, traffic: Traffic, cast: Cast, times: Numbers, first: int) -> None:
        self._traffic = traffic
        self._cast = cast
        self._draw = np.random.default_rng([traffic.seed, traffic.count, first])
        self._first = first
        self._sizes = self._call_sizes(len(times))
        self._starts = np.concatenate([[0], np.cumsum(self._sizes)[:-1]])
        #: Of each exchange the call it is of.
        self._call = np.repeat(np.arange(len(self._sizes)), self._sizes)
        self._stored = times[self._starts]
        self._count = len(times)

    def tables(self) -> Iterator[tuple[type[models.Model], dict[str, Sequence[Any]]]]:
        yield PredictionRequest, self._requests()
        yield PredictionBatch, self._batches()
        yield PredictionInput, self._inputs()
        yield PredictionOutput, self._outputs()
        yield ObservedOutcome, self._outcomes()
        yield PredictionExplanation, self._explanations()

    def _call_sizes(self, count: int) -> NDArray[np.int64]:
        sizes = np.where(
            self._draw.random(count) < 0.004, self._draw.integers(5, 120, count), 1
        ).cumsum()
        ends = np.append(sizes[sizes < count], count)
        return np.diff(ends, prepend=0)

    def _requests(self) -> dict[str, Sequence[Any]]:
        calls, draw = len(self._sizes), self._draw
        self._call_ids = _uuids(self._stored, np.zeros(calls, dtype=np.int64), draw)
        who = draw.choice(len(CALLERS), calls, p=_SHARES)
        is_command = draw.random(calls) < _OPERATOR_SHARE
        token = who * 2 + (draw.random(calls) < 0.2)
        self._stored_at = _stamps(self._stored)
        waited = draw.exponential(0.004, calls) + 0.001
        newest = len(self._cast.versions) - 1
        age = (self._first + self._starts) / self._traffic.count  # from 0 to 1
        version = (age * (newest + 1)).astype(int)
        version = np.where(draw.random(calls) < 0.05, draw.integers(0, newest + 1, calls), version)
        return {
            "id": self._call_ids,
            "caller": [
                None if command else self._cast.callers[n].pk
                for n, command in zip(who, is_command, strict=True)
            ],
            "caller_name": [
                OPERATOR if command else CALLERS[n]
                for n, command in zip(who, is_command, strict=True)
            ],
            "token_prefix": [
                "" if command else self._cast.tokens[n].token_key
                for n, command in zip(token, is_command, strict=True)
            ],
            "channel": [str(Channel.COMMAND if c else Channel.API) for c in is_command],
            "request_id": [
                f"<script>alert({n})</script>" if odd else f"generated-{self._first + n}"
                for n, odd in enumerate((draw.random(calls) < 0.002).tolist())
            ],
            "body_sha256": [
                "" if c else _digest(i) for c, i in zip(is_command, self._call_ids, strict=True)
            ],
            "row_count": self._sizes.tolist(),
            "model_version": [self._cast.versions[n] for n in version],
            "received_at": _stamps(self._stored - waited),
            "created_at": self._stored_at,
        }

    def _batches(self) -> dict[str, Sequence[Any]]:
        batches = np.flatnonzero(self._sizes > 1).tolist()
        refused = [int(n) for n in self._draw.poisson(0.8, len(batches))]
        return {
            "request": [self._call_ids[n] for n in batches],
            "format": self._draw.choice([str(form) for form in BatchFormat], len(batches)).tolist(),
            "rows_received": [
                int(self._sizes[n]) + bad for n, bad in zip(batches, refused, strict=True)
            ],
            "refused_rows": [
                json.dumps([{"row": row, "line": None, "errors": [_REFUSAL]} for row in range(bad)])
                for bad in refused
            ],
            "created_at": [self._stored_at[n] for n in batches],
        }

    def _inputs(self) -> dict[str, Sequence[Any]]:
        draw, count = self._draw, self._count
        kind = draw.choice(len(PRIMARY_PROPERTY_TYPES), count, p=_TYPE_SHARES)
        floors = np.clip(np.rint(np.exp(draw.normal(1.2, 0.7, count))), 1, 60)
        area = np.rint(np.clip(20_000 * floors * np.exp(draw.normal(0, 0.5, count)), 20_000, 2e6))
        year = draw.integers(1900, 2020, count)
        knows = draw.random((4, count)) < np.array([[0.7], [0.6], [0.5], [0.4]])
        score, fuels = draw.integers(1, 101, count), draw.random((2, count)) < [[0.7], [0.06]]
        where = draw.integers(0, len(NEIGHBORHOODS), count)
        self._kind, self._area, self._fuels = kind, area, fuels
        self._position = np.arange(count) - self._starts[self._call]
        self._ids = _uuids(self._stored[self._call], self._position, draw)
        self._features = []
        sent = []
        is_stored = (draw.random(count) < 0.4) & bool(self._cast.buildings)
        for n, (kind_n, area_n, year_n, floors_n, score_n, where_n) in enumerate(
            zip(*(a.tolist() for a in (kind, area, year, floors, score, where)), strict=True)
        ):
            has = knows[:, n].tolist()
            told: dict[str, Any] = {
                "primary_property_type": PRIMARY_PROPERTY_TYPES[kind_n],
                "gross_floor_area_sqft": area_n,
                "year_built": year_n,
            }
            if has[0]:
                told["number_of_floors"] = floors_n
            if has[1]:
                told["neighborhood"] = NEIGHBORHOODS[where_n]
            if has[2]:
                told |= {
                    "has_electricity": True,
                    "has_natural_gas": bool(fuels[0, n]),
                    "has_steam": bool(fuels[1, n]),
                }
            if has[3]:
                told["energy_star_score"] = score_n
            self._features.append(json.dumps({name: told.get(name) for name in FEATURE_NAMES}))
            sent.append(None if is_stored[n] else _sent(told, is_si=n % 4 == 0))
        building = draw.integers(0, max(1, len(self._cast.buildings)), count)
        return {
            "id": self._ids,
            "request": [self._call_ids[n] for n in self._call],
            "position": self._position.tolist(),
            "building": [
                self._cast.buildings[n] if stored else None
                for n, stored in zip(building, is_stored, strict=True)
            ],
            "features": self._features,
            "sent": sent,
            "created_at": [self._stored_at[n] for n in self._call],
        }

    def _outputs(self) -> dict[str, Sequence[Any]]:
        draw, count = self._draw, self._count
        calls = len(self._sizes)
        is_missing = (draw.random(calls) < 0.0008)[self._call]
        fails = draw.random(calls) < 0.006
        is_invalid = draw.random(count) < 0.002
        error = np.where(is_invalid, str(ErrorCode.INVALID_OUTPUT), "")
        error = np.where(fails[self._call], str(ErrorCode.MODEL_FAILURE), error)
        self._is_answered = (error == "") & ~is_missing
        took = np.exp(draw.normal(0.5, 0.35, calls)) + np.where(draw.random(calls) < 0.02, 15.0, 0)
        took = np.round(took + 0.05 * self._sizes, 3)
        usual = _TYPE_EUI[self._kind]
        energy = usual * self._area * np.exp(draw.normal(0, 0.3, count))
        parts = np.stack(
            [np.ones(count), self._fuels[0] * draw.uniform(0.3, 1.5, count), self._fuels[1] * 0.8]
        )
        fuels = np.round(energy * parts / parts.sum(axis=0), 1)
        self._energy = fuels.sum(axis=0)
        emissions = (fuels * np.array(self._cast.factors)[:, None]).sum(axis=0) / 1e6
        columns: dict[str, Numbers] = {
            **{f"{fuel}_kbtu": fuels[n] for n, fuel in enumerate(FUELS)},
            "site_energy_use_kbtu": self._energy,
            "site_eui_kbtu_per_sqft": self._energy / self._area,
            "ghg_emissions_mtco2e": emissions,
            "support": np.round(draw.random(count), 3),
        }
        for coverage, width in _COVERAGES:
            for end, ratio in (("low", np.exp(-width)), ("high", np.exp(width))):
                columns[f"site_energy_use_{end}_{coverage}_kbtu"] = self._energy * ratio
                columns[f"ghg_emissions_{end}_{coverage}_mtco2e"] = emissions * ratio
                columns[f"emissions_ratio_{end}_{coverage}"] = np.full(count, ratio)
        kept = np.flatnonzero(~is_missing)
        answered = self._is_answered[kept].tolist()
        is_odd = draw.random(count) < 0.05
        return {
            "input": [self._ids[n] for n in kept],
            **{
                name: [
                    value if good else None
                    for value, good in zip(values[kept].tolist(), answered, strict=True)
                ]
                for name, values in columns.items()
            },
            "emission_factor_set": [self._cast.factor_set if good else None for good in answered],
            "cautions": [
                (_CAUTION if is_odd[n] else "[]") if good else None
                for n, good in zip(kept, answered, strict=True)
            ],
            "error_code": [code or None for code in error[kept].tolist()],
            "duration_ms": took[self._call[kept]].tolist(),
            "created_at": _stamps((self._stored + took / 1000)[self._call[kept]]),
        }

    def _outcomes(self) -> dict[str, Sequence[Any]]:
        draw = self._draw
        is_known = self._is_answered & (draw.random(self._count) < self._traffic.observed)
        known = np.flatnonzero(is_known)
        measured = self._energy[known] * np.exp(draw.normal(0.02, 0.25, len(known)))
        end = self._traffic.until
        return {
            "input": [self._ids[n] for n in known],
            "data_year": [end.year - 1] * len(known),
            "site_energy_use_kbtu": np.round(measured).tolist(),
            "source": [str(OutcomeSource.API)] * len(known),
            "entered_by_name": [CALLERS[0]] * len(known),
            "request_id": [""] * len(known),
            "note": ["=cmd|' /C calc'!A0" if n % 50 == 0 else "" for n in range(len(known))],
            "created_at": [f"{end.isoformat()} 00:00:00+00"] * len(known),
        }

    def _explanations(self) -> dict[str, Sequence[Any]]:
        draw = self._draw
        chosen = np.flatnonzero(self._is_answered & (draw.random(self._count) < 0.01))
        peers = draw.uniform(0.6, 1.6, (len(chosen), 5))
        energies = self._energy[chosen].tolist()
        euis = (self._energy[chosen] / self._area[chosen]).tolist()
        ids = _uuids(self._stored[self._call[chosen]], np.full(len(chosen), 7), draw)
        return {
            "id": ids,
            "input": [self._ids[n] for n in chosen],
            "caller_name": [CALLERS[n % len(CALLERS)] for n in range(len(chosen))],
            "request_id": ["generated"] * len(chosen),
            "site_energy_use_kbtu": energies,
            "reference_features": [self._features[n] for n in chosen],
            "reference_kbtu": [energy / 2 for energy in energies],
            "contributions": [_contributions(energy / 2) for energy in energies],
            "orders": [0] * len(chosen),
            "seed": [0] * len(chosen),
            "peers": [
                _peers(eui, ratios.tolist()) for eui, ratios in zip(euis, peers, strict=True)
            ],
            "peers_data_year": [2016] * len(chosen),
            "peers_are_synthetic": [True] * len(chosen),
            "peer_count": [100] * len(chosen),
            "percentile": draw.integers(1, 100, len(chosen)).astype(float).tolist(),
            "duration_ms": np.round(draw.uniform(20, 60, len(chosen)), 1).tolist(),
            "created_at": _stamps(self._stored[self._call[chosen]] + 60),
        }


_REFUSAL: Final = {"pointer": "/year_built", "code": "out-of-range", "detail": "Made up."}
_CAUTION: Final = json.dumps(
    [{"feature": "gross_floor_area_sqft", "detail": "Larger than most of its type (made up)."}]
)
_TYPE_EUI: Final = np.array([_TYPES.get(kind, _OTHER_TYPE)[0] for kind in PRIMARY_PROPERTY_TYPES])
_WEIGHTS: Final = np.array([_TYPES.get(kind, _OTHER_TYPE)[1] for kind in PRIMARY_PROPERTY_TYPES])
_TYPE_SHARES: Final = _WEIGHTS / _WEIGHTS.sum()


def _sent(told: dict[str, Any], *, is_si: bool) -> str:
    if not is_si:
        return json.dumps({"units": "us", "members": told})
    members = {
        ("gross_floor_area_m2" if name == "gross_floor_area_sqft" else name): (
            round(value * 0.3048**2, 2) if name == "gross_floor_area_sqft" else value
        )
        for name, value in told.items()
    }
    return json.dumps({"units": "si", "members": members})


def _contributions(half: float) -> str:
    entry: dict[str, Any] = {"value": None, "reference_value": None, "together_with": []}
    return json.dumps(
        [
            {**entry, "feature": "gross_floor_area_sqft", "contribution_kbtu": half * 1.25},
            {**entry, "feature": "year_built", "contribution_kbtu": half * -0.25},
        ]
    )


def _peers(eui: float, ratios: Sequence[float]) -> str:
    return json.dumps(
        [
            {
                "ose_building_id": 90_000 + n,
                "property_name": f"Peer {n} (made up)",
                "gross_floor_area_sqft": 50_000.0,
                "year_built": 1980,
                "site_eui_kbtu_per_sqft": round(eui * ratio, 1),
            }
            for n, ratio in enumerate(ratios)
        ]
    )


def _stamps(seconds: Numbers) -> list[str]:
    """Times as PostgreSQL reads them."""
    micros = np.rint(seconds * 1e6).astype("datetime64[us]")
    return [f"{moment}+00" for moment in np.datetime_as_string(micros).tolist()]


def _uuids(seconds: Numbers, counter: NDArray[np.int64], draw: np.random.Generator) -> list[str]:
    """Version 7: milliseconds, a counter (12 bits), 62 bits of chance."""
    millis = np.floor(seconds * 1000).astype(np.int64).tolist()
    chance = draw.integers(0, 1 << 62, len(millis)).tolist()
    found = []
    for ms, place, bits in zip(millis, counter.tolist(), chance, strict=True):
        text = f"{ms:012x}7{place & 0xFFF:03x}{(0b10 << 62) | bits:016x}"
        found.append(f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}")
    return found


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
