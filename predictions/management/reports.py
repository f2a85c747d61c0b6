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
    """The same of what a challenger scored, and how long both took."""
    return [
        *change_lines(shadow.changes, shadow.failed),
        f"  median duration: {shadow.champion_ms:.1f} ms, challenger {shadow.challenger_ms:.1f} ms",
    ]
