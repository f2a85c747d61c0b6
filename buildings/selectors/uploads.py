"""Which files were put forward, and how far each has come."""

from collections.abc import Iterator

from django.db.models import Exists, OuterRef

from buildings.models import DatasetUpload, DatasetUploadStep, UploadStage

_ENDS = (UploadStage.LOADED, UploadStage.FAILED, UploadStage.CANCELLED)


def upload_stages(*, upload: DatasetUpload) -> set[str]:
    """The stages that an upload has reached. One query."""
    return set(upload.steps.values_list("stage", flat=True))


def uploads_waiting() -> Iterator[tuple[DatasetUpload, bool]]:
    """What a worker has to do, oldest first: upload, and whether it is to be tried (True) or
    loaded. One query, and one for each file."""
    steps = DatasetUploadStep.objects.filter(upload=OuterRef("pk"))
    waiting = (
        DatasetUpload.objects.annotate(
            is_checked=Exists(steps.filter(stage=UploadStage.CHECKED)),
            is_confirmed=Exists(steps.filter(stage=UploadStage.CONFIRMED)),
        )
        .exclude(Exists(steps.filter(stage__in=_ENDS)))
        .order_by("pk")
    )
    for key, is_checked, is_confirmed in list(
        waiting.values_list("pk", "is_checked", "is_confirmed")
    ):
        if is_confirmed or not is_checked:
            yield DatasetUpload.objects.get(pk=key), not is_confirmed
