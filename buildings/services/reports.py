"""What a load did, or would do, in words: the same for the command, the worker and the admin."""

from collections.abc import Iterator

from buildings.quality import RULES
from buildings.services.datasets import ImportReport, reject_said


def report_lines(report: ImportReport, *, is_dry_run: bool) -> Iterator[str]:
    """Counts, the file's digest, and the quality flags, one a line."""
    imported = report.dataset_import
    seconds = (imported.finished_at - imported.started_at).total_seconds()
    years = ", ".join(str(year) for year in imported.data_years) or "none"
    would = "would be " if is_dry_run else ""
    counts = ", ".join(
        f"{getattr(imported, f'rows_{name}'):,} {would}{name}"
        for name in ("created", "updated", "unchanged", "rejected")
    )
    yield (
        f"{imported.file_name}: {imported.rows_read:,} rows of {years} read in "
        f"{seconds:.1f} s: {counts}, {imported.rows_blank:,} blank, "
        f"{imported.rows_duplicate:,} duplicate."
    )
    label = "synthetic" if imported.is_synthetic else "real"
    number = "Dry run" if is_dry_run else f"Import {imported.pk}"
    yield f"{number}: {label} data of {imported.file_name}, SHA-256 {imported.sha256}."
    for rule in RULES:
        if count := imported.quality_flags.get(rule.code):
            yield f"  flagged {count:>6,}  {rule.title}"


def reject_lines(report: ImportReport, *, shown: int) -> Iterator[str]:
    """The first rejected rows, each with every reason."""
    for row in report.rejects[:shown]:
        yield f"  rejected {reject_said(row)}"
