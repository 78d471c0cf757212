from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("leaderboard", "0010_ground_truth_versions_and_retired_cases")]

    operations = [
        migrations.AddField(
            model_name="submission",
            name="stored",
            field=models.BooleanField(
                db_default=True,
                default=True,
                editable=False,
                help_text="Workers of every machine can read the file; until then it lies beside the web server.",
            ),
        ),
    ]
