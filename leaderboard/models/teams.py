"""Teams, who is in them, and the methods they enter."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone

from leaderboard.enums import EntryKind, Role
from leaderboard.models.challenges import Challenge
from leaderboard.models.fields import WebAddressField


class Team(models.Model):
    challenge = models.ForeignKey(Challenge, models.CASCADE, related_name="teams")
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=80)
    affiliation = models.CharField(max_length=200, blank=True)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, through="Membership", related_name="teams")
    merged_into = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, editable=False, related_name="merged"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint("challenge", Lower("name"), name="team_name_once_a_challenge"),
            models.CheckConstraint(condition=~Q(name=""), name="team_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("team", args=[self.slug])


class Membership(models.Model):
    """One team per person and challenge: `challenge` repeats the team's so that the database can hold it."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="memberships")
    challenge = models.ForeignKey(Challenge, models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role, default=Role.MEMBER)
    terms_version = models.PositiveIntegerField()
    joined_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["challenge", "user"], name="one_team_a_person_and_challenge"),
            models.UniqueConstraint(
                fields=["team"], condition=Q(role=Role.CAPTAIN), name="one_captain_a_team"
            ),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}"


class Entry(models.Model):
    """A team's method on the board; its slug is unique in the challenge, which repeats the team's."""

    challenge = models.ForeignKey(Challenge, models.CASCADE, related_name="entries")
    team = models.ForeignKey(Team, models.CASCADE, related_name="entries")
    slug = models.SlugField()
    name = models.CharField(max_length=80)
    authors = models.CharField(max_length=300, blank=True)
    description = models.TextField(blank=True)
    paper_url = WebAddressField(blank=True)
    code_url = WebAddressField(blank=True)
    kind = models.CharField(max_length=16, choices=EntryKind, default=EntryKind.LEARNING)
    instance_specific = models.BooleanField("instance-specific optimisation", default=False)
    runtime = models.CharField(max_length=80, blank=True, help_text="Seconds a pair, and what was counted.")
    hardware = models.CharField(max_length=120, blank=True)
    baseline = models.BooleanField(default=False)
    in_competition = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "entries"
        constraints = [
            models.UniqueConstraint(fields=["challenge", "slug"], name="entry_slug_once_a_challenge"),
            models.UniqueConstraint("challenge", Lower("name"), name="entry_name_once_a_challenge"),
            models.CheckConstraint(condition=Q(kind__in=EntryKind.values), name="entry_kind_known"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("entry", args=[self.challenge.slug, self.slug])
