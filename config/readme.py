"""What the READMEs show that is the code's to say: the model's scores, and badges."""

import re
import tomllib
from pathlib import Path
from typing import Any, Final

import yaml
from django.conf import settings

from mlmodel.registry import shipped_manifest

_SCORES: Final = re.compile(r"(?<=<!-- scores -->\n\n).*?(?=\n\n)", re.DOTALL)
#: What is known of a building, by set-up, in the order of the table.
_KNOWN: Final = {
    "en": {
        "a": "a: basics only",
        "b": "b: + ENERGY STAR score",
        "c": "c: + both",
        "f": "f: + fuels connected",
    },
    "fr": {
        "a": "a : données de base",
        "b": "b : + score ENERGY STAR",
        "c": "c : + les deux",
        "f": "f : + énergies raccordées",
    },
}
_HEADINGS: Final = {
    "en": ("what is known", "R² of log", "MdAPE", "within ±20 %", "within ±50 %"),
    "fr": ("ce qui est connu", "R² du log", "MdAPE", "à ±20 % près", "à ±50 % près"),
}


def readme_page(name: str, language: str) -> str:
    """The README as it stands, with the scores of the version that ships."""
    text = (settings.PROJECT_DIR / name).read_text("utf-8")
    return _SCORES.sub(lambda _: scores_table(language), text, count=1)


def scores_table(language: str) -> str:
    """Energy of non-residential buildings, by set-up."""
    scores = shipped_manifest()["metrics"]["scores"]["non_residential"]["energy"]
    rows = [(said, *_figures(scores[set_up])) for set_up, said in _KNOWN[language].items()]
    heading, *lines = (f"| {' | '.join(row)} |" for row in (_HEADINGS[language], *rows))
    table = "\n".join((heading, "|---|---|---|---|---|", *lines))
    return table.replace(".", ",") if language == "fr" else table


def _figures(score: dict[str, float]) -> tuple[str, ...]:
    return (
        f"{score['r2_log']:.3f} ± {score['r2_log_std']:.3f}",
        f"{score['mdape']:.3f}",
        f"{score['within_20']:.0%}".replace("%", " %"),
        f"{score['within_50']:.0%}".replace("%", " %"),
    )


# Badges

_BADGE: Final = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img">
  <title>{label}: {said}</title>
  <clipPath id="r"><rect width="{width}" height="20" rx="3"/></clipPath>
  <g clip-path="url(#r)">
    <rect width="{left}" height="20" fill="#47545f"/>
    <rect x="{left}" width="{right}" height="20" fill="#0b6b5d"/>
  </g>
  <g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">
    <text x="{left_middle}" y="14" textLength="{left_text}">{label}</text>
    <text x="{right_middle}" y="14" textLength="{right_text}">{said}</text>
  </g>
</svg>
"""


def badges() -> dict[str, str]:
    """Each badge by its name, from what CI is told to hold true."""
    project = tomllib.loads(_read("pyproject.toml"))
    matrix = _matrix(yaml.safe_load(_read(".github/workflows/ci.yml")))
    openapi = _read("docs/reference/openapi.yaml").partition("\n")[0].removeprefix("openapi: ")
    floor = project["tool"]["coverage"]["report"]["fail_under"]
    said = {
        "python": ("Python", _span(matrix["python"])),
        "postgresql": ("PostgreSQL", _span(matrix["postgres"])),
        "openapi": ("OpenAPI", openapi.rpartition(".")[0]),
        "coverage": ("coverage", f"≥ {floor} %, or CI fails"),
        "licence": ("licence", project["project"]["license"]),
    }
    return {name: _badge(*text) for name, text in said.items()}


def _read(path: str) -> str:
    return Path(settings.PROJECT_DIR, path).read_text("utf-8")


def _matrix(workflow: dict[str, Any]) -> dict[str, list[str]]:
    """All versions that jobs of the workflow are run on."""
    found: dict[str, list[str]] = {"python": [], "postgres": []}
    for job in workflow["jobs"].values():
        for name, values in job.get("strategy", {}).get("matrix", {}).items():
            if name in found:
                found[name] += map(str, values)
    return found


def _span(versions: list[str]) -> str:
    ordered = sorted(versions, key=lambda version: [int(part) for part in version.split(".")])
    return f"{ordered[0]} – {ordered[-1]}"


def _badge(label: str, said: str) -> str:
    left_text, right_text = (round(6.4 * len(text)) for text in (label, said))
    left, right = left_text + 14, right_text + 14
    return _BADGE.format(
        label=label,
        said=said,
        left=left,
        right=right,
        width=left + right,
        left_text=left_text,
        right_text=right_text,
        left_middle=left / 2,
        right_middle=left + right / 2,
    )
