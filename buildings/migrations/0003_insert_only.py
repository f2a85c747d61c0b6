"""PostgreSQL refuses UPDATE, DELETE and TRUNCATE on the tables that say where facts came from."""

from django.db import migrations

# Spelt out: a migration is frozen and must not follow later changes of the code.
TABLES = (
    "buildings_datasetimport",
    "buildings_rejectedrow",
    "buildings_recordrevision",
    "buildings_emissionfactorset",
    "buildings_emissionfactor",
)

CREATE_FUNCTION = """
CREATE FUNCTION buildings_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: provenance is insert-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;
"""


def create_triggers(table: str) -> str:
    return f"""
CREATE TRIGGER {table}_insert_only BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION buildings_refuse_change();
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION buildings_refuse_change();
"""


def drop_triggers(table: str) -> str:
    return f"""
DROP TRIGGER {table}_insert_only ON {table};
DROP TRIGGER {table}_no_truncate ON {table};
"""


class Migration(migrations.Migration):
    dependencies = [("buildings", "0002_every_year")]

    operations = [
        migrations.RunSQL(CREATE_FUNCTION, "DROP FUNCTION buildings_refuse_change();"),
        *(migrations.RunSQL(create_triggers(table), drop_triggers(table)) for table in TABLES),
    ]
