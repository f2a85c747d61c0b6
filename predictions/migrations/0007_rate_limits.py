"""Who asked how much within the current minute: counters that need not outlive a crash.

What every request needs of its token is one call of a function: planned once a connection, where
the same as plain statements would be planned anew each time.
"""

from django.db import migrations, models

TAKE_RATE = """
CREATE FUNCTION predictions_rate_take(
    taker text, more_requests bigint, more_rows bigint, request_limit bigint, row_limit bigint,
    OUT requests bigint, OUT rows bigint, OUT is_granted boolean, OUT resets_in_s integer
) LANGUAGE plpgsql AS $$
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
"""

ADMIT = """
CREATE FUNCTION predictions_token_admit(
    sought_digest text, address inet, usual_requests bigint, usual_rows bigint,
    OUT token_id uuid, OUT token_token_key text, OUT token_name text,
    OUT token_scopes text[], OUT token_networks text[],
    OUT token_requests_per_minute integer, OUT token_rows_per_minute integer,
    OUT token_user_id integer, OUT user_id integer, OUT user_username text,
    OUT user_is_superuser boolean, OUT user_is_staff boolean, OUT user_is_active boolean,
    OUT may_predict boolean, OUT is_here boolean, OUT is_use_due boolean,
    OUT request_limit bigint, OUT row_limit bigint,
    OUT requests bigint, OUT rows bigint, OUT is_granted boolean, OUT resets_in_s integer
) LANGUAGE plpgsql AS $$
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
"""


class Migration(migrations.Migration):
    dependencies = [("predictions", "0006_token_scopes")]

    operations = [
        migrations.CreateModel(
            name="RateWindow",
            fields=[
                (
                    "subject",
                    models.CharField(
                        help_text="`token:` and its id, or `address:` and network.",
                        max_length=64,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "started_at",
                    models.DateTimeField(
                        help_text="When the window began, with its first request."
                    ),
                ),
                (
                    "requests",
                    models.BigIntegerField(help_text="Requests that were let through."),
                ),
                (
                    "rows",
                    models.BigIntegerField(help_text="Rows of batches that were let through."),
                ),
                (
                    "is_granted",
                    models.BooleanField(help_text="Whether the latest request was let through."),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["started_at"], name="ratewindow_started_at")],
            },
        ),
        # No write-ahead log and so no disk to wait for; room on each page for updates in place.
        migrations.RunSQL(
            "ALTER TABLE predictions_ratewindow SET UNLOGGED, SET (fillfactor = 50);",
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(
            TAKE_RATE,
            "DROP FUNCTION predictions_rate_take(text, bigint, bigint, bigint, bigint);",
        ),
        migrations.RunSQL(
            ADMIT, "DROP FUNCTION predictions_token_admit(text, inet, bigint, bigint);"
        ),
    ]
