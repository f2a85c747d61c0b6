"""The README in two languages: the same headings, commands, tables, figures and links."""

import re

import pytest

from config.env import BASE_DIR
from config.readme import scores_table

ENGLISH, FRENCH = ((BASE_DIR / name).read_text("utf-8") for name in ("README.md", "README.fr.md"))


def headings(text: str) -> list[int]:
    return [len(found) for found in re.findall(r"^(#+) ", prose(text), re.MULTILINE)]


def prose(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def code(text: str) -> list[str]:
    """Fences without comments, which are in the reader's language."""
    return [
        re.sub(r"\s+#.*", "", fence)
        for fence in re.findall(r"^```.*?^```$", text, re.MULTILINE | re.DOTALL)
    ]


def first_cells(text: str) -> list[list[str]]:
    """What is code in the first cell of each row: paths, commands, directories."""
    rows = re.findall(r"^\| (.*?) \|", prose(text), re.MULTILINE)
    return [re.findall(r"`[^`]+`", row) for row in rows]


def spans(text: str) -> set[str]:
    return set(re.findall(r"`[^`\n]+`", prose(text)))


def links(text: str) -> list[str]:
    found = re.findall(r"\]\(([^)]+)\)", prose(text))
    return sorted(re.sub(r"(README|model-card|admin-\w+)\.fr\.", r"\1.", each) for each in found)


@pytest.mark.parametrize("told", [headings, code, first_cells, spans, links])
def test_both_say_the_same(told: object) -> None:
    assert callable(told)
    assert told(FRENCH) == told(ENGLISH)


def test_a_part_left_out_of_one_is_noticed() -> None:
    shorter = FRENCH.replace("\n## Sécurité\n", "\n")
    assert headings(shorter) != headings(ENGLISH)
    assert spans(FRENCH.replace("`LICENSE`", "").replace("`/readyz`", "")) != spans(ENGLISH)


@pytest.mark.parametrize(("text", "language"), [(ENGLISH, "en"), (FRENCH, "fr")])
def test_the_scores_are_those_of_the_version_that_ships(text: str, language: str) -> None:
    table = scores_table(language)
    assert table.count("\n") == 5
    assert table in text


def test_a_french_figure_has_a_comma() -> None:
    english, french = (re.findall(r"\d[.,]\d+", scores_table(each)) for each in ("en", "fr"))
    assert [figure.replace(",", ".") for figure in french] == english
    assert all("," in figure for figure in french)
