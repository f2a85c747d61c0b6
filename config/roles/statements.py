"""The matrix as SQL that is safe to run again: queries whose rows are the statements still missing.

Each step is one query. It looks at the server's catalogues and answers with the GRANT, REVOKE or
CREATE statements that would bring it to what the matrix says; none, when that is so already. psql
runs such rows with `\\gexec`, `provision` does the same, and `--dry-run` only shows them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from textwrap import indent
from typing import Final

from config.roles.matrix import (
    GRANTEES,
    ROLES,
    Role,
    classified_tables,
    column_privileges,
    table_privileges,
)

#: Names are plain, so that nobody ever has to quote one.
NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One thing to bring about; `query` answers with the statements that are missing."""

    title: str
    query: str


@dataclass(frozen=True, slots=True)
class Names:
    """What database and roles are called.

    Raises:
        ValueError: A name that would have to be quoted.
    """

    database: str
    prefix: str

    def __post_init__(self) -> None:
        for name in (self.database, self.prefix):
            if not NAME.fullmatch(name):
                raise ValueError(
                    f"{name!r} is no plain name: a lower-case letter, then at most 39 lower-case "
                    "letters, digits and underscores."
                )

    def of(self, role: Role) -> str:
        """The role's name on the server."""
        return f"{self.prefix}_{role}"

    @property
    def owner(self) -> str:
        return self.of(Role.OWNER)

    @property
    def grantees(self) -> str:
        """As an SQL list."""
        return ", ".join(_text(self.of(role)) for role in GRANTEES)


# -- as administrator, in any database ---------------------------------------------------------


def unsafe_roles_query(names: Names) -> str:
    """Sentences about roles that are there already and may more than theirs."""
    ours = ", ".join(_text(names.of(role)) for role in Role)
    return f"""\
SELECT format('%s may more than it should: ALTER ROLE %I%s', rolname, rolname, excess)
  FROM pg_roles, concat(
           CASE WHEN rolsuper THEN ' NOSUPERUSER' END,
           CASE WHEN rolcreatedb THEN ' NOCREATEDB' END,
           CASE WHEN rolcreaterole THEN ' NOCREATEROLE' END,
           CASE WHEN rolreplication THEN ' NOREPLICATION' END,
           CASE WHEN rolbypassrls THEN ' NOBYPASSRLS' END,
           CASE WHEN NOT rolcanlogin THEN ' LOGIN' END) AS excess
 WHERE rolname IN ({ours}) AND excess <> ''
UNION ALL
SELECT format('%s is a member of %s: REVOKE %I FROM %I', member.rolname, above.rolname,
              above.rolname, member.rolname)
  FROM pg_auth_members AS held
  JOIN pg_roles AS member ON member.oid = held.member
  JOIN pg_roles AS above ON above.oid = held.roleid
 WHERE member.rolname IN ({ours})"""


def unsafe_database_query(names: Names) -> str:
    """Sentences about a database of that name that is not ours."""
    return f"""\
SELECT format('The database %s belongs to %s and not to %s: choose another name, or first '
              'ALTER DATABASE %I OWNER TO %I and, in it, REASSIGN OWNED',
              datname, pg_get_userbyid(datdba), {_text(names.owner)}, datname, {_text(names.owner)})
  FROM pg_database
 WHERE datname = {_text(names.database)} AND pg_get_userbyid(datdba) <> {_text(names.owner)}
UNION ALL
SELECT format('The database %s is encoded as %s and not as UTF8: choose another name',
              datname, pg_encoding_to_char(encoding))
  FROM pg_database
 WHERE datname = {_text(names.database)} AND pg_encoding_to_char(encoding) <> 'UTF8'"""


def new_roles_query(names: Names) -> str:
    """Those of our roles that are not there."""
    wanted = _rows([(_text(names.of(role)),) for role in Role])
    return f"""\
SELECT rolename FROM (VALUES
{wanted}
) AS wanted (rolename)
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = rolename)"""


def roles_step(names: Names) -> Step:
    wanted = _rows(
        [(_text(names.of(role)), str(ROLES[role].connection_limit)) for role in Role],
    )
    return Step(
        title="roles",
        query=f"""\
SELECT format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS '
              'CONNECTION LIMIT %s', rolename, connections)
  FROM (VALUES
{wanted}
) AS wanted (rolename, connections)
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = rolename)""",
    )


def is_member_query(names: Names) -> str:
    """Whether the administrator may act as the owner."""
    return f"""\
SELECT pg_has_role({_text(names.owner)}, 'USAGE') AND pg_has_role({_text(names.owner)},
       CASE WHEN current_setting('server_version_num')::int >= 160000
            THEN 'SET' ELSE 'MEMBER' END)"""


def membership_query(names: Names) -> str:
    """The statement that lets the administrator act as the owner."""
    return f"""\
SELECT format('GRANT %I TO %I%s', {_text(names.owner)}, current_user,
              CASE WHEN current_setting('server_version_num')::int >= 160000
                   THEN ' WITH INHERIT TRUE, SET TRUE' END)"""


def membership_end_query(names: Names) -> str:
    return f"SELECT format('REVOKE %I FROM %I', {_text(names.owner)}, current_user)"


def database_step(names: Names) -> Step:
    # Sorted alike on every machine, and never again by another release of the system's locales.
    locale = "LOCALE_PROVIDER builtin BUILTIN_LOCALE ''C.UTF-8'' LOCALE ''C''"
    return Step(
        title="database",
        query=f"""\
SELECT format('CREATE DATABASE %I OWNER %I TEMPLATE template0 ENCODING ''UTF8'' %s',
              {_text(names.database)}, {_text(names.owner)},
              CASE WHEN current_setting('server_version_num')::int >= 170000
                   THEN '{locale}'
                   -- The server's own locale, unless that is of another encoding.
                   WHEN EXISTS (SELECT FROM pg_database WHERE datname = 'template0'
                                   AND pg_encoding_to_char(encoding) <> 'UTF8')
                   THEN 'LOCALE ''C.UTF-8''' END)
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = {_text(names.database)})""",
    )


def settings_step(names: Names) -> Step:
    wanted = _rows(
        [
            (_text(names.of(role)), _text(setting), _text(value))
            for role in Role
            for setting, value in ROLES[role].settings.items()
        ]
    )
    return Step(
        title="settings of their sessions",
        query=f"""\
SELECT format('ALTER ROLE %I IN DATABASE %I SET %I = %L',
              rolename, {_text(names.database)}, setting, value)
  FROM (VALUES
{wanted}
) AS wanted (rolename, setting, value)
 WHERE NOT EXISTS (
           -- Whatever value it has: an operator may have chosen another.
           SELECT FROM pg_db_role_setting, unnest(setconfig) AS entry
            WHERE setdatabase = (SELECT oid FROM pg_database
                                  WHERE datname = {_text(names.database)})
              AND setrole = (SELECT oid FROM pg_roles WHERE rolname = rolename)
              AND split_part(entry, '=', 1) = setting)""",
    )


# -- as owner, in the database itself ----------------------------------------------------------


def closing_steps(names: Names) -> list[Step]:
    """The database and its schema are for the four roles only."""
    database = [
        (names.database, role, ROLES[role].database_privileges)
        for role in GRANTEES
        if ROLES[role].database_privileges
    ]
    schema = [("public", role, ("USAGE",)) for role in GRANTEES]
    return [
        Step(
            title="privileges on the database",
            query=_reconciliation(
                names,
                kind="DATABASE",
                wanted=_wanted(names, database),
                held=f"""\
SELECT datname, grantee, privilege_type, is_grantable
  FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba)))
 WHERE datname = {_text(names.database)}""",
            ),
        ),
        Step(
            title="privileges on the schema",
            query=_reconciliation(
                names,
                kind="SCHEMA",
                wanted=_wanted(names, schema),
                held="""\
SELECT nspname, grantee, privilege_type, is_grantable
  FROM pg_namespace, aclexplode(coalesce(nspacl, acldefault('n', nspowner)))
 WHERE nspname = 'public'""",
            ),
        ),
    ]


def unsafe_tables_query(names: Names) -> str:
    """Sentences about tables that are not the owner's, not classified, or not there."""
    known = ", ".join(_text(table) for table in sorted(classified_tables()))
    return f"""\
WITH found AS (
    SELECT relname, pg_get_userbyid(relowner) AS relowner FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
       AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
)
SELECT format('The table %s belongs to %s and not to %s: migrate as %s only, and let its owner '
              'ALTER TABLE %I OWNER TO %I', relname, relowner, {_text(names.owner)},
              {_text(names.owner)}, relname, {_text(names.owner)})
  FROM found WHERE relowner <> {_text(names.owner)}
UNION ALL
SELECT format('The table %s is not classified: say in config/roles/matrix.py who may do what with '
              'it', relname)
  FROM found WHERE relname NOT IN ({known})
UNION ALL
SELECT format('The table %s is missing: run `manage.py migrate` as %s', relname,
              {_text(names.owner)})
  FROM unnest(ARRAY[{known}]) AS relname WHERE relname NOT IN (SELECT relname FROM found)"""


def grant_steps(names: Names) -> list[Step]:
    """What the matrix says of tables, columns and sequences; after every migration."""
    return [
        Step(
            title="privileges on tables",
            query=_reconciliation(
                names,
                kind="TABLE",
                wanted=_wanted(names, table_privileges()),
                held=_held(names, "relkind IN ('r', 'p', 'v', 'm', 'f')"),
            ),
        ),
        _columns_step(names),
        Step(
            title="privileges on sequences",
            query=_reconciliation(
                names,
                kind="SEQUENCE",
                wanted=_wanted_sequences(names),
                held=_held(names, "relkind = 'S'"),
            ),
        ),
    ]


def _columns_step(names: Names) -> Step:
    """After that on tables: to take SELECT on a table away takes it on all its columns."""
    wanted = _rows(
        [
            (_text(table), _text(names.of(role)), _array(columns))
            for table, role, columns in column_privileges()
        ]
    )
    return Step(
        title="privileges on columns",
        query=f"""\
WITH wanted AS (
    SELECT relname, rolename, attname FROM (VALUES
{wanted}
    ) AS matrix (relname, rolename, columns), unnest(columns) AS attname
), held AS (
    SELECT relname::text, attname::text, privilege_type, is_grantable,
           coalesce((SELECT rolname FROM pg_roles WHERE oid = grantee), 'public')::text AS rolename
      FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid, aclexplode(attacl)
     WHERE relnamespace = 'public'::regnamespace AND relowner = {_text(names.owner)}::regrole
)
SELECT format('REVOKE %s (%s) ON TABLE public.%I FROM %I CASCADE', privilege_type,
              string_agg(quote_ident(attname), ', ' ORDER BY attname), relname, rolename)
  FROM held
 WHERE rolename IN ('public', {names.grantees})
   AND (privilege_type <> 'SELECT'
        OR (relname, rolename, attname) NOT IN (SELECT relname, rolename, attname FROM wanted))
 GROUP BY relname, rolename, privilege_type
UNION ALL
SELECT format('REVOKE GRANT OPTION FOR SELECT (%I) ON TABLE public.%I FROM %I CASCADE',
              attname, relname, rolename)
  FROM held
 WHERE is_grantable AND privilege_type = 'SELECT' AND rolename IN ({names.grantees})
UNION ALL
SELECT format('GRANT SELECT (%s) ON TABLE public.%I TO %I',
              string_agg(quote_ident(attname), ', ' ORDER BY attname), relname, rolename)
  FROM wanted
 WHERE (relname, rolename, attname, 'SELECT')
       NOT IN (SELECT relname, rolename, attname, privilege_type FROM held)
 GROUP BY relname, rolename
 ORDER BY 1 DESC""",
    )


def _wanted(names: Names, rows: Iterable[tuple[str, Role, tuple[str, ...]]]) -> str:
    values = _rows(
        [
            (_text(relation), _text(names.of(role)), _array(privileges))
            for relation, role, privileges in rows
        ]
    )
    return f"""\
SELECT object, rolename, privilege FROM (VALUES
{values}
) AS matrix (object, rolename, privileges), unnest(privileges) AS privilege"""


def _wanted_sequences(names: Names) -> str:
    """USAGE on the sequences of every table that a role may insert into."""
    inserted = {
        role: tuple(
            table
            for table, grantee, privileges in table_privileges()
            if grantee == role and "INSERT" in privileges
        )
        for role in GRANTEES
    }
    values = _rows(
        [(_text(names.of(role)), _array(tables)) for role, tables in inserted.items() if tables]
    )
    return f"""\
SELECT counter.relname::text AS object, rolename, 'USAGE' AS privilege
  FROM (VALUES
{values}
) AS matrix (rolename, tables)
  JOIN pg_class AS relation ON relation.relname = ANY (tables)
  JOIN pg_depend ON refclassid = 'pg_class'::regclass AND refobjid = relation.oid
                AND classid = 'pg_class'::regclass AND deptype IN ('a', 'i')
  JOIN pg_class AS counter ON counter.oid = objid AND counter.relkind = 'S'
 WHERE relation.relnamespace = 'public'::regnamespace"""


def _held(names: Names, condition: str) -> str:
    return f"""\
SELECT relname, grantee, privilege_type, is_grantable FROM pg_class, aclexplode(relacl)
 WHERE relnamespace = 'public'::regnamespace AND relowner = {_text(names.owner)}::regrole
   AND {condition}"""


def _reconciliation(names: Names, *, kind: str, wanted: str, held: str) -> str:
    """REVOKE what PUBLIC and our roles hold or may pass on and should not, GRANT what they lack."""
    schema = "public." if kind in {"TABLE", "SEQUENCE"} else ""
    return f"""\
WITH wanted AS (
{indent(wanted, " " * 4)}
), held AS (
    SELECT object::text, privilege, is_grantable,
           coalesce((SELECT rolname FROM pg_roles WHERE oid = grantee), 'public')::text AS rolename
      FROM (
{indent(held, " " * 8)}
      ) AS entry (object, grantee, privilege, is_grantable)
), excess AS (
    SELECT object, rolename, privilege FROM held
     WHERE rolename IN ('public', {names.grantees})
    EXCEPT SELECT object, rolename, privilege FROM wanted
), lacking AS (
    SELECT object, rolename, privilege FROM wanted
    EXCEPT SELECT object, rolename, privilege FROM held
)
SELECT format('REVOKE %s ON {kind} {schema}%I FROM %I CASCADE',
              string_agg(privilege, ', ' ORDER BY privilege), object, rolename)
  FROM excess GROUP BY object, rolename
UNION ALL
SELECT format('REVOKE GRANT OPTION FOR %s ON {kind} {schema}%I FROM %I CASCADE',
              privilege, object, rolename)
  FROM held WHERE is_grantable AND rolename IN ({names.grantees})
UNION ALL
SELECT format('GRANT %s ON {kind} {schema}%I TO %I',
              string_agg(privilege, ', ' ORDER BY privilege), object, rolename)
  FROM lacking GROUP BY object, rolename
 ORDER BY 1 DESC"""


def _text(value: str) -> str:
    """An SQL literal; all of ours are plain."""
    if "'" in value or "\\" in value:
        raise ValueError(f"{value!r} is no plain text.")
    return f"'{value}'"


def _array(values: tuple[str, ...]) -> str:
    return f"ARRAY[{', '.join(_text(value) for value in values)}]"


def _rows(rows: list[tuple[str, ...]]) -> str:
    return ",\n".join(f"    ({', '.join(row)})" for row in rows)
