"""The slides: figures are the project's, pictures are there, nothing comes from elsewhere."""

import re

import pytest

from config.env import BASE_DIR
from mlmodel.registry import shipped_manifest
from website.deck import french, measured, percent, reading, said, slides

PRESENTATION = BASE_DIR / "docs" / "presentation"
SLIDES = slides(tests=4321)
EACH = SLIDES.split("\n---\n")[2:]  # the first two are the front matter's


def test_there_are_twelve_to_fifteen_each_with_a_title_and_a_source() -> None:
    assert 12 <= len(EACH) <= 15
    for slide in EACH:
        assert len(re.findall(r"^# \S", slide, re.MULTILINE)) == 1
    for slide in EACH[1:]:
        assert re.search(r'<!-- footer: "(Sources?|Chiffres|Captures|Estimation)\b', slide)


def test_scores_are_those_of_the_version_that_ships() -> None:
    scores = shipped_manifest()["metrics"]["scores"]["non_residential"]["energy"]
    for set_up in ("a", "b", "c", "f"):
        assert french(scores[set_up]["r2_log"], 3) in SLIDES
        assert percent(scores[set_up]["mdape"], 1) in SLIDES


def test_no_expression_is_left_and_no_figure_is_a_fraction_of_python_s() -> None:
    assert not re.search(r"\{[{%]|[%}]\}|\bNone\b", SLIDES)
    assert not re.search(r"\d\.\d{3,}", SLIDES)


def test_pictures_are_there_and_nothing_is_fetched() -> None:
    for picture in re.findall(r'src="([^"]+)"', SLIDES):
        assert (PRESENTATION / picture).is_file(), picture
    theme = "".join(
        (PRESENTATION / f"{name}.css").read_text("utf-8") for name in ("theme", "reading")
    )
    assert not re.search(r"https?://|@import", SLIDES + theme)


def test_a_phone_reads_slides_without_their_frames() -> None:
    bare = (
        '<html><head><style media="screen">body{height:100%}</style>'
        "<style>svg > foreignObject > section{width:1280px}</style></head><body>"
        '<svg data-marpit-svg="" viewBox="0 0 1280 720"><foreignObject width="1280" height="720">'
        '<section id="1"><h1>Le besoin</h1></section></foreignObject></svg>'
        '<script>fit("foreignObject")</script></body></html>'
    )
    assert reading(bare, "section{width:auto}") == (
        "<html><head><style>section{width:1280px}</style><style>section{width:auto}</style></head>"
        '<body><section id="1"><h1>Le besoin</h1></section></body></html>'
    )
    with pytest.raises(ValueError, match="another way"):
        reading(bare.replace("<foreignObject", "<x-foreignObject"), "")


def test_the_printed_slides_are_there() -> None:
    printed = (PRESENTATION / "futurisys-energy.pdf").read_bytes()
    assert printed.startswith(b"%PDF-")
    assert len(printed) < 2_000_000


def test_a_measured_row_that_is_gone_is_noticed() -> None:
    with pytest.raises(ValueError, match="no row 'gone'"):
        measured("explanation/inference-speed.md", "gone")
    with pytest.raises(ValueError, match="no longer says"):
        said("explanation/inference-speed.md", r"(gone) and away")


def test_tests_are_counted_and_not_typed() -> None:
    assert f"<b>{french(4321)} tests</b>" in SLIDES
    typed = (PRESENTATION / "slides.md").read_text("utf-8")
    assert not re.search(r"\d[\d  ]*\+? tests\b", typed)


@pytest.mark.parametrize(
    ("value", "digits", "said"),
    [(1234.5, 1, "1\u202f234,5"), (0.3, 2, "0,30"), (3211, 0, "3\u202f211")],
)
def test_french_figures(value: float, digits: int, said: str) -> None:
    assert french(value, digits) == said
