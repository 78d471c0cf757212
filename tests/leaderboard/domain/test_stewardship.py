"""Exits and returns of submissions, and which one stands on the board."""

from datetime import timedelta

import pytest
from django.db.models import Q
from django.utils import timezone

from leaderboard.domain import leases, stewardship
from leaderboard.domain.ranking.standing import standing_evaluations
from leaderboard.enums import BoardRule, CaseState, SubmissionState
from leaderboard.messages import Refused
from leaderboard.models import AuditEvent, CaseResult, Entry, Phase, Submission
from tests.leaderboard import make

S = SubmissionState
pytestmark = pytest.mark.django_db


@pytest.fixture
def phase() -> Phase:
    phase = make.phase()
    phase.datasets.add(make.dataset(phase.challenge))
    return phase


@pytest.fixture
def entry(phase: Phase) -> Entry:
    return make.entry(make.team(phase.challenge))


def scored(phase: Phase, entry: Entry, dice: float | None = None, missing: int = 0) -> Submission:
    submission = make.submission(phase=phase, entry=entry, state=S.SCORED, received_at=timezone.now())
    make.evaluation(submission, means={"dice": {"mean": dice, "missing": missing}})
    return submission


def on_the_board(phase: Phase) -> list[Submission]:
    phase.refresh_from_db()
    return [evaluation.submission for evaluation in standing_evaluations(phase)]


def test_disqualified_and_back(phase: Phase, entry: Entry) -> None:
    submission, organizer = scored(phase, entry), make.user()
    stewardship.disqualify(submission, organizer, "Trained on the test data.")
    submission.refresh_from_db()
    assert (submission.state, submission.reason) == (S.DISQUALIFIED, "Trained on the test data.")
    assert on_the_board(phase) == []
    assert phase.board_stale_since is not None
    stewardship.reinstate(submission, organizer, "It was another team.")
    assert on_the_board(phase) == [submission]
    assert [event.reason for event in AuditEvent.objects.exclude(reason="").order_by("pk")] == [
        "Trained on the test data.",
        "It was another team.",
    ]


def test_no_reason_no_disqualification(phase: Phase, entry: Entry) -> None:
    with pytest.raises(Refused, match="Say why"):
        stewardship.disqualify(scored(phase, entry), make.user(), " ")


def test_a_withdrawn_submission_gives_way_to_the_one_before(phase: Phase, entry: Entry) -> None:
    first, second = scored(phase, entry), scored(phase, entry)
    assert on_the_board(phase) == [second]
    stewardship.withdraw(second, make.user())
    assert on_the_board(phase) == [first]


@pytest.mark.parametrize("state", [S.QUEUED, S.INVALID, S.FAILED, S.WITHDRAWN])
def test_only_what_is_scored_can_leave_the_board(phase: Phase, entry: Entry, state: S) -> None:
    submission = make.submission(phase=phase, entry=entry, state=state, problems=[{"message": "x"}])
    with pytest.raises(Refused) as refused:
        stewardship.withdraw(submission, make.user())
    assert refused.value.code == "cannot_leave_the_board"


def test_a_failed_submission_goes_on_where_it_stopped(phase: Phase, entry: Entry) -> None:
    submission = make.submission(phase=phase, entry=entry, state=S.FAILED)
    evaluation = make.evaluation(submission)
    first, second = phase.datasets.get().cases.all()
    done = CaseResult.objects.create(
        evaluation=evaluation, case=first, state=CaseState.DONE, seconds=1.0, finished_at=timezone.now()
    )
    worn = CaseResult.objects.create(evaluation=evaluation, case=second, tries=5)
    stewardship.retry(submission, make.user())
    submission.refresh_from_db()
    assert (submission.state, submission.finished_at) == (S.QUEUED, None)
    rows = dict(CaseResult.objects.values_list("pk", "tries"))
    assert rows == {done.pk: 0, worn.pk: 0}
    assert CaseResult.objects.get(pk=done.pk).state == CaseState.DONE


def test_a_submission_that_failed_in_its_check_is_checked_again(phase: Phase, entry: Entry) -> None:
    submission = make.submission(phase=phase, entry=entry, state=S.FAILED)
    stewardship.retry(submission, make.user())
    submission.refresh_from_db()
    assert submission.state == S.RECEIVED


def test_the_best_counts_missing_values_first(phase: Phase, entry: Entry) -> None:
    Phase.objects.update(board_rule=BoardRule.BEST)
    spec = {**phase.scheme.spec, "metrics": [{"metric": "DSC", "direction": "higher"}]}
    type(phase.scheme).objects.update(spec=spec)
    scored(phase, entry, 0.9, missing=1)
    best = scored(phase, entry, 0.8)
    scored(phase, entry, 0.7)
    scored(phase, entry, None, missing=2)
    assert on_the_board(Phase.objects.get()) == [best]


def test_the_team_s_choice_stands_and_the_latest_until_it_chose(phase: Phase, entry: Entry) -> None:
    Phase.objects.update(board_rule=BoardRule.CHOSEN)
    first, second = scored(phase, entry), scored(phase, entry)
    assert on_the_board(phase) == [second]
    first.phase.refresh_from_db()
    stewardship.choose(first, make.user())
    assert on_the_board(phase) == [first]
    second.phase.refresh_from_db()
    stewardship.choose(second, make.user())
    assert on_the_board(phase) == [second]


def test_after_the_phase_has_closed_nothing_is_chosen(phase: Phase, entry: Entry) -> None:
    submission = scored(phase, entry)
    Phase.objects.update(board_rule=BoardRule.CHOSEN, closes_at=timezone.now() - timedelta(minutes=1))
    with pytest.raises(Refused) as refused:
        stewardship.choose(submission, make.user())
    assert refused.value.code == "choice_closed"
    assert not Submission.objects.filter(chosen=True).exists()


def test_what_was_withdrawn_meanwhile_is_not_chosen(phase: Phase, entry: Entry) -> None:
    Phase.objects.update(board_rule=BoardRule.CHOSEN)
    submission = scored(phase, entry)
    stewardship.withdraw(Submission.objects.get(), make.user())
    with pytest.raises(Refused) as refused:
        stewardship.choose(submission, make.user())
    assert refused.value.code == "cannot_choose"


def test_the_team_is_told_what_the_organizers_did(phase: Phase, entry: Entry) -> None:
    submission, organizer = scored(phase, entry), make.user()
    member = entry.team.members.get()
    stewardship.disqualify(submission, organizer, "Trained on the test data.")
    submission.refresh_from_db()
    stewardship.reinstate(submission, organizer, "It was another team.")
    submission.refresh_from_db()
    stewardship.withdraw(submission, member)
    texts = member.notifications.order_by("pk").values_list("text", "url")
    assert [text.rpartition(": ")[2] for text, _ in texts] == [
        "Trained on the test data.",
        "It was another team.",
    ]
    assert {url for _, url in texts} == {submission.get_absolute_url()}


def test_the_same_file_is_found(phase: Phase, entry: Entry) -> None:
    first = scored(phase, entry)
    Submission.objects.update(sha256="a" * 64)
    again = make.submission(phase=phase, entry=entry, state=S.RECEIVED, sha256="a" * 64)
    assert stewardship.same_file(again) == first.pk
    assert stewardship.same_file(make.submission(phase=phase, entry=entry, sha256="b" * 64)) is None


def test_released_work_is_taken_from_its_holder_and_given_out_anew(phase: Phase, entry: Entry) -> None:
    submission = make.submission(phase=phase, entry=entry, state=S.SCORING)
    evaluation = make.evaluation(submission)
    first, second = phase.datasets.get().cases.all()
    done = CaseResult.objects.create(
        evaluation=evaluation, case=first, state=CaseState.DONE, seconds=1.0, finished_at=timezone.now()
    )
    held = CaseResult.objects.create(evaluation=evaluation, case=second)
    token = leases.claim(CaseResult, held.pk, Q(), state=CaseState.RUNNING)
    stewardship.release(submission, make.user(username="olga"))
    held.refresh_from_db()
    assert (held.state, held.tries, held.lease_token) == (CaseState.PENDING, 0, None)
    assert not CaseResult.objects.filter(lease_token=token).exists()
    assert CaseResult.objects.get(state=CaseState.DONE) == done
    assert "Given out anew by olga" in submission.events.get().message


@pytest.mark.parametrize("state", [S.UPLOADING, S.SCORED, S.FAILED])
def test_only_work_can_be_released(phase: Phase, entry: Entry, state: S) -> None:
    submission = make.submission(phase=phase, entry=entry, state=state)
    with pytest.raises(Refused) as refused:
        stewardship.release(submission, make.user())
    assert refused.value.code == "cannot_release"
