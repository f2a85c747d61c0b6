"""Promotions that one proposes and another approves; PostgreSQL holds the two apart."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

TABLES = ("mlmodel_promotionproposal", "mlmodel_promotiondecision")


def create_triggers(table: str) -> str:
    return f"""
CREATE TRIGGER {table}_insert_only BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION mlmodel_refuse_change();
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION mlmodel_refuse_change();
"""


def drop_triggers(table: str) -> str:
    return f"""
DROP TRIGGER {table}_insert_only ON {table};
DROP TRIGGER {table}_no_truncate ON {table};
"""


# The CHECK on four eyes compares columns of one row, so the decision repeats who proposed; and
# must repeat it rightly.
CREATE_PROPOSER_KEY = """
ALTER TABLE mlmodel_promotiondecision ADD CONSTRAINT promotiondecision_of_its_proposer
    FOREIGN KEY (proposal_id, proposed_by_id)
    REFERENCES mlmodel_promotionproposal (id, proposed_by_id);
"""
DROP_PROPOSER_KEY = """
ALTER TABLE mlmodel_promotiondecision DROP CONSTRAINT promotiondecision_of_its_proposer;
"""

# Who does not own the tables, and that is who serves requests, moves the alias of the champion only
# as an approval says that is not carried out yet, and changes nothing else of a version.
CREATE_GUARDS = """
CREATE FUNCTION mlmodel_alias_by_approval() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER mlmodel_modelversion_by_approval BEFORE UPDATE ON mlmodel_modelversion
    FOR EACH ROW EXECUTE FUNCTION mlmodel_alias_by_approval();

CREATE FUNCTION mlmodel_promotion_by_approval() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER mlmodel_modelpromotion_by_approval BEFORE INSERT ON mlmodel_modelpromotion
    FOR EACH ROW EXECUTE FUNCTION mlmodel_promotion_by_approval();
"""
DROP_GUARDS = """
DROP TRIGGER mlmodel_modelversion_by_approval ON mlmodel_modelversion;
DROP FUNCTION mlmodel_alias_by_approval();
DROP TRIGGER mlmodel_modelpromotion_by_approval ON mlmodel_modelpromotion;
DROP FUNCTION mlmodel_promotion_by_approval();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("mlmodel", "0003_predict_with_any_version"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="modelpromotion",
            name="proposed_by_name",
            field=models.CharField(
                blank=True,
                db_default="",
                help_text="Name at the time of the user who proposed it, if it was proposed.",
                max_length=150,
            ),
        ),
        migrations.CreateModel(
            name="PromotionDecision",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "verdict",
                    models.CharField(
                        choices=[
                            ("approved", "approved"),
                            ("declined", "declined"),
                            ("withdrawn", "withdrawn"),
                        ],
                        help_text="What was decided.",
                        max_length=16,
                    ),
                ),
                (
                    "note",
                    models.TextField(
                        blank=True,
                        help_text="Why, in the words of who decided; needed unless it was withdrawn.",
                    ),
                ),
                (
                    "decided_by_name",
                    models.CharField(help_text="That user's name at the time.", max_length=150),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        help_text="When it was decided.",
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        help_text="The user who decided.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "proposed_by",
                    models.ForeignKey(
                        help_text="Who proposed it, as the proposal says: PostgreSQL compares them.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("-id",),
            },
        ),
        migrations.AddField(
            model_name="modelpromotion",
            name="decision",
            field=models.OneToOneField(
                blank=True,
                help_text="The decision of two people that it carries out; none: done from the shell.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="promotion",
                to="mlmodel.promotiondecision",
            ),
        ),
        migrations.CreateModel(
            name="PromotionProposal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "reason",
                    models.TextField(
                        help_text="Why it shall serve, in the words of who proposes it."
                    ),
                ),
                (
                    "evidence",
                    models.JSONField(
                        help_text="The comparison when it was proposed: scores on the same folds, replay, shadow, objections."
                    ),
                ),
                (
                    "proposed_by_name",
                    models.CharField(help_text="That user's name at the time.", max_length=150),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        help_text="When it was proposed.",
                    ),
                ),
                (
                    "champion",
                    models.ForeignKey(
                        blank=True,
                        help_text="The champion that it was compared with; none: no version served.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="mlmodel.modelversion",
                    ),
                ),
                (
                    "proposed_by",
                    models.ForeignKey(
                        help_text="The user who proposed it.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        help_text="The version that shall serve.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="proposals",
                        to="mlmodel.modelversion",
                    ),
                ),
            ],
            options={
                "ordering": ("-id",),
            },
        ),
        migrations.AddField(
            model_name="promotiondecision",
            name="proposal",
            field=models.OneToOneField(
                help_text="The proposal; it is decided once.",
                on_delete=django.db.models.deletion.PROTECT,
                related_name="decision",
                to="mlmodel.promotionproposal",
            ),
        ),
        migrations.AddConstraint(
            model_name="promotionproposal",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True),
                name="promotionproposal_reason_given",
            ),
        ),
        migrations.AddConstraint(
            model_name="promotionproposal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("champion__isnull", True),
                    models.Q(("champion", models.F("version")), _negated=True),
                    _connector="OR",
                ),
                name="promotionproposal_not_champion",
            ),
        ),
        migrations.AddConstraint(
            model_name="promotionproposal",
            constraint=models.UniqueConstraint(
                fields=("id", "proposed_by"), name="promotionproposal_proposer_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="promotiondecision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_by", models.F("proposed_by")), ("verdict", "withdrawn")),
                    models.Q(
                        ("verdict__in", ["approved", "declined"]),
                        models.Q(("decided_by", models.F("proposed_by")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="promotiondecision_four_eyes",
            ),
        ),
        migrations.AddConstraint(
            model_name="promotiondecision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("note", ""), _negated=True), ("verdict", "withdrawn"), _connector="OR"
                ),
                name="promotiondecision_note_given",
            ),
        ),
        *(migrations.RunSQL(create_triggers(table), drop_triggers(table)) for table in TABLES),
        migrations.RunSQL(CREATE_PROPOSER_KEY, DROP_PROPOSER_KEY),
        migrations.RunSQL(CREATE_GUARDS, DROP_GUARDS),
    ]
