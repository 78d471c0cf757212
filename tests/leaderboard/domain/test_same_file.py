"""The very file that was scored before: offered, scored again only on purpose."""

import hashlib

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from leaderboard.domain import attempts, submissions
from leaderboard.domain.evaluation.checking import check_submission
from leaderboard.domain.evaluation.plan import upload_path
from leaderboard.enums import SubmissionState
from leaderboard.messages import LEDGER, Refused
from leaderboard.models import Entry, Notification, Phase, Submission
from leaderboard.queries import ledger
from tests.leaderboard import make
from tests.leaderboard.domain.test_submissions import captain, receive

S = SubmissionState
DATA = b"PK: no zip that a check would let pass"
pytestmark = pytest.mark.django_db


@pytest.fixture
def entry() -> Entry:
    return make.entry(make.team(make.phase().challenge))


@pytest.fixture
def phase(entry: Entry) -> Phase:
    return Phase.objects.get(challenge=entry.challenge)


@pytest.fixture
def earlier(entry: Entry, phase: Phase) -> Submission:
    digest = hashlib.sha256(DATA).hexdigest()
    return make.submission(phase=phase, entry=entry, state=S.SCORED, sha256=digest)


def checked(phase: Phase, entry: Entry) -> Submission:
    """A submission of the very bytes, as its check leaves it."""
    sent = receive(phase, entry, DATA)
    check_submission(str(sent.pk))
    sent.refresh_from_db()
    return sent


def test_the_very_file_is_called_off_before_it_is_looked_into_and_costs_nothing(
    earlier: Submission, phase: Phase
) -> None:
    other = make.entry(earlier.entry.team)
    sent = checked(phase, other)
    assert (sent.state, sent.same_as, sent.sha256) == (S.CANCELLED, earlier, earlier.sha256)
    assert attempts.attempts(other.team, phase, timezone.now()).used == 1
    row = ledger.ledger(phase, other.team)[0]
    assert (row.submission, row.valid, row.invalid) == (sent, 0, 0)
    assert row.words == "The very file was scored before: not scored again, given back."
    assert "No attempt was used" in sent.events.latest("at").message
    told = Notification.objects.get(kind="same-file")
    assert (told.user, told.url) == (captain(other), sent.get_absolute_url())


@pytest.mark.parametrize("whose", ["another team's", "of another phase", "not scored"])
def test_a_file_that_was_not_scored_for_this_team_and_phase_is_checked(
    earlier: Submission, phase: Phase, entry: Entry, whose: str
) -> None:
    if whose == "another team's":
        entry = make.entry(make.team(phase.challenge))
    elif whose == "of another phase":
        phase = make.phase(challenge=phase.challenge, slug="test")
    else:
        Submission.objects.filter(pk=earlier.pk).update(state=S.WITHDRAWN)
    assert checked(phase, entry).state == S.INVALID


def test_scored_again_on_purpose_it_uses_an_attempt_and_is_not_asked_of_again(
    earlier: Submission, phase: Phase, entry: Entry
) -> None:
    sent = checked(phase, entry)
    called_off = submissions.score_again(sent, captain(entry))
    submissions.cancel(called_off, captain(entry))
    called_off.refresh_from_db()
    with pytest.raises(Refused) as refused:
        submissions.score_again(called_off, captain(entry))
    assert refused.value.code == "not_scored_before"
    (row,) = (row for row in ledger.ledger(phase, entry.team) if row.submission == called_off)
    assert row.words == LEDGER[S.CANCELLED]
    client = Client()
    client.force_login(captain(entry))
    assert "scored before</h2>" not in client.get(called_off.get_absolute_url()).content.decode()

    made = submissions.score_again(sent, captain(entry))
    assert made != called_off
    assert submissions.score_again(sent, captain(entry)) == made
    assert attempts.attempts(entry.team, phase, timezone.now()).used == 2
    assert upload_path(made).read_bytes() == DATA
    check_submission(str(made.pk))
    made.refresh_from_db()
    assert made.state == S.INVALID, "it was looked into"


def test_it_is_not_scored_again_without_an_attempt_left_or_without_its_file(
    earlier: Submission, phase: Phase, entry: Entry
) -> None:
    sent = checked(phase, entry)
    by = captain(entry)
    for changes, code in (({"attempts_per_window": 1}, "attempts_used"), ({"paused": True}, "phase_paused")):
        Phase.objects.update(**changes)
        with pytest.raises(Refused) as refused:
            submissions.score_again(Submission.objects.get(pk=sent.pk), by)
        assert refused.value.code == code
    Phase.objects.update(attempts_per_window=5, paused=False)
    upload_path(sent).unlink()
    with pytest.raises(Refused) as refused:
        submissions.score_again(Submission.objects.get(pk=sent.pk), by)
    assert refused.value.code == "file_gone"
    with pytest.raises(Refused) as refused:
        submissions.score_again(earlier, by)
    assert refused.value.code == "not_scored_before"
    assert Submission.objects.count() == 2


def test_the_page_offers_both_with_plain_links_and_forms(
    earlier: Submission, phase: Phase, entry: Entry
) -> None:
    sent, client = checked(phase, entry), Client()
    client.force_login(captain(entry))
    page = client.get(sent.get_absolute_url()).content.decode()
    address = reverse("submission_again", args=[sent.pk])
    assert "This very file was scored before" in page
    assert f'<a class="btn" href="{earlier.get_absolute_url()}">Show its results</a>' in page
    assert f'<form method="post" action="{address}">' in page
    assert client.get(address).status_code == 405
    answer = client.post(address)
    made = Submission.objects.latest("created_at")
    assert (answer.status_code, answer["Location"]) == (302, made.get_absolute_url())
    page = client.get(sent.get_absolute_url()).content.decode()
    assert "It was sent to be scored again" in page
    assert address not in page


def test_strangers_and_organizers_cannot_have_it_scored_again(
    earlier: Submission, phase: Phase, entry: Entry
) -> None:
    sent, organizer = checked(phase, entry), make.user()
    phase.challenge.organizers.add(organizer)
    for user in (make.user(), organizer):
        client = Client()
        client.force_login(user)
        assert client.post(reverse("submission_again", args=[sent.pk])).status_code == 404
    assert Submission.objects.count() == 2
