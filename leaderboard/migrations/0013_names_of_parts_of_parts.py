"""Parts of snapshots are named by dataset and entry."""

from django.db import migrations, models


class Migration(migrations.Migration):
    # A longer varchar takes all that the old code writes, and PostgreSQL notes it without a look at the rows.
    expand_only = False
    dependencies = [("leaderboard", "0012_queues_of_workers")]

    operations = [
        migrations.AlterField(
            model_name="snapshotpart",
            name="name",
            field=models.CharField(max_length=120),
        ),
    ]
