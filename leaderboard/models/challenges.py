"""Challenge > Phase > Dataset > Case: what is to be registered, when, and how it is scored."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from leaderboard.enums import Aspect, Audience, BoardRule, DatasetGroup, PhaseKind, RegistrationTask
from leaderboard.models.fields import Leased


def open_to_all() -> dict[str, list[str]]:
    """The visibility of a validation phase: everything to everyone but a team's logs."""
    own_team = [Audience.OWN_TEAM.value]
    everyone = [Audience.PUBLIC.value, Audience.PARTICIPANTS.value, *own_team]
    return {aspect.value: own_team if aspect is Aspect.LOGS else everyone for aspect in Aspect}


class Challenge(models.Model):
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=80)
    title = models.CharField(max_length=200)
    summary = models.TextField(blank=True)
    description = models.TextField(blank=True, help_text="Markdown.")
    notice = models.CharField(max_length=300, blank=True, help_text="Shown on every page of the challenge.")
    terms = models.TextField(blank=True, help_text="Markdown; teams accept it when they enter.")
    terms_version = models.PositiveIntegerField(default=1)
    team_size_limit = models.PositiveIntegerField(default=10)
    organizers = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="organized_challenges"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("challenge", args=[self.slug])


class Dataset(models.Model):
    """One set of cases of one task, with the official evaluation configs that define it."""

    challenge = models.ForeignKey(Challenge, models.CASCADE, related_name="datasets")
    slug = models.SlugField()
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    group = models.CharField(max_length=16, choices=DatasetGroup)
    task = models.CharField(max_length=24, choices=RegistrationTask, default=RegistrationTask.INTER_SUBJECT)
    contrast = models.CharField(max_length=80, blank=True)
    population = models.CharField(max_length=120, blank=True)
    species = models.CharField(max_length=80, blank=True, default="human")
    resolution = models.CharField(max_length=80, blank=True)
    source = models.CharField(max_length=200, blank=True)
    public = models.BooleanField(default=False, help_text="Images, labels and landmarks may be shown to all.")
    position = models.PositiveIntegerField(default=0)
    configs = models.JSONField(
        help_text="The official evaluation configs, as they were read, in their order."
    )
    ground_truth = models.CharField(max_length=255, help_text="Folder below GROUND_TRUTH_ROOT.")
    ground_truth_version = models.CharField(max_length=64, help_text="Hash of the files' contents.")
    has_labels = models.BooleanField(default=False)
    has_landmarks = models.BooleanField(default=False)
    masked = models.BooleanField(default=False)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["challenge", "slug"], name="dataset_slug_once_a_challenge"),
            models.CheckConstraint(
                condition=Q(group__in=DatasetGroup.values) & Q(task__in=RegistrationTask.values),
                name="dataset_group_and_task_known",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("dataset", args=[self.challenge.slug, self.slug])


class GroundTruth(models.Model):
    """A version of a dataset that evaluations were begun with; a renewed dataset leaves it as it is."""

    dataset = models.ForeignKey(Dataset, models.CASCADE, related_name="ground_truths")
    version = models.CharField(max_length=64)
    folder = models.CharField(max_length=255, help_text="Below GROUND_TRUTH_ROOT.")
    configs = models.JSONField(help_text="The evaluation configs, as the dataset had them.")
    config_of = models.JSONField(help_text="Key of a case -> which of the configs scores it.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dataset", "version"], name="ground_truth_once_a_version"),
        ]

    def __str__(self) -> str:
        return f"{self.dataset}, version {self.version[:16]}"


class CaseManager(models.Manager["Case"]):
    def get_queryset(self) -> models.QuerySet["Case"]:
        return super().get_queryset().filter(retired=False)


class Case(models.Model):
    """One fixed and moving pair; `key` is its field's name without `disp_`.

    `objects`, and with it a dataset's `cases`, leaves out those that the configs name no more.
    """

    dataset = models.ForeignKey(Dataset, models.CASCADE, related_name="cases")
    key = models.CharField(max_length=64)
    position = models.PositiveIntegerField()
    fixed = models.CharField(max_length=255, help_text="As in the config.")
    moving = models.CharField(max_length=255, help_text="As in the config.")
    fixed_subject = models.CharField(max_length=32)
    moving_subject = models.CharField(max_length=32)
    config_index = models.PositiveSmallIntegerField(help_text="Which of the dataset's configs scores it.")
    retired = models.BooleanField(default=False, db_default=False, help_text="The configs name it no more.")

    objects = CaseManager()
    everything = models.Manager()  # noqa: DJ012 it is a manager too, but not the default one

    class Meta:
        ordering = ["dataset", "position"]
        constraints = [
            models.UniqueConstraint(fields=["dataset", "key"], name="case_key_once_a_dataset"),
        ]

    def __str__(self) -> str:
        return self.key


class Phase(Leased):
    """A time in which submissions are taken and ranked; the lease is held while its board is computed."""

    challenge = models.ForeignKey(Challenge, models.CASCADE, related_name="phases")
    slug = models.SlugField()
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=16, choices=PhaseKind, default=PhaseKind.VALIDATION)
    description = models.TextField(blank=True)
    position = models.PositiveIntegerField(default=0)
    datasets = models.ManyToManyField(Dataset, related_name="phases", blank=True)
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField(null=True, blank=True)
    grace = models.DurationField(default=timedelta(hours=1))
    freeze_at = models.DateTimeField(null=True, blank=True)
    publish_at = models.DateTimeField(null=True, blank=True)
    paused = models.BooleanField(default=False)
    rules = models.CharField(max_length=32, default="lumir25", help_text="The named rules of scoring.")
    scheme = models.ForeignKey("leaderboard.RankingScheme", models.PROTECT, related_name="phases")
    board_rule = models.CharField(max_length=16, choices=BoardRule, default=BoardRule.LATEST)
    window = models.DurationField(default=timedelta(days=1))
    attempts_per_window = models.PositiveIntegerField(default=5)
    attempts_total = models.PositiveIntegerField(null=True, blank=True)
    invalid_per_window = models.PositiveIntegerField(default=20)
    concurrent_submissions = models.PositiveIntegerField(default=3)
    visibility = models.JSONField(
        default=open_to_all, help_text="Aspect -> audiences; what is absent is hidden."
    )
    board_stale_since = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["position", "opens_at"]
        constraints = [
            models.UniqueConstraint(fields=["challenge", "slug"], name="phase_slug_once_a_challenge"),
            models.CheckConstraint(
                condition=Q(closes_at__isnull=True) | Q(closes_at__gt=F("opens_at")),
                name="phase_closes_after_it_opens",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=PhaseKind.values) & Q(board_rule__in=BoardRule.values),
                name="phase_kind_and_rule_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.challenge.name}: {self.name}"

    def get_absolute_url(self) -> str:
        return reverse("leaderboard", args=[self.challenge.slug, self.slug])

    def is_open(self, at: Any) -> bool:
        return not self.paused and self.opens_at <= at and (self.closes_at is None or at < self.closes_at)
