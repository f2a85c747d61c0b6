"""Whatever belongs to a caller is nowhere to be found for another: every path is looked at."""

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from django.contrib.auth.models import User
from django.urls import URLPattern, get_resolver
from rest_framework.test import APIClient

from predictions.models import PredictionInput
from predictions.services.accounts import api_caller_get_or_create, api_token_create
from tests.fakes import FakeServedModel
from tests.predictions.factories import facts

pytestmark = pytest.mark.django_db(transaction=True)

PREFIX: Final = "api/v1/"
METHODS: Final = ("get", "post", "put", "patch", "delete")

#: Routes whose parameter names what everybody may read.
PUBLIC: Final = frozenset(
    {
        "buildings/<int:ose_building_id>/",
        "buildings/<int:ose_building_id>/predictions/",
        "models/<slug:name>/versions/<int:number>/",
        "models/<slug:name>/versions/<int:number>/performance/",  # of groups, never of one caller
        "problems/<slug:slug>/",
    }
)


def _prediction(owner: User, api: APIClient) -> Any:
    """Everything that hangs on a prediction: explanation, variation and outcome too."""
    prediction = api.post("/api/v1/predictions/", facts(), format="json").json()
    assert api.post(f"{prediction['url']}explanations/").status_code == 201
    changes = {"changes": {"number_of_floors": 3}}
    assert api.post(f"{prediction['url']}what-if/", changes, format="json").status_code == 201
    measured = {"data_year": 2020, "site_energy_use_kbtu": 7_000_000}
    assert api.post(f"{prediction['url']}outcomes/", measured, format="json").status_code == 201
    return prediction["id"]


def _token(owner: User, api: APIClient) -> Any:
    return api_token_create(user=owner, name="theirs")[0].pk


def _batch(owner: User, api: APIClient) -> Any:
    answer = api.post("/api/v1/predictions/batch/", {"rows": [facts()]}, format="json")
    return json.loads(b"".join(answer))["id"]


#: By the beginning of a route, what makes an object of the owner's and gives its key.
OWNED: Final[dict[str, Callable[[User, APIClient], Any]]] = {
    "predictions/<uuid:id>/": _prediction,
    "predictions/batch/<uuid:request_id>/": _batch,
    "tokens/<uuid:id>/": _token,
}


def routes() -> Iterator[str]:
    """Every route below /api/v1/ that an app has there."""
    for resolver in get_resolver().url_patterns:
        if str(resolver.pattern) == PREFIX:
            for pattern in getattr(resolver, "url_patterns", ()):
                assert isinstance(pattern, URLPattern)
                yield str(pattern.pattern)


ROUTES: Final = sorted({route for route in routes() if "<" in route} - PUBLIC)
LISTS: Final = sorted({route for route in routes() if "<" not in route})


def maker_of(route: str) -> tuple[str, Callable[[User, APIClient], Any]]:
    for beginning, make in OWNED.items():
        if route.startswith(beginning):
            return beginning, make
    pytest.fail(f"Whose is what {route!r} names? Add it to PUBLIC or to OWNED.")


@pytest.fixture
def owner(db: None) -> User:
    return api_caller_get_or_create(username="owner")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("route", ROUTES)
def test_anothers_object_is_404(
    route: str,
    method: str,
    owner: User,
    caller: User,
    api_for: Callable[..., APIClient],
    served: FakeServedModel,
) -> None:
    beginning, make = maker_of(route)
    scopes = ("predict", "read", "admin")
    theirs = api_for(owner, *scopes)
    key = make(owner, theirs)
    rest = route.removeprefix(beginning)
    assert "<" not in rest, f"{route!r} has a parameter more: let its maker give it"
    url = f"/{PREFIX}{beginning.partition('<')[0]}{key}/{rest}"
    stored = PredictionInput.objects.count()
    served.seen.clear()

    answer = getattr(api_for(caller, *scopes), method)(url, {}, format="json")

    if answer.status_code == 405:  # then it is for nobody
        assert getattr(theirs, method)(url, {}, format="json").status_code == 405
        return
    assert answer.status_code == 404
    nowhere = url.replace(str(key), "0199d3a0-5b1c-7c3e-9a53-3f2f6c2a7d10")
    missing = getattr(api_for(caller, *scopes), method)(nowhere, {}, format="json").json()
    shown = answer.json()
    assert {**shown, "request_id": ""} == {**missing, "request_id": ""}
    assert served.seen == []
    assert PredictionInput.objects.count() == stored
    if method == "get":
        assert theirs.get(url).status_code in {200, 404}


@pytest.mark.parametrize("path", LISTS)
def test_no_list_holds_anothers(
    path: str,
    owner: User,
    caller: User,
    api_for: Callable[..., APIClient],
    served: FakeServedModel,
) -> None:
    scopes = ("predict", "read", "admin")
    theirs = api_for(owner, *scopes)
    keys = {str(make(owner, theirs)) for make in OWNED.values()}
    shown = b"".join(api_for(caller, *scopes).get(f"/{PREFIX}{path}")).decode()
    assert not any(key in shown for key in keys)
    if path in {"predictions/", "tokens/"}:
        seen = theirs.get(f"/{PREFIX}{path}").content.decode()
        assert any(key in seen for key in keys)


def test_the_walk_sees_the_routes_there_are() -> None:
    assert "predictions/<uuid:id>/what-if/" in ROUTES
    assert set(LISTS) >= {"predictions/", "tokens/"}
    assert set(routes()) >= PUBLIC
