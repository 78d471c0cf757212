"""Which queues a worker reads: a mailer does not stand in for a scorer."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("leaderboard", "0011_files_on_their_way_into_a_bucket")]

    operations = [
        migrations.AddField(
            model_name="worker",
            name="queues",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="That it reads; empty: not told, all.",
                max_length=300,
            ),
        ),
    ]
