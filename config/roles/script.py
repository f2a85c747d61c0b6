"""The same for psql: what `manage.py create_database --sql` prints, and docs/reference has."""

from collections.abc import Iterable
from textwrap import indent

from config.roles import statements
from config.roles.matrix import Role
from config.roles.statements import Names, Step


def roles_script(names: Names) -> str:
    """A psql script that makes roles, database and privileges; without any password."""
    passwords = "\n".join(
        f"""\
\\if :is_new_{role}
\\if :{{?{role}_password}}
ALTER ROLE {names.of(role)} PASSWORD :'{role}_password';
\\else
\\password {names.of(role)}
\\endif
\\endif"""
        for role in Role
    )
    is_new = ",\n".join(
        f"       to_regrole('{names.of(role)}') IS NULL AS is_new_{role}" for role in Role
    )
    return f"""\
-- The database {names.database} and its four roles, on PostgreSQL 15 or later, by somebody with
-- CREATEDB and CREATEROLE:
--
--     psql --file database-roles.sql postgres://administrator@host/postgres
--
-- Twice: tables are made in between, by `manage.py migrate` as {names.owner}. Each query
-- answers with the statements that are still missing, and \\gexec runs them: run again, nothing
-- is changed.
-- psql asks for the password of each new role; --set=app_password=… and the like are for scripts.
--
-- Made from config/roles/matrix.py by `manage.py create_database --sql`; do not edit.

\\set ON_ERROR_STOP on

-- A role that is there already and may more than it should, or a database that is not ours, stops
-- the script here.
{_refusal(statements.unsafe_roles_query(names))}
{_refusal(statements.unsafe_database_query(names))}
-- Roles, then their passwords.
SELECT
{is_new}
\\gset
{_executed([statements.roles_step(names)])}
{passwords}

-- Who makes a database for another role has to be a member of it; until the end of this script. (If
-- that is never reached: REVOKE {names.owner} FROM CURRENT_USER.)
{statements.is_member_query(names)} AS is_member
\\gset
\\if :is_member
\\else
{statements.membership_query(names)}
\\gexec
\\endif
{_executed([statements.database_step(names), statements.settings_step(names)])}
\\connect {names.database}
SET ROLE {names.owner};
{_executed(statements.closing_steps(names))}
-- Privileges on tables, once there are any.
SELECT to_regclass('public.django_migrations') IS NOT NULL AS has_tables
\\gset
\\if :has_tables
{_refusal(statements.unsafe_tables_query(names))}
BEGIN;
{_executed(statements.grant_steps(names))}
COMMIT;
\\else
\\echo No tables yet: run manage.py migrate as {names.owner}, then this script again.
\\endif

RESET ROLE;
\\if :is_member
\\else
{statements.membership_end_query(names)}
\\gexec
\\endif
"""


def _executed(steps: Iterable[Step]) -> str:
    return "\n".join(
        f"-- {step.title[0].upper()}{step.title[1:]}.\n{step.query}\n\\gexec\n" for step in steps
    )


def _refusal(query: str) -> str:
    """Stops with the sentences that the query answers with, if there are any."""
    return f"""\
DO $refuse$
DECLARE
    sentences text;
BEGIN
    SELECT string_agg(sentence, E'\\n') INTO sentences FROM (
{indent(query, " " * 8)}
    ) AS found (sentence);
    IF sentences IS NOT NULL THEN
        RAISE EXCEPTION USING MESSAGE = sentences;
    END IF;
END
$refuse$;
"""
