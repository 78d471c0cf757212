"""Pictures of cases of public datasets, kept with the evaluation that they show."""

import uuid

from django.db import models
from django.db.models import Q

from leaderboard.enums import PictureKind, RenderingState
from leaderboard.models.challenges import Case
from leaderboard.models.fields import Leased
from leaderboard.models.submissions import Evaluation


class Rendering(Leased):
    """All pictures of one case: of one evaluation's field, or without an evaluation of the case itself.

    First the work to do, then, once, its result. `name` is the folder of its files, `made_of` tells the
    versions of ground truth and drawing, `facts` what the page says about the pictures.
    """

    case = models.ForeignKey(Case, models.CASCADE, related_name="renderings")
    evaluation = models.ForeignKey(Evaluation, models.CASCADE, null=True, related_name="renderings")
    name = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    made_of = models.CharField(max_length=80)
    state = models.CharField(max_length=16, choices=RenderingState, default=RenderingState.PENDING)
    facts = models.JSONField(default=dict)
    seconds = models.FloatField(null=True)

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["id"], condition=Q(state=RenderingState.PENDING), name="pending_renderings"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["case", "evaluation"], name="rendering_once_a_case", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=Q(state__in=RenderingState.values), name="rendering_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"Pictures of {self.case}"


class Picture(models.Model):
    """One file of a rendering: a picture in a plane, or a volume, which has neither plane nor size."""

    rendering = models.ForeignKey(Rendering, models.CASCADE, related_name="pictures")
    kind = models.CharField(max_length=24, choices=PictureKind)
    plane = models.CharField(max_length=10, blank=True)
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    bytes = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ["rendering", "kind", "plane"]
        constraints = [
            models.UniqueConstraint(fields=["rendering", "kind", "plane"], name="picture_once_a_rendering"),
            models.CheckConstraint(condition=Q(kind__in=PictureKind.values), name="picture_kind_known"),
        ]

    def __str__(self) -> str:
        return self.filename

    @property
    def filename(self) -> str:
        """As in its address: `warped-axial.webp`, `morph.nii.gz`."""
        return f"{self.kind}-{self.plane}.webp" if self.plane else f"{self.kind}.nii.gz"

    @property
    def path(self) -> str:
        """Where its bytes lie in the store of pictures."""
        return f"{self.rendering.name}/{self.sha256[:32]}"
