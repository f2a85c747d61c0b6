"""Who may do what with which table: the only list of it.

A privilege that is not here is taken away where one of the roles, or PUBLIC, is found to hold it. A
table that is not here stops `create_database` and fails a test, by name.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from buildings.models import PROVENANCE_TABLES
from mlmodel.models import INSERT_ONLY_TABLES
from predictions.models import AUDIT_TABLES, STAFF_LOG_TABLES


class Role(StrEnum):
    """A role of the database; its name there begins with a prefix: `futurisys_app`."""

    OWNER = "owner"
    APP = "app"
    AUDITOR = "auditor"
    LOADER = "loader"


#: Those who are granted something; the owner owns everything and is granted nothing.
GRANTEES: Final = (Role.APP, Role.AUDITOR, Role.LOADER)


@dataclass(frozen=True, kw_only=True, slots=True)
class RoleDefinition:
    """What a role is for and what holds for each of its sessions."""

    purpose: str
    #: The environment variable that its URL is kept in.
    variable: str
    #: On the database itself.
    database_privileges: tuple[str, ...]
    #: Sessions at a time; -1: as many as the server allows.
    connection_limit: int = -1
    #: Defaults of its sessions in this database. No substitute for privileges: a session may
    #: change them.
    settings: Mapping[str, str] = field(default_factory=dict)


ROLES: Final[Mapping[Role, RoleDefinition]] = {
    Role.OWNER: RoleDefinition(
        purpose="owns the database and its tables; runs migrations and the commands of the model "
        "(`register_shipped_model`, `train_model`, `promote_model`, `rollback_model`) and "
        "`purge_idempotency_keys`",
        variable="OWNER_DATABASE_URL",
        database_privileges=(),
    ),
    Role.APP: RoleDefinition(
        purpose="serves requests: API, admin, `create_token`, `createsuperuser`, "
        "`shadow_predictions`, `match_outcomes`",
        variable="DATABASE_URL",
        database_privileges=("CONNECT",),
        settings={"idle_in_transaction_session_timeout": "60s"},
    ),
    Role.AUDITOR: RoleDefinition(
        purpose="reads everything but secrets, with any SQL client; changes nothing",
        variable="AUDITOR_DATABASE_URL",
        database_privileges=("CONNECT",),
        connection_limit=10,
        settings={
            "default_transaction_read_only": "on",
            "statement_timeout": "5min",
            "idle_in_transaction_session_timeout": "5min",
        },
    ),
    Role.LOADER: RoleDefinition(
        purpose="loads datasets: `load_dataset`, `import_worker`",
        variable="LOADER_DATABASE_URL",
        database_privileges=("CONNECT", "TEMPORARY"),
        connection_limit=4,
    ),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Columns:
    """SELECT on some columns of a table only; every column is in one of the two."""

    seen: tuple[str, ...]
    hidden: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class TableGroup:
    """Tables for which the same privileges hold."""

    title: str
    tables: tuple[str, ...]
    why: str
    app: tuple[str, ...] = ()
    auditor: tuple[str, ...] | Columns = ()
    loader: tuple[str, ...] = ()

    def privileges(self, role: Role) -> tuple[str, ...]:
        """On whole tables."""
        granted = {Role.APP: self.app, Role.AUDITOR: self.auditor, Role.LOADER: self.loader}
        found = granted[role]
        return () if isinstance(found, Columns) else found

    @property
    def auditor_columns(self) -> Columns | None:
        return self.auditor if isinstance(self.auditor, Columns) else None


_READ: Final = ("SELECT",)
_APPEND: Final = ("SELECT", "INSERT")
_CHANGE: Final = ("SELECT", "INSERT", "UPDATE", "DELETE")

TABLE_GROUPS: Final = (
    TableGroup(
        title="Predictions on the record",
        tables=AUDIT_TABLES,
        why="insert-only: triggers refuse a change even to the owner",
        app=_APPEND,
        auditor=_READ,
    ),
    TableGroup(
        title="Idempotency keys",
        tables=("predictions_idempotencykey",),
        why="insert-only: triggers refuse a change even to the owner, who purges what is old",
        app=_APPEND,
        auditor=_READ,
    ),
    TableGroup(
        title="Answers to repeat",
        tables=("predictions_idempotentanswer",),
        why="likewise; what was answered to a caller is nobody else's, and the record has the rest",
        app=_APPEND,
        auditor=Columns(seen=("key_id", "status", "headers", "created_at"), hidden=("body",)),
    ),
    TableGroup(
        title="Usage by day",
        tables=("predictions_usageday",),
        why="counted from the record once a day is over; counted anew if the owner deletes it",
        app=_APPEND,
        auditor=_READ,
    ),
    TableGroup(
        title="Where facts came from",
        tables=PROVENANCE_TABLES,
        why="insert-only: triggers refuse a change even to the owner",
        app=_READ,
        auditor=_READ,
        loader=_APPEND,
    ),
    TableGroup(
        title="Buildings and what they reported",
        tables=("buildings_building", "buildings_benchmarkrecord", "buildings_publishedrow"),
        why="corrected by a later file, never deleted",
        app=_READ,
        auditor=_READ,
        loader=("SELECT", "INSERT", "UPDATE"),
    ),
    TableGroup(
        title="Uses of a property",
        tables=("buildings_propertyuse",),
        why="replaced as a whole when a later file lists others",
        app=_READ,
        auditor=_READ,
        loader=("SELECT", "INSERT", "DELETE"),
    ),
    TableGroup(
        title="Files put forward to be loaded",
        tables=("buildings_datasetupload",),
        why="insert-only; who serves requests only asks, and the loader loads",
        app=_APPEND,
        auditor=_READ,
        loader=_READ,
    ),
    TableGroup(
        title="What became of them",
        tables=("buildings_datasetuploadstep",),
        why="insert-only; staff confirm, the loader reports",
        app=_APPEND,
        auditor=_READ,
        loader=_APPEND,
    ),
    TableGroup(
        title="Model versions",
        tables=("mlmodel_modelversion",),
        why="who serves requests cannot choose the model that answers them: a trigger lets the app "
        "move the champion's alias only as an approved proposal says, and nothing else",
        app=("SELECT", "UPDATE"),
        auditor=_READ,
    ),
    TableGroup(
        title="Proposals and history of promotions",
        tables=INSERT_ONLY_TABLES,
        why="insert-only: triggers refuse a change even to the owner; a CHECK holds who proposes "
        "and who approves apart, and a trigger lets the app record approved promotions only",
        app=_APPEND,
        auditor=_READ,
    ),
    TableGroup(
        title="Users",
        tables=("auth_user",),
        why="signing in writes the time; the password's hash is for nobody else",
        app=_CHANGE,
        auditor=Columns(
            seen=(
                "id",
                "username",
                "first_name",
                "last_name",
                "email",
                "is_active",
                "is_staff",
                "is_superuser",
                "date_joined",
                "last_login",
            ),
            hidden=("password",),
        ),
    ),
    TableGroup(
        title="Groups and permissions given",
        tables=(
            "auth_group",
            "auth_group_permissions",
            "auth_user_groups",
            "auth_user_user_permissions",
        ),
        why="kept in the admin",
        app=_CHANGE,
        auditor=_READ,
    ),
    TableGroup(
        title="API tokens",
        tables=("predictions_apitoken",),
        why="made, revoked, and deleted once expired; neither digest nor prefix is for readers",
        app=_CHANGE,
        auditor=Columns(
            seen=(
                *("id", "name", "user_id", "created", "expiry", "revoked_at"),
                *("scopes", "networks", "requests_per_minute", "rows_per_minute"),
            ),
            hidden=("digest", "token_key"),
        ),
    ),
    TableGroup(
        title="Last use of tokens",
        tables=("predictions_apitokenuse",),
        why="written at most once a minute; goes with its token",
        app=_CHANGE,
        auditor=_READ,
    ),
    TableGroup(
        title="Rates",
        tables=("predictions_ratewindow",),
        why="counters of the current minute, which hold addresses; taken away when over",
        app=_CHANGE,
    ),
    TableGroup(
        title="Sessions",
        tables=("django_session",),
        why="who reads a session's key is signed in",
        app=_CHANGE,
    ),
    TableGroup(
        title="What staff did, and failed sign-ins",
        tables=STAFF_LOG_TABLES,
        why="insert-only: triggers refuse a change even to the owner",
        app=_APPEND,
        auditor=_READ,
    ),
    TableGroup(
        title="Sign-ins that are counted",
        tables=("axes_accessattempt",),
        why="taken away by a sign-in or by who unlocks; what forms sent is for nobody else",
        app=_CHANGE,
        auditor=Columns(
            seen=(
                *("id", "user_agent", "ip_address", "username", "http_accept", "path_info"),
                *("attempt_time", "failures_since_start"),
            ),
            hidden=("get_data", "post_data"),
        ),
    ),
    TableGroup(
        title="What django-axes has and is not used",
        tables=("axes_accesslog", "axes_accessattemptexpiration"),
        why="sign-ins are in the log of what staff did; deleting an attempt looks into the second",
        app=("SELECT", "DELETE"),
        auditor=_READ,
    ),
    TableGroup(
        title="Django's own lists",
        tables=("auth_permission", "django_content_type", "django_migrations"),
        why="written by migrations",
        app=_READ,
        auditor=_READ,
    ),
)


def classified_tables() -> frozenset[str]:
    """Every table that the matrix knows."""
    return frozenset(table for group in TABLE_GROUPS for table in group.tables)


def table_privileges() -> Iterator[tuple[str, Role, tuple[str, ...]]]:
    """Table, role, privileges on the whole table; where there are any."""
    for group in TABLE_GROUPS:
        for table in group.tables:
            for role in GRANTEES:
                if privileges := group.privileges(role):
                    yield table, role, privileges


def column_privileges() -> Iterator[tuple[str, Role, tuple[str, ...]]]:
    """Table, role, columns that it may SELECT; where it may not read the whole table."""
    for group in TABLE_GROUPS:
        if columns := group.auditor_columns:
            for table in group.tables:
                yield table, Role.AUDITOR, columns.seen
