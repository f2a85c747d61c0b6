"""What a test leaves behind is found, by name and without its value."""

import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone, translation

from tests.leftovers import left_over, process_state


def name_a_level(level: str) -> None:
    logging.getLogger("django.template").setLevel(level)


@pytest.mark.parametrize(
    ("leave", "undo", "name"),
    [
        (
            lambda: os.environ.update(SECRET_OF_A_TEST="x"),
            lambda: os.environ.pop("SECRET_OF_A_TEST"),
            "the variable SECRET_OF_A_TEST",
        ),
        (lambda: name_a_level("ERROR"), lambda: name_a_level("NOTSET"), "loggers"),
        (lambda: translation.activate("fr"), translation.deactivate, "the language"),
        (lambda: timezone.activate("Asia/Tokyo"), timezone.deactivate, "the time zone"),
    ],
    ids=["variable", "logger", "language", "time zone"],
)
def test_what_is_left_behind_is_named(
    leave: Callable[[], object], undo: Callable[[], object], name: str
) -> None:
    before = process_state()
    leave()
    found = left_over(before)
    undo()
    assert found == [name]
    assert left_over(before) == []


def test_what_is_undone_is_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = process_state()
    with monkeypatch.context() as patch:
        patch.chdir(tmp_path)
        patch.syspath_prepend(str(tmp_path))
        patch.delenv("PATH")
        assert set(left_over(before)) == {
            "the variable PATH",
            "the working directory",
            "where modules are looked for",
        }
    assert left_over(before) == []
