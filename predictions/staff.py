"""Who may do what in the back office: the only list of it.

Groups are seeded from it (`groups_ensure`), docs/reference/admin-roles.md is made of it, and a test
walks every address of the admin by it. A superuser may do all of it, and alone makes staff.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from mlmodel.models import PREDICT_WITH_ANY_VERSION
from predictions.models import EXPORT_LISTS


class Group(StrEnum):
    """A group of users; its name is what Django stores."""

    AUDITOR = "auditor"
    DATA_SCIENTIST = "data_scientist"
    APPROVER = "approver"
    OPERATOR = "operator"
    API_CLIENT = "api_client"


#: What each is for, in a sentence.
PURPOSES: Final[Mapping[Group, str]] = {
    Group.AUDITOR: "sees everything but secrets, exports it, and changes nothing",
    Group.DATA_SCIENTIST: "sees models and the evidence on them, and proposes promotions",
    Group.APPROVER: "approves or declines what another proposed",
    Group.OPERATOR: "keeps callers and their tokens, enters outcomes, puts datasets forward, "
    "unlocks who is locked out",
    Group.API_CLIENT: "asks for predictions over the API; no place in the back office",
}

#: Who signs in to the back office: these groups, of users that are marked as staff.
STAFF_GROUPS: Final = (Group.AUDITOR, Group.DATA_SCIENTIST, Group.APPROVER, Group.OPERATOR)

_AUDITOR: Final = frozenset({Group.AUDITOR})
_AND_OPERATOR: Final = frozenset({Group.AUDITOR, Group.OPERATOR})
_ALL: Final = frozenset(STAFF_GROUPS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """Tables that the same people may see, and who may do more than look."""

    title: str
    #: As app label and model.
    tables: tuple[str, ...]
    viewers: frozenset[Group]
    #: Group -> codenames of further permissions, all of the first table's app.
    more: Mapping[Group, tuple[str, ...]] = field(default_factory=dict)
    #: What these are, in words, for the page.
    said: Mapping[Group, str] = field(default_factory=dict)


AREAS: Final = (
    Area(
        title="Buildings, records, emission factors",
        tables=(
            "buildings.building",
            "buildings.benchmarkrecord",
            "buildings.publishedrow",
            "buildings.propertyuse",
            "buildings.recordrevision",
            "buildings.rejectedrow",
            "buildings.datasetimport",
            "buildings.emissionfactorset",
            "buildings.emissionfactor",
        ),
        viewers=_ALL,
    ),
    Area(
        title="Datasets put forward",
        tables=("buildings.datasetupload", "buildings.datasetuploadstep"),
        viewers=_AND_OPERATOR,
        more={Group.OPERATOR: ("add_datasetupload",)},
        said={Group.OPERATOR: "puts forward, confirms, cancels"},
    ),
    Area(
        title="Calls, predictions, explanations",
        tables=(
            "predictions.predictionrequest",
            "predictions.predictioninput",
            "predictions.predictionoutput",
            "predictions.predictionexplanation",
            "predictions.predictionbatch",
        ),
        viewers=_ALL,
    ),
    Area(
        title="Shadow answers",
        tables=("predictions.shadowoutput",),
        viewers=_ALL - {Group.OPERATOR},
    ),
    Area(
        title="Outcomes",
        tables=("predictions.observedoutcome",),
        viewers=_ALL,
        more={Group.OPERATOR: ("add_observedoutcome",)},
        said={Group.OPERATOR: "enters"},
    ),
    Area(
        title="Model versions, their live accuracy and promotions",
        tables=("mlmodel.modelversion", "mlmodel.modelpromotion"),
        viewers=_ALL,
        more={Group.DATA_SCIENTIST: (PREDICT_WITH_ANY_VERSION,)},
        said={Group.DATA_SCIENTIST: "may predict with any version, over the API"},
    ),
    Area(
        title="Proposals to promote",
        tables=("mlmodel.promotionproposal", "mlmodel.promotiondecision"),
        viewers=_ALL,
        more={
            Group.DATA_SCIENTIST: ("add_promotionproposal",),
            Group.APPROVER: ("add_promotiondecision",),
        },
        said={
            Group.DATA_SCIENTIST: "proposes, withdraws one's own",
            Group.APPROVER: "approves or declines another's",
        },
    ),
    Area(
        title="API tokens",
        tables=("predictions.apitoken",),
        viewers=_AND_OPERATOR,
        more={Group.OPERATOR: ("add_apitoken", "change_apitoken")},
        said={Group.OPERATOR: "makes, revokes"},
    ),
    Area(
        title="Callers",
        tables=("predictions.caller",),
        viewers=_AND_OPERATOR,
        more={Group.OPERATOR: ("add_caller",)},
        said={Group.OPERATOR: "makes"},
    ),
    Area(
        title="Idempotency keys",
        tables=("predictions.idempotencykey",),
        viewers=_AND_OPERATOR,
    ),
    Area(
        title="What staff did; exports",
        tables=("admin.logentry", "predictions.export", "predictions.exportend"),
        viewers=_ALL,
    ),
    Area(
        title="Failed sign-ins",
        tables=("axes.accessfailurelog", "axes.accessattempt"),
        viewers=_AND_OPERATOR,
        more={Group.OPERATOR: ("delete_accessattempt",)},
        said={Group.OPERATOR: "unlocks"},
    ),
    Area(
        title="Users and groups",
        tables=("auth.user", "auth.group"),
        viewers=_AUDITOR,
    ),
    Area(
        title="Any list above, as a file",
        tables=("predictions.export",),
        viewers=frozenset(),
        more={
            Group.AUDITOR: (EXPORT_LISTS,),
            Group.DATA_SCIENTIST: (EXPORT_LISTS,),
        },
        said={
            Group.AUDITOR: "exports what one may see",
            Group.DATA_SCIENTIST: "exports what one may see",
        },
    ),
)

#: What callers may do, over the API; they sign in nowhere.
_API_CLIENT: Final = (
    ("predictions", "add_predictionrequest"),
    ("predictions", "view_predictionrequest"),
)


def permissions_of(group: Group) -> Iterator[tuple[str, str]]:
    """App label and codename of each permission that the group has."""
    if group is Group.API_CLIENT:
        yield from _API_CLIENT
    for area in AREAS:
        if group in area.viewers:
            for table in area.tables:
                app_label, model = table.split(".")
                yield app_label, f"view_{model}"
        for codename in area.more.get(group, ()):
            yield area.tables[0].partition(".")[0], codename


def may(group: Group, permission: str) -> bool:
    """Whether the group has the permission, which is written as Django does: `auth.view_user`."""
    app_label, _, codename = permission.partition(".")
    return (app_label, codename) in set(permissions_of(group))
