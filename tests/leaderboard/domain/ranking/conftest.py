"""A board of three entries whose every value is given by a formula."""

import math
from pathlib import Path

import pytest
from django.core.cache import cache
from django.utils import timezone
from pytest_django import Settings

from leaderboard.domain import ranking
from leaderboard.enums import CaseState
from leaderboard.models import Case, CaseResult, Entry, Phase, Snapshot
from tests.leaderboard import make

METHODS = ("Best", "Middle", "ZeroDisplacement")
KEYS = tuple(f"{3455 + n}_{3454 + n}" for n in range(8))


def dice(method: int, case: int) -> list[float]:
    """Labels 0, 1, 2: each place in METHODS costs 0.1 + 0.003 a case, each case 0.01, each label 0.05."""
    values = [
        round(0.9 - (0.1 + 0.003 * case) * method - 0.01 * case - 0.05 * label, 4) for label in range(3)
    ]
    # Middle loses label 1 on the first case, and beats Best on the last one everywhere.
    if method == 1 and case == 0:
        values[1] = math.nan
    if method == 1 and case == len(KEYS) - 1:
        values = [round(value + 0.2, 4) for value in values]
    return values


@pytest.fixture
def phase(db: None, settings: Settings, tmp_path: Path) -> Phase:
    settings.MEDIA_ROOT, settings.GROUND_TRUTH_ROOT = tmp_path / "media", tmp_path / "truth"
    cache.clear()
    phase = make.phase(scheme=ranking.preset("strict"))
    dataset = make.dataset(phase.challenge, KEYS, slug="t2", name="T2-like", ground_truth="t2/1")
    phase.datasets.add(dataset)
    names = settings.GROUND_TRUTH_ROOT / "t2/1"
    names.mkdir(parents=True)
    (names / "label-names.csv").write_text("label,name\n1,Left amygdala\n")
    team = make.team(phase.challenge)
    for method, name in enumerate(METHODS):
        score(phase, make.entry(team, name=name), method)
    return phase


def score(phase: Phase, entry: Entry, method: int) -> None:
    now = timezone.now()
    submission = make.submission(phase=phase, entry=entry, state="scored", finished_at=now)
    evaluation = make.evaluation(submission)
    for at, case in enumerate(Case.objects.filter(dataset__phases=phase).order_by("position")):
        items = dice(method, at)
        known = [value for value in items if not math.isnan(value)]
        values = {"DSC": sum(known) / len(known), "Non-diffeomorphic Volumes": 0.0}
        done = {"state": CaseState.DONE, "seconds": 1.0, "finished_at": now}
        CaseResult.objects.create(
            evaluation=evaluation, case=case, values=values, items={"DSC": items}, **done
        )


@pytest.fixture
def snapshot(phase: Phase) -> Snapshot:
    ranking.mark_stale(phase.pk)
    ranking.update_board(phase.pk)
    for pk in ranking.to_complete():
        ranking.complete_board(pk)
    return Snapshot.objects.filter(phase=phase).latest()
