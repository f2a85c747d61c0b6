-- Creates the database `futurisys` and its tables on an empty PostgreSQL (15 or later):
--
--     psql --set ON_ERROR_STOP=1 --file docs/reference/schema.sql postgresql://…/postgres
--
-- Made from the migrations by `manage.py export_reference`; do not edit. The rows of
-- django_migrations at the end make `manage.py migrate` continue from here.

CREATE DATABASE futurisys WITH TEMPLATE = template0 ENCODING = 'UTF8';
\connect futurisys

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

CREATE EXTENSION IF NOT EXISTS btree_gin WITH SCHEMA public;

COMMENT ON EXTENSION btree_gin IS 'support for indexing common datatypes in GIN';

CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;

COMMENT ON EXTENSION pg_trgm IS 'text similarity measurement and index searching based on trigrams';

CREATE FUNCTION public.buildings_refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: provenance is insert-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;

CREATE FUNCTION public.mlmodel_alias_by_approval() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
        RETURN NEW;
    END IF;
    IF to_jsonb(NEW) - ARRAY['alias', 'promoted_at', 'promoted_by_id']
       = to_jsonb(OLD) - ARRAY['alias', 'promoted_at', 'promoted_by_id']
       AND EXISTS (
           SELECT FROM mlmodel_promotiondecision AS decision
             JOIN mlmodel_promotionproposal AS proposal ON proposal.id = decision.proposal_id
            WHERE decision.verdict = 'approved'
              AND NOT EXISTS (SELECT FROM mlmodel_modelpromotion WHERE decision_id = decision.id)
              AND (NEW.alias = 'champion' AND proposal.version_id = NEW.id
                       AND NEW.promoted_by_id = decision.decided_by_id
                   OR NEW.alias IS NULL AND OLD.alias = 'champion'
                       AND proposal.champion_id = OLD.id))
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a version is promoted by its owner, or as two people decided'
        USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE FUNCTION public.mlmodel_promotion_by_approval() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE')
       OR NEW.kind = 'promotion' AND EXISTS (
           SELECT FROM mlmodel_promotiondecision AS decision
             JOIN mlmodel_promotionproposal AS proposal ON proposal.id = decision.proposal_id
            WHERE decision.id = NEW.decision_id AND decision.verdict = 'approved'
              AND decision.decided_by_id = NEW.promoted_by_id
              AND proposal.version_id = NEW.version_id)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a promotion is recorded by the owner, or as two people decided'
        USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE FUNCTION public.mlmodel_refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: the history of promotions is insert-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;

CREATE FUNCTION public.predictions_contributions_kbtu(contributions jsonb) RETURNS double precision
    LANGUAGE sql IMMUTABLE STRICT
    AS $$
SELECT coalesce(sum((entry ->> 'contribution_kbtu')::double precision), 0)
  FROM jsonb_array_elements(contributions) AS entry
$$;

CREATE FUNCTION public.predictions_rate_take(taker text, more_requests bigint, more_rows bigint, request_limit bigint, row_limit bigint, OUT requests bigint, OUT rows bigint, OUT is_granted boolean, OUT resets_in_s integer) RETURNS record
    LANGUAGE plpgsql
    AS $$
#variable_conflict use_column
DECLARE
    -- No limit is 0 or null.
    most_requests CONSTANT bigint := coalesce(nullif(request_limit, 0), 9223372036854775807);
    most_rows CONSTANT bigint := coalesce(nullif(row_limit, 0), 9223372036854775807);
    fits_alone CONSTANT boolean := more_requests <= most_requests AND more_rows <= most_rows;
    length CONSTANT interval := interval '60 seconds';
    this_moment CONSTANT timestamptz := clock_timestamp();
BEGIN
    -- One statement, for the row's lock makes workers that ask at once take turns.
    INSERT INTO predictions_ratewindow AS held (subject, started_at, requests, rows, is_granted)
    VALUES (
        taker,
        this_moment,
        CASE WHEN fits_alone THEN more_requests ELSE 0 END,
        CASE WHEN fits_alone THEN more_rows ELSE 0 END,
        fits_alone
    )
    ON CONFLICT (subject) DO UPDATE SET (started_at, requests, rows, is_granted) = (
        SELECT
            used.started_at,
            used.requests + CASE WHEN answer.fits THEN more_requests ELSE 0 END,
            used.rows + CASE WHEN answer.fits THEN more_rows ELSE 0 END,
            answer.fits
        FROM (
            SELECT held.started_at, held.requests, held.rows
            WHERE held.started_at > this_moment - length
            UNION ALL
            SELECT this_moment, 0, 0
            WHERE held.started_at <= this_moment - length
        ) AS used
        CROSS JOIN LATERAL (
            SELECT used.requests + more_requests <= most_requests
                AND used.rows + more_rows <= most_rows AS fits
        ) AS answer
    )
    RETURNING
        held.requests,
        held.rows,
        held.is_granted,
        greatest(1, ceil(extract(epoch FROM held.started_at + length - this_moment)))::integer
    INTO requests, rows, is_granted, resets_in_s;
END
$$;

CREATE FUNCTION public.predictions_refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: the audit trail is insert-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;

CREATE FUNCTION public.predictions_refuse_early_purge() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.created_at <= now() - interval '24 hours' THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION '% on % is refused: nothing is changed, and only what is older than 24 hours deleted',
        TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;

CREATE FUNCTION public.predictions_token_admit(sought_digest text, address inet, usual_requests bigint, usual_rows bigint, OUT token_id uuid, OUT token_token_key text, OUT token_name text, OUT token_scopes text[], OUT token_networks text[], OUT token_requests_per_minute integer, OUT token_rows_per_minute integer, OUT token_user_id integer, OUT user_id integer, OUT user_username text, OUT user_is_superuser boolean, OUT user_is_staff boolean, OUT user_is_active boolean, OUT may_predict boolean, OUT is_here boolean, OUT is_use_due boolean, OUT request_limit bigint, OUT row_limit bigint, OUT requests bigint, OUT rows bigint, OUT is_granted boolean, OUT resets_in_s integer) RETURNS record
    LANGUAGE plpgsql
    AS $$
#variable_conflict use_column
BEGIN
    SELECT
        token.id, token.token_key, token.name, token.scopes, token.networks,
        token.requests_per_minute, token.rows_per_minute,
        caller.id, caller.id, caller.username,
        caller.is_superuser, caller.is_staff, caller.is_active,
        caller.is_superuser OR EXISTS (
            SELECT FROM auth_permission AS permission
            JOIN django_content_type AS kind ON kind.id = permission.content_type_id
            WHERE kind.app_label = 'predictions'
                AND permission.codename = 'add_predictionrequest'
                AND (
                    EXISTS (
                        SELECT FROM auth_user_user_permissions AS held
                        WHERE held.permission_id = permission.id AND held.user_id = caller.id
                    )
                    OR EXISTS (
                        SELECT FROM auth_user_groups AS membership
                        JOIN auth_group_permissions AS held USING (group_id)
                        WHERE held.permission_id = permission.id
                            AND membership.user_id = caller.id
                    )
                )
        ),
        token.networks = '{}' OR coalesce(address <<= ANY (token.networks::cidr[]), false),
        coalesce(use.last_used_at <= clock_timestamp() - interval '60 seconds', true),
        coalesce(token.requests_per_minute, usual_requests),
        coalesce(token.rows_per_minute, usual_rows)
    INTO
        token_id, token_token_key, token_name, token_scopes, token_networks,
        token_requests_per_minute, token_rows_per_minute,
        token_user_id, user_id, user_username,
        user_is_superuser, user_is_staff, user_is_active,
        may_predict, is_here, is_use_due, request_limit, row_limit
    FROM predictions_apitoken AS token
    JOIN auth_user AS caller ON caller.id = token.user_id
    LEFT JOIN predictions_apitokenuse AS use ON use.token_id = token.id
    WHERE token.digest = sought_digest
        AND caller.is_active
        AND token.revoked_at IS NULL
        AND (token.expiry IS NULL OR token.expiry > clock_timestamp());
    IF is_here AND request_limit > 0 THEN
        SELECT taken.requests, taken.rows, taken.is_granted, taken.resets_in_s
        INTO requests, rows, is_granted, resets_in_s
        FROM predictions_rate_take('token:' || token_id, 1, 0, request_limit, row_limit) AS taken;
    END IF;
END
$$;

SET default_tablespace = '';

SET default_table_access_method = heap;

CREATE TABLE public.auth_group (
    id integer NOT NULL,
    name character varying(150) NOT NULL
);

ALTER TABLE public.auth_group ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.auth_group_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.auth_group_permissions (
    id bigint NOT NULL,
    group_id integer NOT NULL,
    permission_id integer NOT NULL
);

ALTER TABLE public.auth_group_permissions ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.auth_group_permissions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.auth_permission (
    id integer NOT NULL,
    name character varying(255) NOT NULL,
    content_type_id integer NOT NULL,
    codename character varying(100) NOT NULL
);

ALTER TABLE public.auth_permission ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.auth_permission_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.auth_user (
    id integer NOT NULL,
    password character varying(128) NOT NULL,
    last_login timestamp with time zone,
    is_superuser boolean NOT NULL,
    username character varying(150) NOT NULL,
    first_name character varying(150) NOT NULL,
    last_name character varying(150) NOT NULL,
    email character varying(254) NOT NULL,
    is_staff boolean NOT NULL,
    is_active boolean NOT NULL,
    date_joined timestamp with time zone NOT NULL
);

CREATE TABLE public.auth_user_groups (
    id bigint NOT NULL,
    user_id integer NOT NULL,
    group_id integer NOT NULL
);

ALTER TABLE public.auth_user_groups ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.auth_user_groups_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE public.auth_user ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.auth_user_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.auth_user_user_permissions (
    id bigint NOT NULL,
    user_id integer NOT NULL,
    permission_id integer NOT NULL
);

ALTER TABLE public.auth_user_user_permissions ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.auth_user_user_permissions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.axes_accessattempt (
    id integer NOT NULL,
    user_agent character varying(255) NOT NULL,
    ip_address inet,
    username character varying(255),
    http_accept character varying(1025) NOT NULL,
    path_info character varying(255) NOT NULL,
    attempt_time timestamp with time zone NOT NULL,
    get_data text NOT NULL,
    post_data text NOT NULL,
    failures_since_start integer NOT NULL,
    CONSTRAINT axes_accessattempt_failures_since_start_check CHECK ((failures_since_start >= 0))
);

ALTER TABLE public.axes_accessattempt ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.axes_accessattempt_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.axes_accessattemptexpiration (
    access_attempt_id integer NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

CREATE TABLE public.axes_accessfailurelog (
    id integer NOT NULL,
    user_agent character varying(255) NOT NULL,
    ip_address inet,
    username character varying(255),
    http_accept character varying(1025) NOT NULL,
    path_info character varying(255) NOT NULL,
    attempt_time timestamp with time zone NOT NULL,
    locked_out boolean NOT NULL
);

ALTER TABLE public.axes_accessfailurelog ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.axes_accessfailurelog_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.axes_accesslog (
    id integer NOT NULL,
    user_agent character varying(255) NOT NULL,
    ip_address inet,
    username character varying(255),
    http_accept character varying(1025) NOT NULL,
    path_info character varying(255) NOT NULL,
    attempt_time timestamp with time zone NOT NULL,
    logout_time timestamp with time zone,
    session_hash character varying(64) NOT NULL
);

ALTER TABLE public.axes_accesslog ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.axes_accesslog_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.buildings_benchmarkrecord (
    id bigint NOT NULL,
    data_year smallint NOT NULL,
    source_line_number integer NOT NULL,
    building_type character varying(64) NOT NULL,
    primary_property_type character varying(100) NOT NULL,
    number_of_buildings smallint,
    number_of_floors smallint,
    property_gfa_total_sqft double precision NOT NULL,
    property_gfa_parking_sqft double precision,
    property_gfa_buildings_sqft double precision,
    list_of_all_property_use_types text NOT NULL,
    years_energy_star_certified character varying(255) NOT NULL,
    energy_star_score smallint,
    site_eui_kbtu_per_sqft double precision,
    site_eui_wn_kbtu_per_sqft double precision,
    source_eui_kbtu_per_sqft double precision,
    source_eui_wn_kbtu_per_sqft double precision,
    site_energy_use_kbtu double precision,
    site_energy_use_wn_kbtu double precision,
    steam_use_kbtu double precision,
    electricity_kwh double precision,
    electricity_kbtu double precision,
    natural_gas_therms double precision,
    natural_gas_kbtu double precision,
    total_ghg_emissions_mtco2e double precision,
    ghg_emissions_intensity_kgco2e_per_sqft double precision,
    is_default_data boolean,
    comments text NOT NULL,
    compliance_status character varying(64) NOT NULL,
    outlier character varying(32) NOT NULL,
    building_id bigint NOT NULL,
    dataset_import_id bigint NOT NULL,
    compliance_issue character varying(100) NOT NULL,
    epa_property_type character varying(100) NOT NULL,
    is_synthetic boolean NOT NULL,
    latitude double precision,
    longitude double precision,
    neighborhood character varying(64) NOT NULL,
    other_fuel_use_kbtu double precision,
    quality_flags character varying(40)[] NOT NULL,
    values_digest bytea NOT NULL,
    year_built smallint,
    CONSTRAINT benchmarkrecord_buildings_positive CHECK (((property_gfa_buildings_sqft IS NULL) OR (property_gfa_buildings_sqft >= (0.0)::double precision))),
    CONSTRAINT benchmarkrecord_flags_known CHECK ((quality_flags <@ ARRAY['electricity_units_differ'::character varying(40), 'natural_gas_units_differ'::character varying(40), 'site_energy_exchanged_with_wn'::character varying(40), 'fuels_differ_from_site_energy'::character varying(40), 'site_eui_differs'::character varying(40), 'site_eui_implausible'::character varying(40), 'floor_areas_differ'::character varying(40), 'use_areas_differ'::character varying(40), 'emissions_differ'::character varying(40), 'energy_missing'::character varying(40), 'fuels_missing'::character varying(40), 'value_set_aside'::character varying(40), 'unknown_category'::character varying(40)])),
    CONSTRAINT benchmarkrecord_gfa_positive CHECK ((property_gfa_total_sqft > (0.0)::double precision)),
    CONSTRAINT benchmarkrecord_has_a_building CHECK (((number_of_buildings IS NULL) OR (number_of_buildings >= 1))),
    CONSTRAINT benchmarkrecord_has_a_floor CHECK (((number_of_floors IS NULL) OR (number_of_floors >= 1))),
    CONSTRAINT benchmarkrecord_latitude_range CHECK (((latitude IS NULL) OR ((latitude >= ('-90.0'::numeric)::double precision) AND (latitude <= (90.0)::double precision)))),
    CONSTRAINT benchmarkrecord_longitude_range CHECK (((longitude IS NULL) OR ((longitude >= ('-180.0'::numeric)::double precision) AND (longitude <= (180.0)::double precision)))),
    CONSTRAINT benchmarkrecord_neighborhood_known CHECK (((neighborhood)::text ~ '^((BALLARD|CENTRAL|DELRIDGE|DOWNTOWN|EAST|GREATER DUWAMISH|LAKE UNION|MAGNOLIA / QUEEN ANNE|NORTH|NORTHEAST|NORTHWEST|SOUTHEAST|SOUTHWEST)|SHARED: (BALLARD|CENTRAL|DELRIDGE|DOWNTOWN|EAST|GREATER DUWAMISH|LAKE UNION|MAGNOLIA / QUEEN ANNE|NORTH|NORTHEAST|NORTHWEST|SOUTHEAST|SOUTHWEST) & (BALLARD|CENTRAL|DELRIDGE|DOWNTOWN|EAST|GREATER DUWAMISH|LAKE UNION|MAGNOLIA / QUEEN ANNE|NORTH|NORTHEAST|NORTHWEST|SOUTHEAST|SOUTHWEST))?$'::text)),
    CONSTRAINT benchmarkrecord_outlier_known CHECK (((outlier)::text = ANY ((ARRAY[''::character varying, 'High outlier'::character varying, 'Low outlier'::character varying])::text[]))),
    CONSTRAINT benchmarkrecord_parking_positive CHECK (((property_gfa_parking_sqft IS NULL) OR (property_gfa_parking_sqft >= (0.0)::double precision))),
    CONSTRAINT benchmarkrecord_primary_type_known CHECK (((primary_property_type)::text = ANY ((ARRAY[''::character varying, 'Distribution Center'::character varying, 'High-Rise Multifamily'::character varying, 'Hospital'::character varying, 'Hotel'::character varying, 'K-12 School'::character varying, 'Laboratory'::character varying, 'Large Office'::character varying, 'Low-Rise Multifamily'::character varying, 'Medical Office'::character varying, 'Mid-Rise Multifamily'::character varying, 'Mixed Use Property'::character varying, 'Other'::character varying, 'Refrigerated Warehouse'::character varying, 'Residence Hall'::character varying, 'Restaurant'::character varying, 'Retail Store'::character varying, 'Self-Storage Facility'::character varying, 'Senior Care Community'::character varying, 'Small- and Mid-Sized Office'::character varying, 'Supermarket / Grocery Store'::character varying, 'University'::character varying, 'Warehouse'::character varying, 'Worship Facility'::character varying])::text[]))),
    CONSTRAINT benchmarkrecord_score_range CHECK (((energy_star_score IS NULL) OR ((energy_star_score >= 1) AND (energy_star_score <= 100)))),
    CONSTRAINT benchmarkrecord_type_known CHECK (((building_type)::text = ANY ((ARRAY[''::character varying, 'Campus'::character varying, 'Multifamily HR (10+)'::character varying, 'Multifamily LR (1-4)'::character varying, 'Multifamily MR (5-9)'::character varying, 'NonResidential'::character varying, 'Nonresidential COS'::character varying, 'Nonresidential WA'::character varying, 'SPS-District K-12'::character varying])::text[]))),
    CONSTRAINT benchmarkrecord_year_built_plausible CHECK (((year_built IS NULL) OR ((year_built >= 1800) AND (year_built <= 2100)))),
    CONSTRAINT benchmarkrecord_year_plausible CHECK (((data_year >= 2000) AND (data_year <= 2100))),
    CONSTRAINT buildings_benchmarkrecord_data_year_check CHECK ((data_year >= 0)),
    CONSTRAINT buildings_benchmarkrecord_energy_star_score_check CHECK ((energy_star_score >= 0)),
    CONSTRAINT buildings_benchmarkrecord_number_of_buildings_check CHECK ((number_of_buildings >= 0)),
    CONSTRAINT buildings_benchmarkrecord_number_of_floors_check CHECK ((number_of_floors >= 0)),
    CONSTRAINT buildings_benchmarkrecord_source_line_number_check CHECK ((source_line_number >= 0)),
    CONSTRAINT buildings_benchmarkrecord_year_built_check CHECK ((year_built >= 0))
);

ALTER TABLE public.buildings_benchmarkrecord ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.buildings_benchmarkrecord_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.buildings_building (
    id bigint NOT NULL,
    ose_building_id integer NOT NULL,
    property_name character varying(255) NOT NULL,
    address character varying(255) NOT NULL,
    city character varying(100) NOT NULL,
    state character varying(2) NOT NULL,
    zip_code character varying(10) NOT NULL,
    tax_parcel_identification_number character varying(64) NOT NULL,
    council_district_code smallint,
    neighborhood character varying(64) NOT NULL,
    latitude double precision,
    longitude double precision,
    year_built smallint,
    building_type character varying(64) NOT NULL,
    compliance_status character varying(64) NOT NULL,
    data_year smallint,
    energy_star_score smallint,
    is_synthetic boolean NOT NULL,
    primary_property_type character varying(100) NOT NULL,
    property_gfa_total_sqft double precision,
    search_text text GENERATED ALWAYS AS (upper(((COALESCE(property_name, ''::character varying))::text || COALESCE((COALESCE(' '::text, ''::text) || (COALESCE(address, ''::character varying))::text), ''::text)))) STORED,
    site_energy_use_kbtu double precision,
    site_eui_kbtu_per_sqft double precision,
    total_ghg_emissions_mtco2e double precision,
    CONSTRAINT building_gfa_positive CHECK (((property_gfa_total_sqft IS NULL) OR (property_gfa_total_sqft > (0.0)::double precision))),
    CONSTRAINT building_latitude_range CHECK (((latitude IS NULL) OR ((latitude >= ('-90.0'::numeric)::double precision) AND (latitude <= (90.0)::double precision)))),
    CONSTRAINT building_longitude_range CHECK (((longitude IS NULL) OR ((longitude >= ('-180.0'::numeric)::double precision) AND (longitude <= (180.0)::double precision)))),
    CONSTRAINT building_neighborhood_known CHECK (((neighborhood)::text ~ '^((BALLARD|CENTRAL|DELRIDGE|DOWNTOWN|EAST|GREATER DUWAMISH|LAKE UNION|MAGNOLIA / QUEEN ANNE|NORTH|NORTHEAST|NORTHWEST|SOUTHEAST|SOUTHWEST)|SHARED: (BALLARD|CENTRAL|DELRIDGE|DOWNTOWN|EAST|GREATER DUWAMISH|LAKE UNION|MAGNOLIA / QUEEN ANNE|NORTH|NORTHEAST|NORTHWEST|SOUTHEAST|SOUTHWEST) & (BALLARD|CENTRAL|DELRIDGE|DOWNTOWN|EAST|GREATER DUWAMISH|LAKE UNION|MAGNOLIA / QUEEN ANNE|NORTH|NORTHEAST|NORTHWEST|SOUTHEAST|SOUTHWEST))?$'::text)),
    CONSTRAINT building_primary_type_known CHECK (((primary_property_type)::text = ANY ((ARRAY[''::character varying, 'Distribution Center'::character varying, 'High-Rise Multifamily'::character varying, 'Hospital'::character varying, 'Hotel'::character varying, 'K-12 School'::character varying, 'Laboratory'::character varying, 'Large Office'::character varying, 'Low-Rise Multifamily'::character varying, 'Medical Office'::character varying, 'Mid-Rise Multifamily'::character varying, 'Mixed Use Property'::character varying, 'Other'::character varying, 'Refrigerated Warehouse'::character varying, 'Residence Hall'::character varying, 'Restaurant'::character varying, 'Retail Store'::character varying, 'Self-Storage Facility'::character varying, 'Senior Care Community'::character varying, 'Small- and Mid-Sized Office'::character varying, 'Supermarket / Grocery Store'::character varying, 'University'::character varying, 'Warehouse'::character varying, 'Worship Facility'::character varying])::text[]))),
    CONSTRAINT building_score_range CHECK (((energy_star_score IS NULL) OR ((energy_star_score >= 1) AND (energy_star_score <= 100)))),
    CONSTRAINT building_type_known CHECK (((building_type)::text = ANY ((ARRAY[''::character varying, 'Campus'::character varying, 'Multifamily HR (10+)'::character varying, 'Multifamily LR (1-4)'::character varying, 'Multifamily MR (5-9)'::character varying, 'NonResidential'::character varying, 'Nonresidential COS'::character varying, 'Nonresidential WA'::character varying, 'SPS-District K-12'::character varying])::text[]))),
    CONSTRAINT building_year_built_plausible CHECK (((year_built IS NULL) OR ((year_built >= 1800) AND (year_built <= 2100)))),
    CONSTRAINT buildings_building_council_district_code_check CHECK ((council_district_code >= 0)),
    CONSTRAINT buildings_building_data_year_check CHECK ((data_year >= 0)),
    CONSTRAINT buildings_building_energy_star_score_check CHECK ((energy_star_score >= 0)),
    CONSTRAINT buildings_building_ose_building_id_check CHECK ((ose_building_id >= 0)),
    CONSTRAINT buildings_building_year_built_check CHECK ((year_built >= 0))
);

ALTER TABLE public.buildings_building ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.buildings_building_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.buildings_datasetimport (
    id bigint NOT NULL,
    source character varying(500) NOT NULL,
    file_name character varying(255) NOT NULL,
    sha256 character varying(64) NOT NULL,
    size_bytes bigint NOT NULL,
    is_synthetic boolean NOT NULL,
    data_years jsonb NOT NULL,
    rows_read integer NOT NULL,
    rows_created integer NOT NULL,
    rows_updated integer NOT NULL,
    rows_unchanged integer NOT NULL,
    rows_rejected integer NOT NULL,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    imported_by_id integer,
    database_role character varying(63) NOT NULL,
    header jsonb NOT NULL,
    quality_flags jsonb NOT NULL,
    rows_blank integer NOT NULL,
    rows_duplicate integer NOT NULL,
    CONSTRAINT buildings_datasetimport_rows_blank_check CHECK ((rows_blank >= 0)),
    CONSTRAINT buildings_datasetimport_rows_created_check CHECK ((rows_created >= 0)),
    CONSTRAINT buildings_datasetimport_rows_duplicate_check CHECK ((rows_duplicate >= 0)),
    CONSTRAINT buildings_datasetimport_rows_read_check CHECK ((rows_read >= 0)),
    CONSTRAINT buildings_datasetimport_rows_rejected_check CHECK ((rows_rejected >= 0)),
    CONSTRAINT buildings_datasetimport_rows_unchanged_check CHECK ((rows_unchanged >= 0)),
    CONSTRAINT buildings_datasetimport_rows_updated_check CHECK ((rows_updated >= 0)),
    CONSTRAINT buildings_datasetimport_size_bytes_check CHECK ((size_bytes >= 0)),
    CONSTRAINT datasetimport_counts_add_up CHECK ((rows_read = (((((rows_created + rows_updated) + rows_unchanged) + rows_rejected) + rows_blank) + rows_duplicate))),
    CONSTRAINT datasetimport_sha256_hex CHECK (((sha256)::text ~ '^[0-9a-f]{64}$'::text))
);

ALTER TABLE public.buildings_datasetimport ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.buildings_datasetimport_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.buildings_datasetupload (
    id bigint NOT NULL,
    source character varying(255) NOT NULL,
    content bytea,
    size_bytes bigint,
    sha256 character varying(64) NOT NULL,
    is_synthetic boolean NOT NULL,
    rejects_allowed integer NOT NULL,
    uploaded_by_name character varying(150) NOT NULL,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    uploaded_by_id integer NOT NULL,
    CONSTRAINT buildings_datasetupload_rejects_allowed_check CHECK ((rejects_allowed >= 0)),
    CONSTRAINT buildings_datasetupload_size_bytes_check CHECK ((size_bytes >= 0)),
    CONSTRAINT datasetupload_file_described CHECK ((((content IS NULL) AND ((sha256)::text = ''::text) AND (size_bytes IS NULL)) OR ((content IS NOT NULL) AND (size_bytes IS NOT NULL) AND ((sha256)::text ~ '^[0-9a-f]{64}$'::text))))
);

ALTER TABLE public.buildings_datasetupload ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.buildings_datasetupload_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.buildings_datasetuploadstep (
    id bigint NOT NULL,
    stage character varying(16) NOT NULL,
    report text NOT NULL,
    by_name character varying(150) NOT NULL,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    by_id integer,
    dataset_import_id bigint,
    upload_id bigint NOT NULL,
    CONSTRAINT datasetuploadstep_import_if_loaded CHECK ((((dataset_import_id IS NOT NULL) AND ((stage)::text = 'loaded'::text)) OR ((NOT ((stage)::text = 'loaded'::text)) AND (dataset_import_id IS NULL)))),
    CONSTRAINT datasetuploadstep_people_decide CHECK ((((((stage)::text = 'confirmed'::text) OR ((stage)::text = 'cancelled'::text)) AND (by_id IS NOT NULL)) OR ((NOT (((stage)::text = 'confirmed'::text) OR ((stage)::text = 'cancelled'::text))) AND (by_id IS NULL)))),
    CONSTRAINT datasetuploadstep_stage_known CHECK (((stage)::text = ANY ((ARRAY['checked'::character varying, 'confirmed'::character varying, 'loaded'::character varying, 'failed'::character varying, 'cancelled'::character varying])::text[])))
);

ALTER TABLE public.buildings_datasetuploadstep ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.buildings_datasetuploadstep_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.buildings_emissionfactor (
    id bigint NOT NULL,
    fuel character varying(16) NOT NULL,
    kgco2e_per_mbtu double precision NOT NULL,
    factor_set_id bigint NOT NULL,
    CONSTRAINT emissionfactor_fuel_known CHECK (((fuel)::text = ANY ((ARRAY['electricity'::character varying, 'natural_gas'::character varying, 'steam'::character varying])::text[]))),
    CONSTRAINT emissionfactor_not_negative CHECK ((kgco2e_per_mbtu >= (0.0)::double precision))
);

ALTER TABLE public.buildings_emissionfactor ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.buildings_emissionfactor_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.buildings_emissionfactorset (
    id bigint NOT NULL,
    name character varying(64) NOT NULL,
    version smallint NOT NULL,
    data_year smallint,
    valid_from date NOT NULL,
    valid_to date,
    source text NOT NULL,
    is_derived boolean NOT NULL,
    derivation jsonb,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    dataset_import_id bigint,
    CONSTRAINT buildings_emissionfactorset_data_year_check CHECK ((data_year >= 0)),
    CONSTRAINT buildings_emissionfactorset_version_check CHECK ((version >= 0)),
    CONSTRAINT emissionfactorset_period_ordered CHECK (((valid_to IS NULL) OR (valid_to >= valid_from)))
);

ALTER TABLE public.buildings_emissionfactorset ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.buildings_emissionfactorset_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.buildings_propertyuse (
    id bigint NOT NULL,
    rank smallint NOT NULL,
    use_type character varying(100) NOT NULL,
    gfa_sqft double precision,
    record_id bigint NOT NULL,
    CONSTRAINT buildings_propertyuse_rank_check CHECK ((rank >= 0)),
    CONSTRAINT propertyuse_gfa_positive CHECK (((gfa_sqft IS NULL) OR (gfa_sqft >= (0.0)::double precision)))
);

ALTER TABLE public.buildings_propertyuse ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.buildings_propertyuse_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.buildings_publishedrow (
    record_id bigint NOT NULL,
    cells jsonb NOT NULL
);

CREATE TABLE public.buildings_recordrevision (
    id bigint NOT NULL,
    former_line_number integer NOT NULL,
    former_cells jsonb NOT NULL,
    changes jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    dataset_import_id bigint NOT NULL,
    former_import_id bigint NOT NULL,
    record_id bigint NOT NULL,
    CONSTRAINT buildings_recordrevision_former_line_number_check CHECK ((former_line_number >= 0))
);

ALTER TABLE public.buildings_recordrevision ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.buildings_recordrevision_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.buildings_rejectedrow (
    id bigint NOT NULL,
    line_number integer NOT NULL,
    reasons jsonb NOT NULL,
    "row" jsonb NOT NULL,
    dataset_import_id bigint NOT NULL,
    CONSTRAINT buildings_rejectedrow_line_number_check CHECK ((line_number >= 0))
);

ALTER TABLE public.buildings_rejectedrow ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.buildings_rejectedrow_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.django_admin_log (
    id integer NOT NULL,
    action_time timestamp with time zone NOT NULL,
    object_id text,
    object_repr character varying(200) NOT NULL,
    action_flag smallint NOT NULL,
    change_message text NOT NULL,
    content_type_id integer,
    user_id integer NOT NULL,
    CONSTRAINT django_admin_log_action_flag_check CHECK ((action_flag >= 0))
);

ALTER TABLE public.django_admin_log ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.django_admin_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.django_content_type (
    id integer NOT NULL,
    app_label character varying(100) NOT NULL,
    model character varying(100) NOT NULL
);

ALTER TABLE public.django_content_type ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.django_content_type_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.django_migrations (
    id bigint NOT NULL,
    app character varying(255) NOT NULL,
    name character varying(255) NOT NULL,
    applied timestamp with time zone NOT NULL
);

ALTER TABLE public.django_migrations ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.django_migrations_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.django_session (
    session_key character varying(40) NOT NULL,
    session_data text NOT NULL,
    expire_date timestamp with time zone NOT NULL
);

CREATE TABLE public.mlmodel_modelpromotion (
    id bigint NOT NULL,
    alias character varying(16) NOT NULL,
    kind character varying(16) NOT NULL,
    reason text NOT NULL,
    is_forced boolean NOT NULL,
    comparison jsonb NOT NULL,
    promoted_by_name character varying(150) NOT NULL,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    promoted_by_id integer,
    replaced_version_id bigint,
    version_id bigint NOT NULL,
    proposed_by_name character varying(150) DEFAULT ''::character varying NOT NULL,
    decision_id bigint,
    CONSTRAINT modelpromotion_alias_known CHECK (((alias)::text = ANY ((ARRAY['champion'::character varying, 'challenger'::character varying])::text[]))),
    CONSTRAINT modelpromotion_kind_known CHECK (((((alias)::text = 'challenger'::text) AND ((kind)::text = 'challenge'::text)) OR (((alias)::text = 'champion'::text) AND ((kind)::text = ANY ((ARRAY['promotion'::character varying, 'rollback'::character varying])::text[]))))),
    CONSTRAINT modelpromotion_reason_given CHECK (((NOT (reason = ''::text)) OR ((NOT is_forced) AND (NOT ((kind)::text = 'rollback'::text)))))
);

ALTER TABLE public.mlmodel_modelpromotion ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.mlmodel_modelpromotion_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.mlmodel_modelversion (
    id bigint NOT NULL,
    name character varying(100) NOT NULL,
    version integer NOT NULL,
    alias character varying(16),
    run_id character varying(64) NOT NULL,
    artifact_uri character varying(500) NOT NULL,
    artifact_digest character varying(64) NOT NULL,
    file_digests jsonb NOT NULL,
    size_bytes bigint NOT NULL,
    signature jsonb NOT NULL,
    parameters jsonb NOT NULL,
    metrics jsonb NOT NULL,
    data_fingerprint jsonb NOT NULL,
    code_version character varying(64) NOT NULL,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    promoted_at timestamp with time zone,
    promoted_by_id integer,
    CONSTRAINT mlmodel_modelversion_size_bytes_check CHECK ((size_bytes >= 0)),
    CONSTRAINT mlmodel_modelversion_version_check CHECK ((version >= 0)),
    CONSTRAINT modelversion_alias_known CHECK ((((alias)::text = ANY ((ARRAY['champion'::character varying, 'challenger'::character varying])::text[])) OR (alias IS NULL))),
    CONSTRAINT modelversion_digest_hex CHECK (((artifact_digest)::text ~ '^[0-9a-f]{64}$'::text))
);

ALTER TABLE public.mlmodel_modelversion ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.mlmodel_modelversion_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.mlmodel_promotiondecision (
    id bigint NOT NULL,
    verdict character varying(16) NOT NULL,
    note text NOT NULL,
    decided_by_name character varying(150) NOT NULL,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    decided_by_id integer NOT NULL,
    proposed_by_id integer NOT NULL,
    proposal_id bigint NOT NULL,
    CONSTRAINT promotiondecision_four_eyes CHECK ((((decided_by_id = proposed_by_id) AND ((verdict)::text = 'withdrawn'::text)) OR (((verdict)::text = ANY ((ARRAY['approved'::character varying, 'declined'::character varying])::text[])) AND (NOT (decided_by_id = proposed_by_id))))),
    CONSTRAINT promotiondecision_note_given CHECK (((NOT (note = ''::text)) OR ((verdict)::text = 'withdrawn'::text)))
);

ALTER TABLE public.mlmodel_promotiondecision ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.mlmodel_promotiondecision_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.mlmodel_promotionproposal (
    id bigint NOT NULL,
    reason text NOT NULL,
    evidence jsonb NOT NULL,
    proposed_by_name character varying(150) NOT NULL,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    champion_id bigint,
    proposed_by_id integer NOT NULL,
    version_id bigint NOT NULL,
    CONSTRAINT promotionproposal_not_champion CHECK (((champion_id IS NULL) OR (NOT ((champion_id = version_id) AND (champion_id IS NOT NULL))))),
    CONSTRAINT promotionproposal_reason_given CHECK ((NOT (reason = ''::text)))
);

ALTER TABLE public.mlmodel_promotionproposal ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.mlmodel_promotionproposal_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.predictions_apitoken (
    digest character varying(128) NOT NULL,
    token_key character varying(25) NOT NULL,
    created timestamp with time zone NOT NULL,
    expiry timestamp with time zone,
    name character varying(100) NOT NULL,
    user_id integer NOT NULL,
    id uuid NOT NULL,
    scopes character varying(16)[] NOT NULL,
    networks character varying(43)[] NOT NULL,
    requests_per_minute integer,
    rows_per_minute integer,
    revoked_at timestamp with time zone,
    CONSTRAINT apitoken_networks_are_networks CHECK (((networks)::cidr[] IS NOT NULL)),
    CONSTRAINT apitoken_scopes_known CHECK (((scopes <@ ARRAY['predict'::character varying(16), 'read'::character varying(16), 'admin'::character varying(16)]) AND (
CASE
    WHEN (scopes IS NULL) THEN NULL::integer
    ELSE COALESCE(array_length(scopes, 1), 0)
END > 0))),
    CONSTRAINT predictions_apitoken_requests_per_minute_check CHECK ((requests_per_minute >= 0)),
    CONSTRAINT predictions_apitoken_rows_per_minute_check CHECK ((rows_per_minute >= 0))
);

CREATE TABLE public.predictions_apitokenuse (
    token_id uuid NOT NULL,
    last_used_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL
);

CREATE TABLE public.predictions_export (
    id bigint NOT NULL,
    list_name character varying(100) NOT NULL,
    filters text NOT NULL,
    format character varying(8) NOT NULL,
    exported_by_name character varying(150) NOT NULL,
    request_id character varying(64) NOT NULL,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    exported_by_id integer NOT NULL,
    CONSTRAINT export_format_known CHECK (((format)::text = ANY ((ARRAY['csv'::character varying, 'jsonl'::character varying, 'parquet'::character varying])::text[])))
);

ALTER TABLE public.predictions_export ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.predictions_export_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.predictions_exportend (
    export_id bigint NOT NULL,
    row_count bigint NOT NULL,
    is_finished boolean NOT NULL,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    CONSTRAINT predictions_exportend_row_count_check CHECK ((row_count >= 0))
);

CREATE TABLE public.predictions_idempotencykey (
    id bigint NOT NULL,
    key character varying(255) NOT NULL,
    fingerprint character varying(64) NOT NULL,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    caller_id integer NOT NULL,
    prediction_request_id uuid,
    CONSTRAINT idempotencykey_fingerprint_hex CHECK (((fingerprint)::text ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT idempotencykey_key_printable CHECK (((key)::text ~ '^[ -~]{1,255}$'::text))
);

ALTER TABLE public.predictions_idempotencykey ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.predictions_idempotencykey_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.predictions_idempotentanswer (
    key_id bigint NOT NULL,
    status smallint NOT NULL,
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    CONSTRAINT idempotentanswer_status_final CHECK (((status >= 200) AND (status < 600))),
    CONSTRAINT predictions_idempotentanswer_status_check CHECK ((status >= 0))
);

CREATE TABLE public.predictions_observedoutcome (
    id bigint NOT NULL,
    data_year smallint NOT NULL,
    site_energy_use_kbtu double precision NOT NULL,
    electricity_kbtu double precision,
    natural_gas_kbtu double precision,
    steam_kbtu double precision,
    ghg_emissions_mtco2e double precision,
    source character varying(16) NOT NULL,
    entered_by_name character varying(150) NOT NULL,
    request_id character varying(64) NOT NULL,
    note character varying(500) NOT NULL,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    entered_by_id integer,
    input_id uuid NOT NULL,
    record_id bigint,
    CONSTRAINT observedoutcome_electricity_kbtu_range CHECK (((electricity_kbtu >= (0.0)::double precision) AND (electricity_kbtu <= (100000000000.0)::double precision))),
    CONSTRAINT observedoutcome_fuels_add_up CHECK (((((COALESCE(electricity_kbtu, (0.0)::double precision) + COALESCE(natural_gas_kbtu, (0.0)::double precision)) + COALESCE(steam_kbtu, (0.0)::double precision)) <= (site_energy_use_kbtu + GREATEST(((0.01)::double precision * site_energy_use_kbtu), (100.0)::double precision))) AND ((site_energy_use_kbtu - GREATEST(((0.01)::double precision * site_energy_use_kbtu), (100.0)::double precision)) <= ((electricity_kbtu + natural_gas_kbtu) + steam_kbtu)))),
    CONSTRAINT observedoutcome_ghg_emissions_mtco2e_range CHECK (((ghg_emissions_mtco2e >= (0.0)::double precision) AND (ghg_emissions_mtco2e <= (10000000.0)::double precision))),
    CONSTRAINT observedoutcome_natural_gas_kbtu_range CHECK (((natural_gas_kbtu >= (0.0)::double precision) AND (natural_gas_kbtu <= (100000000000.0)::double precision))),
    CONSTRAINT observedoutcome_record_if_matched CHECK ((((record_id IS NOT NULL) AND ((source)::text = 'matched'::text)) OR ((NOT ((source)::text = 'matched'::text)) AND (record_id IS NULL)))),
    CONSTRAINT observedoutcome_site_energy_use_kbtu_range CHECK (((site_energy_use_kbtu >= (0.0)::double precision) AND (site_energy_use_kbtu <= (100000000000.0)::double precision))),
    CONSTRAINT observedoutcome_source_known CHECK (((source)::text = ANY ((ARRAY['api'::character varying, 'admin'::character varying, 'matched'::character varying])::text[]))),
    CONSTRAINT observedoutcome_steam_kbtu_range CHECK (((steam_kbtu >= (0.0)::double precision) AND (steam_kbtu <= (100000000000.0)::double precision))),
    CONSTRAINT observedoutcome_year_is_over CHECK (((data_year >= 2000) AND ((data_year)::numeric < EXTRACT(year FROM (created_at AT TIME ZONE 'UTC'::text))))),
    CONSTRAINT predictions_observedoutcome_data_year_check CHECK ((data_year >= 0))
);

ALTER TABLE public.predictions_observedoutcome ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.predictions_observedoutcome_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.predictions_predictionbatch (
    request_id uuid NOT NULL,
    format character varying(16) NOT NULL,
    rows_received integer NOT NULL,
    refused_rows jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    CONSTRAINT predictionbatch_format_known CHECK (((format)::text = ANY ((ARRAY['json'::character varying, 'csv'::character varying, 'parquet'::character varying, 'buildings'::character varying])::text[]))),
    CONSTRAINT predictionbatch_rows_received_positive CHECK ((rows_received > 0)),
    CONSTRAINT predictions_predictionbatch_rows_received_check CHECK ((rows_received >= 0))
);

CREATE TABLE public.predictions_predictionexplanation (
    id uuid NOT NULL,
    caller_name character varying(150) NOT NULL,
    request_id character varying(64) NOT NULL,
    site_energy_use_kbtu double precision NOT NULL,
    reference_features jsonb NOT NULL,
    reference_kbtu double precision NOT NULL,
    contributions jsonb NOT NULL,
    orders integer NOT NULL,
    seed bigint NOT NULL,
    peers jsonb NOT NULL,
    peers_data_year smallint,
    peers_are_synthetic boolean,
    peer_count integer NOT NULL,
    percentile double precision,
    duration_ms double precision NOT NULL,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    caller_id integer,
    input_id uuid NOT NULL,
    CONSTRAINT predictionexplanation_adds_up CHECK ((abs(((reference_kbtu + public.predictions_contributions_kbtu(contributions)) - site_energy_use_kbtu)) <= (GREATEST(reference_kbtu, site_energy_use_kbtu, (1.0)::double precision) * (0.000000001)::double precision))),
    CONSTRAINT predictionexplanation_duration_positive CHECK ((duration_ms >= (0.0)::double precision)),
    CONSTRAINT predictionexplanation_energies_finite CHECK (((reference_kbtu >= (0.0)::double precision) AND (reference_kbtu < 'Infinity'::double precision) AND (site_energy_use_kbtu >= (0.0)::double precision) AND (site_energy_use_kbtu < 'Infinity'::double precision))),
    CONSTRAINT predictionexplanation_percentile_range CHECK (((percentile >= (0.0)::double precision) AND (percentile <= (100.0)::double precision))),
    CONSTRAINT predictions_predictionexplanation_orders_check CHECK ((orders >= 0)),
    CONSTRAINT predictions_predictionexplanation_peer_count_check CHECK ((peer_count >= 0)),
    CONSTRAINT predictions_predictionexplanation_peers_data_year_check CHECK ((peers_data_year >= 0))
);

CREATE TABLE public.predictions_predictioninput (
    id uuid NOT NULL,
    "position" integer NOT NULL,
    features jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    building_id bigint,
    request_id uuid NOT NULL,
    what_if_of_id uuid,
    sent jsonb,
    CONSTRAINT predictioninput_sent_units_known CHECK (((sent IS NULL) OR ((sent ?& ARRAY['units'::text, 'members'::text]) AND ((sent -> 'units'::text) = ANY (ARRAY['"us"'::jsonb, '"si"'::jsonb]))))),
    CONSTRAINT predictions_predictioninput_position_check CHECK (("position" >= 0))
);

CREATE TABLE public.predictions_predictionoutput (
    id bigint NOT NULL,
    site_energy_use_kbtu double precision,
    site_eui_kbtu_per_sqft double precision,
    error_code character varying(32),
    duration_ms double precision NOT NULL,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    input_id uuid NOT NULL,
    cautions jsonb,
    electricity_kbtu double precision,
    emission_factor_set_id bigint,
    emissions_ratio_high_80 double precision,
    emissions_ratio_high_90 double precision,
    emissions_ratio_low_80 double precision,
    emissions_ratio_low_90 double precision,
    ghg_emissions_high_80_mtco2e double precision,
    ghg_emissions_high_90_mtco2e double precision,
    ghg_emissions_low_80_mtco2e double precision,
    ghg_emissions_low_90_mtco2e double precision,
    ghg_emissions_mtco2e double precision,
    natural_gas_kbtu double precision,
    site_energy_use_high_80_kbtu double precision,
    site_energy_use_high_90_kbtu double precision,
    site_energy_use_low_80_kbtu double precision,
    site_energy_use_low_90_kbtu double precision,
    steam_kbtu double precision,
    support double precision,
    CONSTRAINT predictionoutput_by_fuel_or_not CHECK ((((error_code IS NULL) AND (cautions IS NOT NULL) AND (electricity_kbtu IS NOT NULL) AND (emission_factor_set_id IS NOT NULL) AND (emissions_ratio_high_80 IS NOT NULL) AND (emissions_ratio_high_90 IS NOT NULL) AND (emissions_ratio_low_80 IS NOT NULL) AND (emissions_ratio_low_90 IS NOT NULL) AND (ghg_emissions_high_80_mtco2e IS NOT NULL) AND (ghg_emissions_high_90_mtco2e IS NOT NULL) AND (ghg_emissions_low_80_mtco2e IS NOT NULL) AND (ghg_emissions_low_90_mtco2e IS NOT NULL) AND (ghg_emissions_mtco2e IS NOT NULL) AND (natural_gas_kbtu IS NOT NULL) AND (site_energy_use_high_80_kbtu IS NOT NULL) AND (site_energy_use_high_90_kbtu IS NOT NULL) AND (site_energy_use_low_80_kbtu IS NOT NULL) AND (site_energy_use_low_90_kbtu IS NOT NULL) AND (steam_kbtu IS NOT NULL) AND (support IS NOT NULL)) OR ((cautions IS NULL) AND (electricity_kbtu IS NULL) AND (emission_factor_set_id IS NULL) AND (emissions_ratio_high_80 IS NULL) AND (emissions_ratio_high_90 IS NULL) AND (emissions_ratio_low_80 IS NULL) AND (emissions_ratio_low_90 IS NULL) AND (ghg_emissions_high_80_mtco2e IS NULL) AND (ghg_emissions_high_90_mtco2e IS NULL) AND (ghg_emissions_low_80_mtco2e IS NULL) AND (ghg_emissions_low_90_mtco2e IS NULL) AND (ghg_emissions_mtco2e IS NULL) AND (natural_gas_kbtu IS NULL) AND (site_energy_use_high_80_kbtu IS NULL) AND (site_energy_use_high_90_kbtu IS NULL) AND (site_energy_use_low_80_kbtu IS NULL) AND (site_energy_use_low_90_kbtu IS NULL) AND (steam_kbtu IS NULL) AND (support IS NULL)))),
    CONSTRAINT predictionoutput_duration_positive CHECK ((duration_ms >= (0.0)::double precision)),
    CONSTRAINT predictionoutput_emissions_intervals_nested CHECK (((ghg_emissions_high_80_mtco2e >= ghg_emissions_mtco2e) AND (ghg_emissions_high_90_mtco2e >= ghg_emissions_high_80_mtco2e) AND (ghg_emissions_low_80_mtco2e <= ghg_emissions_mtco2e) AND (ghg_emissions_low_90_mtco2e <= ghg_emissions_low_80_mtco2e))),
    CONSTRAINT predictionoutput_energy_finite CHECK ((((site_energy_use_kbtu >= (0.0)::double precision) AND (site_energy_use_kbtu < 'Infinity'::double precision)) OR (site_energy_use_kbtu IS NULL))),
    CONSTRAINT predictionoutput_energy_intervals_nested CHECK (((site_energy_use_high_80_kbtu >= site_energy_use_kbtu) AND (site_energy_use_high_90_kbtu >= site_energy_use_high_80_kbtu) AND (site_energy_use_low_80_kbtu <= site_energy_use_kbtu) AND (site_energy_use_low_90_kbtu <= site_energy_use_low_80_kbtu))),
    CONSTRAINT predictionoutput_energy_is_the_sum CHECK (((site_energy_use_kbtu >= (((electricity_kbtu + natural_gas_kbtu) + steam_kbtu) * (0.999999999)::double precision)) AND (site_energy_use_kbtu <= (((electricity_kbtu + natural_gas_kbtu) + steam_kbtu) * (1.000000001)::double precision)))),
    CONSTRAINT predictionoutput_error_code_known CHECK ((((error_code)::text = ANY ((ARRAY['model-failure'::character varying, 'invalid-output'::character varying])::text[])) OR (error_code IS NULL))),
    CONSTRAINT predictionoutput_eui_finite CHECK ((((site_eui_kbtu_per_sqft >= (0.0)::double precision) AND (site_eui_kbtu_per_sqft < 'Infinity'::double precision)) OR (site_eui_kbtu_per_sqft IS NULL))),
    CONSTRAINT predictionoutput_measures_finite CHECK (((electricity_kbtu >= (0.0)::double precision) AND (electricity_kbtu < 'Infinity'::double precision) AND (emissions_ratio_high_80 >= (0.0)::double precision) AND (emissions_ratio_high_80 < 'Infinity'::double precision) AND (emissions_ratio_high_90 >= (0.0)::double precision) AND (emissions_ratio_high_90 < 'Infinity'::double precision) AND (emissions_ratio_low_80 >= (0.0)::double precision) AND (emissions_ratio_low_80 < 'Infinity'::double precision) AND (emissions_ratio_low_90 >= (0.0)::double precision) AND (emissions_ratio_low_90 < 'Infinity'::double precision) AND (ghg_emissions_high_80_mtco2e >= (0.0)::double precision) AND (ghg_emissions_high_80_mtco2e < 'Infinity'::double precision) AND (ghg_emissions_high_90_mtco2e >= (0.0)::double precision) AND (ghg_emissions_high_90_mtco2e < 'Infinity'::double precision) AND (ghg_emissions_low_80_mtco2e >= (0.0)::double precision) AND (ghg_emissions_low_80_mtco2e < 'Infinity'::double precision) AND (ghg_emissions_low_90_mtco2e >= (0.0)::double precision) AND (ghg_emissions_low_90_mtco2e < 'Infinity'::double precision) AND (ghg_emissions_mtco2e >= (0.0)::double precision) AND (ghg_emissions_mtco2e < 'Infinity'::double precision) AND (natural_gas_kbtu >= (0.0)::double precision) AND (natural_gas_kbtu < 'Infinity'::double precision) AND (site_energy_use_high_80_kbtu >= (0.0)::double precision) AND (site_energy_use_high_80_kbtu < 'Infinity'::double precision) AND (site_energy_use_high_90_kbtu >= (0.0)::double precision) AND (site_energy_use_high_90_kbtu < 'Infinity'::double precision) AND (site_energy_use_low_80_kbtu >= (0.0)::double precision) AND (site_energy_use_low_80_kbtu < 'Infinity'::double precision) AND (site_energy_use_low_90_kbtu >= (0.0)::double precision) AND (site_energy_use_low_90_kbtu < 'Infinity'::double precision) AND (steam_kbtu >= (0.0)::double precision) AND (steam_kbtu < 'Infinity'::double precision))),
    CONSTRAINT predictionoutput_ratios_nested CHECK (((emissions_ratio_high_80 >= (1.0)::double precision) AND (emissions_ratio_high_90 >= emissions_ratio_high_80) AND (emissions_ratio_low_80 <= (1.0)::double precision) AND (emissions_ratio_low_90 <= emissions_ratio_low_80))),
    CONSTRAINT predictionoutput_support_share CHECK (((support >= (0.0)::double precision) AND (support <= (1.0)::double precision))),
    CONSTRAINT predictionoutput_value_xor_error CHECK ((((error_code IS NULL) AND (site_energy_use_kbtu IS NOT NULL) AND (site_eui_kbtu_per_sqft IS NOT NULL)) OR ((error_code IS NOT NULL) AND (site_energy_use_kbtu IS NULL) AND (site_eui_kbtu_per_sqft IS NULL))))
);

ALTER TABLE public.predictions_predictionoutput ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.predictions_predictionoutput_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.predictions_predictionrequest (
    id uuid NOT NULL,
    caller_name character varying(150) NOT NULL,
    token_prefix character varying(25) NOT NULL,
    channel character varying(16) NOT NULL,
    request_id character varying(64) NOT NULL,
    body_sha256 character varying(64) NOT NULL,
    row_count integer NOT NULL,
    received_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    caller_id integer,
    model_version_id bigint NOT NULL,
    CONSTRAINT predictionrequest_body_sha256_hex CHECK ((((body_sha256)::text = ''::text) OR ((body_sha256)::text ~ '^[0-9a-f]{64}$'::text))),
    CONSTRAINT predictionrequest_channel_known CHECK (((channel)::text = ANY ((ARRAY['api'::character varying, 'command'::character varying])::text[]))),
    CONSTRAINT predictionrequest_row_count_positive CHECK ((row_count > 0)),
    CONSTRAINT predictions_predictionrequest_row_count_check CHECK ((row_count >= 0))
);

CREATE UNLOGGED TABLE public.predictions_ratewindow (
    subject character varying(64) NOT NULL,
    started_at timestamp with time zone NOT NULL,
    requests bigint NOT NULL,
    rows bigint NOT NULL,
    is_granted boolean NOT NULL
)
WITH (fillfactor='50');

CREATE TABLE public.predictions_shadowoutput (
    id bigint NOT NULL,
    electricity_kbtu double precision,
    natural_gas_kbtu double precision,
    steam_kbtu double precision,
    site_energy_use_kbtu double precision,
    site_eui_kbtu_per_sqft double precision,
    error_code character varying(32),
    duration_ms double precision NOT NULL,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    input_id uuid NOT NULL,
    model_version_id bigint NOT NULL,
    CONSTRAINT shadowoutput_duration_positive CHECK ((duration_ms >= (0.0)::double precision)),
    CONSTRAINT shadowoutput_electricity_kbtu_finite CHECK ((((electricity_kbtu >= (0.0)::double precision) AND (electricity_kbtu < 'Infinity'::double precision)) OR (electricity_kbtu IS NULL))),
    CONSTRAINT shadowoutput_error_code_known CHECK ((((error_code)::text = ANY ((ARRAY['model-failure'::character varying, 'invalid-output'::character varying])::text[])) OR (error_code IS NULL))),
    CONSTRAINT shadowoutput_natural_gas_kbtu_finite CHECK ((((natural_gas_kbtu >= (0.0)::double precision) AND (natural_gas_kbtu < 'Infinity'::double precision)) OR (natural_gas_kbtu IS NULL))),
    CONSTRAINT shadowoutput_site_energy_use_kbtu_finite CHECK ((((site_energy_use_kbtu >= (0.0)::double precision) AND (site_energy_use_kbtu < 'Infinity'::double precision)) OR (site_energy_use_kbtu IS NULL))),
    CONSTRAINT shadowoutput_site_eui_kbtu_finite CHECK ((((site_eui_kbtu_per_sqft >= (0.0)::double precision) AND (site_eui_kbtu_per_sqft < 'Infinity'::double precision)) OR (site_eui_kbtu_per_sqft IS NULL))),
    CONSTRAINT shadowoutput_steam_kbtu_finite CHECK ((((steam_kbtu >= (0.0)::double precision) AND (steam_kbtu < 'Infinity'::double precision)) OR (steam_kbtu IS NULL))),
    CONSTRAINT shadowoutput_value_xor_error CHECK ((((electricity_kbtu IS NOT NULL) AND (error_code IS NULL) AND (natural_gas_kbtu IS NOT NULL) AND (site_energy_use_kbtu IS NOT NULL) AND (site_eui_kbtu_per_sqft IS NOT NULL) AND (steam_kbtu IS NOT NULL)) OR ((electricity_kbtu IS NULL) AND (error_code IS NOT NULL) AND (natural_gas_kbtu IS NULL) AND (site_energy_use_kbtu IS NULL) AND (site_eui_kbtu_per_sqft IS NULL) AND (steam_kbtu IS NULL))))
);

ALTER TABLE public.predictions_shadowoutput ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.predictions_shadowoutput_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.predictions_usageday (
    day date NOT NULL,
    calls integer NOT NULL,
    predictions integer NOT NULL,
    failed integer NOT NULL,
    without_output uuid[] NOT NULL,
    rows_received integer NOT NULL,
    rows_refused integer NOT NULL,
    latency_p50_ms double precision,
    latency_p95_ms double precision,
    by_version jsonb NOT NULL,
    by_type jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    CONSTRAINT predictions_usageday_calls_check CHECK ((calls >= 0)),
    CONSTRAINT predictions_usageday_failed_check CHECK ((failed >= 0)),
    CONSTRAINT predictions_usageday_predictions_check CHECK ((predictions >= 0)),
    CONSTRAINT predictions_usageday_rows_received_check CHECK ((rows_received >= 0)),
    CONSTRAINT predictions_usageday_rows_refused_check CHECK ((rows_refused >= 0)),
    CONSTRAINT usageday_refused_of_received CHECK ((rows_received >= rows_refused))
);

ALTER TABLE ONLY public.predictions_apitoken
    ADD CONSTRAINT apitoken_digest_unique UNIQUE (digest);

ALTER TABLE ONLY public.auth_group
    ADD CONSTRAINT auth_group_name_key UNIQUE (name);

ALTER TABLE ONLY public.auth_group_permissions
    ADD CONSTRAINT auth_group_permissions_group_id_permission_id_0cd325b0_uniq UNIQUE (group_id, permission_id);

ALTER TABLE ONLY public.auth_group_permissions
    ADD CONSTRAINT auth_group_permissions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.auth_group
    ADD CONSTRAINT auth_group_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.auth_permission
    ADD CONSTRAINT auth_permission_content_type_id_codename_01ab375a_uniq UNIQUE (content_type_id, codename);

ALTER TABLE ONLY public.auth_permission
    ADD CONSTRAINT auth_permission_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.auth_user_groups
    ADD CONSTRAINT auth_user_groups_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.auth_user_groups
    ADD CONSTRAINT auth_user_groups_user_id_group_id_94350c0c_uniq UNIQUE (user_id, group_id);

ALTER TABLE ONLY public.auth_user
    ADD CONSTRAINT auth_user_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.auth_user_user_permissions
    ADD CONSTRAINT auth_user_user_permissions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.auth_user_user_permissions
    ADD CONSTRAINT auth_user_user_permissions_user_id_permission_id_14a6b632_uniq UNIQUE (user_id, permission_id);

ALTER TABLE ONLY public.auth_user
    ADD CONSTRAINT auth_user_username_key UNIQUE (username);

ALTER TABLE ONLY public.axes_accessattempt
    ADD CONSTRAINT axes_accessattempt_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.axes_accessattempt
    ADD CONSTRAINT axes_accessattempt_username_ip_address_user_agent_8ea22282_uniq UNIQUE (username, ip_address, user_agent);

ALTER TABLE ONLY public.axes_accessattemptexpiration
    ADD CONSTRAINT axes_accessattemptexpiration_pkey PRIMARY KEY (access_attempt_id);

ALTER TABLE ONLY public.axes_accessfailurelog
    ADD CONSTRAINT axes_accessfailurelog_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.axes_accesslog
    ADD CONSTRAINT axes_accesslog_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.buildings_benchmarkrecord
    ADD CONSTRAINT benchmarkrecord_one_a_year UNIQUE (building_id, data_year);

ALTER TABLE ONLY public.buildings_benchmarkrecord
    ADD CONSTRAINT buildings_benchmarkrecord_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.buildings_building
    ADD CONSTRAINT buildings_building_ose_building_id_key UNIQUE (ose_building_id);

ALTER TABLE ONLY public.buildings_building
    ADD CONSTRAINT buildings_building_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.buildings_datasetimport
    ADD CONSTRAINT buildings_datasetimport_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.buildings_datasetupload
    ADD CONSTRAINT buildings_datasetupload_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.buildings_datasetuploadstep
    ADD CONSTRAINT buildings_datasetuploadstep_dataset_import_id_key UNIQUE (dataset_import_id);

ALTER TABLE ONLY public.buildings_datasetuploadstep
    ADD CONSTRAINT buildings_datasetuploadstep_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.buildings_emissionfactor
    ADD CONSTRAINT buildings_emissionfactor_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.buildings_emissionfactorset
    ADD CONSTRAINT buildings_emissionfactorset_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.buildings_propertyuse
    ADD CONSTRAINT buildings_propertyuse_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.buildings_publishedrow
    ADD CONSTRAINT buildings_publishedrow_pkey PRIMARY KEY (record_id);

ALTER TABLE ONLY public.buildings_recordrevision
    ADD CONSTRAINT buildings_recordrevision_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.buildings_rejectedrow
    ADD CONSTRAINT buildings_rejectedrow_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.buildings_datasetuploadstep
    ADD CONSTRAINT datasetuploadstep_stage_unique UNIQUE (upload_id, stage);

ALTER TABLE ONLY public.django_admin_log
    ADD CONSTRAINT django_admin_log_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.django_content_type
    ADD CONSTRAINT django_content_type_app_label_model_76bd3d3b_uniq UNIQUE (app_label, model);

ALTER TABLE ONLY public.django_content_type
    ADD CONSTRAINT django_content_type_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.django_migrations
    ADD CONSTRAINT django_migrations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.django_session
    ADD CONSTRAINT django_session_pkey PRIMARY KEY (session_key);

ALTER TABLE ONLY public.buildings_emissionfactor
    ADD CONSTRAINT emissionfactor_fuel_unique UNIQUE (factor_set_id, fuel);

ALTER TABLE ONLY public.buildings_emissionfactorset
    ADD CONSTRAINT emissionfactorset_version_unique UNIQUE (name, version);

ALTER TABLE ONLY public.predictions_idempotencykey
    ADD CONSTRAINT idempotencykey_caller_key_unique UNIQUE (caller_id, key);

ALTER TABLE ONLY public.mlmodel_modelpromotion
    ADD CONSTRAINT mlmodel_modelpromotion_decision_id_key UNIQUE (decision_id);

ALTER TABLE ONLY public.mlmodel_modelpromotion
    ADD CONSTRAINT mlmodel_modelpromotion_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.mlmodel_modelversion
    ADD CONSTRAINT mlmodel_modelversion_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.mlmodel_promotiondecision
    ADD CONSTRAINT mlmodel_promotiondecision_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.mlmodel_promotiondecision
    ADD CONSTRAINT mlmodel_promotiondecision_proposal_id_key UNIQUE (proposal_id);

ALTER TABLE ONLY public.mlmodel_promotionproposal
    ADD CONSTRAINT mlmodel_promotionproposal_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.mlmodel_modelversion
    ADD CONSTRAINT modelversion_alias_unique UNIQUE (name, alias);

ALTER TABLE ONLY public.mlmodel_modelversion
    ADD CONSTRAINT modelversion_version_unique UNIQUE (name, version);

ALTER TABLE ONLY public.predictions_predictioninput
    ADD CONSTRAINT predictioninput_position_unique UNIQUE (request_id, "position");

ALTER TABLE ONLY public.predictions_apitoken
    ADD CONSTRAINT predictions_apitoken_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.predictions_apitokenuse
    ADD CONSTRAINT predictions_apitokenuse_pkey PRIMARY KEY (token_id);

ALTER TABLE ONLY public.predictions_export
    ADD CONSTRAINT predictions_export_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.predictions_exportend
    ADD CONSTRAINT predictions_exportend_pkey PRIMARY KEY (export_id);

ALTER TABLE ONLY public.predictions_idempotencykey
    ADD CONSTRAINT predictions_idempotencykey_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.predictions_idempotencykey
    ADD CONSTRAINT predictions_idempotencykey_prediction_request_id_key UNIQUE (prediction_request_id);

ALTER TABLE ONLY public.predictions_idempotentanswer
    ADD CONSTRAINT predictions_idempotentanswer_pkey PRIMARY KEY (key_id);

ALTER TABLE ONLY public.predictions_observedoutcome
    ADD CONSTRAINT predictions_observedoutcome_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.predictions_predictionbatch
    ADD CONSTRAINT predictions_predictionbatch_pkey PRIMARY KEY (request_id);

ALTER TABLE ONLY public.predictions_predictionexplanation
    ADD CONSTRAINT predictions_predictionexplanation_input_id_key UNIQUE (input_id);

ALTER TABLE ONLY public.predictions_predictionexplanation
    ADD CONSTRAINT predictions_predictionexplanation_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.predictions_predictioninput
    ADD CONSTRAINT predictions_predictioninput_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.predictions_predictionoutput
    ADD CONSTRAINT predictions_predictionoutput_input_id_key UNIQUE (input_id);

ALTER TABLE ONLY public.predictions_predictionoutput
    ADD CONSTRAINT predictions_predictionoutput_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.predictions_predictionrequest
    ADD CONSTRAINT predictions_predictionrequest_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.predictions_ratewindow
    ADD CONSTRAINT predictions_ratewindow_pkey PRIMARY KEY (subject);

ALTER TABLE ONLY public.predictions_shadowoutput
    ADD CONSTRAINT predictions_shadowoutput_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.predictions_usageday
    ADD CONSTRAINT predictions_usageday_pkey PRIMARY KEY (day);

ALTER TABLE ONLY public.mlmodel_promotionproposal
    ADD CONSTRAINT promotionproposal_proposer_unique UNIQUE (id, proposed_by_id);

ALTER TABLE ONLY public.buildings_propertyuse
    ADD CONSTRAINT propertyuse_rank_unique UNIQUE (record_id, rank);

ALTER TABLE ONLY public.buildings_rejectedrow
    ADD CONSTRAINT rejectedrow_line_unique UNIQUE (dataset_import_id, line_number);

ALTER TABLE ONLY public.predictions_shadowoutput
    ADD CONSTRAINT shadowoutput_scored_once UNIQUE (model_version_id, input_id);

CREATE INDEX auth_group_name_a6ea08ec_like ON public.auth_group USING btree (name varchar_pattern_ops);

CREATE INDEX auth_group_permissions_group_id_b120cbf9 ON public.auth_group_permissions USING btree (group_id);

CREATE INDEX auth_group_permissions_permission_id_84c5c92e ON public.auth_group_permissions USING btree (permission_id);

CREATE INDEX auth_permission_content_type_id_2f476e4b ON public.auth_permission USING btree (content_type_id);

CREATE INDEX auth_user_groups_group_id_97559544 ON public.auth_user_groups USING btree (group_id);

CREATE INDEX auth_user_groups_user_id_6a12ed8b ON public.auth_user_groups USING btree (user_id);

CREATE INDEX auth_user_user_permissions_permission_id_1fbb5f2c ON public.auth_user_user_permissions USING btree (permission_id);

CREATE INDEX auth_user_user_permissions_user_id_a95ead1b ON public.auth_user_user_permissions USING btree (user_id);

CREATE INDEX auth_user_username_6821ab7c_like ON public.auth_user USING btree (username varchar_pattern_ops);

CREATE INDEX axes_accessattempt_ip_address_10922d9c ON public.axes_accessattempt USING btree (ip_address);

CREATE INDEX axes_accessattempt_user_agent_ad89678b ON public.axes_accessattempt USING btree (user_agent);

CREATE INDEX axes_accessattempt_user_agent_ad89678b_like ON public.axes_accessattempt USING btree (user_agent varchar_pattern_ops);

CREATE INDEX axes_accessattempt_username_3f2d4ca0 ON public.axes_accessattempt USING btree (username);

CREATE INDEX axes_accessattempt_username_3f2d4ca0_like ON public.axes_accessattempt USING btree (username varchar_pattern_ops);

CREATE INDEX axes_accessfailurelog_ip_address_2e9f5a7f ON public.axes_accessfailurelog USING btree (ip_address);

CREATE INDEX axes_accessfailurelog_user_agent_ea145dda ON public.axes_accessfailurelog USING btree (user_agent);

CREATE INDEX axes_accessfailurelog_user_agent_ea145dda_like ON public.axes_accessfailurelog USING btree (user_agent varchar_pattern_ops);

CREATE INDEX axes_accessfailurelog_username_a8b7e8a4 ON public.axes_accessfailurelog USING btree (username);

CREATE INDEX axes_accessfailurelog_username_a8b7e8a4_like ON public.axes_accessfailurelog USING btree (username varchar_pattern_ops);

CREATE INDEX axes_accesslog_ip_address_86b417e5 ON public.axes_accesslog USING btree (ip_address);

CREATE INDEX axes_accesslog_user_agent_0e659004 ON public.axes_accesslog USING btree (user_agent);

CREATE INDEX axes_accesslog_user_agent_0e659004_like ON public.axes_accesslog USING btree (user_agent varchar_pattern_ops);

CREATE INDEX axes_accesslog_username_df93064b ON public.axes_accesslog USING btree (username);

CREATE INDEX axes_accesslog_username_df93064b_like ON public.axes_accesslog USING btree (username varchar_pattern_ops);

CREATE INDEX benchmarkrecord_flags ON public.buildings_benchmarkrecord USING gin (data_year, quality_flags) WHERE (NOT (quality_flags = '{}'::character varying(40)[]));

CREATE INDEX benchmarkrecord_peers ON public.buildings_benchmarkrecord USING btree (data_year, primary_property_type, is_synthetic) INCLUDE (site_eui_kbtu_per_sqft, property_gfa_total_sqft, neighborhood) WHERE (((compliance_status)::text = 'Compliant'::text) AND (site_eui_kbtu_per_sqft > (0.0)::double precision));

CREATE INDEX benchmarkrecord_year_built ON public.buildings_benchmarkrecord USING btree (data_year, year_built, building_id);

CREATE INDEX benchmarkrecord_year_energy ON public.buildings_benchmarkrecord USING btree (data_year, site_energy_use_kbtu, building_id, property_gfa_total_sqft);

CREATE INDEX benchmarkrecord_year_eui ON public.buildings_benchmarkrecord USING btree (data_year, site_eui_kbtu_per_sqft, building_id, property_gfa_total_sqft);

CREATE INDEX benchmarkrecord_year_gfa ON public.buildings_benchmarkrecord USING btree (data_year, property_gfa_total_sqft, building_id, site_eui_kbtu_per_sqft);

CREATE INDEX benchmarkrecord_year_kind ON public.buildings_benchmarkrecord USING btree (data_year, is_synthetic);

CREATE INDEX benchmarkrecord_year_place ON public.buildings_benchmarkrecord USING btree (data_year, neighborhood);

CREATE INDEX benchmarkrecord_year_status ON public.buildings_benchmarkrecord USING btree (data_year, compliance_status);

CREATE INDEX benchmarkrecord_year_type ON public.buildings_benchmarkrecord USING btree (data_year, building_type);

CREATE INDEX benchmarkrecord_year_use ON public.buildings_benchmarkrecord USING btree (data_year, primary_property_type, neighborhood);

CREATE INDEX building_energy ON public.buildings_building USING btree (site_energy_use_kbtu, id, property_gfa_total_sqft);

CREATE INDEX building_eui ON public.buildings_building USING btree (site_eui_kbtu_per_sqft, id, property_gfa_total_sqft);

CREATE INDEX building_gfa ON public.buildings_building USING btree (property_gfa_total_sqft, id, site_eui_kbtu_per_sqft);

CREATE INDEX building_neighborhood ON public.buildings_building USING btree (neighborhood, ose_building_id);

CREATE INDEX building_primary_type ON public.buildings_building USING btree (primary_property_type, ose_building_id);

CREATE INDEX building_search ON public.buildings_building USING gin (search_text public.gin_trgm_ops);

CREATE INDEX building_status ON public.buildings_building USING btree (compliance_status, ose_building_id);

CREATE INDEX building_synthetic ON public.buildings_building USING btree (is_synthetic, ose_building_id);

CREATE INDEX building_type ON public.buildings_building USING btree (building_type, ose_building_id);

CREATE INDEX building_year_built ON public.buildings_building USING btree (year_built, id);

CREATE INDEX buildings_benchmarkrecord_dataset_import_id_085c0dee ON public.buildings_benchmarkrecord USING btree (dataset_import_id);

CREATE INDEX buildings_datasetimport_imported_by_id_6c4e20d5 ON public.buildings_datasetimport USING btree (imported_by_id);

CREATE INDEX buildings_datasetimport_sha256_e32ce0c2 ON public.buildings_datasetimport USING btree (sha256);

CREATE INDEX buildings_datasetimport_sha256_e32ce0c2_like ON public.buildings_datasetimport USING btree (sha256 varchar_pattern_ops);

CREATE INDEX buildings_datasetupload_uploaded_by_id_017a0522 ON public.buildings_datasetupload USING btree (uploaded_by_id);

CREATE INDEX buildings_datasetuploadstep_by_id_a920337f ON public.buildings_datasetuploadstep USING btree (by_id);

CREATE INDEX buildings_recordrevision_dataset_import_id_ef6effae ON public.buildings_recordrevision USING btree (dataset_import_id);

CREATE INDEX buildings_recordrevision_record_id_aeab5224 ON public.buildings_recordrevision USING btree (record_id);

CREATE UNIQUE INDEX datasetuploadstep_confirmed_or_not ON public.buildings_datasetuploadstep USING btree (upload_id) WHERE ((stage)::text = ANY ((ARRAY['confirmed'::character varying, 'cancelled'::character varying])::text[]));

CREATE UNIQUE INDEX datasetuploadstep_one_end ON public.buildings_datasetuploadstep USING btree (upload_id) WHERE ((stage)::text = ANY ((ARRAY['loaded'::character varying, 'failed'::character varying, 'cancelled'::character varying])::text[]));

CREATE INDEX django_admin_log_content_type_id_c4bce8eb ON public.django_admin_log USING btree (content_type_id);

CREATE INDEX django_admin_log_user_id_c564eba6 ON public.django_admin_log USING btree (user_id);

CREATE INDEX django_session_expire_date_a5c62663 ON public.django_session USING btree (expire_date);

CREATE INDEX django_session_session_key_c0390e0f_like ON public.django_session USING btree (session_key varchar_pattern_ops);

CREATE INDEX idempotencykey_created_at ON public.predictions_idempotencykey USING btree (created_at);

CREATE INDEX mlmodel_modelpromotion_promoted_by_id_ac3647bc ON public.mlmodel_modelpromotion USING btree (promoted_by_id);

CREATE INDEX mlmodel_modelpromotion_replaced_version_id_21a8e1ed ON public.mlmodel_modelpromotion USING btree (replaced_version_id);

CREATE INDEX mlmodel_modelpromotion_version_id_4d42a899 ON public.mlmodel_modelpromotion USING btree (version_id);

CREATE INDEX mlmodel_modelversion_promoted_by_id_4f4bab8b ON public.mlmodel_modelversion USING btree (promoted_by_id);

CREATE INDEX mlmodel_promotiondecision_decided_by_id_d4b90114 ON public.mlmodel_promotiondecision USING btree (decided_by_id);

CREATE INDEX mlmodel_promotiondecision_proposed_by_id_5662a73b ON public.mlmodel_promotiondecision USING btree (proposed_by_id);

CREATE INDEX mlmodel_promotionproposal_champion_id_a2afb86a ON public.mlmodel_promotionproposal USING btree (champion_id);

CREATE INDEX mlmodel_promotionproposal_proposed_by_id_1e32d845 ON public.mlmodel_promotionproposal USING btree (proposed_by_id);

CREATE INDEX mlmodel_promotionproposal_version_id_c8529ca1 ON public.mlmodel_promotionproposal USING btree (version_id);

CREATE INDEX observedoutcome_created_at ON public.predictions_observedoutcome USING btree (created_at, id);

CREATE INDEX observedoutcome_latest ON public.predictions_observedoutcome USING btree (input_id, data_year, id DESC);

CREATE INDEX predictioninput_use_type ON public.predictions_predictioninput USING btree (((features ->> 'primary_property_type'::text)));

CREATE INDEX predictioninput_variation ON public.predictions_predictioninput USING btree (what_if_of_id) WHERE (what_if_of_id IS NOT NULL);

CREATE INDEX predictionoutput_failed ON public.predictions_predictionoutput USING btree (input_id) WHERE (error_code IS NOT NULL);

CREATE INDEX predictionrequest_by_command ON public.predictions_predictionrequest USING btree (created_at) WHERE ((channel)::text = 'command'::text);

CREATE INDEX predictionrequest_caller ON public.predictions_predictionrequest USING btree (caller_id, created_at);

CREATE INDEX predictionrequest_created_at ON public.predictions_predictionrequest USING btree (created_at);

CREATE INDEX predictionrequest_request_id ON public.predictions_predictionrequest USING btree (request_id);

CREATE INDEX predictionrequest_token ON public.predictions_predictionrequest USING btree (token_prefix, created_at);

CREATE INDEX predictionrequest_version ON public.predictions_predictionrequest USING btree (model_version_id, created_at);

CREATE INDEX predictions_apitoken_digest_76775b63_like ON public.predictions_apitoken USING btree (digest varchar_pattern_ops);

CREATE INDEX predictions_apitoken_token_key_e873b296 ON public.predictions_apitoken USING btree (token_key);

CREATE INDEX predictions_apitoken_token_key_e873b296_like ON public.predictions_apitoken USING btree (token_key varchar_pattern_ops);

CREATE INDEX predictions_apitoken_user_id_8f7fb198 ON public.predictions_apitoken USING btree (user_id);

CREATE INDEX predictions_export_exported_by_id_a473aa20 ON public.predictions_export USING btree (exported_by_id);

CREATE INDEX predictions_predictioninput_building_id_d444b4b4 ON public.predictions_predictioninput USING btree (building_id);

CREATE INDEX predictions_predictioninput_request_id_836ce2c1 ON public.predictions_predictioninput USING btree (request_id);

CREATE INDEX predictions_ratewindow_subject_be0ad618_like ON public.predictions_ratewindow USING btree (subject varchar_pattern_ops);

CREATE INDEX predictions_shadowoutput_input_id_b88cccf3 ON public.predictions_shadowoutput USING btree (input_id);

CREATE INDEX ratewindow_started_at ON public.predictions_ratewindow USING btree (started_at);

CREATE INDEX recordrevision_import ON public.buildings_recordrevision USING btree (dataset_import_id, id);

CREATE INDEX shadowoutput_created_at ON public.predictions_shadowoutput USING btree (created_at, id);

CREATE TRIGGER axes_accessfailurelog_insert_only BEFORE DELETE OR UPDATE ON public.axes_accessfailurelog FOR EACH ROW EXECUTE FUNCTION public.predictions_refuse_change();

CREATE TRIGGER axes_accessfailurelog_no_truncate BEFORE TRUNCATE ON public.axes_accessfailurelog FOR EACH STATEMENT EXECUTE FUNCTION public.predictions_refuse_change();

CREATE TRIGGER buildings_datasetimport_insert_only BEFORE DELETE OR UPDATE ON public.buildings_datasetimport FOR EACH ROW EXECUTE FUNCTION public.buildings_refuse_change();

CREATE TRIGGER buildings_datasetimport_no_truncate BEFORE TRUNCATE ON public.buildings_datasetimport FOR EACH STATEMENT EXECUTE FUNCTION public.buildings_refuse_change();

CREATE TRIGGER buildings_datasetupload_insert_only BEFORE DELETE OR UPDATE ON public.buildings_datasetupload FOR EACH ROW EXECUTE FUNCTION public.buildings_refuse_change();

CREATE TRIGGER buildings_datasetupload_no_truncate BEFORE TRUNCATE ON public.buildings_datasetupload FOR EACH STATEMENT EXECUTE FUNCTION public.buildings_refuse_change();

CREATE TRIGGER buildings_datasetuploadstep_insert_only BEFORE DELETE OR UPDATE ON public.buildings_datasetuploadstep FOR EACH ROW EXECUTE FUNCTION public.buildings_refuse_change();

CREATE TRIGGER buildings_datasetuploadstep_no_truncate BEFORE TRUNCATE ON public.buildings_datasetuploadstep FOR EACH STATEMENT EXECUTE FUNCTION public.buildings_refuse_change();

CREATE TRIGGER buildings_emissionfactor_insert_only BEFORE DELETE OR UPDATE ON public.buildings_emissionfactor FOR EACH ROW EXECUTE FUNCTION public.buildings_refuse_change();

CREATE TRIGGER buildings_emissionfactor_no_truncate BEFORE TRUNCATE ON public.buildings_emissionfactor FOR EACH STATEMENT EXECUTE FUNCTION public.buildings_refuse_change();

CREATE TRIGGER buildings_emissionfactorset_insert_only BEFORE DELETE OR UPDATE ON public.buildings_emissionfactorset FOR EACH ROW EXECUTE FUNCTION public.buildings_refuse_change();

CREATE TRIGGER buildings_emissionfactorset_no_truncate BEFORE TRUNCATE ON public.buildings_emissionfactorset FOR EACH STATEMENT EXECUTE FUNCTION public.buildings_refuse_change();

CREATE TRIGGER buildings_recordrevision_insert_only BEFORE DELETE OR UPDATE ON public.buildings_recordrevision FOR EACH ROW EXECUTE FUNCTION public.buildings_refuse_change();

CREATE TRIGGER buildings_recordrevision_no_truncate BEFORE TRUNCATE ON public.buildings_recordrevision FOR EACH STATEMENT EXECUTE FUNCTION public.buildings_refuse_change();

CREATE TRIGGER buildings_rejectedrow_insert_only BEFORE DELETE OR UPDATE ON public.buildings_rejectedrow FOR EACH ROW EXECUTE FUNCTION public.buildings_refuse_change();

CREATE TRIGGER buildings_rejectedrow_no_truncate BEFORE TRUNCATE ON public.buildings_rejectedrow FOR EACH STATEMENT EXECUTE FUNCTION public.buildings_refuse_change();

CREATE TRIGGER django_admin_log_insert_only BEFORE DELETE OR UPDATE ON public.django_admin_log FOR EACH ROW EXECUTE FUNCTION public.predictions_refuse_change();

CREATE TRIGGER django_admin_log_no_truncate BEFORE TRUNCATE ON public.django_admin_log FOR EACH STATEMENT EXECUTE FUNCTION public.predictions_refuse_change();

CREATE TRIGGER mlmodel_modelpromotion_by_approval BEFORE INSERT ON public.mlmodel_modelpromotion FOR EACH ROW EXECUTE FUNCTION public.mlmodel_promotion_by_approval();

CREATE TRIGGER mlmodel_modelpromotion_insert_only BEFORE DELETE OR UPDATE ON public.mlmodel_modelpromotion FOR EACH ROW EXECUTE FUNCTION public.mlmodel_refuse_change();

CREATE TRIGGER mlmodel_modelpromotion_no_truncate BEFORE TRUNCATE ON public.mlmodel_modelpromotion FOR EACH STATEMENT EXECUTE FUNCTION public.mlmodel_refuse_change();

CREATE TRIGGER mlmodel_modelversion_by_approval BEFORE UPDATE ON public.mlmodel_modelversion FOR EACH ROW EXECUTE FUNCTION public.mlmodel_alias_by_approval();

CREATE TRIGGER mlmodel_promotiondecision_insert_only BEFORE DELETE OR UPDATE ON public.mlmodel_promotiondecision FOR EACH ROW EXECUTE FUNCTION public.mlmodel_refuse_change();

CREATE TRIGGER mlmodel_promotiondecision_no_truncate BEFORE TRUNCATE ON public.mlmodel_promotiondecision FOR EACH STATEMENT EXECUTE FUNCTION public.mlmodel_refuse_change();

CREATE TRIGGER mlmodel_promotionproposal_insert_only BEFORE DELETE OR UPDATE ON public.mlmodel_promotionproposal FOR EACH ROW EXECUTE FUNCTION public.mlmodel_refuse_change();

CREATE TRIGGER mlmodel_promotionproposal_no_truncate BEFORE TRUNCATE ON public.mlmodel_promotionproposal FOR EACH STATEMENT EXECUTE FUNCTION public.mlmodel_refuse_change();

CREATE TRIGGER predictions_export_insert_only BEFORE DELETE OR UPDATE ON public.predictions_export FOR EACH ROW EXECUTE FUNCTION public.predictions_refuse_change();

CREATE TRIGGER predictions_export_no_truncate BEFORE TRUNCATE ON public.predictions_export FOR EACH STATEMENT EXECUTE FUNCTION public.predictions_refuse_change();

CREATE TRIGGER predictions_exportend_insert_only BEFORE DELETE OR UPDATE ON public.predictions_exportend FOR EACH ROW EXECUTE FUNCTION public.predictions_refuse_change();

CREATE TRIGGER predictions_exportend_no_truncate BEFORE TRUNCATE ON public.predictions_exportend FOR EACH STATEMENT EXECUTE FUNCTION public.predictions_refuse_change();

CREATE TRIGGER predictions_idempotencykey_kept BEFORE DELETE OR UPDATE ON public.predictions_idempotencykey FOR EACH ROW EXECUTE FUNCTION public.predictions_refuse_early_purge();

CREATE TRIGGER predictions_idempotencykey_no_truncate BEFORE TRUNCATE ON public.predictions_idempotencykey FOR EACH STATEMENT EXECUTE FUNCTION public.predictions_refuse_early_purge();

CREATE TRIGGER predictions_idempotentanswer_kept BEFORE DELETE OR UPDATE ON public.predictions_idempotentanswer FOR EACH ROW EXECUTE FUNCTION public.predictions_refuse_early_purge();

CREATE TRIGGER predictions_idempotentanswer_no_truncate BEFORE TRUNCATE ON public.predictions_idempotentanswer FOR EACH STATEMENT EXECUTE FUNCTION public.predictions_refuse_early_purge();

CREATE TRIGGER predictions_observedoutcome_insert_only BEFORE DELETE OR UPDATE ON public.predictions_observedoutcome FOR EACH ROW EXECUTE FUNCTION public.predictions_refuse_change();

CREATE TRIGGER predictions_observedoutcome_no_truncate BEFORE TRUNCATE ON public.predictions_observedoutcome FOR EACH STATEMENT EXECUTE FUNCTION public.predictions_refuse_change();

CREATE TRIGGER predictions_predictionbatch_insert_only BEFORE DELETE OR UPDATE ON public.predictions_predictionbatch FOR EACH ROW EXECUTE FUNCTION public.predictions_refuse_change();

CREATE TRIGGER predictions_predictionbatch_no_truncate BEFORE TRUNCATE ON public.predictions_predictionbatch FOR EACH STATEMENT EXECUTE FUNCTION public.predictions_refuse_change();

CREATE TRIGGER predictions_predictionexplanation_insert_only BEFORE DELETE OR UPDATE ON public.predictions_predictionexplanation FOR EACH ROW EXECUTE FUNCTION public.predictions_refuse_change();

CREATE TRIGGER predictions_predictionexplanation_no_truncate BEFORE TRUNCATE ON public.predictions_predictionexplanation FOR EACH STATEMENT EXECUTE FUNCTION public.predictions_refuse_change();

CREATE TRIGGER predictions_predictioninput_insert_only BEFORE DELETE OR UPDATE ON public.predictions_predictioninput FOR EACH ROW EXECUTE FUNCTION public.predictions_refuse_change();

CREATE TRIGGER predictions_predictioninput_no_truncate BEFORE TRUNCATE ON public.predictions_predictioninput FOR EACH STATEMENT EXECUTE FUNCTION public.predictions_refuse_change();

CREATE TRIGGER predictions_predictionoutput_insert_only BEFORE DELETE OR UPDATE ON public.predictions_predictionoutput FOR EACH ROW EXECUTE FUNCTION public.predictions_refuse_change();

CREATE TRIGGER predictions_predictionoutput_no_truncate BEFORE TRUNCATE ON public.predictions_predictionoutput FOR EACH STATEMENT EXECUTE FUNCTION public.predictions_refuse_change();

CREATE TRIGGER predictions_predictionrequest_insert_only BEFORE DELETE OR UPDATE ON public.predictions_predictionrequest FOR EACH ROW EXECUTE FUNCTION public.predictions_refuse_change();

CREATE TRIGGER predictions_predictionrequest_no_truncate BEFORE TRUNCATE ON public.predictions_predictionrequest FOR EACH STATEMENT EXECUTE FUNCTION public.predictions_refuse_change();

CREATE TRIGGER predictions_shadowoutput_insert_only BEFORE DELETE OR UPDATE ON public.predictions_shadowoutput FOR EACH ROW EXECUTE FUNCTION public.predictions_refuse_change();

CREATE TRIGGER predictions_shadowoutput_no_truncate BEFORE TRUNCATE ON public.predictions_shadowoutput FOR EACH STATEMENT EXECUTE FUNCTION public.predictions_refuse_change();

ALTER TABLE ONLY public.auth_group_permissions
    ADD CONSTRAINT auth_group_permissio_permission_id_84c5c92e_fk_auth_perm FOREIGN KEY (permission_id) REFERENCES public.auth_permission(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.auth_group_permissions
    ADD CONSTRAINT auth_group_permissions_group_id_b120cbf9_fk_auth_group_id FOREIGN KEY (group_id) REFERENCES public.auth_group(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.auth_permission
    ADD CONSTRAINT auth_permission_content_type_id_2f476e4b_fk_django_co FOREIGN KEY (content_type_id) REFERENCES public.django_content_type(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.auth_user_groups
    ADD CONSTRAINT auth_user_groups_group_id_97559544_fk_auth_group_id FOREIGN KEY (group_id) REFERENCES public.auth_group(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.auth_user_groups
    ADD CONSTRAINT auth_user_groups_user_id_6a12ed8b_fk_auth_user_id FOREIGN KEY (user_id) REFERENCES public.auth_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.auth_user_user_permissions
    ADD CONSTRAINT auth_user_user_permi_permission_id_1fbb5f2c_fk_auth_perm FOREIGN KEY (permission_id) REFERENCES public.auth_permission(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.auth_user_user_permissions
    ADD CONSTRAINT auth_user_user_permissions_user_id_a95ead1b_fk_auth_user_id FOREIGN KEY (user_id) REFERENCES public.auth_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.axes_accessattemptexpiration
    ADD CONSTRAINT axes_accessattemptex_access_attempt_id_6b73a47a_fk_axes_acce FOREIGN KEY (access_attempt_id) REFERENCES public.axes_accessattempt(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.buildings_benchmarkrecord
    ADD CONSTRAINT buildings_benchmarkr_building_id_77d572a1_fk_buildings FOREIGN KEY (building_id) REFERENCES public.buildings_building(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.buildings_benchmarkrecord
    ADD CONSTRAINT buildings_benchmarkr_dataset_import_id_085c0dee_fk_buildings FOREIGN KEY (dataset_import_id) REFERENCES public.buildings_datasetimport(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.buildings_datasetimport
    ADD CONSTRAINT buildings_datasetimport_imported_by_id_6c4e20d5_fk_auth_user_id FOREIGN KEY (imported_by_id) REFERENCES public.auth_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.buildings_datasetuploadstep
    ADD CONSTRAINT buildings_datasetupl_dataset_import_id_5cac8db7_fk_buildings FOREIGN KEY (dataset_import_id) REFERENCES public.buildings_datasetimport(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.buildings_datasetuploadstep
    ADD CONSTRAINT buildings_datasetupl_upload_id_996c90f4_fk_buildings FOREIGN KEY (upload_id) REFERENCES public.buildings_datasetupload(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.buildings_datasetupload
    ADD CONSTRAINT buildings_datasetupload_uploaded_by_id_017a0522_fk_auth_user_id FOREIGN KEY (uploaded_by_id) REFERENCES public.auth_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.buildings_datasetuploadstep
    ADD CONSTRAINT buildings_datasetuploadstep_by_id_a920337f_fk_auth_user_id FOREIGN KEY (by_id) REFERENCES public.auth_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.buildings_emissionfactorset
    ADD CONSTRAINT buildings_emissionfa_dataset_import_id_d7b57a70_fk_buildings FOREIGN KEY (dataset_import_id) REFERENCES public.buildings_datasetimport(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.buildings_emissionfactor
    ADD CONSTRAINT buildings_emissionfa_factor_set_id_c96c2266_fk_buildings FOREIGN KEY (factor_set_id) REFERENCES public.buildings_emissionfactorset(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.buildings_propertyuse
    ADD CONSTRAINT buildings_propertyus_record_id_bb239931_fk_buildings FOREIGN KEY (record_id) REFERENCES public.buildings_benchmarkrecord(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.buildings_publishedrow
    ADD CONSTRAINT buildings_publishedr_record_id_b5904214_fk_buildings FOREIGN KEY (record_id) REFERENCES public.buildings_benchmarkrecord(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.buildings_recordrevision
    ADD CONSTRAINT buildings_recordrevi_dataset_import_id_ef6effae_fk_buildings FOREIGN KEY (dataset_import_id) REFERENCES public.buildings_datasetimport(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.buildings_recordrevision
    ADD CONSTRAINT buildings_recordrevi_former_import_id_0b03f52b_fk_buildings FOREIGN KEY (former_import_id) REFERENCES public.buildings_datasetimport(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.buildings_recordrevision
    ADD CONSTRAINT buildings_recordrevi_record_id_aeab5224_fk_buildings FOREIGN KEY (record_id) REFERENCES public.buildings_benchmarkrecord(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.buildings_rejectedrow
    ADD CONSTRAINT buildings_rejectedro_dataset_import_id_ca4a1b09_fk_buildings FOREIGN KEY (dataset_import_id) REFERENCES public.buildings_datasetimport(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.django_admin_log
    ADD CONSTRAINT django_admin_log_content_type_id_c4bce8eb_fk_django_co FOREIGN KEY (content_type_id) REFERENCES public.django_content_type(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.django_admin_log
    ADD CONSTRAINT django_admin_log_user_id_c564eba6_fk_auth_user_id FOREIGN KEY (user_id) REFERENCES public.auth_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.mlmodel_modelpromotion
    ADD CONSTRAINT mlmodel_modelpromoti_decision_id_e258a44e_fk_mlmodel_p FOREIGN KEY (decision_id) REFERENCES public.mlmodel_promotiondecision(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.mlmodel_modelpromotion
    ADD CONSTRAINT mlmodel_modelpromoti_replaced_version_id_21a8e1ed_fk_mlmodel_m FOREIGN KEY (replaced_version_id) REFERENCES public.mlmodel_modelversion(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.mlmodel_modelpromotion
    ADD CONSTRAINT mlmodel_modelpromoti_version_id_4d42a899_fk_mlmodel_m FOREIGN KEY (version_id) REFERENCES public.mlmodel_modelversion(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.mlmodel_modelpromotion
    ADD CONSTRAINT mlmodel_modelpromotion_promoted_by_id_ac3647bc_fk_auth_user_id FOREIGN KEY (promoted_by_id) REFERENCES public.auth_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.mlmodel_modelversion
    ADD CONSTRAINT mlmodel_modelversion_promoted_by_id_4f4bab8b_fk_auth_user_id FOREIGN KEY (promoted_by_id) REFERENCES public.auth_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.mlmodel_promotiondecision
    ADD CONSTRAINT mlmodel_promotiondec_decided_by_id_d4b90114_fk_auth_user FOREIGN KEY (decided_by_id) REFERENCES public.auth_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.mlmodel_promotiondecision
    ADD CONSTRAINT mlmodel_promotiondec_proposal_id_33647158_fk_mlmodel_p FOREIGN KEY (proposal_id) REFERENCES public.mlmodel_promotionproposal(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.mlmodel_promotiondecision
    ADD CONSTRAINT mlmodel_promotiondec_proposed_by_id_5662a73b_fk_auth_user FOREIGN KEY (proposed_by_id) REFERENCES public.auth_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.mlmodel_promotionproposal
    ADD CONSTRAINT mlmodel_promotionpro_champion_id_a2afb86a_fk_mlmodel_m FOREIGN KEY (champion_id) REFERENCES public.mlmodel_modelversion(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.mlmodel_promotionproposal
    ADD CONSTRAINT mlmodel_promotionpro_proposed_by_id_1e32d845_fk_auth_user FOREIGN KEY (proposed_by_id) REFERENCES public.auth_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.mlmodel_promotionproposal
    ADD CONSTRAINT mlmodel_promotionpro_version_id_c8529ca1_fk_mlmodel_m FOREIGN KEY (version_id) REFERENCES public.mlmodel_modelversion(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.predictions_apitokenuse
    ADD CONSTRAINT predictions_apitoken_token_id_32753d86_fk_predictio FOREIGN KEY (token_id) REFERENCES public.predictions_apitoken(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.predictions_apitoken
    ADD CONSTRAINT predictions_apitoken_user_id_8f7fb198_fk_auth_user_id FOREIGN KEY (user_id) REFERENCES public.auth_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.predictions_export
    ADD CONSTRAINT predictions_export_exported_by_id_a473aa20_fk_auth_user_id FOREIGN KEY (exported_by_id) REFERENCES public.auth_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.predictions_exportend
    ADD CONSTRAINT predictions_exporten_export_id_2b763af7_fk_predictio FOREIGN KEY (export_id) REFERENCES public.predictions_export(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.predictions_idempotentanswer
    ADD CONSTRAINT predictions_idempote_key_id_9bcfc40d_fk_predictio FOREIGN KEY (key_id) REFERENCES public.predictions_idempotencykey(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.predictions_idempotencykey
    ADD CONSTRAINT predictions_idempote_prediction_request_i_a40fbc94_fk_predictio FOREIGN KEY (prediction_request_id) REFERENCES public.predictions_predictionrequest(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.predictions_idempotencykey
    ADD CONSTRAINT predictions_idempotencykey_caller_id_75f166d3_fk_auth_user_id FOREIGN KEY (caller_id) REFERENCES public.auth_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.predictions_observedoutcome
    ADD CONSTRAINT predictions_observed_entered_by_id_d54374e3_fk_auth_user FOREIGN KEY (entered_by_id) REFERENCES public.auth_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.predictions_observedoutcome
    ADD CONSTRAINT predictions_observed_input_id_3de72857_fk_predictio FOREIGN KEY (input_id) REFERENCES public.predictions_predictioninput(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.predictions_observedoutcome
    ADD CONSTRAINT predictions_observed_record_id_c29d95b3_fk_buildings FOREIGN KEY (record_id) REFERENCES public.buildings_benchmarkrecord(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.predictions_predictioninput
    ADD CONSTRAINT predictions_predicti_building_id_d444b4b4_fk_buildings FOREIGN KEY (building_id) REFERENCES public.buildings_building(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.predictions_predictionexplanation
    ADD CONSTRAINT predictions_predicti_caller_id_d8ae22ad_fk_auth_user FOREIGN KEY (caller_id) REFERENCES public.auth_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.predictions_predictionrequest
    ADD CONSTRAINT predictions_predicti_caller_id_f5f12f5e_fk_auth_user FOREIGN KEY (caller_id) REFERENCES public.auth_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.predictions_predictionoutput
    ADD CONSTRAINT predictions_predicti_emission_factor_set__c17c797f_fk_buildings FOREIGN KEY (emission_factor_set_id) REFERENCES public.buildings_emissionfactorset(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.predictions_predictionoutput
    ADD CONSTRAINT predictions_predicti_input_id_b3dc5432_fk_predictio FOREIGN KEY (input_id) REFERENCES public.predictions_predictioninput(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.predictions_predictionexplanation
    ADD CONSTRAINT predictions_predicti_input_id_d9542df9_fk_predictio FOREIGN KEY (input_id) REFERENCES public.predictions_predictioninput(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.predictions_predictionrequest
    ADD CONSTRAINT predictions_predicti_model_version_id_85e8beb4_fk_mlmodel_m FOREIGN KEY (model_version_id) REFERENCES public.mlmodel_modelversion(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.predictions_predictioninput
    ADD CONSTRAINT predictions_predicti_request_id_836ce2c1_fk_predictio FOREIGN KEY (request_id) REFERENCES public.predictions_predictionrequest(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.predictions_predictionbatch
    ADD CONSTRAINT predictions_predicti_request_id_e7c2dc57_fk_predictio FOREIGN KEY (request_id) REFERENCES public.predictions_predictionrequest(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.predictions_predictioninput
    ADD CONSTRAINT predictions_predicti_what_if_of_id_c6514fc3_fk_predictio FOREIGN KEY (what_if_of_id) REFERENCES public.predictions_predictioninput(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.predictions_shadowoutput
    ADD CONSTRAINT predictions_shadowou_input_id_b88cccf3_fk_predictio FOREIGN KEY (input_id) REFERENCES public.predictions_predictioninput(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.predictions_shadowoutput
    ADD CONSTRAINT predictions_shadowou_model_version_id_78210801_fk_mlmodel_m FOREIGN KEY (model_version_id) REFERENCES public.mlmodel_modelversion(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.mlmodel_promotiondecision
    ADD CONSTRAINT promotiondecision_of_its_proposer FOREIGN KEY (proposal_id, proposed_by_id) REFERENCES public.mlmodel_promotionproposal(id, proposed_by_id);

INSERT INTO public.django_migrations (app, name, applied) VALUES
    ('admin', '0001_initial', now()),
    ('admin', '0002_logentry_remove_auto_add', now()),
    ('admin', '0003_logentry_add_action_flag_choices', now()),
    ('auth', '0001_initial', now()),
    ('auth', '0002_alter_permission_name_max_length', now()),
    ('auth', '0003_alter_user_email_max_length', now()),
    ('auth', '0004_alter_user_username_opts', now()),
    ('auth', '0005_alter_user_last_login_null', now()),
    ('auth', '0006_require_contenttypes_0002', now()),
    ('auth', '0007_alter_validators_add_error_messages', now()),
    ('auth', '0008_alter_user_username_max_length', now()),
    ('auth', '0009_alter_user_last_name_max_length', now()),
    ('auth', '0010_alter_group_name_max_length', now()),
    ('auth', '0011_update_proxy_permissions', now()),
    ('auth', '0012_alter_user_first_name_max_length', now()),
    ('axes', '0001_initial', now()),
    ('axes', '0002_auto_20151217_2044', now()),
    ('axes', '0003_auto_20160322_0929', now()),
    ('axes', '0004_auto_20181024_1538', now()),
    ('axes', '0005_remove_accessattempt_trusted', now()),
    ('axes', '0006_remove_accesslog_trusted', now()),
    ('axes', '0007_alter_accessattempt_unique_together', now()),
    ('axes', '0008_accessfailurelog', now()),
    ('axes', '0009_add_session_hash', now()),
    ('axes', '0010_accessattemptexpiration', now()),
    ('buildings', '0001_initial', now()),
    ('buildings', '0002_every_year', now()),
    ('buildings', '0003_insert_only', now()),
    ('buildings', '0004_dataset_upload', now()),
    ('contenttypes', '0001_initial', now()),
    ('contenttypes', '0002_remove_content_type_name', now()),
    ('mlmodel', '0001_initial', now()),
    ('mlmodel', '0002_model_promotion', now()),
    ('mlmodel', '0003_predict_with_any_version', now()),
    ('mlmodel', '0004_four_eyes', now()),
    ('predictions', '0001_initial', now()),
    ('predictions', '0002_insert_only', now()),
    ('predictions', '0003_answers_by_fuel', now()),
    ('predictions', '0004_shadow', now()),
    ('predictions', '0005_idempotency', now()),
    ('predictions', '0006_token_scopes', now()),
    ('predictions', '0007_rate_limits', now()),
    ('predictions', '0008_batches', now()),
    ('predictions', '0009_as_sent', now()),
    ('predictions', '0011_observed_outcome', now()),
    ('predictions', '0012_sent_of_batches', now()),
    ('predictions', '0013_indexes_of_lists', now()),
    ('predictions', '0014_usage_day', now()),
    ('predictions', '0015_exports', now()),
    ('sessions', '0001_initial', now());
