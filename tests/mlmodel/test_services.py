"""Train, register, ship, promote: with a real MLflow store."""

import getpass
import json
import os
import shutil
from collections.abc import Callable
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import connection

from config.env import VERSION
from mlmodel import evaluation, registry, services
from mlmodel.artifact import file_digests
from mlmodel.errors import ArtifactIntegrityError, ModelUnavailableError, SignatureMismatchError
from mlmodel.management.commands import train_model
from mlmodel.models import ModelPromotion, ModelVersion
from mlmodel.services import (
    model_version_promote,
    model_version_reevaluate,
    model_version_register_shipped,
    model_version_train,
)
from tests.mlmodel.rows import FEW_TREES, made_up, new_buildings
from tests.predictions.factories import make_model_version, make_user

# MLflow and what it uses warn of themselves as they save.
pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore")]

FINGERPRINT = {
    "import_sha256": ["0" * 64],
    "is_synthetic": True,
    "row_count": 160,
    "rows_sha256": "1" * 64,
}


@pytest.fixture
def rows_in_database(
    monkeypatch: pytest.MonkeyPatch,
    train_once: Callable[..., Any],
    evaluate_once: Callable[..., evaluation.Evaluation],
) -> None:
    monkeypatch.setattr(services, "train", train_once)
    monkeypatch.setattr(evaluation, "evaluate", evaluate_once)
    monkeypatch.setattr(services, "new_building_data", new_buildings)
    monkeypatch.setattr(services, "training_data", lambda: (made_up(), dict(FINGERPRINT)))


def command(name: str, *arguments: str, **options: Any) -> str:
    out = StringIO()
    call_command(name, *arguments, stdout=out, **options)
    return out.getvalue()


def forget_versions() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # no event may wait for its check
        cursor.execute("ALTER TABLE mlmodel_modelpromotion DISABLE TRIGGER USER")
        ModelPromotion.objects.all().delete()
        ModelVersion.objects.all().delete()
        cursor.execute("ALTER TABLE mlmodel_modelpromotion ENABLE TRIGGER USER")


def train_one() -> ModelVersion:
    return model_version_train(folds=2, repeats=1, **FEW_TREES)


def test_from_training_to_the_champion(
    model_store: Path, rows_in_database: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One story, for MLflow takes its seconds."""
    import mlflow

    steps: list[int] = []
    first = model_version_train(folds=2, repeats=1, **FEW_TREES, on_step=lambda: steps.append(1))
    assert len(steps) == 5  # two folds of two populations, and the new buildings
    assert first.alias is None
    assert first.data_fingerprint == FINGERPRINT
    assert first.code_version.startswith(VERSION)
    energy = first.metrics["scores"]["non_residential"]["energy"]
    assert set(energy) == {"a", "f", "b", "c"}
    assert len(first.metrics["folds"]["emissions"]["f"]["mdape"]) == 2
    assert {"MLmodel", "model.skops", "input_example.json"} <= first.file_digests.keys()

    client = mlflow.MlflowClient()
    run = client.get_run(first.run_id)
    assert run.data.params["seed"] == "42"
    assert run.data.metrics["non_residential_energy_c_r2_log"] == energy["c"]["r2_log"]
    assert run.data.tags["artifact_digest"] == first.artifact_digest
    logged = client.get_model_version(first.name, str(first.version))
    assert logged.run_id == first.run_id

    loaded = mlflow.pyfunc.load_model(first.artifact_uri)
    assert [column.name for column in loaded.metadata.signature.inputs] == [
        column["name"] for column in first.signature["inputs"]
    ]

    said = command("promote_model", str(first.version))
    assert "is now the champion" in said
    assert "no champion yet" in said
    assert client.get_model_version_by_alias(first.name, "champion").version == logged.version

    second = train_one()
    assert second.version == first.version + 1
    client.set_registered_model_alias(first.name, "kept", str(first.version))
    command("promote_model", str(second.version), "--alias", "challenger")
    assert registry.aliases(first.name) == {
        "champion": first.version,
        "challenger": second.version,
        "kept": first.version,
    }
    command("promote_model", str(second.version), "--force", "--reason", "made up")
    assert registry.aliases(first.name) == {"champion": second.version, "kept": first.version}
    assert list(ModelVersion.objects.order_by("version").values_list("version", "alias")) == [
        (first.version, None),
        (second.version, "champion"),
    ]

    # When MLflow refuses, nothing has moved here either, and what it did is undone.
    set_aliases = registry.set_aliases

    def refuse(name: str, wanted: dict[str, int]) -> None:
        set_aliases(name, wanted)
        if wanted["champion"] == first.version:
            raise RuntimeError("no MLflow")

    monkeypatch.setattr(registry, "set_aliases", refuse)
    with pytest.raises(RuntimeError, match="no MLflow"):
        model_version_promote(version=first)
    second.refresh_from_db()
    assert second.alias == "champion"
    assert registry.aliases(first.name) == {"champion": second.version, "kept": first.version}
    assert ModelPromotion.objects.count() == 3
    monkeypatch.setattr(registry, "set_aliases", set_aliases)

    # One command takes the former champion back.
    said = command("rollback_model", "--reason", "it answers too high")
    assert f"{first} is the champion again, in place of {second}" in said
    assert registry.aliases(first.name) == {"champion": first.version, "kept": first.version}
    event = ModelPromotion.objects.latest("id")
    assert (event.version, event.replaced_version, event.kind, event.reason) == (
        first,
        second,
        "rollback",
        "it answers too high",
    )
    assert event.promoted_by_name

    # Workers find the files by digest; if the store is lost, MLflow has them.
    assert registry.artifact_directory(second) == model_store / second.artifact_digest
    shutil.rmtree(model_store)
    restored = registry.artifact_directory(second)
    assert file_digests(restored) == second.file_digests

    # What MLflow gives out is compared with what was registered.
    shutil.rmtree(model_store)
    second.artifact_digest = "f" * 64
    with pytest.raises(ModelUnavailableError, match="not the ones"):
        registry.artifact_directory(second)
    second.artifact_uri = "file:///nowhere"
    with pytest.raises(ModelUnavailableError, match="cannot be fetched"):
        registry.artifact_directory(second)

    # Synthetic training data must not ship; measured data may.
    first.refresh_from_db()
    with pytest.raises(CommandError, match="synthetic"):
        command("ship_model", str(first.version), directory=tmp_path)
    ModelVersion.objects.update(data_fingerprint={**FINGERPRINT, "is_synthetic": False})
    command("ship_model", str(first.version), directory=tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert file_digests(tmp_path / "model") == manifest["file_digests"] == first.file_digests
    ModelVersion.objects.update(size_bytes=10_000_001)
    with pytest.raises(CommandError, match="10,000,000 may ship"):
        command("ship_model", str(first.version), directory=tmp_path)

    # A checkout of that release registers it anew, once.
    monkeypatch.undo()
    monkeypatch.setattr(registry, "SHIPPED_DIR", tmp_path)
    forget_versions()
    version, is_new = model_version_register_shipped()
    assert is_new
    assert version.alias == "champion"
    assert version.file_digests == first.file_digests
    assert "already registered, champion" in command("register_shipped_model")
    assert ModelVersion.objects.count() == 1


def test_the_command_trains_and_reports(
    model_store: Path, rows_in_database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        train_model, "model_version_train", partial(model_version_train, **FEW_TREES)
    )
    said = command("train_model", "--folds", "2", "--repeats", "1")
    assert "160 SYNTHETIC records" in said
    assert "R² of log" in said
    assert "All buildings, CO2e emissions" in said
    assert f"promote_model {ModelVersion.objects.get().version}" in said
    assert ModelVersion.objects.get().alias is None
    said = command("train_model", "--folds", "2", "--repeats", "1", "--challenger")
    assert "is now the challenger" in said
    assert [version.alias for version in ModelVersion.objects.order_by("version")] == [
        None,
        "challenger",
    ]


def test_a_version_is_measured_anew_by_its_own_parameters(
    rows_in_database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, Any]] = []

    def evaluate(data: object, *, protocol: object, parameters: dict[str, Any]) -> object:
        seen.append(parameters)
        return protocol

    monkeypatch.setattr(evaluation, "evaluate", evaluate)
    monkeypatch.setattr(evaluation, "metrics_of", lambda found: {"f": {"r2_log": 0.5}})
    version = make_model_version(parameters={"max_iter": 3, "seed": 7, "folds": 2})
    assert model_version_reevaluate(version=version) == {"f": {"r2_log": 0.5}}
    model_version_reevaluate(version=make_model_version())
    assert seen == [{"max_iter": 3}, {}]  # folds and seed are the protocol's
    version.refresh_from_db()
    assert version.metrics == {}


def test_who_has_no_name_is_told_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr(getpass, "getuser", nameless)
    assert services.operator_name(None) == f"uid {os.getuid()}"
    assert services.operator_name(make_user(username="ada")) == "ada"


def test_metrics_of_either_layout_are_logged_as_numbers() -> None:
    assert dict(registry._flat({"f": {"r2_log": 0.8}})) == {"f_r2_log": 0.8}
    nested = {"all": {"energy": {"a": {"mdape": 1, "folds": [1.0]}}}}
    assert dict(registry._flat(nested)) == {"all_energy_a_mdape": 1.0}


def test_without_rows_there_is_nothing_to_train() -> None:
    with pytest.raises(CommandError, match="load_dataset"):
        command("train_model")
    with pytest.raises(CommandError, match="At least 2 folds"):
        command("train_model", "--folds", "1")


def test_a_version_that_cannot_be_loaded_cannot_serve(trained: Path, model_store: Path) -> None:
    from mlmodel.signature import model_signature

    version = make_model_version(signature={})
    with pytest.raises(SignatureMismatchError):
        model_version_promote(version=version)
    version = make_model_version(signature=model_signature(), file_digests={"a": "b"})
    registry.store(trained, version.artifact_digest)
    with pytest.raises(CommandError, match="MLmodel was added"):
        command("promote_model", str(version.version))
    assert not ModelVersion.objects.exclude(alias=None).exists()


def test_an_unknown_version_is_told_with_those_there_are() -> None:
    with pytest.raises(CommandError, match="registered are: none"):
        command("promote_model", "7")
    make_model_version(version=3)
    with pytest.raises(CommandError, match="registered are: 3"):
        command("promote_model", "7")
    with pytest.raises(CommandError, match="no version 7"):
        command("ship_model", "7")


def test_files_that_are_not_the_registered_ones_do_not_ship(
    trained: Path, model_store: Path, tmp_path: Path
) -> None:
    version = make_model_version(file_digests={}, data_fingerprint={"is_synthetic": False})
    registry.store(trained, version.artifact_digest)
    with pytest.raises(CommandError, match="MLmodel was added"):
        command("ship_model", str(version.version), directory=tmp_path)


def test_when_nothing_ships_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "SHIPPED_DIR", tmp_path)
    with pytest.raises(CommandError, match="train_model"):
        command("register_shipped_model")


def test_a_tampered_shipped_model_is_not_registered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(registry.SHIPPED_DIR, tmp_path / "shipped")
    (tmp_path / "shipped" / "model" / "conda.yaml").write_text("x", encoding="utf-8")
    monkeypatch.setattr(registry, "SHIPPED_DIR", tmp_path / "shipped")
    with pytest.raises(ArtifactIntegrityError, match=r"conda\.yaml"):
        model_version_register_shipped()
    assert not ModelVersion.objects.exists()


def test_the_shipped_files_serve_without_store_and_mlflow(model_store: Path) -> None:
    manifest = registry.shipped_manifest()
    version = make_model_version(artifact_digest=manifest["artifact_digest"])
    assert registry.artifact_directory(version) == registry.SHIPPED_DIR / "model"


def test_a_store_that_another_process_filled_is_taken(
    trained: Path, model_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = registry.store(trained, "d")
    assert registry.store(trained, "d") == target

    def lost(self: Path, other: Path) -> Path:
        raise OSError("disk")

    monkeypatch.setattr(Path, "rename", lost)
    with pytest.raises(OSError, match="disk"):
        registry.store(trained, "e")

    def faster(self: Path, other: Path) -> Path:
        shutil.copytree(self, other)
        raise OSError("exists")

    monkeypatch.setattr(Path, "rename", faster)
    assert file_digests(registry.store(trained, "f")) == file_digests(trained)


def test_files_of_a_read_only_tree_are_stored_so_that_they_can_be_moved(
    trained: Path, tmp_path: Path, model_store: Path
) -> None:
    locked = Path(shutil.copytree(trained, tmp_path / "locked"))
    locked.chmod(0o555)
    assert registry.store(locked, "g").stat().st_mode & 0o700 == 0o700


def test_the_code_says_which_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert registry.code_version().startswith(VERSION)
    monkeypatch.setenv("PATH", "")
    assert registry.code_version() == VERSION


def test_a_tracking_server_is_used_as_it_is(settings: Any) -> None:
    class Client:
        def get_experiment_by_name(self, name: str) -> None:
            return None

        def create_experiment(self, name: str, artifact_location: str | None) -> str:
            assert artifact_location is None
            return "7"

    settings.MLFLOW_TRACKING_URI = "http://127.0.0.1:9"
    assert registry._experiment_id(Client()) == "7"
    registry._mlflow()
    assert django_settings.SERVED_MODEL_NAME == "site-energy-use"


def untouchable(*_: Any) -> Any:
    raise AssertionError("MLflow was asked for something")


def test_without_a_tracking_server_postgresql_is_the_registry(
    model_store: Path, rows_in_database: None, settings: Any, tmp_path: Path
) -> None:
    settings.MLFLOW_TRACKING_URI = ""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "_mlflow", untouchable)
        assert "registered, champion" in command("register_shipped_model")
        assert "already registered" in command("register_shipped_model")
        shipped = ModelVersion.objects.get()
        assert (shipped.version, shipped.alias) == (1, "champion")
        assert shipped.run_id == shipped.artifact_uri == ""
        elsewhere = make_model_version(version=2, artifact_digest="0" * 64)
        with pytest.raises(ModelUnavailableError, match="names no server"):
            registry.artifact_directory(elsewhere)
        elsewhere.delete()

    # Where there is one, it learns of them first, so that numbers stay the same in both.
    settings.MLFLOW_TRACKING_URI = f"sqlite:///{tmp_path / 'late' / 'mlflow.db'}"
    assert train_one().version == 2
    shipped.refresh_from_db()
    assert shipped.run_id
    assert shipped.artifact_uri.endswith("/model")
    command("promote_model", "2", "--force", "--reason", "made up")
    assert registry.aliases(shipped.name) == {"champion": 2}


def test_a_tracking_server_with_other_versions_is_refused(
    model_store: Path, rows_in_database: None
) -> None:
    train_one()
    forget_versions()
    make_model_version(
        version=1,
        artifact_uri="",
        artifact_digest="0" * 64,
        data_fingerprint=dict(FINGERPRINT),
    )
    registry.store(registry.SHIPPED_DIR / "model", "0" * 64)
    with pytest.raises(ModelUnavailableError, match="MLflow has other versions"):
        train_one()
