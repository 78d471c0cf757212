"""Scoring anew in the shadow."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from leaderboard.domain import hints, ranking, rescoring, stewardship, sweeper
from leaderboard.domain.evaluation import scoring
from leaderboard.messages import Refused
from leaderboard.models import (
    AuditEvent,
    Case,
    CaseResult,
    Entry,
    Evaluation,
    Notification,
    Phase,
    Snapshot,
    Submission,
    SubmissionEvent,
)
from leaderboard.queries import queues
from tests.leaderboard import make
from tests.leaderboard.domain.conftest import Score, score_all


@pytest.fixture
def board(phantom_phase: Phase, scored: Score) -> Phase:
    """A phase with one scored entry on its board."""
    scored(phantom_phase, make.entry(make.team(phantom_phase.challenge), name="Demons"))
    ranking.update_board(phantom_phase.pk)
    return phantom_phase


def ndv(payload: dict[str, object]) -> float:
    entries = payload["entries"]
    return float(entries[0]["metrics"]["NDV"]["mean"])  # type: ignore[index]


@pytest.mark.parametrize("storage", ["folders", "bucket"], indirect=True)
def test_a_shadow_changes_nothing_until_it_is_applied(board: Phase) -> None:
    organizer = make.user()
    old = Snapshot.objects.latest()
    Phase.objects.update(rules="lumir25")  # its NDV looks at the fixed image instead of the moving one
    board.refresh_from_db()
    begun = rescoring.start(board, organizer, "New rules.")
    with pytest.raises(Refused) as refused:
        rescoring.apply(begun, organizer, "too early")
    assert refused.value.code == "rescoring_unfinished"

    score_all(Evaluation.objects.get(rescoring=begun).submission)
    assert rescoring.left(begun) == 0
    assert Evaluation.objects.get(current=True).rescoring is None
    ranking.update_board(board.pk)
    assert Snapshot.objects.latest() == old

    (move,) = rescoring.moves(begun)
    assert (move.method, move.places) == ("Demons", 0)
    assert move.before["metrics"]["NDV"]["mean"] == ndv(old.payload)
    assert move.after["metrics"]["NDV"]["mean"] != ndv(old.payload)
    assert move.after["metrics"]["DSC"] == move.before["metrics"]["DSC"]

    board.challenge.organizers.add(olga := make.user())
    bystander = make.team(board.challenge, make.user())
    rescoring.apply(begun, organizer, "Agreed by the board.")
    told = Notification.objects.filter(kind="rescored")
    (move_team,) = {one.submission.entry.team for one in Evaluation.objects.filter(rescoring=begun)}
    assert {one.user for one in told} == {olga, *move_team.members.all()}
    assert not told.filter(user__in=bystander.members.all()).exists()
    assert {one.text.split("Why: ")[1] for one in told} == {"Agreed by the board."}
    ranking.update_board(board.pk)
    assert ndv(Snapshot.objects.latest().payload) == move.after["metrics"]["NDV"]["mean"]
    assert Evaluation.objects.count() == 2, "the old evaluation is kept"
    with pytest.raises(Refused) as refused:
        rescoring.discard(begun, organizer, "changed my mind")
    assert refused.value.code == "rescoring_decided"


def test_a_discarded_one_leaves_all_as_it_is(board: Phase) -> None:
    organizer = make.user()
    begun = rescoring.start(board, organizer, "Just to see.")
    with pytest.raises(Refused) as refused:
        rescoring.start(board, organizer, "Another.")
    assert refused.value.code == "rescoring_undecided"
    rescoring.discard(begun, organizer, "Nothing new.")
    assert Evaluation.objects.get(current=True).rescoring is None
    left = CaseResult.objects.filter(evaluation__rescoring=begun).first()
    assert left is not None
    score_all(left.evaluation.submission)
    left.refresh_from_db()
    assert left.state == "pending", "what was discarded is not scored any more"


def test_cases_that_were_tried_too_often_can_be_given_out_anew(board: Phase) -> None:
    organizer = make.user()
    begun = rescoring.start(board, organizer, "New machine.")
    shadows = CaseResult.objects.filter(evaluation__rescoring=begun)
    shadows.update(tries=5)
    rescoring.release(begun, organizer)
    assert set(shadows.values_list("tries", "state")) == {(0, "pending")}
    rescoring.discard(begun, organizer, "Not needed.")
    with pytest.raises(Refused) as refused:
        rescoring.release(begun, organizer)
    assert refused.value.code == "rescoring_decided"


@pytest.fixture
def two_scored(db: None) -> list[Submission]:
    """Two submissions of two entries, scored on the two cases of a dataset of their phase."""
    phase = make.phase(board_rule="best", scheme=ranking.preset("strict"))
    phase.datasets.add(make.dataset(phase.challenge, slug="old"))
    entries = [make.entry(make.team(phase.challenge)) for _ in range(2)]
    return [scored_row(phase, entry, 0.5) for entry in entries]


def scored_row(phase: Phase, entry: Entry, dice: float) -> Submission:
    submission = make.submission(phase=phase, entry=entry, state="scored")
    evaluation = make.evaluation(submission)
    for case in Case.objects.filter(dataset__slug="old"):
        CaseResult.objects.create(evaluation=evaluation, case=case)
    done(evaluation, dice)
    return submission


def done(evaluation: Evaluation, dice: float) -> None:
    """Store the values of an evaluation's cases as workers do, but for its end."""
    stored = {"state": "done", "seconds": 0.1, "finished_at": timezone.now(), "values": {"DSC": dice}}
    evaluation.case_results.update(**stored)
    if evaluation.current:
        evaluation.means = {"dice": {"mean": dice, "missing": 0}}
        evaluation.save()


def shadow_of(submission: Submission) -> Evaluation:
    return Evaluation.objects.get(submission=submission, rescoring__applied=None, current=False)


def test_what_left_the_board_meanwhile_holds_nothing_up(two_scored: list[Submission]) -> None:
    stays, leaves = two_scored
    organizer = make.user()
    begun = rescoring.start(stays.phase, organizer, "New rules.")
    stewardship.disqualify(leaves, organizer, "Trained on the test cases.")
    done(shadow_of(stays), 0.7)
    assert rescoring.left(begun) == 0
    assert queues.unscored().count() == 0
    assert queues.standing_still() == 0
    kept = Evaluation.objects.get(submission=leaves, current=True)
    rescoring.apply(begun, organizer, "Agreed.")
    assert Evaluation.objects.get(submission=stays, current=True).means["dice"]["mean"] == 0.7
    assert Evaluation.objects.get(submission=leaves, current=True) == kept


def test_a_dataset_that_was_added_later_is_not_asked_of_older_files(two_scored: list[Submission]) -> None:
    phase = two_scored[0].phase
    phase.datasets.add(make.dataset(phase.challenge, ("4001_4000",), slug="added"))
    begun = rescoring.start(phase, make.user(), "New scorer.")
    cases = CaseResult.objects.filter(evaluation__rescoring=begun)
    assert set(cases.values_list("case__dataset__slug", flat=True)) == {"old"}
    assert cases.count() == 4


def test_one_case_that_cannot_be_scored_keeps_its_own_submission_only_as_it_is(
    two_scored: list[Submission], settings: Settings
) -> None:
    healthy, broken = two_scored
    organizer = make.user()
    begun = rescoring.start(healthy.phase, organizer, "New scorer.")
    done(shadow_of(healthy), 0.7)
    one, other = shadow_of(broken).case_results.order_by("pk")
    scoring.score_case(one.pk)  # its zip is not there
    assert rescoring.left(begun) == 2, "it is tried again"
    words = SubmissionEvent.objects.filter(submission=broken).values_list("message", flat=True)
    assert list(words) == [], "the team is not told of what goes on in the shadow"
    CaseResult.objects.filter(pk__in=[one.pk, other.pk]).update(tries=settings.MAX_TRIES)
    assert (rescoring.left(begun), rescoring.given_up(begun)) == (0, [broken])
    assert (queues.unscored().count(), queues.standing_still()) == (0, 0)
    rescoring.apply(begun, organizer, "Agreed.")
    assert Evaluation.objects.get(submission=healthy, current=True).rescoring == begun
    assert Evaluation.objects.get(submission=broken, current=True).rescoring is None
    told = AuditEvent.objects.get(what="Rescoring applied")
    assert told.after == f"as it was, because it could not be scored anew: {broken.entry.name}"


def test_the_worker_of_the_last_case_was_lost_before_the_end(two_scored: list[Submission]) -> None:
    first, second = two_scored
    rescoring.start(first.phase, make.user(), "New scorer.")
    done(shadow_of(first), 0.7)
    CaseResult.objects.filter(evaluation=shadow_of(second)).update(
        state="running", lease_until=timezone.now() - timedelta(seconds=1)
    )
    sweeper.sweep()
    assert shadow_of(first).means == {"dice": {"mean": 0.7, "missing": 0}}
    assert shadow_of(first).finished_at is not None
    assert shadow_of(second).means == {}
    assert not SubmissionEvent.objects.filter(submission__in=two_scored).exists()


def test_the_preview_picks_the_best_submission_by_the_new_values(two_scored: list[Submission]) -> None:
    first, _ = two_scored
    better = scored_row(first.phase, first.entry, 0.6)
    ranking.update_board(first.phase_id)
    begun = rescoring.start(first.phase, make.user(), "New rules.")
    for submission, dice in ((first, 0.9), (better, 0.1), (two_scored[1], 0.5)):
        done(shadow_of(submission), dice)
    assert not rescoring.is_finished(begun), "the ends of the three are not noted yet"
    sweeper.sweep()
    assert rescoring.is_finished(begun)
    shown = {move.entry: move.after["metrics"]["DSC"]["mean"] for move in rescoring.moves(begun)}
    assert shown[first.entry.slug] == 0.9
    rescoring.apply(begun, make.user(), "Agreed.")
    ranking.update_board(first.phase_id)
    board = Snapshot.objects.latest().payload["entries"]
    assert {one["entry"]: one["metrics"]["DSC"]["mean"] for one in board} == shown


def test_an_evaluation_without_a_mean_is_never_the_best(two_scored: list[Submission]) -> None:
    submission, _ = two_scored
    poor = scored_row(submission.phase, submission.entry, 0.1)
    Evaluation.objects.filter(submission=poor).update(means={"dice": {"mean": 0.1, "missing": 1}})
    Evaluation.objects.filter(submission=submission).update(means={})
    ranking.mark_stale(submission.phase_id)
    ranking.update_board(submission.phase_id)
    named = {one["entry"]: one["submission"] for one in Snapshot.objects.latest().inputs["evaluations"]}
    assert named[submission.entry.slug] == str(poor.pk)


def test_a_request_sends_few_messages_and_leaves_the_rest_to_the_sweeper(
    two_scored: list[Submission],
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    phase = two_scored[0].phase
    monkeypatch.setattr(hints, "AT_ONCE", 3)
    with django_capture_on_commit_callbacks() as sent:
        begun = rescoring.start(phase, make.user(), "New scorer.")
    assert CaseResult.objects.filter(evaluation__rescoring=begun).count() == 4
    assert len(sent) == 3
    with django_capture_on_commit_callbacks() as sent:
        rescoring.release(begun, make.user())
    assert len(sent) == 3
