"""Files that staff take out of the record: each is on the record itself, before its first row."""

from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Any

from django.contrib.auth.models import User

from predictions.exports.columns import Column
from predictions.exports.formats import Format
from predictions.models import Export, ExportEnd
from predictions.services.staff_log import StaffAction, staff_action_log


def export_begin(
    *, user: User, list_name: str, filters: str, form: Format, request_id: str
) -> Export:
    """Put on the record that this user takes these rows out, committed before any is read."""
    export = Export.objects.create(
        list_name=list_name,
        filters=filters,
        format=form.extension,
        exported_by=user,
        exported_by_name=user.get_username(),
        request_id=request_id,
    )
    staff_action_log(user=user, action=StaffAction.EXPORTED, target=export, said=filters)
    return export


def export_write(
    *, export: Export, form: Format, rows: Iterable[Any], columns: Sequence[Column]
) -> Generator[bytes, None, None]:
    """The file, a piece at a time. How it ends goes on the record: at its last row, at an error, or
    when nobody reads on."""
    count = 0
    is_finished = False

    def counted() -> Iterator[Any]:
        nonlocal count
        for row in rows:
            count += 1
            yield row

    try:
        yield from form.write(counted(), columns)
        is_finished = True
    finally:
        ExportEnd.objects.create(export=export, row_count=count, is_finished=is_finished)
