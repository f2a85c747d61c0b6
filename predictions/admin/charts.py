"""Charts as geometry for templates: inline SVG, no script, readable as a table too."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from predictions.admin.shown import amount

WIDTH: Final = 480
HEIGHT: Final = 190
_LEFT: Final = 46
_RIGHT: Final = WIDTH - 14
_TOP: Final = 8
_BOTTOM: Final = 164
#: Names below a chart, at most.
_NAMES: Final = 6
#: Bars of a chart that stand open.
_BARS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """What one colour stands for: its name, its CSS class and a value for each place."""

    name: str
    css: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """Values from 0 to `top` on the way up."""

    top: float
    ticks: Sequence[tuple[float, str]]

    def y(self, value: float) -> float:
        return round(_BOTTOM - (_BOTTOM - _TOP) * value / self.top, 1)


def columns(
    *, title: str, summary: str, names: Sequence[str], series: Sequence[Series], unit: str = ""
) -> dict[str, Any]:
    """Columns of stacked values."""
    totals = [sum(one.values[at] or 0 for one in series) for at in range(len(names))]
    axis = _axis(max(totals, default=0), unit)
    step = (_RIGHT - _LEFT) / max(1, len(names))
    rects = []
    for at in range(len(names)):
        below = 0.0
        for one in series:
            value = one.values[at] or 0
            if value:
                top = axis.y(below + value)
                rects.append(
                    {
                        "x": round(_LEFT + step * (at + 0.1), 2),
                        "y": top,
                        "width": round(step * 0.8, 2),
                        "height": round(max(axis.y(below) - top, 0.6), 1),
                        "css": one.css,
                        "said": f"{names[at]}: {one.name} {amount(value)}",
                    }
                )
            below += value
    return {**_frame(title, summary, names, series, axis, step, unit), "rects": rects}


def lines(
    *, title: str, summary: str, names: Sequence[str], series: Sequence[Series], unit: str = ""
) -> dict[str, Any]:
    """A line for each series; a gap where there is no value."""
    known = [value for one in series for value in one.values if value is not None]
    axis = _axis(max(known, default=0), unit)
    step = (_RIGHT - _LEFT) / max(1, len(names))
    drawn = []
    for one in series:
        path, dots, is_on = [], [], False
        for at, value in enumerate(one.values):
            if value is None:
                is_on = False
                continue
            x, y = round(_LEFT + step * (at + 0.5), 2), axis.y(value)
            path.append(f"{'L' if is_on else 'M'}{x} {y}")
            is_on = True
            dots.append({"x": x, "y": y, "said": f"{names[at]}: {one.name} {_said(value, unit)}"})
        drawn.append({"css": one.css, "path": " ".join(path), "dots": dots})
    return {**_frame(title, summary, names, series, axis, step, unit), "lines": drawn}


def bars(
    *, title: str, summary: str, rows: Sequence[tuple[str, int, str]], first: str
) -> dict[str, Any]:
    """A bar for each row of name, count and address, the largest first."""
    ordered = sorted(rows, key=lambda row: (-row[1], row[0]))
    top = max((count for _, count, _ in ordered), default=0) or 1
    total = sum(count for _, count, _ in ordered) or 1
    return {
        "title": title,
        "summary": summary,
        "first": first,
        "more": max(0, len(ordered) - _BARS),
        "bars": [
            {
                "name": name,
                "url": url,
                "count": amount(count),
                "share": f"{amount(100 * count / total, 1)} %",
                "width": round(100 * count / top, 1),
            }
            for name, count, url in ordered
        ],
    }


def _frame(
    title: str,
    summary: str,
    names: Sequence[str],
    series: Sequence[Series],
    axis: Axis,
    step: float,
    unit: str,
) -> dict[str, Any]:
    every = max(1, math.ceil(len(names) / _NAMES))
    return {
        "title": title,
        "summary": summary,
        "width": WIDTH,
        "height": HEIGHT,
        "left": _LEFT,
        "bottom": _BOTTOM,
        "names_y": _BOTTOM + 16,
        "ticks": axis.ticks,
        "names": [
            (round(_LEFT + step * (at + 0.5), 1), name)
            for at, name in enumerate(names)
            if (len(names) - 1 - at) % every == 0
        ],
        "series": series,
        "head": [one.name for one in series],
        "table": [
            (name, [_said(one.values[at], unit) for one in series]) for at, name in enumerate(names)
        ],
    }


def _axis(highest: float, unit: str) -> Axis:
    """Up to a round number, in three or four steps."""
    if highest <= 0:
        highest = 1.0
    size = 10 ** math.floor(math.log10(highest / 3))
    step = next(size * n for n in (1, 2, 2.5, 5, 10) if highest / (size * n) <= 4)
    count = math.ceil(highest / step)
    axis = Axis(top=step * count, ticks=())
    ticks = [(axis.y(step * n), _tick(step * n, step, unit)) for n in range(1, count + 1)]
    return Axis(top=axis.top, ticks=ticks)


def _tick(value: float, step: float, unit: str) -> str:
    if step >= 1_000:
        return f"{amount(value / 1_000, 1 if step % 1_000 else 0)}k"
    digits = max(0, -math.floor(math.log10(step))) + (1 if f"{step:e}".startswith("2.5") else 0)
    return f"{amount(value, digits if step < 1 or step == 2.5 else 0)}{unit and ' '}{unit}"


def _said(value: float | None, unit: str) -> str:
    if value is None:
        return "—"
    digits = 0 if isinstance(value, int) else 2
    return f"{amount(value, digits)}{unit and ' '}{unit}"
