"""`manage.py query_dataset`: ready questions to the dataset, or one's own SQL, reading only."""

import csv
import difflib
import inspect
import json
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.db import ProgrammingError

from buildings.errors import QueryError
from buildings.queries import QUERIES, Parameter, Query
from buildings.selectors.queries import TIMEOUT_S, QueryResult, query_run, sql_bound
from buildings.selectors.records import data_years, has_only_synthetic_records

_TABLE_ROWS: Final = 50
_CELL_WIDTH: Final = 48
_PLAIN_NUMBERS: Final = ("_id", "year", "decade_built")
_PARAMETERS: Final[dict[str, Parameter]] = {
    parameter.name: parameter for query in QUERIES.values() for parameter in query.parameters
}


class Command(BaseCommand):
    help = (
        "Answers questions about the loaded data: without a name, lists the ready ones. Everything "
        "runs in a read-only transaction and for a limited time. docs/how-to/query.md shows each "
        "question as SQL and by the ORM."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", nargs="?", help="a ready question; none: list them")
        parser.add_argument("--sql", help="a SELECT of your own instead")
        parser.add_argument("--format", choices=("table", "csv", "json"), default="table")
        parser.add_argument(
            "--limit",
            type=int,
            metavar="N",
            help=f"show N rows at most, 0: all (default: {_TABLE_ROWS} in a table, else all)",
        )
        parser.add_argument(
            "--timeout",
            type=float,
            default=TIMEOUT_S,
            metavar="SECONDS",
            help=f"give up after so long (default: {TIMEOUT_S:g})",
        )
        parser.add_argument(
            "--show-sql", action="store_true", help="print the SQL, ready for psql; do not run it"
        )
        parser.add_argument(
            "--show-orm", action="store_true", help="print the same by the ORM; do not run it"
        )
        group = parser.add_argument_group("parameters of the questions")
        for name, parameter in _PARAMETERS.items():
            group.add_argument(
                f"--{name.replace('_', '-')}",
                dest=name,
                metavar=parameter.kind.__name__.upper(),
                help=parameter.meaning.replace("%", "%%"),
            )

    def handle(self, *args: Any, **options: Any) -> None:
        given = {name: options[name] for name in _PARAMETERS if options.get(name) is not None}
        if options["timeout"] <= 0:
            raise CommandError("--timeout: a number of seconds is needed, above 0.")
        try:
            self._handle(given, options)
        except ProgrammingError as error:
            raise CommandError(f"{str(error).strip()}\nIs the database migrated?") from error

    def _handle(self, given: dict[str, str], options: dict[str, Any]) -> None:
        if options["sql"]:
            if options["name"] or given:
                raise CommandError("--sql stands alone, without a name or parameters.")
            self._answer(None, options["sql"], {}, options)
        elif options["name"] is None:
            self._list()
        else:
            query = _named(options["name"])
            parameters = self._parameters(query, given)
            if options["show_sql"]:
                self.stdout.write(f"{sql_bound(sql=query.sql, parameters=parameters)};")
            elif options["show_orm"]:
                self.stdout.write(inspect.getsource(query.orm).rstrip())
            else:
                self._answer(query, query.sql, parameters, options)

    def _list(self) -> None:
        width = max(map(len, QUERIES))
        for query in QUERIES.values():
            self.stdout.write(f"{query.name:<{width}}  {query.question}")
            self.stdout.write(f"{'':<{width}}  {query.question_fr}")
            if options := "  ".join(
                _option_shown(p) for p in query.parameters if p.name != "is_synthetic"
            ):
                self.stdout.write(f"{'':<{width}}  {options}")
        self.stdout.write(
            "\nmanage.py query_dataset NAME [--format table|csv|json] [--show-sql|--show-orm]"
        )

    def _parameters(self, query: Query, given: Mapping[str, str]) -> dict[str, Any]:
        known = {parameter.name: parameter for parameter in query.parameters}
        if unknown := [name for name in given if name not in known]:
            takes = ", ".join(map(_option, known)) or "no parameters"
            raise CommandError(f"{query.name} has no {_option(unknown[0])}; it takes {takes}.")
        values = {}
        for name, parameter in known.items():
            if name in given:
                values[name] = _parsed(parameter, given[name])
            elif parameter.default is None:
                raise CommandError(
                    f"{query.name} needs {_option(name)}: {parameter.meaning} For instance "
                    f"{_option(name)} {parameter.example}."
                )
            else:
                values[name] = parameter.default
        if "is_synthetic" in known and "is_synthetic" not in given:
            values["is_synthetic"] = has_only_synthetic_records()
        return values

    def _answer(
        self, query: Query | None, sql: str, parameters: dict[str, Any], options: dict[str, Any]
    ) -> None:
        is_table = options["format"] == "table"
        limit = options["limit"] if options["limit"] is not None else _TABLE_ROWS * is_table
        if limit < 0:
            raise CommandError("--limit: a number of rows is needed, 0 for all.")
        try:
            result = query_run(
                sql=sql,
                parameters=parameters,
                limit=limit or None,
                timeout_s=options["timeout"],
            )
        except QueryError as error:
            raise CommandError(f"{error}.") from error
        units = query.columns if query else {}
        if options["format"] == "json":
            self._write_json(query, parameters, result)
        elif options["format"] == "csv":
            writer = csv.writer(self.stdout, lineterminator="\n")
            writer.writerow(result.columns)
            writer.writerows([_csv_cell(value) for value in row] for row in result.rows)
        else:
            if query:
                self.stdout.write(query.question)
                said = ", ".join(f"{name} = {value}" for name, value in parameters.items())
                self.stdout.write(f"{said}\n" if said else "")
            self._write_table(result, units)
            if query and query.note:
                self.stdout.write(f"\n{query.note}")
        self._hint(query, parameters, result)

    def _write_json(
        self, query: Query | None, parameters: dict[str, Any], result: QueryResult
    ) -> None:
        content: dict[str, Any] = {
            "rows": [dict(zip(result.columns, row, strict=True)) for row in result.rows]
        }
        if query:
            content = {
                "query": query.name,
                "question": query.question,
                "parameters": parameters,
                "units": {name: unit for name, unit in query.columns.items() if unit},
                **content,
            }
        self.stdout.write(json.dumps(content, ensure_ascii=False, indent=2, default=str))

    def _write_table(self, result: QueryResult, units: Mapping[str, str]) -> None:
        cells = [
            [_cell(name, value) for name, value in zip(result.columns, row, strict=True)]
            for row in result.rows
        ]
        heads = [list(result.columns)]
        if any(units.values()):
            heads.append([units.get(name, "") for name in result.columns])
        widths = [max(map(len, column)) for column in zip(*heads, *cells, strict=True)]
        is_right = [
            any(isinstance(row[at], int | float) for row in result.rows)
            for at in range(len(result.columns))
        ]
        for line in (*heads, ["-" * width for width in widths], *cells):
            aligned = (
                f"{text:>{width}}" if right else f"{text:<{width}}"
                for text, width, right in zip(line, widths, is_right, strict=True)
            )
            self.stdout.write("  ".join(aligned).rstrip())

    def _hint(self, query: Query | None, parameters: dict[str, Any], result: QueryResult) -> None:
        if result.has_more:
            self.stderr.write(f"Only the first {len(result.rows):,} rows; all: --limit 0")
        if query and not result.rows:
            years = ", ".join(map(str, data_years())) or "none; load_dataset loads one"
            self.stderr.write(f"No rows. Data years on record: {years}.")
        if parameters.get("is_synthetic"):
            self.stderr.write("SYNTHETIC DATA: none of these buildings exists.")


def _named(name: str) -> Query:
    query = QUERIES.get(name)
    if query is None:
        near = difflib.get_close_matches(name, QUERIES, n=1, cutoff=0.4)
        nearest = f" Nearest: {near[0]}." if near else ""
        raise CommandError(
            f"{name!r} is none of the questions.{nearest} Without a name, all are listed."
        )
    return query


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _option_shown(parameter: Parameter) -> str:
    if parameter.default is None:
        return f"{_option(parameter.name)} {parameter.kind.__name__.upper()}"
    return f"[{_option(parameter.name)} {_json_word(parameter.default)}]"


def _json_word(value: object) -> str:
    return json.dumps(value)


def _parsed(parameter: Parameter, text: object) -> int | bool:
    words = {"true": True, "yes": True, "false": False, "no": False}
    if parameter.kind is bool:
        value = words.get(str(text).casefold())
        if value is None:
            raise CommandError(f"{_option(parameter.name)}: {text!r} is neither true nor false.")
        return value
    try:
        number = int(str(text))
    except ValueError:
        number = -1
    if not 0 <= number < 2**31:
        raise CommandError(f"{_option(parameter.name)}: {text!r} is not a whole number from 0 on.")
    return number


def _cell(name: str, value: object) -> str:
    """A value as people read it."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value) if name.endswith(_PLAIN_NUMBERS) else f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:,.2f}"
    text = (
        ", ".join(map(str, value))
        if isinstance(value, Sequence | set) and not isinstance(value, str)
        else " ".join(str(value).split())
    )
    return text if len(text) <= _CELL_WIDTH else f"{text[: _CELL_WIDTH - 1]}…"


def _csv_cell(value: object) -> object:
    """Lists as JSON; text that a spreadsheet would take for a formula with a quote before it."""
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value
