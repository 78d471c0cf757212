"""Built beside the running site: a plain index would lock the largest table against workers."""

import django.contrib.postgres.operations
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("leaderboard", "0005_dataset_imports"),
    ]

    operations = [
        django.contrib.postgres.operations.AddIndexConcurrently(
            model_name="caseresult",
            index=models.Index(
                condition=models.Q(("state", "done")),
                fields=["finished_at"],
                include=("seconds",),
                name="finished_cases",
            ),
        ),
    ]
