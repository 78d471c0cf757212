"""Snapshots say how they are laid out; those made before are of the first layout and are made anew."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("leaderboard", "0008_same_file_and_notices")]

    operations = [
        migrations.AddField(
            model_name="snapshot",
            name="layout",
            field=models.PositiveSmallIntegerField(
                default=1, help_text="Version of the payload's and the parts' layout."
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="snapshot",
            name="completes",
            field=models.CharField(
                blank=True,
                default="",
                help_text="Hash of the snapshot that this is, with certainty.",
                max_length=64,
            ),
            preserve_default=False,
        ),
        migrations.CreateModel(
            name="Completion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("lease_token", models.UUIDField(editable=False, null=True)),
                ("lease_until", models.DateTimeField(editable=False, null=True)),
                ("tries", models.PositiveSmallIntegerField(default=0, editable=False)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "snapshot",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="completion",
                        to="leaderboard.snapshot",
                    ),
                ),
            ],
            options={"ordering": ["-created_at"]},
        ),
    ]
