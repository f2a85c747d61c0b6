"""`manage.py predict`: one building, or a CSV of them, through the same door as any call."""

import io
import json
import shutil
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, cast

import uuid_utils.compat as uuid7s
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from buildings.models import Building
from buildings.selectors.factors import emission_factor_set_slug
from buildings.units import US
from mlmodel.checking import RowFault
from mlmodel.errors import IncompleteFactsError, ModelError
from mlmodel.features import FEATURES, Feature
from mlmodel.services import operator_name
from predictions.api.batches.renderers import json_line
from predictions.api.exceptions import MalformedBodyError
from predictions.api.parsers import StrictJSONParser
from predictions.batches.answers import AnsweredRow, answered_rows, columns_in
from predictions.batches.csv_rows import CSVReader, FeatureCells
from predictions.batches.rows import ROWS_MAX, Rows
from predictions.errors import PredictionError, RowsRefusedError
from predictions.exports.formats import write_csv
from predictions.faults import fault_said
from predictions.models import Channel, PredictionInput, PredictionOutput
from predictions.selectors import building_features
from predictions.services.batches import batch_create, batch_of, rows_admit
from predictions.services.door import Call, Question, prediction_create
from predictions.units import row_check_in

#: Exit codes: 1 no prediction can be made, 2 the input is not valid, 3 some rows have no answer.
_INVALID: Final = 2
_INCOMPLETE: Final = 3
_ERRORS_SHOWN: Final = 20
_STANDARD: Final = "-"


class Command(BaseCommand):
    help = (
        "Predicts the yearly energy and emissions of one building, from options, from JSON or from "
        "the stored facts of one, or of each row of a CSV of any length. Every input and output is "
        "on the record. Exit codes: 0 answered, 1 no prediction can be made, 2 the input is not "
        "valid and nothing was stored, 3 rows were skipped or the model had no answer."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        source = parser.add_mutually_exclusive_group()
        source.add_argument(
            "--facts", metavar="JSON", help="a JSON object of features; -: on standard input"
        )
        source.add_argument(
            "--building", type=int, metavar="OSE_ID", help="a building whose stored facts are used"
        )
        source.add_argument(
            "--csv", metavar="FILE", help="a header of features and a row a building; -: stdin"
        )
        parser.add_argument(
            "--output", metavar="FILE", default=_STANDARD, help="of --csv; -: stdout (the default)"
        )
        parser.add_argument(
            "--on-error",
            choices=("refuse", "skip"),
            default="refuse",
            help="of --csv: what a bad row does (default: the whole file is refused)",
        )
        parser.add_argument("--json", action="store_true", help="for machines; of --csv JSON Lines")
        parser.add_argument(
            "--emission-factor-set", metavar="NAME", help="instead of the latest: seattle-2016"
        )
        parser.add_argument("--user", help="whose calls these are (default: nobody's, but named)")
        facts = parser.add_argument_group("features of one building")
        for feature in FEATURES:
            facts.add_argument(
                _option(feature.name),
                dest=feature.name,
                metavar="VALUE",
                help=_meaning(feature).replace("%", "%%"),
            )

    def handle(self, *args: Any, **options: Any) -> None:
        given = {f.name: options[f.name] for f in FEATURES if options[f.name] is not None}
        if given and (options["csv"] or options["building"] is not None):
            raise CommandError("--csv and --building stand without features.", returncode=_INVALID)
        try:
            if options["csv"]:
                self._predict_file(options)
            else:
                self._predict_one(given, options)
        except RowsRefusedError as error:
            self._refuse([_row_error(told) for told in error.errors], error.error_count)
        except (ModelError, PredictionError) as error:
            raise CommandError(str(error)) from None

    # One building

    def _predict_one(self, given: dict[str, str], options: dict[str, Any]) -> None:
        if options["building"] is not None:
            question = self._stored(options["building"])
        else:
            row: dict[str, Any] = self._facts(options["facts"]) if options["facts"] else {}
            for feature in FEATURES:
                if feature.name in given:
                    row[feature.name] = FeatureCells(feature).value(given[feature.name])
            if not row:
                raise CommandError(
                    "Say something of the building, for instance --primary-property-type Hotel "
                    "--gross-floor-area-sqft 88434 --year-built 1927; --help lists everything.",
                    returncode=_INVALID,
                )
            features, faults = row_check_in(US)(row)
            if faults:
                self._refuse([_fault_said(fault) for fault in faults], len(faults))
            question = Question(features=features)
        (stored,) = prediction_create(
            call=_call(options["user"]),
            questions=[question],
            emission_factor_set=options["emission_factor_set"],
        )
        output: PredictionOutput = stored.output
        if options["json"]:
            shown = json.loads(json_line(AnsweredRow(0, stored, [])))
            self.stdout.write(json.dumps({**shown, "features": stored.features}, indent=2))
        elif not output.error_code:
            self.stdout.write("\n".join(_lines(stored, output)))
        if output.error_code:
            raise CommandError(
                f"The model has no answer ({output.error_code}); the input is on the record as "
                f"{stored.id}.",
                returncode=_INCOMPLETE,
            )

    def _stored(self, number: int) -> Question:
        try:
            building, features = building_features(ose_building_id=number)
        except Building.DoesNotExist:
            raise CommandError(
                f"--building: there is no building {number}.", returncode=_INVALID
            ) from None
        except IncompleteFactsError as error:
            raise CommandError(f"--building: {error}", returncode=_INVALID) from None
        return Question(features=features, building=building)

    def _facts(self, text: str) -> dict[str, Any]:
        body = sys.stdin.buffer.read() if text == _STANDARD else text.encode()
        try:
            facts = StrictJSONParser().parse(io.BytesIO(body))
        except MalformedBodyError as error:
            member = f"{error.member}: " if error.member else ""
            raise CommandError(f"--facts: {member}{error.detail}", returncode=_INVALID) from None
        if not isinstance(facts, dict):
            raise CommandError("--facts: must be a JSON object.", returncode=_INVALID)
        return facts

    # A file

    def _predict_file(self, options: dict[str, Any]) -> None:
        is_skipping = options["on_error"] == "skip"
        is_quiet = options["verbosity"] == 0
        call = _call(options["user"])
        row = lacking = 0
        with _opened(options["csv"]) as file:
            size = file.seek(0, io.SEEK_END)
            with tqdm(
                total=size if is_skipping else 2 * size,
                unit="B",
                unit_scale=True,
                desc="predict",
                file=sys.stderr,
                disable=is_quiet or None,
            ) as bar:
                if not is_skipping:
                    _require_all(_blocks(file, bar))
                with self._written(options["output"]) as out:
                    for rows in _blocks(file, bar):
                        answers = _answers(call, rows, row, options["emission_factor_set"])
                        if options["json"]:
                            pieces: Iterator[str] = (f"{json_line(answer)}\n" for answer in answers)
                        else:
                            table = write_csv(answers, columns_in(US), with_header=row == 0)
                            pieces = (piece.decode() for piece in table)
                        for piece in pieces:
                            out.write(piece)
                        row += rows.received
                        lacking += sum(answer.is_lacking for answer in answers)
        if row == 0:
            raise CommandError("There is no row below the header.", returncode=_INVALID)
        if not is_quiet:
            self.stderr.write(f"{row:,} rows, {row - lacking:,} predicted.")
        if lacking:
            raise CommandError(
                f"{lacking:,} of {row:,} rows have no prediction; `errors` or `error_code` says "
                "why.",
                returncode=_INCOMPLETE,
            )

    @contextmanager
    def _written(self, name: str) -> Iterator[IO[str]]:
        if name == _STANDARD:
            yield cast("IO[str]", self.stdout._out)  # as it is: lines end as they end
            return
        try:
            with Path(name).open("w", encoding="utf-8", newline="") as file:
                yield file
        except OSError as error:
            raise CommandError(f"--output: {error.strerror}: {name}") from None

    def _refuse(self, errors: list[str], count: int) -> None:
        shown = "\n".join(f"  {error}" for error in errors[:_ERRORS_SHOWN])
        more = f"\n  … and {count - _ERRORS_SHOWN:,} more" if count > _ERRORS_SHOWN else ""
        raise CommandError(
            f"The input is not valid, and nothing was stored:\n{shown}{more}", returncode=_INVALID
        )


def _blocks(file: IO[bytes], bar: "tqdm[Any]") -> Iterator[Rows]:
    """The rows of a file from its beginning, as many at a time as one call takes."""
    file.seek(0)

    def lines() -> Iterator[bytes]:
        for line in file:
            bar.update(len(line))
            yield line

    reader = CSVReader(lines())
    while (rows := reader.block(size=ROWS_MAX)).received:
        yield rows


def _require_all(blocks: Iterator[Rows]) -> None:
    """Read to the end before anything is stored. Raises RowsRefusedError."""
    errors: list[dict[str, Any]] = []
    count = 0
    for rows in blocks:
        try:
            rows.require_all()
        except RowsRefusedError as error:
            errors += error.errors[: _ERRORS_SHOWN - len(errors)]
            count += error.error_count
    if count:
        raise RowsRefusedError(errors, error_count=count)


def _answers(call: Call, rows: Rows, first_row: int, factors: str | None) -> list[AnsweredRow]:
    if rows.features:
        rows_admit(rows=rows, is_skipping=True)
        batch, inputs = batch_create(call=call, rows=rows, emission_factor_set=factors)
    else:  # a block of bad rows only is no call
        batch, inputs = batch_of(rows), []
    return list(answered_rows(batch, inputs, first_row=first_row))


@contextmanager
def _opened(name: str) -> Iterator[IO[bytes]]:
    """A file that can be read twice."""
    if name == _STANDARD:
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(sys.stdin.buffer, copy)
            yield copy
        return
    try:
        file = Path(name).open("rb")  # noqa: SIM115 -- closed below; only opening may fail here
    except OSError as error:
        raise CommandError(f"--csv: {error.strerror}: {name}", returncode=_INVALID) from None
    with file:
        yield file


def _call(username: str | None) -> Call:
    caller = None
    if username is not None:
        caller = User.objects.filter(username=username).first()
        if caller is None:
            raise CommandError(f"--user: there is no user {username!r}.", returncode=_INVALID)
    return Call(
        caller=caller,
        caller_name=operator_name(caller),
        channel=Channel.COMMAND,
        request_id=str(uuid7s.uuid7()),
        received_at=timezone.now(),
    )


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _meaning(feature: Feature) -> str:
    said = [feature.help]
    if feature.bounds:
        said.append(f"{feature.bounds}.")
    said.append("Required." if feature.is_required else f"If missing: {feature.absent}.")
    return " ".join(said)


def _fault_said(fault: RowFault) -> str:
    known = {feature.name for feature in FEATURES}
    return f"{_option(fault.name) if fault.name in known else fault.name}: {fault_said(fault)}"


def _row_error(error: dict[str, Any]) -> str:
    place = error["pointer"].rsplit("/", 1)[-1]
    line = f"line {error['line']}, " if "line" in error else ""
    return f"{line}{place}: {error['detail']}"


def _lines(stored: PredictionInput, output: PredictionOutput) -> Iterator[str]:
    """The answer for people, with units."""
    energies = [
        ("Site energy use", output.site_energy_use_kbtu, "kBtu a year"),
        ("  electricity", output.electricity_kbtu, "kBtu"),
        ("  natural gas", output.natural_gas_kbtu, "kBtu"),
        ("  district steam", output.steam_kbtu, "kBtu"),
    ]
    for name, value, unit in energies:
        yield f"{name:<22}{value:>16,.0f} {unit}"
    for coverage in (80, 90):
        low = getattr(output, f"site_energy_use_low_{coverage}_kbtu")
        high = getattr(output, f"site_energy_use_high_{coverage}_kbtu")
        yield f"  {coverage} times in 100     {low:>16,.0f} to {high:,.0f} kBtu"
    yield f"{'Site EUI':<22}{output.site_eui_kbtu_per_sqft:>16,.1f} kBtu/ft² a year"
    if output.emission_factor_set is not None:
        by = emission_factor_set_slug(output.emission_factor_set)
        emissions = output.ghg_emissions_mtco2e
        yield f"{'Emissions':<22}{emissions:>16,.1f} t CO2e a year, by {by}"
        low, high = output.ghg_emissions_low_80_mtco2e, output.ghg_emissions_high_80_mtco2e
        yield f"  80 times in 100     {low:>16,.1f} to {high:,.1f} t CO2e"
    yield f"{'Support':<22}{output.support:>16.2f} (1: ordinary, 0: unlike what the model knows)"
    for caution in output.cautions or ():
        yield f"Caution, {caution['feature']}: {caution['detail']}"
    yield f"On the record as {stored.id}, by {stored.request.model_version}."
