"""Parts of snapshots are named by dataset and entry."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("leaderboard", "0012_queues_of_workers")]

    operations = [
        migrations.AlterField(
            model_name="snapshotpart",
            name="name",
            field=models.CharField(max_length=120),
        ),
    ]
