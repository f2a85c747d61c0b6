"""`manage.py load_dataset`, as an operator sees it."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from buildings import sources
from buildings.models import Building, DatasetImport
from tests.buildings import csvs
from tests.buildings.fakes import Answer, FileServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def portal(file_server: FileServer, cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> FileServer:
    url = f"{file_server.url}/rows.csv"
    monkeypatch.setitem(sources.OFFICIAL_URLS, sources.SEATTLE_2016, url)
    file_server.put("/rows.csv", Answer([b""], status=503))
    return file_server


def test_portal_that_is_down_proposes_the_sample_and_changes_nothing(portal: FileServer) -> None:
    with pytest.raises(CommandError, match="--source sample") as caught:
        call_command("load_dataset")
    assert "Nothing was changed" in str(caught.value)
    assert not DatasetImport.objects.exists()


def test_wrong_file_is_an_error_and_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "wrong.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(CommandError, match=r"wrong\.csv, line 1: 19 required columns are missing"):
        call_command("load_dataset", source=str(path))
    assert not DatasetImport.objects.exists()


def test_error_exits_with_1() -> None:
    found = subprocess.run(
        [sys.executable, "manage.py", "load_dataset", "--source", "no-such-file.csv"],
        cwd=Path(__file__).parents[2],
        env={
            "PATH": "",
            "DATABASE_URL": "postgres:///unused",
            "DJANGO_SETTINGS_MODULE": "config.settings.test",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 1
    assert "no file at no-such-file.csv" in found.stderr


def test_official_file_is_the_default(
    portal: FileServer, capsys: pytest.CaptureFixture[str]
) -> None:
    portal.put("/rows.csv", Answer([csvs.text([csvs.row(101)]).encode()]))
    call_command("load_dataset")
    said = capsys.readouterr()
    assert "1 created, 0 updated, 0 unchanged, 0 rejected" in said.out
    assert "real data of seattle-2016.csv" in said.out
    assert "100%" in said.err
    assert "SYNTHETIC" not in said.err

    call_command("load_dataset")
    assert "0 created, 0 updated, 1 unchanged, 0 rejected" in capsys.readouterr().out
    call_command("load_dataset", "--refresh")
    assert len(portal.asked) == 2


def test_auto_without_the_portal_says_loudly_that_data_is_synthetic(
    portal: FileServer, sample_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("load_dataset", source="auto")
    said = capsys.readouterr()
    assert "SYNTHETIC DATA" in said.err
    assert "503" in said.err
    assert "!" * 78 in said.err
    assert "synthetic data of sample-benchmarking.csv" in said.out
    imported = DatasetImport.objects.get()
    assert imported.is_synthetic
    assert (imported.source, imported.rows_created) == ("sample", 2)


def test_made_up_file_can_be_labelled(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = csvs.file(tmp_path, [csvs.row(900_001)])
    call_command("load_dataset", "--source", str(path), "--synthetic")
    assert DatasetImport.objects.get().is_synthetic
    assert "SYNTHETIC DATA" in capsys.readouterr().err


def test_rejected_rows_stop_the_load_unless_allowed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [csvs.row(101), *(csvs.row(n, YearBuilt="x") for n in range(102, 109))]
    path = str(csvs.file(tmp_path, rows))
    with pytest.raises(CommandError) as caught:
        call_command("load_dataset", "--source", path, "--allow-rejects", "6")
    refused = str(caught.value)
    assert "rows.csv: 7 rows cannot be loaded" in refused
    assert "line 3: YearBuilt: 'x' is not a number" in refused
    assert "--allow-rejects 7" in refused
    assert "Nothing was changed" in refused
    assert not DatasetImport.objects.exists()
    call_command("load_dataset", "--source", path, "--allow-rejects", "7")
    said = capsys.readouterr()
    assert "7 rejected" in said.out
    assert "rejected line 3: YearBuilt: 'x' is not a number" in said.err
    assert said.err.count("rejected line") == 5
    assert "in the admin" in said.err


@pytest.mark.parametrize("number", ["-1", "many"])
def test_allowed_rejects_are_a_number(number: str) -> None:
    with pytest.raises(CommandError, match="allow-rejects"):
        call_command("load_dataset", "--allow-rejects", number)


def test_several_sources_are_loaded_at_once_or_not_at_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = str(csvs.file(tmp_path, [csvs.row(101)], "first.csv"))
    second = str(csvs.file(tmp_path, [csvs.row(101, DataYear="2017")], "second.csv"))
    with pytest.raises(CommandError, match=r"no file at none\.csv"):
        call_command("load_dataset", "--source", first, "--source", "none.csv")
    assert not DatasetImport.objects.exists()
    call_command("load_dataset", "--source", first, "--source", second)
    said = capsys.readouterr().out
    assert "first.csv: 1 rows of 2016" in said
    assert "second.csv: 1 rows of 2017" in said
    assert Building.objects.get().data_year == 2017


def test_dry_run_shows_what_would_happen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [csvs.row(101, **{"SiteEUI(kBtu/sf)": "60"}), csvs.row(101, YearBuilt="1990")]
    path = str(csvs.file(tmp_path, rows))
    call_command("load_dataset", "--source", path, "--dry-run", "--allow-rejects", "1")
    said = capsys.readouterr()
    assert "1 would be created, 0 would be updated" in said.out
    assert "1  Site EUI is not energy over any floor area" in said.out
    assert "Dry run: nothing was changed." in said.out
    assert "rejected line 3: OSEBuildingID: building 101 in 2016 is on line 2" in said.err
    assert not DatasetImport.objects.exists()


def test_quiet_says_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("load_dataset", source=str(csvs.file(tmp_path, [csvs.row()])), verbosity=0)
    assert capsys.readouterr() == ("", "")
    assert Building.objects.count() == 1


@pytest.mark.skipif(
    not (settings.PROJECT_DIR / "fixtures" / "sample-benchmarking.csv").is_file(),
    reason="the sample is not here yet",
)
def test_bundled_sample_loads_whole() -> None:
    call_command("load_dataset", source="sample", verbosity=0)
    imported = DatasetImport.objects.get()
    assert imported.is_synthetic
    assert imported.rows_rejected == 0
    assert imported.rows_created > 0
