"""Ground truth on its way in through the browser."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from leaderboard.enums import ImportState
from leaderboard.models.challenges import Challenge, Phase
from leaderboard.models.fields import Leased


class DatasetImport(Leased):
    """What an organizer wants imported, and what became of it; the lease is held while a worker reads it.

    The files come from `folder` below the challenge's part of IMPORT_ROOT or, where that is empty, from
    an uploaded zip.
    """

    challenge = models.ForeignKey(Challenge, models.CASCADE, related_name="imports")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    slug = models.SlugField(help_text="Of the dataset; one that is there is renewed.")
    facts = models.JSONField(help_text="The dataset's other fields.")
    configs = models.JSONField(help_text="Name and content of each evaluation config, in their order.")
    rules = models.CharField(max_length=32)
    folder = models.CharField(max_length=255, blank=True)
    phases = models.ManyToManyField(Phase, blank=True, related_name="+", help_text="That take it up.")
    state = models.CharField(max_length=16, choices=ImportState, default=ImportState.WAITING)
    problems = models.JSONField(default=list, help_text="All that is wrong with configs and files.")
    report = models.JSONField(default=dict, help_text="What was found and made.")
    detail = models.TextField(blank=True, help_text="Of a failure of ours: the traceback.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ImportState.values), name="import_state_known"),
        ]

    def __str__(self) -> str:
        return f"{self.slug} of {self.challenge}"
