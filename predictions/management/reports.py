"""What commands print of changed answers."""

from mlmodel.comparison import ChangeSummary
from predictions.services.shadow import ShadowSummary


def change_lines(changes: ChangeSummary, failed: int) -> list[str]:
    """How many change and how much; and how many only the champion answered, if any."""
    lines = [
        f"  changed by more than {changes.threshold:.0%}: {changes.changed:,} "
        f"({changes.changed_share:.1%}); |change|: median {changes.median:.1%}, "
        f"p90 {changes.p90:.1%}, largest {changes.largest:.1%}"
    ]
    if failed:
        lines.append(f"  answered by the champion alone: {failed:,}")
    return lines


def shadow_lines(shadow: ShadowSummary) -> list[str]:
    """The same of what a challenger scored, and how long both took for one input."""
    lines = change_lines(shadow.changes, shadow.failed)
    if shadow.champion_ms is not None and shadow.challenger_ms is not None:
        lines.append(
            f"  median duration of one input: {shadow.champion_ms:.1f} ms, challenger "
            f"{shadow.challenger_ms:.1f} ms"
        )
    return lines
