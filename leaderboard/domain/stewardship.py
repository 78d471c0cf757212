"""What organizers, and teams themselves, do with submissions after they were taken in."""

import uuid
from functools import partial

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from leaderboard import rules, tasks
from leaderboard.domain import audit, hints, notifications, ranking, states
from leaderboard.domain.leases import RELEASED
from leaderboard.enums import WORKING_STATES, BoardRule, CaseState, SubmissionState
from leaderboard.messages import Refused
from leaderboard.models import CaseResult, Entry, Evaluation, Phase, Submission
from leaderboard.words import moment

_S = SubmissionState


def withdraw(submission: Submission, by: User) -> None:
    """Take a scored submission off the board; its attempt stays used. Raises Refused."""
    _exit(submission, by, _S.WITHDRAWN, "withdrawn", "")


def disqualify(submission: Submission, by: User, reason: str) -> None:
    """Take a scored submission off the board, with a reason that its team reads. Raises Refused."""
    if not reason.strip():
        raise Refused("reason_missing")
    _exit(submission, by, _S.DISQUALIFIED, "disqualified", reason)


def reinstate(submission: Submission, by: User, reason: str) -> None:
    """Put a disqualified submission back on the board. Raises Refused."""
    if not reason.strip():
        raise Refused("reason_missing")
    with transaction.atomic():
        before = submission.get_state_display()
        if submission.state != _S.DISQUALIFIED or not states.move(submission.pk, _S.SCORED, reason=""):
            raise Refused("cannot_reinstate", state=before.lower())
        _tell(submission, by, "reinstated", reason)


def retry(submission: Submission, by: User) -> None:
    """Try a failed submission again from where it stopped; finished cases are kept. Raises Refused."""
    evaluation = Evaluation.objects.filter(submission=submission, current=True).first()
    target = _S.QUEUED if evaluation else _S.RECEIVED
    with transaction.atomic():
        if not states.move(submission.pk, target, tries=0, finished_at=None, **RELEASED):
            raise Refused("cannot_retry", state=submission.get_state_display().lower())
        states.log(submission.pk, "retried", who=by.get_username())
        _speak_of(submission, evaluation)


def release(submission: Submission, by: User) -> None:
    """Take a submission's work from whoever holds it, and give it out anew. Raises Refused.

    Who held it cannot store anything any more; finished cases are kept.
    """
    with transaction.atomic():
        working = Submission.objects.filter(pk=submission.pk, state__in=WORKING_STATES)
        if not working.update(tries=0, **RELEASED):
            raise Refused("cannot_release", state=submission.get_state_display().lower())
        states.log(submission.pk, "released", who=by.get_username())
        _speak_of(submission, Evaluation.objects.filter(submission=submission, current=True).first())


def _speak_of(submission: Submission, evaluation: Evaluation | None) -> None:
    if evaluation is None:
        transaction.on_commit(partial(tasks.check_submission.delay, str(submission.pk)), robust=True)
    else:
        begin_anew(CaseResult.objects.filter(evaluation=evaluation))


def begin_anew(results: QuerySet[CaseResult]) -> None:
    """Free all cases that are not done, and send for them when the transaction commits."""
    left = results.exclude(state=CaseState.DONE)
    left.update(state=CaseState.PENDING, tries=0, **RELEASED)
    hints.to_score(left.order_by("pk").values_list("pk", flat=True))


def choose(submission: Submission, by: User) -> None:
    """Make a scored submission the one that stands on the board, while its phase is open. Raises Refused."""
    with transaction.atomic():
        same = Submission.objects.filter(phase=submission.phase_id, entry=submission.entry_id)
        # The row lock of the whole group keeps two choices at once from breaking the constraint.
        states_of = dict(same.select_for_update().values_list("pk", "state"))
        phase = Phase.objects.get(pk=submission.phase_id)
        if phase.board_rule != BoardRule.CHOSEN:
            raise Refused("no_choice", rule=phase.get_board_rule_display())
        if not rules.may_choose(phase, timezone.now()):
            raise Refused("choice_closed", phase=phase.name, closes=moment(phase.closes_at))
        if states_of[submission.pk] != _S.SCORED:
            raise Refused("cannot_choose", state=_S(states_of[submission.pk]).label.lower())
        same.update(chosen=False)
        same.filter(pk=submission.pk).update(chosen=True)
        states.log(submission.pk, "chosen", who=by.get_username())
        ranking.mark_stale(phase.pk)


def mark(entry: Entry, by: User, reason: str, *, baseline: bool, in_competition: bool) -> None:
    """Mark an entry as a baseline or not, and rank it in competition or not. Raises Refused."""
    if not reason.strip():
        raise Refused("reason_missing")
    with transaction.atomic():
        before = Entry.objects.select_for_update().get(pk=entry.pk)
        Entry.objects.filter(pk=entry.pk).update(baseline=baseline, in_competition=in_competition)
        audit.record(
            entry.challenge,
            by,
            f"Entry {entry.name} marked",
            before=_marks(before.baseline, before.in_competition),
            after=_marks(baseline, in_competition),
            reason=reason,
        )
        for phase in Phase.objects.filter(submissions__entry=entry).distinct():
            ranking.mark_stale(phase.pk)


def _marks(baseline: bool, in_competition: bool) -> str:  # noqa: FBT001
    words = ("baseline" if baseline else "no baseline", "in" if in_competition else "out of")
    return f"{words[0]}, {words[1]} competition"


def _exit(submission: Submission, by: User, target: SubmissionState, code: str, reason: str) -> None:
    with transaction.atomic():
        if not states.move(submission.pk, target, reason=reason, chosen=False):
            raise Refused("cannot_leave_the_board", state=submission.get_state_display().lower())
        _tell(submission, by, code, reason)


def _tell(submission: Submission, by: User, code: str, reason: str) -> None:
    """Log an exit or return for the team and the organizers, and have the board made anew."""
    states.log(submission.pk, code, who=by.get_username(), reason=reason)
    if code != "withdrawn":
        notifications.of_the_organizers(submission, code, reason)
    audit.record(
        submission.phase.challenge,
        by,
        f"Submission of {submission.entry.name} {code}",
        reason=reason,
        phase=submission.phase,
    )
    ranking.mark_stale(submission.phase_id)


def call_off_if_scored_before(submission: Submission, held: Q) -> bool:
    """Call off a submission whose very bytes were scored before for its team; returns whether they were.

    held: what must hold of the row, so that only who is at work on it does this. The team is offered the
    earlier results, and may have the file scored again on purpose: that one is not asked of.
    """
    earlier = None if submission.same_as_id else same_file(submission)
    if earlier is None:
        return False
    facts = {"same_as": earlier, "sha256": submission.sha256}
    with transaction.atomic():
        if states.move(submission.pk, _S.CANCELLED, held, **facts, **RELEASED):
            states.log(submission.pk, "same_file")
            notifications.submission_ended(submission.pk)
    return True


def same_file(submission: Submission) -> uuid.UUID | None:
    """The scored submission of the same team and phase with the same bytes, if there is one."""
    earlier = Submission.objects.filter(
        phase=submission.phase,
        entry__team=submission.entry.team_id,
        sha256=submission.sha256,
        state=_S.SCORED,
    ).exclude(pk=submission.pk)
    return earlier.values_list("pk", flat=True).first()
