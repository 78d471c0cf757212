"""The making of one case's pictures: claimed, painted, kept, whatever happens to workers."""

import hashlib
import logging
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from numpy.typing import NDArray

from leaderboard.domain import leases, pictures
from leaderboard.domain.evaluation import cage, plan
from leaderboard.domain.evaluation.painting import Painted, Painter
from leaderboard.enums import RenderingState
from leaderboard.folder import Unreachable, written
from leaderboard.models import Case, Evaluation, Picture, Rendering
from scoring.fields import Field
from scoring.spec import RULES

logger = logging.getLogger(__name__)


def render(pk: int) -> None:
    """Make the pictures of a rendering; does nothing without its lease, or for a dataset that is hidden.

    Files are written first, rows with them at once: a worker that is killed leaves files that the next one
    clears away, and rows that tell the truth.
    """
    public = Rendering.objects.filter(pictures.TO_MAKE, pk=pk).exists()
    token = leases.claim(Rendering, pk, Q(state=RenderingState.PENDING)) if public else None
    if token is None:
        return
    rendering = Rendering.objects.select_related("case__dataset", "evaluation__submission__phase").get(pk=pk)
    begin = time.perf_counter()
    try:
        case = rendering.case
        config = case.dataset.configs[case.config_index]
        at_hand = plan.case_at_hand(case.dataset, config, case.key, _rules(rendering))
        with leases.kept(Rendering, pk, token), at_hand as folder:
            painter = _painter(rendering, folder)
            kept = [_save(rendering, one) for one in (*painter.pictures(), *painter.volumes())]
    except Unreachable:
        logger.warning("The pictures of case %s are put off", rendering.case.key, exc_info=True)
        leases.give_back(Rendering, pk, token)
        return
    except Exception:
        logger.exception("The pictures of case %s could not be made", rendering.case.key)
        Rendering.objects.filter(pk=pk, lease_token=token).update(**leases.RELEASED)
        return
    rendering.facts, rendering.seconds = painter.facts, time.perf_counter() - begin
    _finish(rendering, token, kept)


def _painter(rendering: Rendering, folder: Path) -> Painter:
    config, pair = plan.config_and_pair(rendering.case)
    field = _field(rendering.case, rendering.evaluation) if rendering.evaluation else None
    return Painter(field, pair, config, folder, RULES[_rules(rendering)])


def _field(case: Case, evaluation: Evaluation) -> Field:
    """What a participant sent, opened in the cage."""
    planes: list[NDArray[Any]] = []
    with plan.fields_at_hand(evaluation.submission) as fields:
        facts = cage.run(
            "read_planes",
            news=planes.append,
            fields=str(fields),
            config=case.dataset.configs[case.config_index],
            key=case.key,
            limits=settings.FIELD_LIMITS,
        )
    return Field(np.stack(planes[-3:]), **facts)


def _rules(rendering: Rendering) -> str:
    """Of the evaluation, or of the newest phase that has the dataset: they say what the landmarks are."""
    if rendering.evaluation:
        return rendering.evaluation.rules
    phases = rendering.case.dataset.phases.order_by("-opens_at")
    return phases.values_list("rules", flat=True).first() or "lumir25"


def _save(rendering: Rendering, painted: Painted) -> Picture:
    digest = hashlib.sha256(painted.content).hexdigest()
    picture = Picture(
        rendering=rendering,
        kind=painted.kind,
        plane=painted.plane,
        width=painted.width,
        height=painted.height,
        bytes=len(painted.content),
        sha256=digest,
    )
    if not pictures.store().exists(picture.path):
        with written("pictures", picture.path) as file:
            file.write(painted.content)
    return picture


def _finish(rendering: Rendering, token: uuid.UUID, kept: Sequence[Picture]) -> None:
    with transaction.atomic():
        held = Rendering.objects.select_for_update().filter(pk=rendering.pk, lease_token=token)
        if not held.exists():
            return
        rendering.pictures.all().delete()
        Picture.objects.bulk_create(kept)
        held.update(
            state=RenderingState.DONE, facts=rendering.facts, seconds=rendering.seconds, **leases.RELEASED
        )
    pictures.clear(str(rendering.name), frozenset(picture.path for picture in kept))
