"""Scoring anew: in the shadow first, then applied or discarded with a reason; old evaluations are kept."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from leaderboard.domain import audit, hints, notifications, ranking, states, stewardship
from leaderboard.domain.evaluation import plan
from leaderboard.domain.evaluation.scoring import SHADOW_TO_END, finish_shadow
from leaderboard.enums import SubmissionState
from leaderboard.messages import Refused
from leaderboard.models import CaseResult, Evaluation, Phase, Rescoring, Submission
from leaderboard.queries import queues


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
        made = Rescoring.objects.create(phase=phase, by=by, reason=reason)
        cases = [result.pk for shadow in _shadows(made, chosen) for result in shadow]
        if not cases:
            raise Refused("nothing_to_rescore")
        hints.to_score(cases)
        audit.record(phase.challenge, by, "Rescoring begun", reason=reason, phase=phase)
    return made


def _shadows(made: Rescoring, chosen: Iterable[Submission]) -> Iterator[list[CaseResult]]:
    """Of each submission the cases to score: those of the phase that its file was asked for."""
    plan.hold_ground_truth(made.phase)
    version, truths = plan.ground_truth_version(made.phase), plan.ground_truths_now(made.phase)
    cases = plan.cases_of(made.phase)
    current = Evaluation.objects.filter(submission__in=chosen, current=True)
    for before in current.order_by("submission__received_at"):
        asked = set(before.case_results.values_list("case_id", flat=True))
        wanted = [case for case in cases if case.pk in asked]
        if not wanted:
            continue
        shadow = Evaluation.objects.create(
            submission_id=before.submission_id,
            rescoring=made,
            current=False,
            scorer_version=plan.SCORER_VERSION,
            rules=made.phase.rules,
            ground_truth_version=version,
        )
        shadow.ground_truths.set(truths)
        yield CaseResult.objects.bulk_create([CaseResult(evaluation=shadow, case=case) for case in wanted])


def left(rescoring: Rescoring) -> int:
    """How many cases are being scored yet, of submissions that still count."""
    return queues.unscored().filter(evaluation__rescoring=rescoring).count()


def is_finished(rescoring: Rescoring) -> bool:
    """Whether there is nothing to wait for: no case is at work, and the end of each submission is noted."""
    ends = Evaluation.objects.filter(SHADOW_TO_END, rescoring=rescoring)
    return not left(rescoring) and not ends.exists()


def given_up(rescoring: Rescoring) -> list[Submission]:
    """The submissions with a case that no worker tries any more; applied, they stay as they are."""
    cases = CaseResult.objects.filter(queues.TO_SCORE, queues.given_up(), evaluation__rescoring=rescoring)
    found = Submission.objects.filter(evaluations__in=cases.values("evaluation"))
    return list(found.select_related("entry").order_by("entry__name", "received_at"))


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
    """Make the new evaluations the current ones. Raises Refused while a case is being scored.

    What left the board meanwhile, or could not be scored anew, stays as it is.
    """
    with transaction.atomic():
        for shadow in Evaluation.objects.filter(SHADOW_TO_END, rescoring=rescoring):
            finish_shadow(shadow)
        names = ", ".join(submission.entry.name for submission in given_up(rescoring))
        _decide(rescoring, by, reason, applied=True, left_out=names)
        for shadow in ranking.shadows_of(rescoring):
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


def _decide(rescoring: Rescoring, by: User, reason: str, *, applied: bool, left_out: str = "") -> None:
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
    after = f"as it was, because it could not be scored anew: {left_out}" if left_out else ""
    audit.record(phase.challenge, by, what, after=after, reason=reason, phase=phase, public=applied)
