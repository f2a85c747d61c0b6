"""The model card: facts of an evaluation, and no figure in the words that is not one of them."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings

from mlmodel import registry
from mlmodel.card import LANGUAGES, card_facts, card_page, card_texts, model_card
from mlmodel.card.page import SECTIONS
from mlmodel.evaluation import Evaluation, Protocol
from mlmodel.evaluation.details import _spread, metrics_with_details
from mlmodel.models import ModelVersion
from tests.mlmodel.rows import FEW_TREES, made_up

TEXTS = settings.PROJECT_DIR / "mlmodel" / "card" / "texts"
CHANGES = [
    {"data_year": 2018, "buildings": 99, "median_log_change": -0.01, "share_beyond_20": 0.14}
]


@pytest.fixture(scope="module")
def manifest(evaluate_once: Callable[..., Evaluation]) -> dict[str, Any]:
    """Of a model of a few trees, which predicts new buildings of twice the energy too low."""
    data = made_up(300)
    new = made_up(240, seed=1)
    new.site_energy_use_kbtu[:] *= 2
    evaluation = evaluate_once(
        data,
        protocol=Protocol(folds=2, repeats=1),
        new_data={"2018-2019": new},
        parameters=FEW_TREES,
    )
    return {
        "artifact_digest": "0" * 64,
        "code_version": "0.1.0",
        "size_bytes": 1_234_567,
        "parameters": {"estimator": "Trees"},
        "data_fingerprint": {
            "is_synthetic": False,
            "rows_sha256": data.digest(),
            "import_sha256": [],
        },
        "metrics": metrics_with_details(evaluation, yearly_changes=CHANGES),
    }


@pytest.fixture
def facts(manifest: dict[str, Any]) -> dict[str, Any]:
    # As from the database or a file: JSON, whose keys may come in any order.
    copy: dict[str, Any] = json.loads(json.dumps(manifest, sort_keys=True))
    found = card_facts(copy)
    assert found is not None
    return found


def test_a_version_without_details_has_no_card(manifest: dict[str, Any]) -> None:
    old = {**manifest, "metrics": {"scores": manifest["metrics"]["scores"]}}
    assert card_facts(old) is None
    assert model_card(ModelVersion(**old)) is None
    assert model_card(ModelVersion(**manifest)) is not None


def test_facts_say_who_is_in_the_data(facts: dict[str, Any]) -> None:
    data = made_up(300)
    assert facts["data"]["rows"] == 300
    assert facts["data"]["residential"] == int(data.is_residential.sum()) == 75
    assert facts["data"]["with_electricity"] == 1.0
    assert facts["data"]["with_natural_gas"] == 0.25
    known = np.mean([row["energy_star_score"] is not None for row in data.rows])
    assert facts["data"]["with_energy_star_score"] == known
    assert facts["data"]["year_built"][0] == min(row["year_built"] or 0 for row in data.rows)
    assert facts["cost"]["models_fitted"] == 2 * 2 + 1
    assert 0 < facts["cost"]["cpu_s"] < 3600


def test_new_buildings_are_told_apart_and_a_shortfall_is_said(facts: dict[str, Any]) -> None:
    late = facts["new_buildings"]["2018-2019"]
    assert late["non_residential"]["energy"]["buildings"] == 180
    assert late["non_residential"]["energy"]["coverage_80"] < 0.75
    assert late["newly_built"]["energy"] is None  # too few to be shown
    shortfall = {"en": "The intervals are too narrow", "fr": "sont trop étroits"}
    for language, words in shortfall.items():
        assert words in card_page(facts, language)
    late["non_residential"]["energy"]["coverage_80"] = 0.8
    assert shortfall["en"] in card_page(facts, "en")  # for all of them, it is not
    late["all"]["energy"]["coverage_80"] = 0.8
    for language, words in shortfall.items():
        assert words not in card_page(facts, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_of_a_group_too_small_to_be_shown_nothing_is_said(
    facts: dict[str, Any], language: str
) -> None:
    late = facts["new_buildings"]["2018-2019"]
    late["all"]["energy"]["coverage_80"] = 0.5
    late["non_residential"]["energy"] = None
    assert "⟨" not in card_page(facts, language)


def test_a_spread_that_labels_make_is_told_from_chance() -> None:
    generator = np.random.default_rng(0)
    labels = np.repeat(np.arange(4), 50)
    noise = generator.normal(size=200)
    everybody = [np.arange(200)]
    assert _spread(noise, labels, everybody)[1] > 0.05
    spread, p_value = _spread(noise + labels, labels, everybody)
    assert spread > 1
    assert p_value == 0.001
    # What the strata explain is no finding: labels differ only as the strata do.
    strata = [np.arange(100), np.arange(100, 200)]
    mixed = np.tile(np.arange(2), 100)
    assert _spread(noise + 5 * (np.arange(200) >= 100), mixed, strata)[1] > 0.05
    assert _spread(np.array([]), np.array([], dtype=np.intp), []) == (0.0, 1.0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_ask_for_no_fact_that_is_missing(facts: dict[str, Any], language: str) -> None:
    page = card_page(facts, language)
    assert "⟨" not in page
    assert "{{" not in page
    assert "&amp;" not in page
    del facts["protocol"]["seed"]
    with pytest.raises(ValueError, match=r"asks for .*seed"):
        card_page(facts, language)


def test_french_figures_are_written_in_french(facts: dict[str, Any]) -> None:
    page = card_page(facts, "fr")
    assert "1\u202f234\u202f567 octets" in page
    assert "6,9714" not in page  # the made-up factors
    assert "moins de 50\u202f000 ft²" in page
    assert not re.search(r"\d\.\d+\u00a0%", page)


def test_both_languages_have_the_same_sections_with_the_same_figures(
    facts: dict[str, Any],
) -> None:
    texts = card_texts(facts)
    assert list(texts) == list(LANGUAGES)
    for section in SECTIONS:
        english = re.sub(r"(?<=\d),(?=\d{3})", "", texts["en"][section])
        french = re.sub(r"(?<=\d),(?=\d)", ".", texts["fr"][section].replace("\u202f", ""))
        assert _figures(english) == _figures(french), section


def _figures(text: str) -> list[str]:
    return sorted(re.findall(r"\d+(?:\.\d+)?", text))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_figure_is_typed_by_hand(language: str) -> None:
    text = (TEXTS / f"{language}.md").read_text(encoding="utf-8")
    words = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", text, flags=re.DOTALL)
    # Names that hold digits: measures, nominal coverages, units, addresses, digests.
    for name in ("±50 %", "80 %", "90 %", "CO2e", "R²", "/v1/", "SHA-256"):
        words = words.replace(name, "")
    left = re.findall(r"\S*\d\S*", words)
    assert left in (["0"], []), left  # "support near 0"


def test_the_committed_pages_are_of_the_shipped_version() -> None:
    facts = card_facts(registry.shipped_manifest())
    assert facts is not None
    for language, name in (("en", "model-card.md"), ("fr", "model-card.fr.md")):
        committed = (settings.PROJECT_DIR / "docs" / name).read_text(encoding="utf-8")
        assert committed == card_page(facts, language)
        for target in re.findall(r"\]\(([^)#]+)\)", committed):
            if not target.startswith("http"):
                assert (Path(settings.PROJECT_DIR) / "docs" / target).exists(), target
