"""From the end of a submission to the bell and the mailbox: the places that tell, and lost messages."""

from datetime import timedelta

import pytest
import redis
from django.conf import settings
from django.utils import timezone

from leaderboard.domain import notifications, sweeper
from leaderboard.domain.evaluation import checking, scoring
from leaderboard.domain.evaluation.plan import upload_path
from leaderboard.enums import CaseState, NotificationKind, SubmissionState
from leaderboard.models import CaseResult, Notification, Submission
from tests.leaderboard import make
from tests.leaderboard.stack import Stack

S = SubmissionState


@pytest.fixture
def submission(db: None) -> Submission:
    phase = make.phase()
    phase.challenge.organizers.add(make.user(username="organizer"))
    phase.datasets.add(make.dataset(phase.challenge))
    return make.submission(phase=phase, state=S.RECEIVED)


def told(submission: Submission) -> set[tuple[str, str]]:
    """(who, kind) of everything told of a submission that really stands in that state."""
    submission.refresh_from_db()
    rows = Notification.objects.filter(url=submission.get_absolute_url())
    captain = submission.submitted_by.username
    return {
        ("captain" if who == captain else who, kind)
        for who, kind in rows.values_list("user__username", "kind")
    }


def test_an_invalid_file_is_told(submission: Submission) -> None:
    upload_path(submission).write_bytes(b"no zip")
    checking.check_submission(str(submission.pk))
    assert told(submission) == {("captain", "invalid")}
    assert submission.state == S.INVALID


def test_a_scored_submission_is_told_once(submission: Submission) -> None:
    Submission.objects.update(state=S.SCORING)
    make.evaluation(submission)
    assert [scoring.finish(submission.pk) for _ in range(2)] == [True, False]
    assert told(submission) == {("captain", "scored")}


def test_a_check_that_never_ends_is_told_to_the_team_and_the_organizers(submission: Submission) -> None:
    past = timezone.now() - timedelta(minutes=1)
    Submission.objects.update(state=S.CHECKING, lease_until=past, tries=settings.MAX_TRIES)
    sweeper._fail_worn_out_checks()
    assert told(submission) == {("captain", "failed"), ("organizer", "failed")}
    assert submission.state == S.FAILED


def test_a_case_that_never_ends_is_told_to_the_team_and_the_organizers(submission: Submission) -> None:
    Submission.objects.update(state=S.SCORING)
    case = submission.phase.datasets.get().cases.first()
    assert case is not None
    result = CaseResult.objects.create(
        evaluation=make.evaluation(submission), case=case, state=CaseState.RUNNING, tries=settings.MAX_TRIES
    )
    scoring.release(result.pk)
    assert told(submission) == {("captain", "failed"), ("organizer", "failed")}


def test_a_mail_whose_message_the_broker_lost_goes_out(stack: Stack) -> None:
    user = make.user()
    notifications.tell([user], NotificationKind.SCORED, "key", "Warp is scored")
    redis.Redis.from_url(settings.REDIS_URL).flushdb()
    stack.worker()
    stack.beat()
    row = Notification.objects.get(user=user)
    stack.wait(lambda: Notification.objects.filter(pk=row.pk, mailed_at__isnull=False).exists(), every=0.2)
    row.refresh_from_db()
    assert (row.mail_tries, row.mail_error) == (1, "")
