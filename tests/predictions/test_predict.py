"""`manage.py predict`: what it refuses, what it prints, what it leaves on the record."""

import csv
import getpass
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from predictions.management.commands import predict
from predictions.models import PredictionBatch, PredictionInput, PredictionRequest
from tests.buildings.factories import BenchmarkRecordFactory, BuildingFactory
from tests.fakes import FakeServedModel
from tests.predictions.batches.bodies import csv_of, rows_of
from tests.predictions.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)

HOTEL = (
    "--primary-property-type=hotel",
    "--gross-floor-area-sqft=88,434",
    "--year-built=1927",
)


def run(*arguments: str) -> tuple[str, str]:
    out, err = io.StringIO(newline=""), io.StringIO()
    call_command("predict", *arguments, stdout=out, stderr=err, verbosity=0)
    return out.getvalue(), err.getvalue()


def refused(*arguments: str, code: int = 2) -> str:
    with pytest.raises(CommandError) as caught:
        run(*arguments)
    assert caught.value.returncode == code
    return str(caught.value)


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> Any:
    def give(content: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

    return give


def test_without_a_model_it_says_how_to_get_one() -> None:
    assert "promote_model" in refused(*HOTEL, code=1)
    assert PredictionRequest.objects.count() == 0


def test_nothing_said_is_told_what_to_say(served: FakeServedModel) -> None:
    assert "--primary-property-type Hotel" in refused()


def test_each_wrong_option_is_named(served: FakeServedModel) -> None:
    said = refused("--primary-property-type", "Hotell", "--year-built", "soon")
    assert "--primary-property-type: Not one of" in said
    assert "Did you mean 'Hotel'?" in said
    assert "--year-built: Must be a number from 1850 to 2050" in said
    assert "--gross-floor-area-sqft: This field is required." in said
    assert served.seen == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--facts", "{"), "not JSON"),
        (("--facts", "[]"), "object"),
        (("--facts", '{"year_built": 1, "year_built": 2}'), "year_built: Given more than once"),
        (("--facts", '{"year_buildt": 1}'), "year_buildt: Not known here. Did you mean"),
        (("--building", "7"), "no building 7"),
        (("--building", "7", "--year-built", "1927"), "without features"),
        (("--csv", "/no/such/file.csv"), "No such file"),
        ((*HOTEL, "--user", "nobody-here"), "no user"),
    ],
)
def test_what_cannot_be_read_is_refused(
    served: FakeServedModel, arguments: tuple[str, ...], says: str
) -> None:
    assert says in refused(*arguments)
    assert PredictionRequest.objects.count() == 0


def test_a_building_by_options_is_answered_with_units_and_logged(
    served: FakeServedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "ada")
    out, _ = run(*HOTEL, "--has-steam", "no")
    assert "7,074,720 kBtu a year" in out
    assert "80.0 kBtu/ft² a year" in out
    assert "t CO2e a year, by seattle-2016-v1" in out
    stored = PredictionInput.objects.get()
    assert str(stored.id) in out
    assert stored.features["gross_floor_area_sqft"] == 88434
    assert (stored.features["primary_property_type"], stored.features["has_steam"]) == (
        "Hotel",
        False,
    )
    call = stored.request
    assert (call.channel, call.caller, call.caller_name) == ("command", None, "ada")


def test_json_in_and_out(served: FakeServedModel, stdin: Any) -> None:
    user = make_user(username="grace")
    stdin(b'{"primary_property_type": "Hotel", "gross_floor_area_sqft": 1e4, "year_built": 1927}')
    out, _ = run("--facts", "-", "--json", "--number-of-floors", "3", "--user", "grace")
    shown = json.loads(out)
    assert shown["output"]["site_energy_use_kbtu"] == 800_000
    assert shown["features"]["number_of_floors"] == 3
    assert PredictionRequest.objects.get().caller == user


def test_a_stored_building(served: FakeServedModel) -> None:
    known: Any = BenchmarkRecordFactory(property_gfa_total_sqft=88434).building
    assert "7,074,720" in run("--building", str(known.ose_building_id))[0]
    assert PredictionInput.objects.get().building == known
    bare: Any = BuildingFactory()
    assert "no yearly record" in refused("--building", str(bare.ose_building_id))


def test_a_model_without_an_answer_ends_with_its_own_code(served: FakeServedModel) -> None:
    served.answer = lambda rows: []
    assert "model-failure" in refused(*HOTEL, code=3)
    assert PredictionInput.objects.count() == 1


class TestFile:
    """--csv"""

    @pytest.fixture
    def files(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
        monkeypatch.setattr(predict, "ROWS_MAX", 4)
        return tmp_path / "in.csv", tmp_path / "out.csv"

    def test_a_bad_row_in_a_later_block_refuses_the_whole_file(
        self, served: FakeServedModel, files: tuple[Path, Path]
    ) -> None:
        source, target = files
        rows = rows_of(10)
        rows[8]["year_built"] = 3
        source.write_bytes(csv_of(rows))
        said = refused("--csv", str(source), "--output", str(target))
        assert "line 10, year_built: Must be from 1850 to 2050." in said
        assert not target.exists()
        assert (served.seen, PredictionRequest.objects.count()) == ([], 0)

    @pytest.mark.parametrize("content", [b"", b"year_built\n1\n", b"\xff\n", b"a\0b\n"])
    def test_what_is_no_such_csv_is_refused(
        self, served: FakeServedModel, files: tuple[Path, Path], content: bytes
    ) -> None:
        files[0].write_bytes(content)
        with pytest.raises(CommandError):
            run("--csv", str(files[0]))
        assert PredictionRequest.objects.count() == 0

    def test_a_header_alone_is_refused(
        self, served: FakeServedModel, files: tuple[Path, Path]
    ) -> None:
        files[0].write_bytes(csv_of(rows_of(1)).splitlines()[0])
        assert "no row" in refused("--csv", str(files[0]))

    def test_a_long_file_is_a_call_a_block_and_its_rows_count_on(
        self, served: FakeServedModel, files: tuple[Path, Path]
    ) -> None:
        source, target = files
        source.write_bytes(csv_of(rows_of(10), delimiter=";", end="\r\n"))
        run("--csv", str(source), "--output", str(target))
        shown = list(csv.DictReader(io.StringIO(target.read_text(encoding="utf-8"))))
        assert [row["row"] for row in shown] == [str(at) for at in range(10)]
        assert [float(row["site_energy_use_kbtu"]) for row in shown] == [
            80.0 * (10_000 + at) for at in range(10)
        ]
        calls = PredictionRequest.objects.order_by("id")
        assert [call.row_count for call in calls] == [4, 4, 2]
        assert len({call.request_id for call in calls}) == 1
        assert PredictionBatch.objects.count() == 3

    def test_skipping_goes_on_and_says_so(
        self, served: FakeServedModel, files: tuple[Path, Path], stdin: Any
    ) -> None:
        rows = rows_of(9)
        for at in (1, 4, 5, 6, 7):
            rows[at]["year_built"] = 3
        stdin(csv_of(rows))
        out, err = io.StringIO(newline=""), io.StringIO()
        with pytest.raises(CommandError) as caught:
            call_command(
                "predict", "--csv=-", "--on-error=skip", stdout=out, stderr=err, verbosity=1
            )
        assert caught.value.returncode == 3
        assert "9 rows, 4 predicted." in err.getvalue()
        shown = list(csv.DictReader(io.StringIO(out.getvalue())))
        assert [bool(row["errors"]) for row in shown] == [at in (1, 4, 5, 6, 7) for at in range(9)]
        assert shown[4]["errors"] == "year_built: Must be from 1850 to 2050."
        assert [call.row_count for call in PredictionRequest.objects.order_by("id")] == [3, 1]

    def test_json_lines(self, served: FakeServedModel, files: tuple[Path, Path]) -> None:
        files[0].write_bytes(csv_of(rows_of(5)))
        out, _ = run("--csv", str(files[0]), "--json")
        assert [json.loads(line)["row"] for line in out.splitlines()] == [0, 1, 2, 3, 4]
