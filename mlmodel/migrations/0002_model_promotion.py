"""The history of promotions, which PostgreSQL keeps insert-only."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

CREATE_TRIGGERS = """
CREATE FUNCTION mlmodel_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: the history of promotions is insert-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER mlmodel_modelpromotion_insert_only BEFORE UPDATE OR DELETE ON mlmodel_modelpromotion
    FOR EACH ROW EXECUTE FUNCTION mlmodel_refuse_change();
CREATE TRIGGER mlmodel_modelpromotion_no_truncate BEFORE TRUNCATE ON mlmodel_modelpromotion
    FOR EACH STATEMENT EXECUTE FUNCTION mlmodel_refuse_change();
"""

DROP_TRIGGERS = """
DROP TRIGGER mlmodel_modelpromotion_insert_only ON mlmodel_modelpromotion;
DROP TRIGGER mlmodel_modelpromotion_no_truncate ON mlmodel_modelpromotion;
DROP FUNCTION mlmodel_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("mlmodel", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ModelPromotion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "alias",
                    models.CharField(
                        choices=[("champion", "champion"), ("challenger", "challenger")],
                        help_text="The part that the version plays from then on.",
                        max_length=16,
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("promotion", "promotion"),
                            ("rollback", "rollback"),
                            ("challenge", "became challenger"),
                        ],
                        help_text="A promotion, a rollback to the former champion, or a new challenger.",
                        max_length=16,
                    ),
                ),
                (
                    "reason",
                    models.TextField(
                        blank=True,
                        help_text="Why, in the words of who did it; needed if forced or rolled back.",
                    ),
                ),
                (
                    "is_forced",
                    models.BooleanField(
                        default=False,
                        help_text="Whether it was done although the comparison spoke against it.",
                    ),
                ),
                (
                    "comparison",
                    models.JSONField(
                        default=dict,
                        help_text="What stood at the decision: scores on the same folds, replay, shadow, objections.",
                    ),
                ),
                (
                    "promoted_by_name",
                    models.CharField(
                        help_text="That user's name at the time, or the operating system's name of who ran the command.",
                        max_length=150,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        help_text="When the alias moved.",
                    ),
                ),
                (
                    "promoted_by",
                    models.ForeignKey(
                        blank=True,
                        help_text="The user who did it, if one is known.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "replaced_version",
                    models.ForeignKey(
                        blank=True,
                        help_text="The version that had the alias until then; null: none had.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="mlmodel.modelversion",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        help_text="The version that got the alias.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="promotions",
                        to="mlmodel.modelversion",
                    ),
                ),
            ],
            options={
                "ordering": ("-id",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("alias__in", ["champion", "challenger"])),
                        name="modelpromotion_alias_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("alias", "challenger"), ("kind", "challenge")),
                            models.Q(
                                ("alias", "champion"), ("kind__in", ["promotion", "rollback"])
                            ),
                            _connector="OR",
                        ),
                        name="modelpromotion_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("reason", ""), _negated=True),
                            models.Q(
                                ("is_forced", False), models.Q(("kind", "rollback"), _negated=True)
                            ),
                            _connector="OR",
                        ),
                        name="modelpromotion_reason_given",
                    ),
                ],
            },
        ),
        migrations.RunSQL(CREATE_TRIGGERS, DROP_TRIGGERS),
    ]
