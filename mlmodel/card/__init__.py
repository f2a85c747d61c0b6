"""The model card: facts from what a version holds, and words about them in English and French.

The words are written by hand in `texts/`, every figure in them comes from the facts. The pages in
docs/ are of the version that ships; the API answers the same of any version.
"""

from mlmodel.card.facts import card_facts, headline_metrics, model_card
from mlmodel.card.page import LANGUAGES, card_page, card_texts

__all__ = [
    "LANGUAGES",
    "card_facts",
    "card_page",
    "card_texts",
    "headline_metrics",
    "model_card",
]
