"""What a question to the dataset consists of. No database access."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Row: TypeAlias = Mapping[str, Any]
#: The same answer by the ORM: the parameters as keywords, a mapping for each row.
Orm: TypeAlias = Callable[..., Iterable[Row]]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value that the SQL binds as `%(name)s`. Without a default it has to be given; `example`
    stands for it in the documentation."""

    name: str
    kind: type
    meaning: str
    default: int | bool | None = None
    example: int | None = None

    @property
    def shown(self) -> int | bool | None:
        """The value that the documentation shows."""
        return self.example if self.default is None else self.default


@dataclass(frozen=True, slots=True)
class Query:
    """One question in two languages, its SQL, the same by the ORM, and the unit of each column."""

    name: str
    question: str
    question_fr: str
    sql: str
    orm: Orm
    #: Column of the result -> unit; empty where there is none.
    columns: Mapping[str, str]
    parameters: tuple[Parameter, ...] = field(default=())
    note: str = ""


IS_SYNTHETIC = Parameter(
    "is_synthetic",
    bool,
    "Made-up records instead of real ones. `query_dataset` takes them by itself if there are no "
    "others.",
    default=False,
)
DATA_YEAR = Parameter("data_year", int, "Calendar year of the figures.", default=2016)
TOP = Parameter("top", int, "So many rows.", default=20)
OSE_BUILDING_ID = Parameter("ose_building_id", int, "The city's identifier.", example=1)
