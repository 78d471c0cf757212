import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


def record_acceptances(apps, schema_editor):
    """Who founded a team accepted the terms then; until now only the membership said so."""
    Membership = apps.get_model("leaderboard", "Membership")
    TermsAcceptance = apps.get_model("leaderboard", "TermsAcceptance")
    TermsAcceptance.objects.bulk_create(
        [
            TermsAcceptance(
                challenge_id=each.challenge_id,
                user_id=each.user_id,
                version=each.terms_version,
                at=each.joined_at,
            )
            for each in Membership.objects.all()
        ],
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("leaderboard", "0003_evaluation_means"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Letter",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "mail_after",
                    models.DateTimeField(
                        blank=True, help_text="When to try (again); None: it is not to be mailed.", null=True
                    ),
                ),
                ("mailed_at", models.DateTimeField(blank=True, null=True)),
                ("mail_error", models.CharField(blank=True, max_length=300)),
                ("mail_tries", models.PositiveSmallIntegerField(default=0)),
                ("to", models.EmailField(max_length=254)),
                ("subject", models.CharField(max_length=200)),
                ("text", models.TextField()),
                ("html", models.TextField(blank=True)),
                ("at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                "ordering": ["at"],
            },
        ),
        migrations.AddField(
            model_name="notification",
            name="mail_after",
            field=models.DateTimeField(
                blank=True, help_text="When to try (again); None: it is not to be mailed.", null=True
            ),
        ),
        migrations.AddField(
            model_name="team",
            name="merged_into",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="merged",
                to="leaderboard.team",
            ),
        ),
        migrations.AlterField(
            model_name="notification",
            name="kind",
            field=models.CharField(
                choices=[
                    ("scored", "Scored"),
                    ("invalid", "Invalid file"),
                    ("failed", "Failed and given back"),
                    ("invitation", "Invitation"),
                    ("team", "Your team"),
                    ("phase-opened", "Phase opened"),
                    ("phase-closing", "Phase closes soon"),
                    ("rule-change", "Rule change"),
                    ("announcement", "Announcement"),
                ],
                max_length=32,
            ),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(
                condition=models.Q(("mail_after__isnull", False), ("mailed_at__isnull", True)),
                fields=["mail_after"],
                name="notices_to_mail",
            ),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "scored",
                            "invalid",
                            "failed",
                            "invitation",
                            "team",
                            "phase-opened",
                            "phase-closing",
                            "rule-change",
                            "announcement",
                        ],
                    )
                ),
                name="notification_kind_known",
            ),
        ),
        migrations.AddIndex(
            model_name="letter",
            index=models.Index(
                condition=models.Q(("mail_after__isnull", False), ("mailed_at__isnull", True)),
                fields=["mail_after"],
                name="letters_to_mail",
            ),
        ),
        migrations.RunPython(record_acceptances, migrations.RunPython.noop),
    ]
