"""Says of which inputs nothing is kept as it was sent; the table stays as it is."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("predictions", "0011_observed_outcome"),
    ]

    operations = [
        migrations.AlterField(
            model_name="predictioninput",
            name="sent",
            field=models.JSONField(
                help_text="What of it was sent, before it was brought to these units: {units, members}; of a variation the changes; null where nothing was, as with stored facts, and for rows of a batch in these units, whose features are what was sent.",
                null=True,
            ),
        ),
    ]
