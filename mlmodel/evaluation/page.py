"""`docs/reference/model-evaluation.md`: no dates, no timings, the same on any machine."""

from collections.abc import Mapping
from typing import Any, Final

from mlmodel.evaluation.groups import FEWEST_TO_SHOW
from mlmodel.evaluation.plots import FEWEST_IN_CELL, PLOTS
from mlmodel.evaluation.protocol import Evaluation
from mlmodel.evaluation.scores import LARGE_CAMPUS
from mlmodel.evaluation.tables import (
    Table,
    group_tables,
    headline_tables,
    importance_table,
    new_building_tables,
    short_note,
)

#: Where the page's plots are, from the page.
PLOTS_DIRECTORY: Final = "model-evaluation"


def evaluation_page(evaluation: Evaluation, fingerprint: Mapping[str, Any]) -> str:
    """The page, in Markdown; its plots are written apart."""
    protocol, data = evaluation.protocol, evaluation.data
    residential = int(data.is_residential.sum())
    return "\n".join(
        [
            "# Evaluation of the model\n",
            "Made by `manage.py evaluate_model --write`; do not edit. How to read and repeat it: "
            "[evaluate the model](../how-to/evaluate.md).\n",
            f"{len(data.rows):,} compliant records of 2016 with measured energy, "
            f"{len(data.rows) - residential:,} of them non-residential (SHA-256 of the rows: "
            f"`{fingerprint['rows_sha256'][:16]}…`). RepeatedKFold of {protocol.folds} folds × "
            f"{protocol.repeats} repeats, random state {protocol.seed}; everything is fitted in "
            "the fold, and one model a fold answers for every set-up. Figures are means over the "
            "folds, ± their standard deviation.\n",
            "Set-ups: **a** neither score nor fuels; **f** fuel connections, the usual case; "
            "**b** ENERGY STAR score; **c** both. MdAPE: median absolute percentage error. "
            "±20 %, ±50 %: share of buildings predicted as closely. Bias: median signed log error, "
            "above 0 when predictions are too high. Width: of an interval, over the prediction. "
            f"Columns `without {LARGE_CAMPUS}` leave out one campus so large that it decides raw "
            "R² by itself. Emissions are predicted fuels times the factors of 2016.\n",
            "## Cross-validation\n",
            *_markdown(headline_tables(evaluation)),
            "## New buildings\n",
            _new_buildings_words(evaluation),
            *_markdown(new_building_tables(evaluation)),
            "## By kind of building\n",
            "Out-of-fold predictions of all folds together; E is energy, G emissions. "
            f"{short_note()} Groups of fewer than {FEWEST_TO_SHOW} buildings are put together, "
            "and left out if they still are fewer.\n",
            *_markdown(group_tables(evaluation)),
            "## Features\n",
            importance_table(evaluation).markdown(),
            "## Plots\n",
            f"Cells of fewer than {FEWEST_IN_CELL} buildings are blank: no building can be read "
            "out.\n",
            *(f"![{words}]({PLOTS_DIRECTORY}/{name}.png)\n" for name, words in PLOTS.items()),
        ]
    )


def _new_buildings_words(evaluation: Evaluation) -> str:
    if not evaluation.new_buildings:
        return "Not evaluated: load the files of 2017, 2018 and 2019 first.\n"
    return (
        "One model of all rows of 2016 predicts buildings that it was not trained on. `2017`: at "
        "their record of 2017. `2018-2019`: those that had no usable record before, at their "
        "newest. `not in the file`: those that are not in the file of 2016 at all, not even as "
        "non-compliant, at their newest record of 2017 to 2019. Each building counts once in a "
        "group. Energy from 2018 on is the sum of the fuels, for the published files exchange "
        "metered and weather-normalised energy; emissions are restated with the factors of 2016.\n"
    )


def _markdown(tables: list[Table]) -> list[str]:
    return [table.markdown() for table in tables]
