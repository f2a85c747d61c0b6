-- The database futurisys and its four roles, on PostgreSQL 15 or later, by somebody with
-- CREATEDB and CREATEROLE:
--
--     psql --file database-roles.sql postgres://administrator@host/postgres
--
-- Twice: tables are made in between, by `manage.py migrate` as futurisys_owner. Each query
-- answers with the statements that are still missing, and \gexec runs them: run again, nothing
-- is changed.
-- psql asks for the password of each new role; --set=app_password=… and the like are for scripts.
--
-- Made from config/roles/matrix.py by `manage.py create_database --sql`; do not edit.

\set ON_ERROR_STOP on

-- A role that is there already and may more than it should, or a database that is not ours, stops
-- the script here.
DO $refuse$
DECLARE
    sentences text;
BEGIN
    SELECT string_agg(sentence, E'\n') INTO sentences FROM (
        SELECT format('%s may more than it should: ALTER ROLE %I%s', rolname, rolname, excess)
          FROM pg_roles, concat(
                   CASE WHEN rolsuper THEN ' NOSUPERUSER' END,
                   CASE WHEN rolcreatedb THEN ' NOCREATEDB' END,
                   CASE WHEN rolcreaterole THEN ' NOCREATEROLE' END,
                   CASE WHEN rolreplication THEN ' NOREPLICATION' END,
                   CASE WHEN rolbypassrls THEN ' NOBYPASSRLS' END,
                   CASE WHEN NOT rolcanlogin THEN ' LOGIN' END) AS excess
         WHERE rolname IN ('futurisys_owner', 'futurisys_app', 'futurisys_auditor', 'futurisys_loader') AND excess <> ''
        UNION ALL
        SELECT format('%s is a member of %s: REVOKE %I FROM %I', member.rolname, above.rolname,
                      above.rolname, member.rolname)
          FROM pg_auth_members AS held
          JOIN pg_roles AS member ON member.oid = held.member
          JOIN pg_roles AS above ON above.oid = held.roleid
         WHERE member.rolname IN ('futurisys_owner', 'futurisys_app', 'futurisys_auditor', 'futurisys_loader')
    ) AS found (sentence);
    IF sentences IS NOT NULL THEN
        RAISE EXCEPTION USING MESSAGE = sentences;
    END IF;
END
$refuse$;

DO $refuse$
DECLARE
    sentences text;
BEGIN
    SELECT string_agg(sentence, E'\n') INTO sentences FROM (
        SELECT format('The database %s belongs to %s and not to %s: choose another name, or first '
                      'ALTER DATABASE %I OWNER TO %I and, in it, REASSIGN OWNED',
                      datname, pg_get_userbyid(datdba), 'futurisys_owner', datname, 'futurisys_owner')
          FROM pg_database
         WHERE datname = 'futurisys' AND pg_get_userbyid(datdba) <> 'futurisys_owner'
        UNION ALL
        SELECT format('The database %s is encoded as %s and not as UTF8: choose another name',
                      datname, pg_encoding_to_char(encoding))
          FROM pg_database
         WHERE datname = 'futurisys' AND pg_encoding_to_char(encoding) <> 'UTF8'
    ) AS found (sentence);
    IF sentences IS NOT NULL THEN
        RAISE EXCEPTION USING MESSAGE = sentences;
    END IF;
END
$refuse$;

-- Roles, then their passwords.
SELECT
       to_regrole('futurisys_owner') IS NULL AS is_new_owner,
       to_regrole('futurisys_app') IS NULL AS is_new_app,
       to_regrole('futurisys_auditor') IS NULL AS is_new_auditor,
       to_regrole('futurisys_loader') IS NULL AS is_new_loader
\gset
-- Roles.
SELECT format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS '
              'CONNECTION LIMIT %s', rolename, connections)
  FROM (VALUES
    ('futurisys_owner', -1),
    ('futurisys_app', -1),
    ('futurisys_auditor', 10),
    ('futurisys_loader', 4)
) AS wanted (rolename, connections)
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = rolename)
\gexec

\if :is_new_owner
\if :{?owner_password}
ALTER ROLE futurisys_owner PASSWORD :'owner_password';
\else
\password futurisys_owner
\endif
\endif
\if :is_new_app
\if :{?app_password}
ALTER ROLE futurisys_app PASSWORD :'app_password';
\else
\password futurisys_app
\endif
\endif
\if :is_new_auditor
\if :{?auditor_password}
ALTER ROLE futurisys_auditor PASSWORD :'auditor_password';
\else
\password futurisys_auditor
\endif
\endif
\if :is_new_loader
\if :{?loader_password}
ALTER ROLE futurisys_loader PASSWORD :'loader_password';
\else
\password futurisys_loader
\endif
\endif

-- Who makes a database for another role has to be a member of it; until the end of this script. (If
-- that is never reached: REVOKE futurisys_owner FROM CURRENT_USER.)
SELECT pg_has_role('futurisys_owner', 'USAGE') AND pg_has_role('futurisys_owner',
       CASE WHEN current_setting('server_version_num')::int >= 160000
            THEN 'SET' ELSE 'MEMBER' END) AS is_member
\gset
\if :is_member
\else
SELECT format('GRANT %I TO %I%s', 'futurisys_owner', current_user,
              CASE WHEN current_setting('server_version_num')::int >= 160000
                   THEN ' WITH INHERIT TRUE, SET TRUE' END)
\gexec
\endif
-- Database.
SELECT format('CREATE DATABASE %I OWNER %I TEMPLATE template0 ENCODING ''UTF8'' %s',
              'futurisys', 'futurisys_owner',
              CASE WHEN current_setting('server_version_num')::int >= 170000
                   THEN 'LOCALE_PROVIDER builtin BUILTIN_LOCALE ''C.UTF-8'' LOCALE ''C'''
                   -- The server's own locale, unless that is of another encoding.
                   WHEN EXISTS (SELECT FROM pg_database WHERE datname = 'template0'
                                   AND pg_encoding_to_char(encoding) <> 'UTF8')
                   THEN 'LOCALE ''C.UTF-8''' END)
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'futurisys')
\gexec

-- Settings of their sessions.
SELECT format('ALTER ROLE %I IN DATABASE %I SET %I = %L',
              rolename, 'futurisys', setting, value)
  FROM (VALUES
    ('futurisys_app', 'idle_in_transaction_session_timeout', '60s'),
    ('futurisys_auditor', 'default_transaction_read_only', 'on'),
    ('futurisys_auditor', 'statement_timeout', '5min'),
    ('futurisys_auditor', 'idle_in_transaction_session_timeout', '5min')
) AS wanted (rolename, setting, value)
 WHERE NOT EXISTS (
           -- Whatever value it has: an operator may have chosen another.
           SELECT FROM pg_db_role_setting, unnest(setconfig) AS entry
            WHERE setdatabase = (SELECT oid FROM pg_database
                                  WHERE datname = 'futurisys')
              AND setrole = (SELECT oid FROM pg_roles WHERE rolname = rolename)
              AND split_part(entry, '=', 1) = setting)
\gexec

\connect futurisys
SET ROLE futurisys_owner;
-- Privileges on the database.
WITH wanted AS (
    SELECT object, rolename, privilege FROM (VALUES
        ('futurisys', 'futurisys_app', ARRAY['CONNECT']),
        ('futurisys', 'futurisys_auditor', ARRAY['CONNECT']),
        ('futurisys', 'futurisys_loader', ARRAY['CONNECT', 'TEMPORARY'])
    ) AS matrix (object, rolename, privileges), unnest(privileges) AS privilege
), held AS (
    SELECT object::text, privilege, is_grantable,
           coalesce((SELECT rolname FROM pg_roles WHERE oid = grantee), 'public')::text AS rolename
      FROM (
        SELECT datname, grantee, privilege_type, is_grantable
          FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba)))
         WHERE datname = 'futurisys'
      ) AS entry (object, grantee, privilege, is_grantable)
), excess AS (
    SELECT object, rolename, privilege FROM held
     WHERE rolename IN ('public', 'futurisys_app', 'futurisys_auditor', 'futurisys_loader')
    EXCEPT SELECT object, rolename, privilege FROM wanted
), lacking AS (
    SELECT object, rolename, privilege FROM wanted
    EXCEPT SELECT object, rolename, privilege FROM held
)
SELECT format('REVOKE %s ON DATABASE %I FROM %I CASCADE',
              string_agg(privilege, ', ' ORDER BY privilege), object, rolename)
  FROM excess GROUP BY object, rolename
UNION ALL
SELECT format('REVOKE GRANT OPTION FOR %s ON DATABASE %I FROM %I CASCADE',
              privilege, object, rolename)
  FROM held WHERE is_grantable AND rolename IN ('futurisys_app', 'futurisys_auditor', 'futurisys_loader')
UNION ALL
SELECT format('GRANT %s ON DATABASE %I TO %I',
              string_agg(privilege, ', ' ORDER BY privilege), object, rolename)
  FROM lacking GROUP BY object, rolename
 ORDER BY 1 DESC
\gexec

-- Privileges on the schema.
WITH wanted AS (
    SELECT object, rolename, privilege FROM (VALUES
        ('public', 'futurisys_app', ARRAY['USAGE']),
        ('public', 'futurisys_auditor', ARRAY['USAGE']),
        ('public', 'futurisys_loader', ARRAY['USAGE'])
    ) AS matrix (object, rolename, privileges), unnest(privileges) AS privilege
), held AS (
    SELECT object::text, privilege, is_grantable,
           coalesce((SELECT rolname FROM pg_roles WHERE oid = grantee), 'public')::text AS rolename
      FROM (
        SELECT nspname, grantee, privilege_type, is_grantable
          FROM pg_namespace, aclexplode(coalesce(nspacl, acldefault('n', nspowner)))
         WHERE nspname = 'public'
      ) AS entry (object, grantee, privilege, is_grantable)
), excess AS (
    SELECT object, rolename, privilege FROM held
     WHERE rolename IN ('public', 'futurisys_app', 'futurisys_auditor', 'futurisys_loader')
    EXCEPT SELECT object, rolename, privilege FROM wanted
), lacking AS (
    SELECT object, rolename, privilege FROM wanted
    EXCEPT SELECT object, rolename, privilege FROM held
)
SELECT format('REVOKE %s ON SCHEMA %I FROM %I CASCADE',
              string_agg(privilege, ', ' ORDER BY privilege), object, rolename)
  FROM excess GROUP BY object, rolename
UNION ALL
SELECT format('REVOKE GRANT OPTION FOR %s ON SCHEMA %I FROM %I CASCADE',
              privilege, object, rolename)
  FROM held WHERE is_grantable AND rolename IN ('futurisys_app', 'futurisys_auditor', 'futurisys_loader')
UNION ALL
SELECT format('GRANT %s ON SCHEMA %I TO %I',
              string_agg(privilege, ', ' ORDER BY privilege), object, rolename)
  FROM lacking GROUP BY object, rolename
 ORDER BY 1 DESC
\gexec

-- Privileges on tables, once there are any.
SELECT to_regclass('public.django_migrations') IS NOT NULL AS has_tables
\gset
\if :has_tables
DO $refuse$
DECLARE
    sentences text;
BEGIN
    SELECT string_agg(sentence, E'\n') INTO sentences FROM (
        WITH found AS (
            SELECT relname, pg_get_userbyid(relowner) AS relowner FROM pg_class
             WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
               AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
        )
        SELECT format('The table %s belongs to %s and not to %s: migrate as %s only, and let its owner '
                      'ALTER TABLE %I OWNER TO %I', relname, relowner, 'futurisys_owner',
                      'futurisys_owner', relname, 'futurisys_owner')
          FROM found WHERE relowner <> 'futurisys_owner'
        UNION ALL
        SELECT format('The table %s is not classified: say in config/roles/matrix.py who may do what with '
                      'it', relname)
          FROM found WHERE relname NOT IN ('auth_group', 'auth_group_permissions', 'auth_permission', 'auth_user', 'auth_user_groups', 'auth_user_user_permissions', 'axes_accessattempt', 'axes_accessattemptexpiration', 'axes_accessfailurelog', 'axes_accesslog', 'buildings_benchmarkrecord', 'buildings_building', 'buildings_datasetimport', 'buildings_datasetupload', 'buildings_datasetuploadstep', 'buildings_emissionfactor', 'buildings_emissionfactorset', 'buildings_propertyuse', 'buildings_publishedrow', 'buildings_recordrevision', 'buildings_rejectedrow', 'django_admin_log', 'django_content_type', 'django_migrations', 'django_session', 'mlmodel_modelpromotion', 'mlmodel_modelversion', 'mlmodel_promotiondecision', 'mlmodel_promotionproposal', 'predictions_apitoken', 'predictions_apitokenuse', 'predictions_export', 'predictions_exportend', 'predictions_idempotencykey', 'predictions_idempotentanswer', 'predictions_observedoutcome', 'predictions_predictionbatch', 'predictions_predictionexplanation', 'predictions_predictioninput', 'predictions_predictionoutput', 'predictions_predictionrequest', 'predictions_ratewindow', 'predictions_shadowoutput', 'predictions_usageday')
        UNION ALL
        SELECT format('The table %s is missing: run `manage.py migrate` as %s', relname,
                      'futurisys_owner')
          FROM unnest(ARRAY['auth_group', 'auth_group_permissions', 'auth_permission', 'auth_user', 'auth_user_groups', 'auth_user_user_permissions', 'axes_accessattempt', 'axes_accessattemptexpiration', 'axes_accessfailurelog', 'axes_accesslog', 'buildings_benchmarkrecord', 'buildings_building', 'buildings_datasetimport', 'buildings_datasetupload', 'buildings_datasetuploadstep', 'buildings_emissionfactor', 'buildings_emissionfactorset', 'buildings_propertyuse', 'buildings_publishedrow', 'buildings_recordrevision', 'buildings_rejectedrow', 'django_admin_log', 'django_content_type', 'django_migrations', 'django_session', 'mlmodel_modelpromotion', 'mlmodel_modelversion', 'mlmodel_promotiondecision', 'mlmodel_promotionproposal', 'predictions_apitoken', 'predictions_apitokenuse', 'predictions_export', 'predictions_exportend', 'predictions_idempotencykey', 'predictions_idempotentanswer', 'predictions_observedoutcome', 'predictions_predictionbatch', 'predictions_predictionexplanation', 'predictions_predictioninput', 'predictions_predictionoutput', 'predictions_predictionrequest', 'predictions_ratewindow', 'predictions_shadowoutput', 'predictions_usageday']) AS relname WHERE relname NOT IN (SELECT relname FROM found)
    ) AS found (sentence);
    IF sentences IS NOT NULL THEN
        RAISE EXCEPTION USING MESSAGE = sentences;
    END IF;
END
$refuse$;

BEGIN;
-- Privileges on tables.
WITH wanted AS (
    SELECT object, rolename, privilege FROM (VALUES
        ('predictions_predictionrequest', 'futurisys_app', ARRAY['SELECT', 'INSERT']),
        ('predictions_predictionrequest', 'futurisys_auditor', ARRAY['SELECT']),
        ('predictions_predictioninput', 'futurisys_app', ARRAY['SELECT', 'INSERT']),
        ('predictions_predictioninput', 'futurisys_auditor', ARRAY['SELECT']),
        ('predictions_predictionoutput', 'futurisys_app', ARRAY['SELECT', 'INSERT']),
        ('predictions_predictionoutput', 'futurisys_auditor', ARRAY['SELECT']),
        ('predictions_predictionexplanation', 'futurisys_app', ARRAY['SELECT', 'INSERT']),
        ('predictions_predictionexplanation', 'futurisys_auditor', ARRAY['SELECT']),
        ('predictions_shadowoutput', 'futurisys_app', ARRAY['SELECT', 'INSERT']),
        ('predictions_shadowoutput', 'futurisys_auditor', ARRAY['SELECT']),
        ('predictions_observedoutcome', 'futurisys_app', ARRAY['SELECT', 'INSERT']),
        ('predictions_observedoutcome', 'futurisys_auditor', ARRAY['SELECT']),
        ('predictions_predictionbatch', 'futurisys_app', ARRAY['SELECT', 'INSERT']),
        ('predictions_predictionbatch', 'futurisys_auditor', ARRAY['SELECT']),
        ('predictions_export', 'futurisys_app', ARRAY['SELECT', 'INSERT']),
        ('predictions_export', 'futurisys_auditor', ARRAY['SELECT']),
        ('predictions_exportend', 'futurisys_app', ARRAY['SELECT', 'INSERT']),
        ('predictions_exportend', 'futurisys_auditor', ARRAY['SELECT']),
        ('predictions_idempotencykey', 'futurisys_app', ARRAY['SELECT', 'INSERT']),
        ('predictions_idempotencykey', 'futurisys_auditor', ARRAY['SELECT']),
        ('predictions_idempotentanswer', 'futurisys_app', ARRAY['SELECT', 'INSERT']),
        ('predictions_usageday', 'futurisys_app', ARRAY['SELECT', 'INSERT']),
        ('predictions_usageday', 'futurisys_auditor', ARRAY['SELECT']),
        ('buildings_datasetimport', 'futurisys_app', ARRAY['SELECT']),
        ('buildings_datasetimport', 'futurisys_auditor', ARRAY['SELECT']),
        ('buildings_datasetimport', 'futurisys_loader', ARRAY['SELECT', 'INSERT']),
        ('buildings_rejectedrow', 'futurisys_app', ARRAY['SELECT']),
        ('buildings_rejectedrow', 'futurisys_auditor', ARRAY['SELECT']),
        ('buildings_rejectedrow', 'futurisys_loader', ARRAY['SELECT', 'INSERT']),
        ('buildings_recordrevision', 'futurisys_app', ARRAY['SELECT']),
        ('buildings_recordrevision', 'futurisys_auditor', ARRAY['SELECT']),
        ('buildings_recordrevision', 'futurisys_loader', ARRAY['SELECT', 'INSERT']),
        ('buildings_emissionfactorset', 'futurisys_app', ARRAY['SELECT']),
        ('buildings_emissionfactorset', 'futurisys_auditor', ARRAY['SELECT']),
        ('buildings_emissionfactorset', 'futurisys_loader', ARRAY['SELECT', 'INSERT']),
        ('buildings_emissionfactor', 'futurisys_app', ARRAY['SELECT']),
        ('buildings_emissionfactor', 'futurisys_auditor', ARRAY['SELECT']),
        ('buildings_emissionfactor', 'futurisys_loader', ARRAY['SELECT', 'INSERT']),
        ('buildings_building', 'futurisys_app', ARRAY['SELECT']),
        ('buildings_building', 'futurisys_auditor', ARRAY['SELECT']),
        ('buildings_building', 'futurisys_loader', ARRAY['SELECT', 'INSERT', 'UPDATE']),
        ('buildings_benchmarkrecord', 'futurisys_app', ARRAY['SELECT']),
        ('buildings_benchmarkrecord', 'futurisys_auditor', ARRAY['SELECT']),
        ('buildings_benchmarkrecord', 'futurisys_loader', ARRAY['SELECT', 'INSERT', 'UPDATE']),
        ('buildings_publishedrow', 'futurisys_app', ARRAY['SELECT']),
        ('buildings_publishedrow', 'futurisys_auditor', ARRAY['SELECT']),
        ('buildings_publishedrow', 'futurisys_loader', ARRAY['SELECT', 'INSERT', 'UPDATE']),
        ('buildings_propertyuse', 'futurisys_app', ARRAY['SELECT']),
        ('buildings_propertyuse', 'futurisys_auditor', ARRAY['SELECT']),
        ('buildings_propertyuse', 'futurisys_loader', ARRAY['SELECT', 'INSERT', 'DELETE']),
        ('buildings_datasetupload', 'futurisys_app', ARRAY['SELECT', 'INSERT']),
        ('buildings_datasetupload', 'futurisys_auditor', ARRAY['SELECT']),
        ('buildings_datasetupload', 'futurisys_loader', ARRAY['SELECT']),
        ('buildings_datasetuploadstep', 'futurisys_app', ARRAY['SELECT', 'INSERT']),
        ('buildings_datasetuploadstep', 'futurisys_auditor', ARRAY['SELECT']),
        ('buildings_datasetuploadstep', 'futurisys_loader', ARRAY['SELECT', 'INSERT']),
        ('mlmodel_modelversion', 'futurisys_app', ARRAY['SELECT', 'UPDATE']),
        ('mlmodel_modelversion', 'futurisys_auditor', ARRAY['SELECT']),
        ('mlmodel_modelpromotion', 'futurisys_app', ARRAY['SELECT', 'INSERT']),
        ('mlmodel_modelpromotion', 'futurisys_auditor', ARRAY['SELECT']),
        ('mlmodel_promotionproposal', 'futurisys_app', ARRAY['SELECT', 'INSERT']),
        ('mlmodel_promotionproposal', 'futurisys_auditor', ARRAY['SELECT']),
        ('mlmodel_promotiondecision', 'futurisys_app', ARRAY['SELECT', 'INSERT']),
        ('mlmodel_promotiondecision', 'futurisys_auditor', ARRAY['SELECT']),
        ('auth_user', 'futurisys_app', ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
        ('auth_group', 'futurisys_app', ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
        ('auth_group', 'futurisys_auditor', ARRAY['SELECT']),
        ('auth_group_permissions', 'futurisys_app', ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
        ('auth_group_permissions', 'futurisys_auditor', ARRAY['SELECT']),
        ('auth_user_groups', 'futurisys_app', ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
        ('auth_user_groups', 'futurisys_auditor', ARRAY['SELECT']),
        ('auth_user_user_permissions', 'futurisys_app', ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
        ('auth_user_user_permissions', 'futurisys_auditor', ARRAY['SELECT']),
        ('predictions_apitoken', 'futurisys_app', ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
        ('predictions_apitokenuse', 'futurisys_app', ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
        ('predictions_apitokenuse', 'futurisys_auditor', ARRAY['SELECT']),
        ('predictions_ratewindow', 'futurisys_app', ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
        ('django_session', 'futurisys_app', ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
        ('django_admin_log', 'futurisys_app', ARRAY['SELECT', 'INSERT']),
        ('django_admin_log', 'futurisys_auditor', ARRAY['SELECT']),
        ('axes_accessfailurelog', 'futurisys_app', ARRAY['SELECT', 'INSERT']),
        ('axes_accessfailurelog', 'futurisys_auditor', ARRAY['SELECT']),
        ('axes_accessattempt', 'futurisys_app', ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
        ('axes_accesslog', 'futurisys_app', ARRAY['SELECT', 'DELETE']),
        ('axes_accesslog', 'futurisys_auditor', ARRAY['SELECT']),
        ('axes_accessattemptexpiration', 'futurisys_app', ARRAY['SELECT', 'DELETE']),
        ('axes_accessattemptexpiration', 'futurisys_auditor', ARRAY['SELECT']),
        ('auth_permission', 'futurisys_app', ARRAY['SELECT']),
        ('auth_permission', 'futurisys_auditor', ARRAY['SELECT']),
        ('django_content_type', 'futurisys_app', ARRAY['SELECT']),
        ('django_content_type', 'futurisys_auditor', ARRAY['SELECT']),
        ('django_migrations', 'futurisys_app', ARRAY['SELECT']),
        ('django_migrations', 'futurisys_auditor', ARRAY['SELECT'])
    ) AS matrix (object, rolename, privileges), unnest(privileges) AS privilege
), held AS (
    SELECT object::text, privilege, is_grantable,
           coalesce((SELECT rolname FROM pg_roles WHERE oid = grantee), 'public')::text AS rolename
      FROM (
        SELECT relname, grantee, privilege_type, is_grantable FROM pg_class, aclexplode(relacl)
         WHERE relnamespace = 'public'::regnamespace AND relowner = 'futurisys_owner'::regrole
           AND relkind IN ('r', 'p', 'v', 'm', 'f')
      ) AS entry (object, grantee, privilege, is_grantable)
), excess AS (
    SELECT object, rolename, privilege FROM held
     WHERE rolename IN ('public', 'futurisys_app', 'futurisys_auditor', 'futurisys_loader')
    EXCEPT SELECT object, rolename, privilege FROM wanted
), lacking AS (
    SELECT object, rolename, privilege FROM wanted
    EXCEPT SELECT object, rolename, privilege FROM held
)
SELECT format('REVOKE %s ON TABLE public.%I FROM %I CASCADE',
              string_agg(privilege, ', ' ORDER BY privilege), object, rolename)
  FROM excess GROUP BY object, rolename
UNION ALL
SELECT format('REVOKE GRANT OPTION FOR %s ON TABLE public.%I FROM %I CASCADE',
              privilege, object, rolename)
  FROM held WHERE is_grantable AND rolename IN ('futurisys_app', 'futurisys_auditor', 'futurisys_loader')
UNION ALL
SELECT format('GRANT %s ON TABLE public.%I TO %I',
              string_agg(privilege, ', ' ORDER BY privilege), object, rolename)
  FROM lacking GROUP BY object, rolename
 ORDER BY 1 DESC
\gexec

-- Privileges on columns.
WITH wanted AS (
    SELECT relname, rolename, attname FROM (VALUES
    ('predictions_idempotentanswer', 'futurisys_auditor', ARRAY['key_id', 'status', 'headers', 'created_at']),
    ('auth_user', 'futurisys_auditor', ARRAY['id', 'username', 'first_name', 'last_name', 'email', 'is_active', 'is_staff', 'is_superuser', 'date_joined', 'last_login']),
    ('predictions_apitoken', 'futurisys_auditor', ARRAY['id', 'name', 'user_id', 'created', 'expiry', 'revoked_at', 'scopes', 'networks', 'requests_per_minute', 'rows_per_minute']),
    ('axes_accessattempt', 'futurisys_auditor', ARRAY['id', 'user_agent', 'ip_address', 'username', 'http_accept', 'path_info', 'attempt_time', 'failures_since_start'])
    ) AS matrix (relname, rolename, columns), unnest(columns) AS attname
), held AS (
    SELECT relname::text, attname::text, privilege_type, is_grantable,
           coalesce((SELECT rolname FROM pg_roles WHERE oid = grantee), 'public')::text AS rolename
      FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid, aclexplode(attacl)
     WHERE relnamespace = 'public'::regnamespace AND relowner = 'futurisys_owner'::regrole
)
SELECT format('REVOKE %s (%s) ON TABLE public.%I FROM %I CASCADE', privilege_type,
              string_agg(quote_ident(attname), ', ' ORDER BY attname), relname, rolename)
  FROM held
 WHERE rolename IN ('public', 'futurisys_app', 'futurisys_auditor', 'futurisys_loader')
   AND (privilege_type <> 'SELECT'
        OR (relname, rolename, attname) NOT IN (SELECT relname, rolename, attname FROM wanted))
 GROUP BY relname, rolename, privilege_type
UNION ALL
SELECT format('REVOKE GRANT OPTION FOR SELECT (%I) ON TABLE public.%I FROM %I CASCADE',
              attname, relname, rolename)
  FROM held
 WHERE is_grantable AND privilege_type = 'SELECT' AND rolename IN ('futurisys_app', 'futurisys_auditor', 'futurisys_loader')
UNION ALL
SELECT format('GRANT SELECT (%s) ON TABLE public.%I TO %I',
              string_agg(quote_ident(attname), ', ' ORDER BY attname), relname, rolename)
  FROM wanted
 WHERE (relname, rolename, attname, 'SELECT')
       NOT IN (SELECT relname, rolename, attname, privilege_type FROM held)
 GROUP BY relname, rolename
 ORDER BY 1 DESC
\gexec

-- Privileges on sequences.
WITH wanted AS (
    SELECT counter.relname::text AS object, rolename, 'USAGE' AS privilege
      FROM (VALUES
        ('futurisys_app', ARRAY['predictions_predictionrequest', 'predictions_predictioninput', 'predictions_predictionoutput', 'predictions_predictionexplanation', 'predictions_shadowoutput', 'predictions_observedoutcome', 'predictions_predictionbatch', 'predictions_export', 'predictions_exportend', 'predictions_idempotencykey', 'predictions_idempotentanswer', 'predictions_usageday', 'buildings_datasetupload', 'buildings_datasetuploadstep', 'mlmodel_modelpromotion', 'mlmodel_promotionproposal', 'mlmodel_promotiondecision', 'auth_user', 'auth_group', 'auth_group_permissions', 'auth_user_groups', 'auth_user_user_permissions', 'predictions_apitoken', 'predictions_apitokenuse', 'predictions_ratewindow', 'django_session', 'django_admin_log', 'axes_accessfailurelog', 'axes_accessattempt']),
        ('futurisys_loader', ARRAY['buildings_datasetimport', 'buildings_rejectedrow', 'buildings_recordrevision', 'buildings_emissionfactorset', 'buildings_emissionfactor', 'buildings_building', 'buildings_benchmarkrecord', 'buildings_publishedrow', 'buildings_propertyuse', 'buildings_datasetuploadstep'])
    ) AS matrix (rolename, tables)
      JOIN pg_class AS relation ON relation.relname = ANY (tables)
      JOIN pg_depend ON refclassid = 'pg_class'::regclass AND refobjid = relation.oid
                    AND classid = 'pg_class'::regclass AND deptype IN ('a', 'i')
      JOIN pg_class AS counter ON counter.oid = objid AND counter.relkind = 'S'
     WHERE relation.relnamespace = 'public'::regnamespace
), held AS (
    SELECT object::text, privilege, is_grantable,
           coalesce((SELECT rolname FROM pg_roles WHERE oid = grantee), 'public')::text AS rolename
      FROM (
        SELECT relname, grantee, privilege_type, is_grantable FROM pg_class, aclexplode(relacl)
         WHERE relnamespace = 'public'::regnamespace AND relowner = 'futurisys_owner'::regrole
           AND relkind = 'S'
      ) AS entry (object, grantee, privilege, is_grantable)
), excess AS (
    SELECT object, rolename, privilege FROM held
     WHERE rolename IN ('public', 'futurisys_app', 'futurisys_auditor', 'futurisys_loader')
    EXCEPT SELECT object, rolename, privilege FROM wanted
), lacking AS (
    SELECT object, rolename, privilege FROM wanted
    EXCEPT SELECT object, rolename, privilege FROM held
)
SELECT format('REVOKE %s ON SEQUENCE public.%I FROM %I CASCADE',
              string_agg(privilege, ', ' ORDER BY privilege), object, rolename)
  FROM excess GROUP BY object, rolename
UNION ALL
SELECT format('REVOKE GRANT OPTION FOR %s ON SEQUENCE public.%I FROM %I CASCADE',
              privilege, object, rolename)
  FROM held WHERE is_grantable AND rolename IN ('futurisys_app', 'futurisys_auditor', 'futurisys_loader')
UNION ALL
SELECT format('GRANT %s ON SEQUENCE public.%I TO %I',
              string_agg(privilege, ', ' ORDER BY privilege), object, rolename)
  FROM lacking GROUP BY object, rolename
 ORDER BY 1 DESC
\gexec

COMMIT;
\else
\echo No tables yet: run manage.py migrate as futurisys_owner, then this script again.
\endif

RESET ROLE;
\if :is_member
\else
SELECT format('REVOKE %I FROM %I', 'futurisys_owner', current_user)
\gexec
\endif
