"""From the last result of a phase of 200 entries to its board."""

import time
from collections.abc import Callable

import numpy as np
from django.utils import timezone

from leaderboard.domain import ranking
from leaderboard.enums import CaseState
from leaderboard.models import Case, CaseResult, Phase, Snapshot
from scoring.warmup import warm_up
from tests.leaderboard import make

ENTRIES, CASES, LABELS = 200, 38, 133


def new_result() -> dict[str, float]:
    """Seconds from the last result of a phase of 200 entries to its ranks, and to how sure they are."""
    warm_up()
    phase = _scored_phase()
    ranking.mark_stale(phase.pk)
    ranks = _seconds(lambda: ranking.update_board(phase.pk))
    (completion,) = ranking.to_complete()
    certainty = _seconds(lambda: ranking.complete_board(completion))
    assert Snapshot.objects.filter(phase=phase).count() == 2
    return {"ranks": ranks, "certainty": certainty}


def _scored_phase() -> Phase:
    """Results as workers leave them: 200 entries on 38 cases, two metrics of 133 labels each."""
    rng, now = np.random.default_rng(0), timezone.now()
    phase = make.phase(slug="scored", scheme=ranking.preset("l2r-code"))
    keys = tuple(f"{3455 + n}_{3454 + n}" for n in range(CASES))
    phase.datasets.add(make.dataset(phase.challenge, keys, slug="t1", name="T1"))
    cases = list(Case.objects.filter(dataset__phases=phase))
    team, hard = make.team(phase.challenge), rng.random((CASES, LABELS))
    for number in range(ENTRIES):
        name = f"Method {number}" if number else "ZeroDisplacement"
        submission = make.submission(
            phase=phase, entry=make.entry(team, name=name), state="scored", finished_at=now
        )
        evaluation = make.evaluation(submission)
        dice = 0.5 + 0.2 * hard + 0.001 * number + rng.normal(0, 0.03, hard.shape)
        CaseResult.objects.bulk_create(
            CaseResult(
                evaluation=evaluation,
                case=case,
                values={"DSC": float(own.mean()), "Non-diffeomorphic Volumes": float(rng.random())},
                items={"DSC": own.tolist()},
                state=CaseState.DONE,
                seconds=1.0,
                finished_at=now,
            )
            for case, own in zip(cases, dice, strict=True)
        )
    return phase


def _seconds(do: Callable[[], object]) -> float:
    begun = time.perf_counter()
    do()
    return time.perf_counter() - begun
