"""docs/reference/admin-roles.md, made from `predictions.staff`."""

from predictions.staff import AREAS, PURPOSES, STAFF_GROUPS, Area, Group


def admin_roles_page() -> str:
    """What each group is for, and what it may do where."""
    groups = "".join(f"| `{group}` | {PURPOSES[group]} |\n" for group in Group)
    heads = " | ".join(f"`{group}`" for group in STAFF_GROUPS)
    areas = "".join(
        f"| {area.title} | {' | '.join(_cell(area, group) for group in STAFF_GROUPS)} |\n"
        for area in AREAS
    )
    return f"""\
# Roles of the back office

Who may do what in the admin. Made from `predictions/staff.py` by `manage.py export_reference`; do
not edit. How to grant a role: [grant-roles](../how-to/grant-roles.md).

A role is a group. A user may be in several, may do what any of them may, and signs in only with
*staff status*. `manage.py seed_groups`, part of each release, gives each group these permissions
and no others.

| group | what for |
|---|---|
{groups}
A **superuser** may do all of this, and alone makes users, puts them into groups and takes their
access away. Nobody, superusers included, changes or deletes what is on the record, decides on a
promotion that is one's own, or deletes a user: users are set inactive.

## Permissions

| in the admin | {heads} |
|---|{"---|" * len(STAFF_GROUPS)}
{areas}
Whoever is not signed in is sent to the sign-in page; whoever is, and may not, is answered 403.
"""


def _cell(area: Area, group: Group) -> str:
    said = ["sees"] if group in area.viewers else []
    if more := area.said.get(group):
        said.append(more)
    return "; ".join(said) or "nothing"
