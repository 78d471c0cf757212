"""Ranking schemes as data, and the immutable boards computed by them."""

from django.db import models
from django.utils import timezone

from leaderboard.models.challenges import Challenge, Phase
from leaderboard.models.fields import Leased

LAYOUT = 3
"""Version of how payloads and parts are laid out; pages show snapshots of this one only."""


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
    """An immutable computed leaderboard: pages read this and nothing else.

    `created_at` is when its results stood so; what completes or renews a snapshot has the same.
    """

    phase = models.ForeignKey(Phase, models.CASCADE, related_name="snapshots")
    scheme = models.ForeignKey(RankingScheme, models.PROTECT, related_name="snapshots")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    content_hash = models.CharField(max_length=64)
    layout = models.PositiveSmallIntegerField(help_text="Version of the payload's and the parts' layout.")
    completes = models.CharField(
        max_length=64, blank=True, help_text="Hash of the snapshot that this is, with certainty."
    )
    inputs = models.JSONField(help_text="Evaluations, versions and seeds that it follows from.")
    payload = models.JSONField(help_text="The board; strict JSON.")

    class Meta:
        ordering = ["-created_at", "-pk"]
        get_latest_by = ["created_at", "pk"]
        indexes = [models.Index(fields=["phase", "-created_at"])]

    def __str__(self) -> str:
        return f"{self.phase} at {self.created_at:%Y-%m-%d %H:%M} UTC"


class Completion(Leased):
    """A snapshot that another is to be made of: with what takes long, or in the layout of today."""

    snapshot = models.OneToOneField(Snapshot, models.CASCADE, related_name="completion")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"Completion of {self.snapshot}"


class SnapshotPart(models.Model):
    """What one page more than the board needs of a snapshot, such as `dataset/<slug>`; strict JSON.

    No page has to read much more than it shows: an entry's cases on a dataset are a part, as is a matrix.
    """

    snapshot = models.ForeignKey(Snapshot, models.CASCADE, related_name="parts")
    name = models.CharField(max_length=120)
    payload = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["snapshot", "name"], name="part_once_a_snapshot"),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.snapshot}"
