"""Ranking schemes as data, and the immutable boards computed by them."""

from django.db import models
from django.utils import timezone

from leaderboard.models.challenges import Challenge, Phase


class RankingScheme(models.Model):
    """A named, versioned way to rank; `spec` is what the engine runs."""

    challenge = models.ForeignKey(Challenge, models.CASCADE, null=True, blank=True, related_name="schemes")
    name = models.SlugField()
    version = models.PositiveIntegerField(default=1)
    title = models.CharField(max_length=120)
    spec = models.JSONField()

    class Meta:
        ordering = ["name", "version"]
        constraints = [
            models.UniqueConstraint(
                fields=["challenge", "name", "version"],
                name="scheme_version_once",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


class Snapshot(models.Model):
    """An immutable computed leaderboard: pages read this and nothing else."""

    phase = models.ForeignKey(Phase, models.CASCADE, related_name="snapshots")
    scheme = models.ForeignKey(RankingScheme, models.PROTECT, related_name="snapshots")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    content_hash = models.CharField(max_length=64)
    inputs = models.JSONField(help_text="Evaluations, versions and seeds that it follows from.")
    payload = models.JSONField(help_text="The board; strict JSON.")

    class Meta:
        ordering = ["-created_at", "-pk"]
        get_latest_by = ["created_at", "pk"]
        indexes = [models.Index(fields=["phase", "-created_at"])]

    def __str__(self) -> str:
        return f"{self.phase} at {self.created_at:%Y-%m-%d %H:%M} UTC"


class SnapshotPart(models.Model):
    """What one page more than the board needs of a snapshot, such as `dataset/<slug>`; strict JSON."""

    snapshot = models.ForeignKey(Snapshot, models.CASCADE, related_name="parts")
    name = models.CharField(max_length=80)
    payload = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["snapshot", "name"], name="part_once_a_snapshot"),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.snapshot}"
