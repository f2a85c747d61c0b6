"""What challengers would have answered; PostgreSQL keeps it insert-only."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

CREATE_TRIGGERS = """
CREATE TRIGGER predictions_shadowoutput_insert_only BEFORE UPDATE OR DELETE ON predictions_shadowoutput
    FOR EACH ROW EXECUTE FUNCTION predictions_refuse_change();
CREATE TRIGGER predictions_shadowoutput_no_truncate BEFORE TRUNCATE ON predictions_shadowoutput
    FOR EACH STATEMENT EXECUTE FUNCTION predictions_refuse_change();
"""

DROP_TRIGGERS = """
DROP TRIGGER predictions_shadowoutput_insert_only ON predictions_shadowoutput;
DROP TRIGGER predictions_shadowoutput_no_truncate ON predictions_shadowoutput;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("mlmodel", "0002_model_promotion"),
        ("predictions", "0003_answers_by_fuel"),
    ]

    operations = [
        migrations.CreateModel(
            name="ShadowOutput",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "electricity_kbtu",
                    models.FloatField(help_text="Electricity of a year, kBtu.", null=True),
                ),
                (
                    "natural_gas_kbtu",
                    models.FloatField(help_text="Natural gas of a year, kBtu.", null=True),
                ),
                (
                    "steam_kbtu",
                    models.FloatField(help_text="District steam of a year, kBtu.", null=True),
                ),
                (
                    "site_energy_use_kbtu",
                    models.FloatField(
                        help_text="Site energy use of a year, kBtu: the sum of the three.",
                        null=True,
                    ),
                ),
                (
                    "site_eui_kbtu_per_sqft",
                    models.FloatField(
                        help_text="Site energy use intensity by building area without parking, kBtu/ft²/year.",
                        null=True,
                    ),
                ),
                (
                    "error_code",
                    models.CharField(
                        choices=[
                            ("model-failure", "the model failed"),
                            ("invalid-output", "the model answered something that is no energy"),
                        ],
                        help_text="Why there are no energies.",
                        max_length=32,
                        null=True,
                    ),
                ),
                (
                    "duration_ms",
                    models.FloatField(help_text="What the challenger took for this one input, ms."),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        help_text="When it was scored.",
                    ),
                ),
                (
                    "input",
                    models.ForeignKey(
                        help_text="The input as the champion saw it.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="shadow_outputs",
                        to="predictions.predictioninput",
                    ),
                ),
                (
                    "model_version",
                    models.ForeignKey(
                        db_index=False,
                        help_text="The challenger that scored it.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="shadow_outputs",
                        to="mlmodel.modelversion",
                    ),
                ),
            ],
            options={
                "ordering": ("-id",),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("model_version", "input"), name="shadowoutput_scored_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("electricity_kbtu__isnull", False),
                                ("error_code__isnull", True),
                                ("natural_gas_kbtu__isnull", False),
                                ("site_energy_use_kbtu__isnull", False),
                                ("site_eui_kbtu_per_sqft__isnull", False),
                                ("steam_kbtu__isnull", False),
                            ),
                            models.Q(
                                ("electricity_kbtu__isnull", True),
                                ("error_code__isnull", False),
                                ("natural_gas_kbtu__isnull", True),
                                ("site_energy_use_kbtu__isnull", True),
                                ("site_eui_kbtu_per_sqft__isnull", True),
                                ("steam_kbtu__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="shadowoutput_value_xor_error",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("electricity_kbtu__gte", 0), ("electricity_kbtu__lt", float("inf"))
                            ),
                            ("electricity_kbtu__isnull", True),
                            _connector="OR",
                        ),
                        name="shadowoutput_electricity_kbtu_finite",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("natural_gas_kbtu__gte", 0), ("natural_gas_kbtu__lt", float("inf"))
                            ),
                            ("natural_gas_kbtu__isnull", True),
                            _connector="OR",
                        ),
                        name="shadowoutput_natural_gas_kbtu_finite",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("steam_kbtu__gte", 0), ("steam_kbtu__lt", float("inf"))),
                            ("steam_kbtu__isnull", True),
                            _connector="OR",
                        ),
                        name="shadowoutput_steam_kbtu_finite",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("site_energy_use_kbtu__gte", 0),
                                ("site_energy_use_kbtu__lt", float("inf")),
                            ),
                            ("site_energy_use_kbtu__isnull", True),
                            _connector="OR",
                        ),
                        name="shadowoutput_site_energy_use_kbtu_finite",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("site_eui_kbtu_per_sqft__gte", 0),
                                ("site_eui_kbtu_per_sqft__lt", float("inf")),
                            ),
                            ("site_eui_kbtu_per_sqft__isnull", True),
                            _connector="OR",
                        ),
                        name="shadowoutput_site_eui_kbtu_finite",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("error_code__in", ["model-failure", "invalid-output"]),
                            ("error_code__isnull", True),
                            _connector="OR",
                        ),
                        name="shadowoutput_error_code_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("duration_ms__gte", 0)),
                        name="shadowoutput_duration_positive",
                    ),
                ],
            },
        ),
        migrations.RunSQL(CREATE_TRIGGERS, DROP_TRIGGERS),
    ]
