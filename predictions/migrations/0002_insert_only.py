"""PostgreSQL refuses UPDATE, DELETE and TRUNCATE on the audit tables, whoever asks."""

from django.db import migrations

# Spelt out: a migration is frozen and must not follow later changes of the code.
TABLES = (
    "predictions_predictionrequest",
    "predictions_predictioninput",
    "predictions_predictionoutput",
)

CREATE_FUNCTION = """
CREATE FUNCTION predictions_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: the audit trail is insert-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;
"""


def create_triggers(table: str) -> str:
    return f"""
CREATE TRIGGER {table}_insert_only BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION predictions_refuse_change();
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION predictions_refuse_change();
"""


def drop_triggers(table: str) -> str:
    return f"""
DROP TRIGGER {table}_insert_only ON {table};
DROP TRIGGER {table}_no_truncate ON {table};
"""


class Migration(migrations.Migration):
    dependencies = [("predictions", "0001_initial")]

    operations = [
        migrations.RunSQL(CREATE_FUNCTION, "DROP FUNCTION predictions_refuse_change();"),
        *(migrations.RunSQL(create_triggers(table), drop_triggers(table)) for table in TABLES),
    ]
