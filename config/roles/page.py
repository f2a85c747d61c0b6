"""docs/reference/database-roles.md, made from the matrix."""

from config.roles.matrix import GRANTEES, ROLES, TABLE_GROUPS, Role, RoleDefinition, TableGroup


def roles_page() -> str:
    """What each role is for and may do with each table."""
    roles = "".join(
        f"| **{role}** | {definition.purpose} | `{definition.variable}` | {_limits(definition)} |\n"
        for role, definition in ROLES.items()
    )
    groups = "".join(
        f"| **{group.title}**: {', '.join(f'`{table}`' for table in group.tables)} | "
        f"{' | '.join(_cell(group, role) for role in GRANTEES)} | {group.why} |\n"
        for group in TABLE_GROUPS
    )
    database = " | ".join(
        ", ".join(ROLES[role].database_privileges) or "nothing" for role in GRANTEES
    )
    return f"""\
# Database roles

Who may do what in the database. Made from `config/roles/matrix.py` by `manage.py
export_reference`; do not edit. How to make the roles:
[database-roles](../how-to/database-roles.md); the same as a script for psql:
[database-roles.sql](database-roles.sql).

A role's name on the server begins with a prefix: `futurisys_app`. None is a superuser, makes roles
or databases, or is a member of another.

| role | what for | its URL | its sessions |
|---|---|---|---|
{roles}
## Privileges

The **owner** owns every table and is therefore not in this list; on insert-only tables, triggers
stop the owner too, until the owner drops them. `PUBLIC`, that is everybody else, has nothing: not
even CONNECT. Nobody but the owner may TRUNCATE, create or alter anything.

| on | app | auditor | loader | why |
|---|---|---|---|---|
| **the database** | {database} | |
| **the schema `public`** | USAGE | USAGE | USAGE | |
{groups}
With INSERT on a table goes USAGE of its sequence.
"""


def _cell(group: TableGroup, role: Role) -> str:
    if role is Role.AUDITOR and (columns := group.auditor_columns):
        hidden = ", ".join(f"`{name}`" for name in columns.hidden)
        return f"SELECT of all columns but {hidden}"
    return ", ".join(group.privileges(role)) or "nothing"


def _limits(definition: RoleDefinition) -> str:
    limits = [f"at most {definition.connection_limit}"] if definition.connection_limit > 0 else []
    return ", ".join(
        [*limits, *(f"`{name} = {value}`" for name, value in definition.settings.items())]
    )
