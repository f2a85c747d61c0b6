"""The slides with their figures: docs/presentation/slides.md to dist/deck/presentation/slides.md.

No figure of the model, the API or the tests is typed into the slides where the project can say it:
they are Jinja's expressions, filled from the manifest, the OpenAPI document, measured pages, and
the tests as pytest finds them.
`website/deck` makes HTML and PDF of what this writes. A slide's text is too small on a phone, where
the HTML leads to the same slides as a page to read: `python -m website.deck reading`.
"""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, Final

import jinja2
import unfold
import yaml

from mlmodel.evaluation.baseline import MARGIN
from mlmodel.features import FEATURES
from predictions.api.problems import PROBLEMS
from website.hooks import tables_with_sentences

ROOT: Final = Path(__file__).parents[1]
SOURCE: Final = ROOT / "docs" / "presentation"
KNOWN: Final = {
    "a": "données de base",
    "f": "+ énergies raccordées",
    "b": "+ score ENERGY STAR",
    "c": "+ les deux",
}
#: Building types of the bars, as the manifest and as the slides name them.
USE_TYPES: Final = {
    "Supermarket / Grocery Store": "Supermarché",
    "Large Office": "Grand bureau",
    "Worship Facility": "Lieu de culte",
    "Small- and Mid-Sized Office": "Bureau petit ou moyen",
    "Hotel": "Hôtel",
    "K-12 School": "École",
    "Retail Store": "Commerce",
    "Mixed Use Property": "Usage mixte",
    "Distribution Center": "Centre de distribution",
    "Warehouse": "Entrepôt",
}
#: A phone held upright; held across it is wide enough for the slides.
_TO_READING: Final = (
    '<script>if (matchMedia("(max-width: 600px) and (orientation: portrait)").matches) '
    'location.replace("reading.html")</script>'
)


def french(value: float, digits: int = 0) -> str:
    """1234.5 as 1 235, with spaces that do not break."""
    return f"{value:,.{digits}f}".replace(",", "\u202f").replace(".", ",")


def percent(value: float, digits: int = 0) -> str:
    return f"{french(100 * value, digits)}\u00a0%"


def measured(page: str, row: str) -> float:
    """The first figure beside a row's name, in a table of a page of docs/."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    found = re.search(rf"^\| {re.escape(row)} \|[^\d|]*([\d,.]+)", text, re.MULTILINE)
    if not found:
        raise ValueError(f"{page} has no row {row!r} with a figure")
    return float(found[1].replace(",", ""))


def said(page: str, pattern: str) -> float:
    """A figure that a page of docs/ says in a sentence: the pattern's group."""
    found = re.search(pattern, (ROOT / "docs" / page).read_text("utf-8"))
    if not found:
        raise ValueError(f"{page} no longer says {pattern!r}")
    return float(found[1])


def tests_collected() -> int:
    """How many tests there are; collecting them takes a while."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"^(\d+) tests collected", done.stdout, re.MULTILINE)
    if not found:
        raise ValueError(f"pytest says {done.stdout[-200:]!r}")
    return int(found[1])


def facts(*, tests: int) -> dict[str, Any]:
    """What the slides may say, by the names that they use."""
    metrics = json.loads(_read("mlmodel/shipped/manifest.json"))["metrics"]
    project = tomllib.loads(_read("pyproject.toml"))
    paths = yaml.load(_read("docs/reference/openapi.yaml"), yaml.CSafeLoader)["paths"]
    matrix = yaml.safe_load(_read(".github/workflows/ci.yml"))["jobs"]["tests"]["strategy"][
        "matrix"
    ]
    speed = "explanation/inference-speed.md"
    requests = "explanation/request-speed.md"
    image = "decisions/0028-one-image-without-training.md"
    pipeline_us = measured(speed, "`pipeline.predict`, a DataFrame")
    served_us = measured(speed, "`ServedModel.predict`")
    scores = metrics["scores"]["non_residential"]["energy"]
    groups = metrics["details"]["groups"]["non_residential"]
    return {
        "version": project["project"]["version"],
        "coverage": project["tool"]["coverage"]["report"]["fail_under"],
        "tests": tests,
        "margin": french(MARGIN, 2),
        "copy_share": said(
            "explanation/dataset-volume.md", r"\*\*(\d+) %\*\* of the rate of `COPY`"
        ),
        "batch_s": french(measured(requests, "POST, audited and answered"), 2),
        "operations": sum(len(methods) for methods in paths.values()),
        "features": len(FEATURES),
        "required": sum(feature.is_required for feature in FEATURES),
        "problems": len(PROBLEMS),
        "decisions": len(list((ROOT / "docs/decisions").glob("0*.md"))),
        "insert_only": len(
            re.findall(r"^- `\w+`$", _read("docs/reference/schema.md"), re.MULTILINE)
        ),
        "pythons": matrix["python"],
        "postgres": matrix["postgres"],
        "served_ms": french(served_us / 1000, 2),
        "pipeline_ms": french(pipeline_us / 1000, 0),
        "faster": french(pipeline_us / served_us),
        "worker_mb": french(measured(image, "a web worker, after predictions")),
        "known": KNOWN,
        "scores": scores,
        "card": scores["f"],
        "use_types": sorted(_use_types(groups), key=lambda each: each[1]),
        "new": {
            year: metrics["details"]["new_buildings"][year]["non_residential"]["energy"]
            for year in ("2017", "2018-2019")
        },
        "data": metrics["details"]["data"],
        "cost": metrics["details"]["cost"],
    }


def _read(path: str) -> str:
    return (ROOT / path).read_text("utf-8")


def _use_types(groups: Any) -> list[tuple[str, float]]:
    by_type = {group["name"]: group for group in groups["use type"]}
    return [(said, by_type[name]["energy"]["mdape"]) for name, said in USE_TYPES.items()]


def slides(*, tests: int) -> str:
    """The slides' Markdown with every figure in its place, and this number of tests."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=True)
    environment.filters |= {
        "fr": french,
        "num3": lambda value: french(value, 3),
        "pct": percent,
        "pct1": lambda value: percent(value, 1),
    }
    text = environment.from_string((SOURCE / "slides.md").read_text("utf-8")).render(
        facts(tests=tests)
    )
    # French puts a space before these, which must not end a line.
    return re.sub(r"(?<=\S) (?=[;:?!»%])|(?<=«) ", "\u00a0", text)


def reading(bare: str, style: str) -> str:
    """A page to scroll, of Marp's bare one: slides freed from their frames of 1280 × 720."""
    frames = (
        r'<style media="screen">.*?</style>|<script>.*?</script>|</?(svg|foreignObject)\b[^>]*>'
    )
    page = re.sub(frames, "", bare, flags=re.DOTALL)
    page = page.replace("svg > foreignObject > ", "")
    if len(re.findall(r"<foreignObject\b[^>]*><section", bare)) != page.count("<section"):
        raise ValueError("Marp frames its slides in another way than website/deck.py knows")
    page = tables_with_sentences(page, characters=45)
    return page.replace("</head>", f"<style>{style}</style></head>", 1)


def write_reading() -> None:
    """Of Marp's bare page a page to read, to which the slides lead on a phone."""
    directory = ROOT / "dist" / "deck" / "presentation"
    page = directory / "reading.html"
    style = (SOURCE / "reading.css").read_text("utf-8")
    page.write_text(reading(page.read_text("utf-8"), style), "utf-8")
    index = directory / "index.html"
    index.write_text(index.read_text("utf-8").replace("<head>", f"<head>{_TO_READING}", 1), "utf-8")


def main() -> None:
    """Slides, theme, pictures and fonts side by side, as the slides name them."""
    deck = ROOT / "dist" / "deck"
    shutil.rmtree(deck, ignore_errors=True)
    shutil.copytree(ROOT / "docs" / "images", deck / "images")
    directory = deck / "presentation"
    fonts = Path(unfold.__file__).parent / "static/unfold/fonts/inter"
    shutil.copytree(fonts, directory / "fonts")
    shutil.copy(SOURCE / "theme.css", directory)
    (directory / "slides.md").write_text(slides(tests=tests_collected()), "utf-8")


if __name__ == "__main__":
    write_reading() if sys.argv[1:] == ["reading"] else main()
