"""What predicted buildings really used; PostgreSQL keeps it insert-only."""

import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
import django.db.models.functions.datetime
import django.db.models.lookups
from django.conf import settings
from django.db import migrations, models

CREATE_TRIGGERS = """
CREATE TRIGGER predictions_observedoutcome_insert_only BEFORE UPDATE OR DELETE ON predictions_observedoutcome
    FOR EACH ROW EXECUTE FUNCTION predictions_refuse_change();
CREATE TRIGGER predictions_observedoutcome_no_truncate BEFORE TRUNCATE ON predictions_observedoutcome
    FOR EACH STATEMENT EXECUTE FUNCTION predictions_refuse_change();
"""

DROP_TRIGGERS = """
DROP TRIGGER predictions_observedoutcome_insert_only ON predictions_observedoutcome;
DROP TRIGGER predictions_observedoutcome_no_truncate ON predictions_observedoutcome;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("buildings", "0003_insert_only"),
        ("predictions", "0009_as_sent"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ObservedOutcome",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "data_year",
                    models.PositiveSmallIntegerField(
                        help_text="The calendar year that was measured; it is over."
                    ),
                ),
                (
                    "site_energy_use_kbtu",
                    models.FloatField(
                        help_text="Site energy used in that year as metered, kBtu; not weather-normalised.",
                        verbose_name="site energy use (kBtu)",
                    ),
                ),
                (
                    "electricity_kbtu",
                    models.FloatField(
                        blank=True,
                        help_text="Electricity of it, kBtu (1 kWh = 3.412141633 kBtu); none: not known.",
                        null=True,
                        verbose_name="electricity (kBtu)",
                    ),
                ),
                (
                    "natural_gas_kbtu",
                    models.FloatField(
                        blank=True,
                        help_text="Natural gas of it, kBtu (1 therm = 100 kBtu); none: not known.",
                        null=True,
                        verbose_name="natural gas (kBtu)",
                    ),
                ),
                (
                    "steam_kbtu",
                    models.FloatField(
                        blank=True,
                        help_text="District steam of it, kBtu; none: not known.",
                        null=True,
                        verbose_name="district steam (kBtu)",
                    ),
                ),
                (
                    "ghg_emissions_mtco2e",
                    models.FloatField(
                        blank=True,
                        help_text="Greenhouse gas emissions of that energy as reported, t CO2e; none: not known.",
                        null=True,
                        verbose_name="emissions (t CO2e)",
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("api", "API"),
                            ("admin", "admin"),
                            ("matched", "matched"),
                        ],
                        help_text="How the outcome came in.",
                        max_length=16,
                    ),
                ),
                (
                    "entered_by_name",
                    models.CharField(
                        help_text="That user's name at the time, or the operating system's name of who ran the command.",
                        max_length=150,
                    ),
                ),
                (
                    "request_id",
                    models.CharField(
                        blank=True,
                        help_text="X-Request-ID of the call that brought it, if one did.",
                        max_length=64,
                    ),
                ),
                (
                    "note",
                    models.CharField(
                        blank=True, help_text="Where the figure is from, in words.", max_length=500
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        help_text="When it was stored.",
                    ),
                ),
                (
                    "entered_by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        help_text="The user who entered it, if one did.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "input",
                    models.ForeignKey(
                        db_index=False,
                        help_text="The prediction whose building was measured.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="outcomes",
                        to="predictions.predictioninput",
                        verbose_name="prediction",
                    ),
                ),
                (
                    "record",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        help_text="The benchmark record that it was taken from, if it was matched.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="buildings.benchmarkrecord",
                    ),
                ),
            ],
            options={
                "ordering": ("-id",),
                "indexes": [
                    models.Index(
                        fields=["input", "data_year", "-id"], name="observedoutcome_latest"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("data_year__gte", 2000),
                            django.db.models.lookups.LessThan(
                                models.F("data_year"),
                                django.db.models.functions.datetime.ExtractYear("created_at"),
                            ),
                        ),
                        name="observedoutcome_year_is_over",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("site_energy_use_kbtu__range", (0.0, 100000000000.0))),
                        name="observedoutcome_site_energy_use_kbtu_range",
                        violation_error_message="site_energy_use_kbtu must be from 0 to 100,000,000,000 kBtu.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("electricity_kbtu__range", (0.0, 100000000000.0))),
                        name="observedoutcome_electricity_kbtu_range",
                        violation_error_message="electricity_kbtu must be from 0 to 100,000,000,000 kBtu.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("natural_gas_kbtu__range", (0.0, 100000000000.0))),
                        name="observedoutcome_natural_gas_kbtu_range",
                        violation_error_message="natural_gas_kbtu must be from 0 to 100,000,000,000 kBtu.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("steam_kbtu__range", (0.0, 100000000000.0))),
                        name="observedoutcome_steam_kbtu_range",
                        violation_error_message="steam_kbtu must be from 0 to 100,000,000,000 kBtu.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ghg_emissions_mtco2e__range", (0.0, 10000000.0))),
                        name="observedoutcome_ghg_emissions_mtco2e_range",
                        violation_error_message="ghg_emissions_mtco2e must be from 0 to 10,000,000 t CO2e.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            django.db.models.lookups.LessThanOrEqual(
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        django.db.models.functions.comparison.Coalesce(
                                            models.F("electricity_kbtu"), models.Value(0.0)
                                        ),
                                        "+",
                                        django.db.models.functions.comparison.Coalesce(
                                            models.F("natural_gas_kbtu"), models.Value(0.0)
                                        ),
                                    ),
                                    "+",
                                    django.db.models.functions.comparison.Coalesce(
                                        models.F("steam_kbtu"), models.Value(0.0)
                                    ),
                                ),
                                django.db.models.expressions.CombinedExpression(
                                    models.F("site_energy_use_kbtu"),
                                    "+",
                                    django.db.models.functions.comparison.Greatest(
                                        django.db.models.expressions.CombinedExpression(
                                            models.Value(0.01),
                                            "*",
                                            models.F("site_energy_use_kbtu"),
                                        ),
                                        models.Value(100.0),
                                    ),
                                ),
                            ),
                            django.db.models.lookups.LessThanOrEqual(
                                django.db.models.expressions.CombinedExpression(
                                    models.F("site_energy_use_kbtu"),
                                    "-",
                                    django.db.models.functions.comparison.Greatest(
                                        django.db.models.expressions.CombinedExpression(
                                            models.Value(0.01),
                                            "*",
                                            models.F("site_energy_use_kbtu"),
                                        ),
                                        models.Value(100.0),
                                    ),
                                ),
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("electricity_kbtu"),
                                        "+",
                                        models.F("natural_gas_kbtu"),
                                    ),
                                    "+",
                                    models.F("steam_kbtu"),
                                ),
                            ),
                        ),
                        name="observedoutcome_fuels_add_up",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("source__in", ["api", "admin", "matched"])),
                        name="observedoutcome_source_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("record__isnull", False), ("source", "matched")),
                            models.Q(
                                models.Q(("source", "matched"), _negated=True),
                                ("record__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="observedoutcome_record_if_matched",
                    ),
                ],
            },
        ),
        migrations.RunSQL(CREATE_TRIGGERS, DROP_TRIGGERS),
    ]
