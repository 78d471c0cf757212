"""Scoring anew: in the shadow first, then applied or discarded with a reason; old evaluations are kept."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from leaderboard import tasks
from leaderboard.domain import audit, notifications, ranking, states, stewardship
from leaderboard.domain.evaluation import plan
from leaderboard.enums import CaseState, SubmissionState
from leaderboard.messages import Refused
from leaderboard.models import CaseResult, Evaluation, Phase, Rescoring, Submission


@dataclass(frozen=True)
class Move:
    """What a rescoring does to one entry: its means and its rank, before and after."""

    entry: str
    method: str
    before: dict[str, Any]
    after: dict[str, Any]

    @property
    def places(self) -> int | None:
        """Places gained; None where it is ranked in one of the two only."""
        old, new = self.before.get("rank"), self.after.get("rank")
        return None if old is None or new is None else old - new


def start(phase: Phase, by: User, reason: str, submissions: Iterable[Submission] | None = None) -> Rescoring:
    """Score submissions (default: all scored ones) by the present scorer, rules and ground truth.

    Nothing changes on the board until it is applied. Raises Refused.
    """
    if not reason.strip():
        raise Refused("reason_missing")
    scored = Submission.objects.filter(phase=phase, state=SubmissionState.SCORED)
    chosen = scored if submissions is None else scored.filter(pk__in=[one.pk for one in submissions])
    with transaction.atomic():
        Phase.objects.select_for_update().get(pk=phase.pk)
        if Rescoring.objects.filter(phase=phase, applied=None).exists():
            raise Refused("rescoring_undecided")
        if not chosen.exists():
            raise Refused("nothing_to_rescore")
        made = Rescoring.objects.create(phase=phase, by=by, reason=reason)
        cases = plan.cases_of(phase)
        for submission in chosen:
            evaluation = Evaluation.objects.create(
                submission=submission,
                rescoring=made,
                current=False,
                scorer_version=plan.SCORER_VERSION,
                rules=phase.rules,
                ground_truth_version=plan.ground_truth_version(phase),
            )
            results = [CaseResult(evaluation=evaluation, case=case) for case in cases]
            for result in CaseResult.objects.bulk_create(results):
                transaction.on_commit(partial(tasks.score_case.delay, result.pk), robust=True)
        audit.record(phase.challenge, by, "Rescoring begun", reason=reason, phase=phase)
    return made


def left(rescoring: Rescoring) -> int:
    """How many cases are not scored yet."""
    cases = CaseResult.objects.filter(evaluation__rescoring=rescoring)
    return cases.exclude(state=CaseState.DONE).count()


def release(rescoring: Rescoring, by: User) -> None:
    """Give out anew what is left of a rescoring, however often it was tried. Raises Refused."""
    with transaction.atomic():
        undecided = Rescoring.objects.filter(pk=rescoring.pk, applied=None)
        if not undecided.select_for_update().exists():
            raise Refused("rescoring_decided")
        stewardship.begin_anew(CaseResult.objects.filter(evaluation__rescoring=rescoring))
        phase = rescoring.phase
        audit.record(phase.challenge, by, "Cases of the rescoring given out anew", phase=phase)


def moves(rescoring: Rescoring) -> list[Move]:
    """Old and new values and ranks of every entry, in the order of the new board."""
    before, after = ranking.boards_before_and_after(rescoring)
    old = {entry["entry"]: entry for entry in before["entries"]}
    nothing: dict[str, Any] = {"rank": None, "score": None, "metrics": {}}
    return [
        Move(entry["entry"], entry["method"], old.get(entry["entry"], nothing), entry)
        for entry in after["entries"]
    ]


def apply(rescoring: Rescoring, by: User, reason: str) -> None:
    """Make the new evaluations the current ones. Raises Refused while a case is left."""
    with transaction.atomic():
        _decide(rescoring, by, reason, applied=True)
        shadows = Evaluation.objects.filter(rescoring=rescoring).select_related("submission")
        for shadow in shadows:
            Evaluation.objects.filter(submission=shadow.submission_id, current=True).update(current=False)
            Evaluation.objects.filter(pk=shadow.pk).update(current=True)
            states.log(shadow.submission_id, "rescored", reason=reason)
        ranking.mark_stale(rescoring.phase_id)
        rescoring.refresh_from_db()
        notifications.rescored(rescoring)


def discard(rescoring: Rescoring, by: User, reason: str) -> None:
    """Leave everything as it is; what was computed is kept in the shadow. Raises Refused."""
    with transaction.atomic():
        _decide(rescoring, by, reason, applied=False)


def _decide(rescoring: Rescoring, by: User, reason: str, *, applied: bool) -> None:
    if not reason.strip():
        raise Refused("reason_missing")
    if applied and left(rescoring):
        raise Refused("rescoring_unfinished", left=left(rescoring))
    decided = Rescoring.objects.filter(pk=rescoring.pk, applied=None).update(
        applied=applied, decided_at=timezone.now(), decided_by=by, decision_reason=reason
    )
    if not decided:
        raise Refused("rescoring_decided")
    what = "Rescoring applied" if applied else "Rescoring discarded"
    phase = rescoring.phase
    audit.record(phase.challenge, by, what, reason=reason, phase=phase, public=applied)
