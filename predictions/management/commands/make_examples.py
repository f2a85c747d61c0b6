"""`manage.py make_examples`: example inputs and outputs of the model, as CSV and SQL."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from mlmodel.errors import ModelError
from mlmodel.features import FeatureRow
from predictions.exports.examples import write_inputs_csv, write_outputs_csv, write_sql
from predictions.models import Channel
from predictions.selectors import prediction_list_by_call
from predictions.services.door import Call, Question, prediction_create

#: Made-up buildings of usual shapes; no real building's facts.
EXAMPLES: Final[tuple[FeatureRow, ...]] = (
    {"primary_property_type": "Hotel", "gross_floor_area_sqft": 90_000.0, "year_built": 1930},
    {
        "primary_property_type": "Hotel",
        "gross_floor_area_sqft": 90_000.0,
        "year_built": 1930,
        "number_of_floors": 10,
        "neighborhood": "DOWNTOWN",
        "has_electricity": True,
        "has_natural_gas": True,
        "has_steam": True,
        "energy_star_score": 60,
    },
    {
        "primary_property_type": "Large Office",
        "gross_floor_area_sqft": 400_000.0,
        "year_built": 1995,
        "number_of_floors": 20,
        "parking_gfa_sqft": 80_000.0,
        "largest_property_use_type": "Office",
        "largest_property_use_type_gfa_sqft": 300_000.0,
        "has_electricity": True,
        "has_natural_gas": False,
        "has_steam": False,
    },
    {
        "primary_property_type": "K-12 School",
        "building_type": "SPS-District K-12",
        "gross_floor_area_sqft": 60_000.0,
        "year_built": 1960,
        "has_natural_gas": True,
    },
    {"primary_property_type": "Warehouse", "gross_floor_area_sqft": 50_000.0, "year_built": 1980},
    {
        "primary_property_type": "Mid-Rise Multifamily",
        "building_type": "Multifamily MR (5-9)",
        "gross_floor_area_sqft": 75_000.0,
        "year_built": 2010,
        "number_of_floors": 6,
    },
    {"primary_property_type": "Hospital", "gross_floor_area_sqft": 700_000.0, "year_built": 1975},
    {
        "primary_property_type": "Supermarket / Grocery Store",
        "gross_floor_area_sqft": 45_000.0,
        "year_built": 2001,
        "energy_star_score": 75,
    },
)


class Command(BaseCommand):
    help = (
        "Asks the served model about a few made-up buildings, through the same door as any "
        "caller, and writes what is then on the record: inputs.csv, outputs.csv, examples.sql."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--directory", type=Path, default=settings.PROJECT_DIR / "fixtures" / "examples"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        directory: Path = options["directory"]
        call = Call(
            caller=None,
            caller_name="make_examples",
            channel=Channel.COMMAND,
            request_id="make_examples",
            received_at=timezone.now(),
        )
        try:
            created = prediction_create(
                call=call, questions=[Question(features=features) for features in EXAMPLES]
            )
        except ModelError as error:
            raise CommandError(str(error)) from None
        predictions = list(prediction_list_by_call(request_id=created[0].request_id))
        directory.mkdir(parents=True, exist_ok=True)
        for name, write in (
            ("inputs.csv", write_inputs_csv),
            ("outputs.csv", write_outputs_csv),
            ("examples.sql", write_sql),
        ):
            with (directory / name).open("w", encoding="utf-8", newline="") as stream:
                write(predictions, stream)
            self.stdout.write(f"Written: {name}")
