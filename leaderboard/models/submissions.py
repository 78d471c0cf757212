"""Submission > Evaluation > CaseResult: one upload, one scoring of it, one row a case."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from leaderboard.enums import CaseState, SubmissionState
from leaderboard.models.challenges import Case, GroundTruth, Phase
from leaderboard.models.fields import Leased, NumbersField
from leaderboard.models.teams import Entry


class Submission(Leased):
    """One upload for one phase; the lease is held while it is checked."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    phase = models.ForeignKey(Phase, models.PROTECT, related_name="submissions")
    entry = models.ForeignKey(Entry, models.PROTECT, related_name="submissions")
    submitted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="submissions")
    state = models.CharField(max_length=16, choices=SubmissionState, default=SubmissionState.UPLOADING)
    filename = models.CharField(max_length=255)
    size = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    stored = models.BooleanField(
        default=True,
        db_default=True,
        editable=False,
        help_text="Workers of every machine can read the file; until then it lies beside the web server.",
    )
    same_as = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        editable=False,
        related_name="again",
        help_text="Called off for this scored one of the same bytes; or scored again after this one was.",
    )
    chosen = models.BooleanField(default=False, help_text="The team's choice for the board.")
    reason = models.CharField(max_length=500, blank=True, help_text="Of an exit that people chose.")
    problems = models.JSONField(default=list, help_text="All that the check found, in participants' words.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    received_at = models.DateTimeField(null=True, editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["state", "received_at"]), models.Index(fields=["phase", "entry"])]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=SubmissionState.values), name="submission_state_known"
            ),
            models.UniqueConstraint(
                fields=["phase", "entry"], condition=Q(chosen=True), name="one_choice_a_phase_and_entry"
            ),
            models.CheckConstraint(condition=Q(size__gte=0), name="submission_size_not_negative"),
            models.CheckConstraint(
                condition=~Q(state=SubmissionState.INVALID) | ~Q(problems=[]),
                name="invalid_submission_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entry.name}, {self.created_at:%Y-%m-%d %H:%M} UTC"

    def get_absolute_url(self) -> str:
        return reverse("submission", args=[self.pk])

    @property
    def is_same_file(self) -> bool:
        """Whether it was called off because its very bytes were scored before."""
        cancelled = SubmissionState.CANCELLED
        return self.state == cancelled and self.same_as is not None and self.same_as.state != cancelled

    @property
    def made_again(self) -> "Submission | None":
        """What was made of it to be scored again, and not called off."""
        return self.again.exclude(state=SubmissionState.CANCELLED).first()


class SubmissionEvent(models.Model):
    """A line of a submission's log; `detail` (a traceback) is for organizers only."""

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="events")
    at = models.DateTimeField(default=timezone.now, editable=False)
    message = models.TextField()
    detail = models.TextField(blank=True)

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return self.message


class Upload(models.Model):
    """The unfinished file of a submission that comes in pieces; its bytes lie in `<id>.part`."""

    submission = models.OneToOneField(Submission, models.CASCADE, related_name="upload", primary_key=True)
    length = models.BigIntegerField()
    offset = models.BigIntegerField(default=0)
    declared_sha256 = models.CharField(max_length=64, blank=True)
    expires_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(offset__gte=0, length__gt=0, offset__lte=F("length")),
                name="upload_offset_in_file",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.offset} of {self.length} bytes of {self.submission}"


class Rescoring(models.Model):
    """A scoring anew of submissions of a phase, kept in the shadow until it is applied or discarded."""

    phase = models.ForeignKey(Phase, models.CASCADE, related_name="rescorings")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    applied = models.BooleanField(null=True, help_text="None while undecided.")
    decided_at = models.DateTimeField(null=True, editable=False)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decision_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(applied__isnull=True, decided_at__isnull=True)
                | Q(applied__isnull=False, decided_at__isnull=False),
                name="rescoring_decided_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"Rescoring of {self.phase}, {self.created_at:%Y-%m-%d %H:%M} UTC"


class Evaluation(models.Model):
    """One scoring of a submission, by one scorer version, against one version of the ground truth."""

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="evaluations")
    rescoring = models.ForeignKey(
        Rescoring, models.PROTECT, null=True, blank=True, related_name="evaluations"
    )
    scorer_version = models.CharField(max_length=32)
    rules = models.CharField(max_length=32)
    ground_truth_version = models.CharField(max_length=64)
    ground_truths = models.ManyToManyField(GroundTruth, blank=True, related_name="evaluations")
    current = models.BooleanField(default=True)
    means = models.JSONField(
        default=dict,
        help_text="When finished: the kind of metric -> mean of its values, and how many are missing.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["submission"], condition=Q(current=True), name="one_current_evaluation_a_submission"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.submission} by scorer {self.scorer_version}"


class CaseResult(Leased):
    """One case of one evaluation: first the work to do, then, once, its result.

    `values` maps a metric's name to the case's value, `items` to its values per label or landmark.
    """

    evaluation = models.ForeignKey(Evaluation, models.CASCADE, related_name="case_results")
    case = models.ForeignKey(Case, models.PROTECT, related_name="results")
    state = models.CharField(max_length=16, choices=CaseState, default=CaseState.PENDING)
    values = NumbersField(default=dict)
    items = NumbersField(default=dict)
    seconds = models.FloatField(null=True)
    finished_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["evaluation", "case"]
        indexes = [
            models.Index(fields=["lease_until"], condition=~Q(state=CaseState.DONE), name="unfinished_cases"),
            # For what is asked of all that was scored: when the last one was, how many, how long they took.
            models.Index(
                fields=["finished_at"],
                include=["seconds"],
                condition=Q(state=CaseState.DONE),
                name="finished_cases",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["evaluation", "case"], name="case_once_an_evaluation"),
            models.CheckConstraint(condition=Q(state__in=CaseState.values), name="case_state_known"),
            models.CheckConstraint(
                condition=Q(state=CaseState.DONE, seconds__isnull=False, finished_at__isnull=False)
                | Q(~Q(state=CaseState.DONE), seconds__isnull=True, finished_at__isnull=True),
                name="case_has_a_result_when_done",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case.key} of {self.evaluation}"
