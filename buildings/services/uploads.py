"""Datasets that staff put forward: the admin asks, and a worker with the loader's role carries out.

Who serves requests may not write the dataset (config/roles/matrix.py), and a load takes seconds, in
which no web worker shall be held. So a file waits in a table until the worker has tried it (a dry
run), and again until somebody has confirmed what the dry run says.
"""

import hashlib
import logging
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from django.contrib.auth.models import User
from django.db import DatabaseError, IntegrityError, connection, transaction

from buildings.errors import DatasetError, UploadConflictError
from buildings.models import DatasetImport, DatasetUpload, DatasetUploadStep, UploadStage
from buildings.reading import header_check
from buildings.selectors.uploads import upload_stages, uploads_waiting
from buildings.services.datasets import ImportReport, Source, datasets_import
from buildings.services.reports import reject_lines, report_lines
from buildings.sources import dataset_locate

logger = logging.getLogger(__name__)

#: Ten times the city's largest file; a larger one is loaded by `load_dataset`.
UPLOAD_BYTES_MAX: Final = 20 * 1024 * 1024
_REJECTS_SHOWN: Final = 20


def dataset_upload_create(
    *,
    source: str,
    content: bytes | None,
    uploaded_by: User,
    is_synthetic: bool = False,
    rejects_allowed: int = 0,
) -> DatasetUpload:
    """Put a file forward, or without content a published source by its name.

    Raises DatasetFormatError when the file does not begin as the city's CSV, and DatasetError when
    it is too large.
    """
    if content is not None:
        if len(content) > UPLOAD_BYTES_MAX:
            raise DatasetError(f"Must be {UPLOAD_BYTES_MAX:,} bytes at most.")
        header_check(BytesIO(content))
    return DatasetUpload.objects.create(
        source=source,
        content=content,
        size_bytes=None if content is None else len(content),
        sha256="" if content is None else hashlib.sha256(content).hexdigest(),
        is_synthetic=is_synthetic,
        rejects_allowed=rejects_allowed,
        uploaded_by=uploaded_by,
        uploaded_by_name=uploaded_by.get_username(),
    )


def dataset_upload_decide(*, upload: DatasetUpload, is_confirmed: bool, by: User) -> None:
    """Have it loaded as the dry run says, or not at all. Raises UploadConflictError when there is
    no dry run to confirm, or when it was decided already."""
    stages = upload_stages(upload=upload)
    if is_confirmed and UploadStage.CHECKED not in stages:
        raise UploadConflictError("There is no dry run yet that could be confirmed.")
    if UploadStage.FAILED in stages:
        raise UploadConflictError("It has failed already.")
    stage = UploadStage.CONFIRMED if is_confirmed else UploadStage.CANCELLED
    try:
        with transaction.atomic():
            DatasetUploadStep.objects.create(
                upload=upload, stage=stage, by=by, by_name=by.get_username()
            )
    except IntegrityError:
        raise UploadConflictError("It was confirmed or cancelled already.") from None


def dataset_uploads_carry_out() -> list[DatasetUploadStep]:
    """Try what is new and load what is confirmed, oldest first; what each came to. As a role that
    may load."""
    done = [_carried_out(upload, is_dry_run=is_dry_run) for upload, is_dry_run in uploads_waiting()]
    return [step for step in done if step is not None]


def dataset_uploads_run(
    *, stopping: threading.Event, pause_s: float, on_step: Callable[[DatasetUploadStep], Any]
) -> None:
    """Look for work until told to stop; goes on when the database was away."""
    while not stopping.is_set():
        try:
            for step in dataset_uploads_carry_out():
                on_step(step)
        except DatabaseError:
            logger.exception("the database did not let uploads be carried out; trying again")
            connection.close()
        stopping.wait(pause_s)


def _carried_out(upload: DatasetUpload, *, is_dry_run: bool) -> DatasetUploadStep | None:
    """The step that it came to; None when another worker was faster."""
    try:
        # The load and the word of it: both, or neither.
        with transaction.atomic():
            report = _tried(upload, is_dry_run=is_dry_run)
            return _step(
                upload,
                UploadStage.CHECKED if is_dry_run else UploadStage.LOADED,
                report=_said(report, is_dry_run=is_dry_run),
                dataset_import=None if is_dry_run else report.dataset_import,
            )
    except IntegrityError:
        logger.info("upload %s was carried out by another worker", upload.pk)
        return None
    except DatasetError as error:
        return _step(upload, UploadStage.FAILED, report=str(error))


def _tried(upload: DatasetUpload, *, is_dry_run: bool) -> ImportReport:
    with _source(upload) as source:
        (report,) = datasets_import(
            sources=[source],
            # Its name and number are all that the load needs, and all that the loader may know.
            imported_by=User(pk=upload.uploaded_by_id),
            allow_rejects=upload.rejects_allowed,
            is_dry_run=is_dry_run,
        )
    return report


@contextmanager
def _source(upload: DatasetUpload) -> Iterator[Source]:
    """The file, for as long as it is read."""
    if upload.content is None:
        found = dataset_locate(source=upload.source)
        is_synthetic = found.is_synthetic or upload.is_synthetic
        yield Source(found.path, found.source, is_synthetic=is_synthetic)
        return
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / Path(upload.source).name
        path.write_bytes(upload.content)
        yield Source(path, f"upload {upload.pk}: {upload.source}", upload.is_synthetic)


def _step(
    upload: DatasetUpload,
    stage: UploadStage,
    *,
    report: str,
    dataset_import: DatasetImport | None = None,
) -> DatasetUploadStep:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        (role,) = cursor.fetchone()
    return DatasetUploadStep.objects.create(
        upload=upload, stage=stage, report=report, dataset_import=dataset_import, by_name=role
    )


def _said(report: ImportReport, *, is_dry_run: bool) -> str:
    lines = [
        *report_lines(report, is_dry_run=is_dry_run),
        *reject_lines(report, shown=_REJECTS_SHOWN),
    ]
    return "\n".join(lines)
