"""A card in words: the hand-written texts of `texts/`, with every figure from the facts."""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from django.template import Context, Engine, Library

from mlmodel.prediction import SHORTFALL

LANGUAGES: Final = ("en", "fr")
#: The sections of a text, in order, by which the API names them.
SECTIONS: Final = (
    "use",
    "out_of_scope",
    "data",
    "training",
    "performance",
    "groups",
    "new_buildings",
    "intervals",
    "limits",
    "ethics",
    "emission_factors",
    "cost",
    "upkeep",
    "versions",
)
_TEXTS_DIR: Final = Path(__file__).parent / "texts"
#: Marks, in a rendered text, a fact that there is not.
_MISSING: Final = "⟨no fact %s⟩"
_SET_UPS: Final = ("a", "f", "b", "c")
_LATE: Final = "2018-2019"
_NEW: Final = ("2017", _LATE, "not in the file")
_NEW_CHOICES: Final = ("all", "non_residential", "newly_built", "others")
_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "a": "basics",
        "f": "+ fuels",
        "b": "+ score",
        "c": "+ fuels + score",
        "energy": "energy",
        "emissions": "emissions",
        "known": "known",
        "group": "group",
        "buildings": "buildings",
        "mdape": "median error",
        "within_50": "within ±50 %",
        "bias": "bias",
        "coverage_80": "in 80 %",
        "coverage_90": "in 90 %",
        "r2_log": "R² of log",
        "mdape_emissions": "median error, emissions",
        "not in the file": "not in the file",
        "all": "all",
        "non_residential": "non-residential",
        "newly_built": "non-residential, newly built",
        "others": "non-residential, others",
        "year": "year",
        "median_change": "median change",
        "share_beyond": "changed by more than 20 %",
    },
    "fr": {
        "a": "données de base",
        "f": "+ énergies raccordées",
        "b": "+ score",
        "c": "+ énergies raccordées + score",
        "energy": "énergie",
        "emissions": "émissions",
        "known": "ce qui est connu",
        "group": "groupe",
        "buildings": "bâtiments",
        "mdape": "erreur médiane",
        "within_50": "à ±50 % près",
        "bias": "biais",
        "coverage_80": "dans les 80 %",
        "coverage_90": "dans les 90 %",
        "r2_log": "R² du log",
        "mdape_emissions": "erreur médiane, émissions",
        "not in the file": "absents du fichier",
        "all": "tous",
        "non_residential": "non résidentiels",
        "newly_built": "non résidentiels, récents",
        "others": "non résidentiels, autres",
        "year": "année",
        "median_change": "variation médiane",
        "share_beyond": "variation de plus de 20 %",
    },
}
#: Names of groups that are words of ours and not of the city.
_FRENCH_NAMES: Final = (
    (r"groups of fewer than (\d+), together", r"groupes de moins de \1, réunis"),
    (r"below (.+) ft²", r"moins de \1 ft²"),
    (r"(.+) to (.+) ft²", r"de \1 à \2 ft²"),
    (r"(.+) ft² and above", r"\1 ft² et plus"),
    (r"(\d{4})s", r"années \1"),
    (r"Not Known", r"inconnu"),
)


def card_texts(facts: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """By language and section, in Markdown, without the sections' titles."""
    return {language: _sections(_rendered(facts, language)) for language in LANGUAGES}


def card_page(facts: Mapping[str, Any], language: str) -> str:
    """The page of docs/, in Markdown."""
    return _rendered(facts, language)


def _sections(page: str) -> dict[str, str]:
    _, *sections = re.split(r"^## .+\n", page, flags=re.MULTILINE)
    return {name: text.strip() for name, text in zip(SECTIONS, sections, strict=True)}


def _rendered(facts: Mapping[str, Any], language: str) -> str:
    engine = Engine(autoescape=False, string_if_invalid=_MISSING)
    engine.template_builtins.append(_figures(language))
    text = (_TEXTS_DIR / f"{language}.md").read_text(encoding="utf-8")
    tables = {name: make(facts, language) for name, make in _TABLES.items()}
    new: Mapping[str, Any] = facts["new_buildings"]
    context = {
        **facts,
        "headline": facts["scores"]["non_residential"]["energy"],
        "headline_emissions": facts["scores"]["non_residential"]["emissions"],
        "everybody": facts["scores"]["all"]["energy"],
        "late": new.get(_LATE, {}),
        "falls_short": _falls_short(new.get(_LATE, {})),
        "judged": _judged(facts),
        "tables": tables,
    }
    page = engine.from_string(text).render(Context(context, autoescape=False))
    if missing := re.search(r"⟨no fact .*?⟩", page):
        raise ValueError(f"{language}.md of the model card asks for {missing.group()}")
    return re.sub(r"\n{3,}", "\n\n", page)


def _falls_short(late: Mapping[str, Any]) -> bool:
    """Whether the 80 % interval of energy holds too few of this group, or of its non-residential
    buildings; not where either are too few to be shown."""
    shown = [late.get(choice, {}).get("energy") for choice in ("all", "non_residential")]
    return all(shown) and any(of["coverage_80"] < 0.8 - SHORTFALL for of in shown)


def _judged(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Of non-residential groups with enough buildings: those that are predicted best and worst, and
    the neighborhoods' lowest and highest error, bias and coverage."""
    groups = facts["groups"]["non_residential"]
    types = [group for group in groups["use type"] if group["is_judged"]]
    places = [group for group in groups["neighborhood"] if group["is_judged"]]
    by_error = sorted(types, key=lambda group: group["energy"]["mdape"])
    found: dict[str, Any] = {"best": by_error[:3], "worst": by_error[:-4:-1]}
    for metric in ("mdape", "bias", "coverage_80"):
        ordered = sorted(places, key=lambda group: group["energy"][metric])
        found[f"{metric}_low"] = ordered[0] if ordered else None
        found[f"{metric}_high"] = ordered[-1] if ordered else None
    return found


def _figures(language: str) -> Library:
    """Template filters that write numbers as the language does."""

    def written(text: str) -> str:
        if language == "fr":
            # A narrow no-break space between thousands.
            return text.replace(",", "\u202f").replace(".", ",")
        return text

    def number(value: float, digits: int = 0) -> str:
        return written(f"{value:,.{digits}f}")

    def percent(share: float, digits: int = 0) -> str:
        return f"{written(f'{100 * share:.{digits}f}')}\u00a0%"

    def signed(log_error: float, digits: int = 0) -> str:
        """A median log error as what a prediction is off by."""
        value = round(100 * math.expm1(log_error), digits) + 0.0
        return f"{written(f'{value:+.{digits}f}')}\u00a0%"

    filters: dict[str, Callable[..., str]] = {
        "number": number,
        "percent": percent,
        "signed": signed,
        "year": lambda value: f"{value:.0f}",
        "significant": lambda value: written(f"{value:,.2g}" if value < 100 else f"{value:,.0f}"),
    }
    library = Library()
    for name, function in filters.items():
        library.filter(name, function)
    return library


def _named(name: str, language: str) -> str:
    if language == "fr":
        for pattern, french in _FRENCH_NAMES:
            if re.fullmatch(pattern, name):
                return re.sub(r"(?<=\d),(?=\d{3})", "\u202f", re.sub(pattern, french, name))
    return name


def _score_table(facts: Mapping[str, Any], language: str, population: str) -> str:
    words, figures = _WORDS[language], _figures(language).filters
    rows = []
    for target in ("energy", "emissions"):
        for set_up in _SET_UPS:
            of = facts["scores"][population][target][set_up]
            rows.append(
                [
                    f"{words[target]}, {words[set_up]}",
                    figures["number"](of["r2_log"], 3),
                    figures["percent"](of["mdape"], 1),
                    figures["percent"](of["within_50"]),
                    figures["signed"](of["bias"], 1),
                    figures["percent"](of["coverage_80"], 1),
                    figures["percent"](of["coverage_90"], 1),
                ]
            )
    names = ("known", "r2_log", "mdape", "within_50", "bias", "coverage_80", "coverage_90")
    return _markdown([words[name] for name in names], rows)


def _group_table(facts: Mapping[str, Any], language: str, grouping: str) -> str:
    words, figures = _WORDS[language], _figures(language).filters
    rows = [
        [
            _named(group["name"], language),
            figures["number"](group["buildings"]),
            *_cells(group["energy"], language),
            figures["percent"](group["emissions"]["mdape"]) if group["emissions"] else "—",
        ]
        for group in facts["groups"]["all"][grouping]
    ]
    names = ("group", "buildings", *_CELLS, "mdape_emissions")
    return _markdown([words[name] for name in names], rows)


_CELLS: Final = ("mdape", "within_50", "bias", "coverage_80", "coverage_90")


def _cells(of: Mapping[str, float], language: str) -> list[str]:
    figures = _figures(language).filters
    return [figures["signed" if name == "bias" else "percent"](of[name]) for name in _CELLS]


def _new_table(facts: Mapping[str, Any], language: str) -> str:
    words, figures = _WORDS[language], _figures(language).filters
    rows = [
        [
            f"{words.get(group, group)}, {words[choice]}: {words[target]}",
            figures["number"](of["buildings"]),
            *_cells(of, language),
        ]
        for group in _NEW
        if group in facts["new_buildings"]
        for choice in _NEW_CHOICES
        for target in ("energy", "emissions")
        if (of := facts["new_buildings"][group][choice][target])
    ]
    return _markdown([words[name] for name in ("group", "buildings", *_CELLS)], rows)


def _changes_table(facts: Mapping[str, Any], language: str) -> str:
    words, figures = _WORDS[language], _figures(language).filters
    rows = [
        [
            str(of["data_year"]),
            figures["number"](of["buildings"]),
            figures["signed"](of["median_log_change"], 1),
            figures["percent"](of["share_beyond_20"]),
        ]
        for of in facts["yearly_changes"]
    ]
    names = ("year", "buildings", "median_change", "share_beyond")
    return _markdown([words[name] for name in names], rows)


_TABLES: Final[Mapping[str, Callable[[Mapping[str, Any], str], str]]] = {
    "scores": lambda facts, language: _score_table(facts, language, "non_residential"),
    "scores_all": lambda facts, language: _score_table(facts, language, "all"),
    "types": lambda facts, language: _group_table(facts, language, "use type"),
    "sizes": lambda facts, language: _group_table(facts, language, "size class"),
    "decades": lambda facts, language: _group_table(facts, language, "decade built"),
    "neighborhoods": lambda facts, language: _group_table(facts, language, "neighborhood"),
    "new": _new_table,
    "changes": _changes_table,
}


def _markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---", *["--:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
