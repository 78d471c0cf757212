"""Submissions through the organizers' pages, and a team's own exits."""

import pytest
from django.test import Client

from leaderboard.enums import BoardRule, SubmissionState
from leaderboard.models import AttemptGrant, AuditEvent, Entry, Phase, Submission, SubmissionEvent
from tests.leaderboard import make
from tests.leaderboard.views.conftest import page
from tests.leaderboard.views.organize.conftest import Place

S = SubmissionState
LIST = "/organize/lumir/submissions/"


def act(client: Client, place: Place, verb: str, **sent: str) -> str:
    address = f"{LIST}{place.submission.pk}/{verb}/"
    return client.post(address, sent, follow=True).content.decode()


def state(place: Place) -> str:
    place.submission.refresh_from_db()
    return place.submission.state


def test_disqualified_with_a_reason_that_the_team_reads_and_back(
    organizer: Client, member: Client, place: Place
) -> None:
    assert "This field is required" in act(organizer, place, "disqualify")
    assert state(place) == S.SCORED
    act(organizer, place, "disqualify", reason="Trained on the test data.")
    assert state(place) == S.DISQUALIFIED
    assert "Trained on the test data." in page(member, place.submission.get_absolute_url())
    act(organizer, place, "reinstate", reason="It was another team.")
    assert state(place) == S.SCORED
    reasons = AuditEvent.objects.exclude(reason="").values_list("reason", flat=True)
    assert list(reasons) == ["It was another team.", "Trained on the test data."]


def test_a_failed_one_is_tried_again_from_the_cockpit(organizer: Client, place: Place) -> None:
    Submission.objects.update(state=S.FAILED)
    assert f"{place.submission.pk}/retry/" in page(organizer, "/organize/lumir/")
    answer = organizer.post(f"{LIST}{place.submission.pk}/retry/", {"next": "/organize/lumir/"})
    assert answer["Location"] == "/organize/lumir/"
    assert state(place) == S.QUEUED


@pytest.mark.parametrize(
    ("verb", "before", "after"),
    [("cancel", S.QUEUED, S.CANCELLED), ("release", S.SCORING, S.SCORING), ("retry", S.SCORED, S.SCORED)],
)
def test_verbs_say_what_they_did_or_why_not(
    organizer: Client, place: Place, verb: str, before: S, after: S
) -> None:
    Submission.objects.update(state=before)
    text = act(organizer, place, verb)
    assert state(place) == after
    refused = "Only a failed submission can be tried again" in text
    assert refused is (verb == "retry")


def test_tracebacks_are_for_organizers_only(organizer: Client, member: Client, place: Place) -> None:
    SubmissionEvent.objects.create(
        submission=place.submission, message="It stumbled.", detail="Traceback: boom"
    )
    address = place.submission.get_absolute_url()
    assert "Traceback: boom" in page(organizer, address)
    assert "Traceback: boom" not in page(member, address)
    assert "Traceback: boom" not in page(member, f"{address}progress/")


def test_each_sees_the_buttons_that_are_theirs(organizer: Client, member: Client, place: Place) -> None:
    address = place.submission.get_absolute_url()
    organizers, teams = page(organizer, address), page(member, address)
    assert "/disqualify/" in organizers
    assert "/withdraw/" not in organizers
    assert "/disqualify/" not in teams
    assert "/withdraw/" in teams
    assert "/choose/" not in teams, "the phase shows the latest"
    Phase.objects.update(board_rule=BoardRule.CHOSEN)
    assert "/choose/" in page(member, address)


def test_a_team_withdraws_chooses_and_cancels_after_a_question(member: Client, place: Place) -> None:
    address = place.submission.get_absolute_url()
    Phase.objects.update(board_rule=BoardRule.CHOSEN)
    assert "Choose it" in page(member, f"{address}choose/")
    member.post(f"{address}choose/")
    place.submission.refresh_from_db()
    assert place.submission.chosen
    assert "cannot be brought back" in page(member, f"{address}withdraw/")
    assert state(place) == S.SCORED
    member.post(f"{address}withdraw/")
    assert state(place) == S.WITHDRAWN
    Submission.objects.update(state=S.QUEUED)
    member.post(f"{address}cancel/")
    assert state(place) == S.CANCELLED


def test_attempts_are_granted_and_stand_in_the_ledger(organizer: Client, place: Place) -> None:
    address = "/organize/lumir/teams/analytical-engines/grant/"
    sent = {"phase": place.phase.pk, "valid": 0, "invalid": 0, "reason": "Power cut."}
    assert "Give at least one attempt." in organizer.post(address, sent).content.decode()
    organizer.post(address, sent | {"valid": 2})
    given = AttemptGrant.objects.get()
    assert (given.valid, given.reason, given.by) == (2, "Power cut.", place.organizer)


def test_an_entry_is_marked(organizer: Client, place: Place) -> None:
    address = f"/organize/lumir/entries/{place.entry.slug}/"
    organizer.post(address, {"baseline": "on", "reason": "Ours."})
    entry = Entry.objects.get()
    assert (entry.baseline, entry.in_competition) == (True, False)
    event = AuditEvent.objects.get(reason="Ours.")
    assert (event.before, event.after) == ("no baseline, in competition", "baseline, out of competition")
    assert Phase.objects.get().board_stale_since is not None


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", 2),
        ("?q=difference", 1),
        ("?q=ada+engines", 1),
        ("?q=abababab", 1),
        ("?q=nobody", 0),
        ("?state=failed", 1),
        ("?phase=validation&team=analytical-engines", 1),
        ("?team=no-such-team", 2),
        ("?state=scored&q=difference", 1),
    ],
)
def test_submissions_are_found(organizer: Client, place: Place, query: str, found: int) -> None:
    make.submission(phase=place.phase, state=S.FAILED)
    text = page(organizer, f"{LIST}{query}")
    assert text.count("/submissions/") - text.count("/organize/lumir/submissions/") == found


def test_a_submission_is_found_by_its_id(organizer: Client, place: Place) -> None:
    make.submission(phase=place.phase)
    text = page(organizer, f"{LIST}?q={place.submission.pk}")
    assert "Difference Engine" in text
    assert "1 in all" in text


def test_fifty_stand_on_a_page(organizer: Client, place: Place) -> None:
    for _ in range(50):
        make.submission(phase=place.phase, entry=place.entry, state=S.FAILED)
    text = page(organizer, f"{LIST}?state=failed")
    assert "50 in all." in text
    assert "Older" not in text
    text = page(organizer, LIST)
    assert 'href="?page=2">Older' in text
    assert 'rel="prev"' in page(organizer, f"{LIST}?q=engine&page=2")
