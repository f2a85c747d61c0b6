"""Fixtures that every area shares."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client, TransactionTestCase
from pytest_django import DjangoDbBlocker
from rest_framework.test import APIClient

from buildings.services.factors import emission_factor_sets_seed
from mlmodel import registry
from mlmodel.runtime import ServedModel
from predictions.models import DEFAULT_SCOPES
from predictions.services import concurrency
from predictions.services import serving as serving_module
from predictions.services.accounts import api_caller_get_or_create, api_token_create
from predictions.services.admission import token_use_store
from predictions.services.serving import Serving
from tests.emptying import Emptying
from tests.fakes import FakeServedModel
from tests.leftovers import left_over, process_state
from tests.predictions.factories import make_model_version, make_user

BEFORE = pytest.StashKey[dict[str, Any]]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests first, lest one worker is left alone with one at the end."""
    long = [item for item in items if item.get_closest_marker("long")]
    for item in long:
        item.add_marker(pytest.mark.no_cover)
    items[:] = [*long, *(item for item in items if item not in long)]


@pytest.fixture(autouse=True)
def as_it_was(request: pytest.FixtureRequest) -> None:
    """What the process is like before a test and what it asks for; by its name set up early."""
    request.node.stash[BEFORE] = process_state()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Fails a test that leaves something of its own in the process."""
    yield
    if changed := left_over(item.stash.get(BEFORE, None)):
        pytest.fail(f"This test leaves these otherwise than they were: {', '.join(changed)}")


@pytest.fixture
def served(db: None, monkeypatch: pytest.MonkeyPatch) -> FakeServedModel:
    """A fake served model behind the door, with its version's row and the emission factors that
    ship."""
    model = FakeServedModel()
    emission_factor_sets_seed()
    serving = Serving(make_model_version(alias="champion"), model)
    monkeypatch.setattr(serving_module, "_serving", serving)
    return model


@pytest.fixture(scope="session")
def shipped_model() -> ServedModel:
    """The version that ships, loaded."""
    manifest = registry.shipped_manifest()
    return ServedModel.load(
        registry.SHIPPED_DIR / "model",
        name="shipped",
        version=1,
        file_digests=manifest["file_digests"],
        signature=manifest["signature"],
    )


@pytest.fixture(autouse=True)
def free_slots(monkeypatch: pytest.MonkeyPatch) -> None:
    """No slot is taken by an answer that another test did not read to its end."""
    monkeypatch.setattr(concurrency, "_in_flight", Counter())


@pytest.fixture
def caller(db: None) -> User:
    """A service account in the group `api_client`."""
    return api_caller_get_or_create(username="caller")


@pytest.fixture
def api_for(db: None) -> Callable[..., APIClient]:
    """Makes a client that sends a fresh token of the user, with these scopes."""

    def client_of(user: User, *scopes: str) -> APIClient:
        token, secret = api_token_create(user=user, name="test", scopes=scopes or DEFAULT_SCOPES)
        token_use_store(token=token)  # once a minute: not within what a test counts
        client = APIClient(raise_request_exception=False)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
        return client

    return client_of


@pytest.fixture
def api(caller: User, api_for: Callable[[User], APIClient]) -> APIClient:
    """A client with a valid token."""
    return api_for(caller)


@pytest.fixture
def admin_browser(db: None) -> Client:
    """A browser signed in as superuser."""
    user = make_user(username="root", is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture(autouse=True)
def no_model_left_over() -> Iterator[None]:
    """A model that a test loaded is not served to the next."""
    yield
    serving_module.serving_reset()


@pytest.fixture(autouse=True)
def no_tracking_server_left_over() -> Iterator[None]:
    """MLflow says in the environment which server it was told to use, to whatever is started
    later."""
    before = os.environ.get("MLFLOW_TRACKING_URI")
    yield
    if before is None:
        os.environ.pop("MLFLOW_TRACKING_URI", None)
    else:
        os.environ["MLFLOW_TRACKING_URI"] = before


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """pytest-django's databases, which transactional tests leave empty (see tests.emptying)."""
    with django_db_blocker.unblock():
        emptying = Emptying.of_migrated_database()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _case: emptying.empty())
        yield
