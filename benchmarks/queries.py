"""How long the API takes to answer at this size, and which index each kind of query uses."""

import base64
import json
import random
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from buildings.choices import BUILDING_TYPES, NEIGHBORHOODS, PRIMARY_PROPERTY_TYPES
from buildings.models import Building
from fixtures.generate_sample import FIRST_OSE_BUILDING_ID
from predictions.services.accounts import api_caller_get_or_create, api_token_create

_BUILDINGS: Final = "/api/v1/buildings/"
_BENCHMARKS: Final = "/api/v1/benchmarks/"
_INDEX: Final = re.compile(
    r"(?:Index(?: Only)? Scan(?: Backward)? using|Bitmap Index Scan on) (\w+)"
)
#: Ordering of the API -> column whose value, with a key, is a position in it.
_ORDERINGS: Final = {
    "year_built": "year_built",
    "gross_floor_area_sqft": "property_gfa_total_sqft",
    "site_eui_kbtu_per_sqft": "site_eui_kbtu_per_sqft",
    "site_energy_use_kbtu": "site_energy_use_kbtu",
}

Asked = tuple[str, dict[str, Any]]


@dataclass(slots=True)
class QueryTimes:
    """One kind of request: milliseconds of each, and the indexes that its SQL used."""

    name: str
    times_ms: list[float] = field(default_factory=list)
    indexes: set[str] = field(default_factory=set)
    plans: list[str] = field(default_factory=list)

    def quantile(self, share: float) -> float:
        return sorted(self.times_ms)[min(int(share * len(self.times_ms)), len(self.times_ms) - 1)]


class Caller:
    """Asks the API as a service with a token does, with parameters drawn at random."""

    def __init__(self, buildings: int, data_years: tuple[int, ...], seed: int) -> None:
        self._draw = random.Random(seed)  # noqa: S311 -- parameters of a benchmark
        self._buildings = buildings
        self._years = data_years
        user = api_caller_get_or_create(username="benchmark")
        _, secret = api_token_create(user=user, name="benchmark", requests_per_minute=0)
        self._client = APIClient(SERVER_NAME="127.0.0.1")
        self._client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
        self.kinds: dict[str, Callable[[], Asked]] = dict(self._kinds())

    def measure(self, name: str, count: int) -> QueryTimes:
        """Ask `count` requests of one kind; the first of all, which warms the caches, untimed."""
        found = QueryTimes(name)
        for number in range(count + 1):
            path, query = self.kinds[name]()
            started = time.perf_counter()
            self._answered(path, query)
            if number:
                found.times_ms.append((time.perf_counter() - started) * 1000)
        return found

    def explain(self, found: QueryTimes, count: int) -> None:
        """Add the plans of `count` more requests, and the indexes that they used."""
        for _ in range(count):
            path, query = self.kinds[found.name]()
            with CaptureQueriesContext(connection) as captured:
                self._answered(path, query)
            for statement in captured.captured_queries:
                if '"buildings_' in statement["sql"] or " buildings_" in statement["sql"]:
                    plan = _plan(statement["sql"])
                    found.indexes.update(_INDEX.findall(plan))
                    found.plans.append(f"{path} {query}\n{statement['sql']}\n{plan}")

    def _answered(self, path: str, query: dict[str, Any]) -> Any:
        answer = self._client.get(path, query)
        if answer.status_code != 200:
            raise RuntimeError(f"{path} {query}: {answer.status_code} {answer.content!r}")
        return answer.json()

    # What is asked

    def _kinds(self) -> Iterator[tuple[str, Callable[[], Asked]]]:
        yield "list: first page", self._list
        yield "list: deep page", partial(self._deep, "ose_building_id")
        for ordering in _ORDERINGS:
            yield f"list by {ordering}: first page", partial(self._list, ordering)
            yield f"list by {ordering}: deep page", partial(self._deep, ordering)
        yield "filter: use", lambda: self._list(None, **self._use())
        yield "filter: neighborhood", lambda: self._list(None, **self._place())
        yield (
            "filter: building type",
            lambda: self._list(None, building_type=self._draw.choice(BUILDING_TYPES)),
        )
        yield (
            "filter: compliance status",
            lambda: self._list(
                None, compliance_status=self._draw.choice(("Not Compliant", "Missing Data"))
            ),
        )
        yield (
            "filter: synthetic",
            lambda: self._list(None, is_synthetic=self._draw.choice(("true", "false"))),
        )
        yield "filter: use, neighborhood", lambda: self._list(None, **self._use(), **self._place())
        yield (
            "filter: use, neighborhood, area, age; by EUI",
            lambda: self._list(
                "site_eui_kbtu_per_sqft",
                **self._use(),
                **self._place(),
                **self._area(),
                **self._age(),
            ),
        )
        yield "filter: area; by area", lambda: self._list("gross_floor_area_sqft", **self._area())
        yield "filter: age; by energy", lambda: self._list("site_energy_use_kbtu", **self._age())
        yield (
            "filter: quality flag",
            lambda: self._list(
                None, quality_flag=self._draw.choice(("energy_missing", "site_eui_differs"))
            ),
        )
        yield "year: first page", lambda: self._list(None, **self._year())
        yield "year: use", lambda: self._list(None, **self._year(), **self._use())
        yield "year: neighborhood", lambda: self._list(None, **self._year(), **self._place())
        yield (
            "year: building type",
            lambda: self._list(
                None, **self._year(), building_type=self._draw.choice(BUILDING_TYPES)
            ),
        )
        yield (
            "year: compliance status",
            lambda: self._list(
                None,
                **self._year(),
                compliance_status=self._draw.choice(("Compliant", "Missing Data")),
            ),
        )
        yield (
            "year: synthetic",
            lambda: self._list(
                None, **self._year(), is_synthetic=self._draw.choice(("true", "false"))
            ),
        )
        yield (
            "year: use, neighborhood, area",
            lambda: self._list(
                None, **self._year(), **self._use(), **self._place(), **self._area()
            ),
        )
        yield (
            "year: quality flag",
            lambda: self._list(None, **self._year(), quality_flag="fuels_differ_from_site_energy"),
        )
        for ordering in _ORDERINGS:
            yield (
                f"year by {ordering}: first page",
                partial(self._in_year, self._list, ordering),
            )
            yield f"year by {ordering}: deep page", partial(self._in_year, self._deep, ordering)
        yield "search: name", lambda: self._list(None, search=self._words("property_name"))
        yield "search: address", lambda: self._list(None, search=self._words("address"))
        yield (
            "search: name, in a year",
            lambda: self._list(None, **self._year(), search=self._words("property_name")),
        )
        yield "search: common word", lambda: self._list(None, search="cedar")
        yield "search: nothing found", lambda: self._list(None, search="xyzzy quux")
        yield "detail", lambda: (f"{_BUILDINGS}{self._identifier()}/", {})
        yield (
            "detail with published rows",
            lambda: (
                f"{_BUILDINGS}{self._identifier()}/",
                {"include": "published"},
            ),
        )
        yield "benchmarks", lambda: (_BENCHMARKS, {**self._use(), **self._year()})
        yield (
            "benchmarks: newest year, percentile",
            lambda: (
                _BENCHMARKS,
                {**self._use(), "site_eui": self._draw.randint(10, 200)},
            ),
        )
        yield (
            "benchmarks: neighborhood, area",
            lambda: (
                _BENCHMARKS,
                {**self._use(), **self._year(), **self._place(), **self._area()},
            ),
        )

    def _list(self, ordering: str | None = None, **filters: Any) -> Asked:
        if ordering:
            filters["ordering"] = self._draw.choice(("", "-")) + ordering
        return _BUILDINGS, filters

    def _deep(self, ordering: str, **filters: Any) -> Asked:
        """A page somewhere in the list: the cursor of its first page, set to a building's place."""
        path, query = self._list(ordering, **filters)
        following = self._answered(path, {**query, "page_size": 1})["next"]
        cursor = parse_qs(urlsplit(following).query)["cursor"][0]
        digest, is_backward, _ = json.loads(
            base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        )
        building = self._building()
        position = [building.ose_building_id]
        if ordering in _ORDERINGS:
            position = [getattr(building, _ORDERINGS[ordering]) or 0, building.pk]
        moved = json.dumps([digest, is_backward, position], separators=(",", ":")).encode()
        return path, {**query, "cursor": base64.urlsafe_b64encode(moved).decode().rstrip("=")}

    def _in_year(self, listed: Callable[..., Asked], ordering: str) -> Asked:
        return listed(ordering, **self._year())

    def _identifier(self) -> int:
        return FIRST_OSE_BUILDING_ID + self._draw.randrange(self._buildings)

    def _building(self) -> Building:
        return Building.objects.get(ose_building_id=self._identifier())

    def _words(self, column: str) -> str:
        """Some characters out of a building's name or address."""
        text: str = getattr(self._building(), column)
        first = self._draw.randrange(3)
        return text[first : first + self._draw.randint(6, 14)].strip().lower()

    def _use(self) -> dict[str, Any]:
        return {"primary_property_type": self._draw.choice(PRIMARY_PROPERTY_TYPES)}

    def _place(self) -> dict[str, Any]:
        return {"neighborhood": self._draw.choice(NEIGHBORHOODS)}

    def _year(self) -> dict[str, Any]:
        return {"data_year": self._draw.choice(self._years)}

    def _area(self) -> dict[str, Any]:
        least = self._draw.randint(10_000, 200_000)
        return {"gross_floor_area_min": least, "gross_floor_area_max": least * 2}

    def _age(self) -> dict[str, Any]:
        first = self._draw.randint(1900, 2000)
        return {"year_built_min": first, "year_built_max": first + 15}


def _plan(statement: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) {statement}")
        return "\n".join(line for (line,) in cursor.fetchall())


def indexes_served(measured: list[QueryTimes]) -> dict[str, list[str]]:
    """Index -> kinds of requests that used it."""
    served: defaultdict[str, list[str]] = defaultdict(list)
    for found in measured:
        for index in found.indexes:
            served[index].append(found.name)
    return dict(sorted(served.items()))
