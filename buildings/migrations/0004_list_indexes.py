"""Indexes that keep every list and the statistics of peers quick at a million records."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("buildings", "0003_insert_only"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="benchmarkrecord",
            name="benchmarkrecord_peers",
        ),
        migrations.RemoveIndex(
            model_name="benchmarkrecord",
            name="benchmarkrecord_year_gfa",
        ),
        migrations.RemoveIndex(
            model_name="benchmarkrecord",
            name="benchmarkrecord_year_eui",
        ),
        migrations.RemoveIndex(
            model_name="benchmarkrecord",
            name="benchmarkrecord_year_energy",
        ),
        migrations.RemoveIndex(
            model_name="building",
            name="building_gfa",
        ),
        migrations.RemoveIndex(
            model_name="building",
            name="building_eui",
        ),
        migrations.RemoveIndex(
            model_name="building",
            name="building_energy",
        ),
        migrations.AddIndex(
            model_name="benchmarkrecord",
            index=models.Index(
                condition=models.Q(
                    ("compliance_status", "Compliant"), ("site_eui_kbtu_per_sqft__gt", 0)
                ),
                fields=["data_year", "primary_property_type", "is_synthetic"],
                include=("site_eui_kbtu_per_sqft", "property_gfa_total_sqft", "neighborhood"),
                name="benchmarkrecord_peers",
            ),
        ),
        migrations.AddIndex(
            model_name="benchmarkrecord",
            index=models.Index(
                fields=[
                    "data_year",
                    "property_gfa_total_sqft",
                    "building",
                    "site_eui_kbtu_per_sqft",
                ],
                name="benchmarkrecord_year_gfa",
            ),
        ),
        migrations.AddIndex(
            model_name="benchmarkrecord",
            index=models.Index(
                fields=[
                    "data_year",
                    "site_eui_kbtu_per_sqft",
                    "building",
                    "property_gfa_total_sqft",
                ],
                name="benchmarkrecord_year_eui",
            ),
        ),
        migrations.AddIndex(
            model_name="benchmarkrecord",
            index=models.Index(
                fields=["data_year", "site_energy_use_kbtu", "building", "property_gfa_total_sqft"],
                name="benchmarkrecord_year_energy",
            ),
        ),
        migrations.AddIndex(
            model_name="benchmarkrecord",
            index=models.Index(
                fields=["data_year", "year_built", "building"], name="benchmarkrecord_year_built"
            ),
        ),
        migrations.AddIndex(
            model_name="benchmarkrecord",
            index=models.Index(
                fields=["data_year", "primary_property_type", "neighborhood"],
                name="benchmarkrecord_year_use",
            ),
        ),
        migrations.AddIndex(
            model_name="benchmarkrecord",
            index=models.Index(
                fields=["data_year", "neighborhood"], name="benchmarkrecord_year_place"
            ),
        ),
        migrations.AddIndex(
            model_name="benchmarkrecord",
            index=models.Index(
                fields=["data_year", "building_type"], name="benchmarkrecord_year_type"
            ),
        ),
        migrations.AddIndex(
            model_name="benchmarkrecord",
            index=models.Index(
                fields=["data_year", "compliance_status"], name="benchmarkrecord_year_status"
            ),
        ),
        migrations.AddIndex(
            model_name="benchmarkrecord",
            index=models.Index(
                fields=["data_year", "is_synthetic"], name="benchmarkrecord_year_kind"
            ),
        ),
        migrations.AddIndex(
            model_name="building",
            index=models.Index(
                fields=["property_gfa_total_sqft", "id", "site_eui_kbtu_per_sqft"],
                name="building_gfa",
            ),
        ),
        migrations.AddIndex(
            model_name="building",
            index=models.Index(
                fields=["site_eui_kbtu_per_sqft", "id", "property_gfa_total_sqft"],
                name="building_eui",
            ),
        ),
        migrations.AddIndex(
            model_name="building",
            index=models.Index(
                fields=["site_energy_use_kbtu", "id", "property_gfa_total_sqft"],
                name="building_energy",
            ),
        ),
        migrations.AddIndex(
            model_name="building",
            index=models.Index(fields=["building_type", "ose_building_id"], name="building_type"),
        ),
        migrations.AddIndex(
            model_name="building",
            index=models.Index(
                fields=["compliance_status", "ose_building_id"], name="building_status"
            ),
        ),
        migrations.AddIndex(
            model_name="building",
            index=models.Index(
                fields=["is_synthetic", "ose_building_id"], name="building_synthetic"
            ),
        ),
    ]
