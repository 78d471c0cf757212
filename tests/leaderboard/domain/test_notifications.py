"""Who is told what, when, and only once."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from leaderboard.domain import audit, mail, notifications, people, phases, states, teams
from leaderboard.enums import MailChoice, NotificationKind, SubmissionState
from leaderboard.models import (
    Announcement,
    Challenge,
    Membership,
    Notification,
    Phase,
    Profile,
    Submission,
)
from tests.leaderboard import make

pytestmark = pytest.mark.django_db
S = SubmissionState


def titles(user: User) -> list[str]:
    return list(Notification.objects.filter(user=user).order_by("pk").values_list("title", flat=True))


def tell(*users: User, key: str = "key") -> None:
    notifications.tell(users, NotificationKind.ANNOUNCEMENT, key, "Title")


def test_each_is_told_once_by_the_key() -> None:
    one, other = make.user(), make.user()
    tell(one)
    tell(one, other)
    tell(one, key="another")
    assert (titles(one), titles(other)) == (["Title", "Title"], ["Title"])


def test_who_has_no_address_or_left_the_site_gets_no_mail() -> None:
    silent, gone = make.user(), make.user(is_active=False)
    User.objects.filter(pk=silent.pk).update(email="")
    silent.refresh_from_db()
    tell(silent, gone)
    assert Notification.objects.get().mail_after is None


@pytest.mark.parametrize(
    ("at", "zone", "expected"),
    [
        # 05:00 UTC is 06:00 in Berlin's winter: the digest of 07:00 is an hour away.
        ("2026-01-10T05:00", "Europe/Berlin", "2026-01-10T06:00"),
        ("2026-01-10T06:00", "Europe/Berlin", "2026-01-11T06:00"),
        ("2026-07-10T06:00", "Europe/Berlin", "2026-07-11T05:00"),
        ("2026-01-10T12:00", "UTC", "2026-01-11T07:00"),
        # None is named, and one that this system does not know any more.
        ("2026-01-10T12:00", "", "2026-01-11T07:00"),
        ("2026-01-10T12:00", "Mars/Olympus", "2026-01-11T07:00"),
        # The night the clocks go forward in New York: 07:00 is 11:00 UTC, no longer 12:00.
        ("2026-03-07T20:00", "America/New_York", "2026-03-08T11:00"),
    ],
)
def test_the_digest_comes_at_seven_in_the_morning_where_one_lives(at: str, zone: str, expected: str) -> None:
    begun, ends = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (at, expected))
    assert notifications.first_try(Profile(mail="digest", time_zone=zone), begun) == ends


def test_waiting_mails_follow_a_changed_choice() -> None:
    user = make.user()
    people.change_profile(user, mail=MailChoice.DIGEST)
    tell(user)
    assert mail.waiting() == []
    people.change_profile(user, mail=MailChoice.EACH)
    assert mail.waiting() == [f"notification:{Notification.objects.get().pk}"]
    people.change_profile(user, mail=MailChoice.OFF)
    assert mail.waiting() == []


@pytest.fixture
def submission() -> Submission:
    phase = make.phase()
    phase.challenge.organizers.add(make.user(username="organizer"))
    entry = make.entry(make.team(phase.challenge, make.user(username="ada")), name="Warp")
    teams.enter(entry.team, make.user(username="grace"))
    return make.submission(phase=phase, entry=entry, state=S.SCORING, problems=[{"message": "x"}] * 2)


def ends(submission: Submission, state: SubmissionState) -> None:
    """End a submission whatever state it is in."""
    source = next(iter(states.sources(state)))
    Submission.objects.filter(pk=submission.pk).update(state=source)
    assert states.move(submission.pk, state)
    notifications.submission_ended(submission.pk)
    notifications.submission_ended(submission.pk)


@pytest.mark.parametrize(
    ("state", "team", "organizer"),
    [
        (S.SCORED, ["Warp is scored"], []),
        (S.INVALID, ["Warp: the file is not in order"], []),
        (
            S.FAILED,
            ["Warp: scoring failed, attempt given back"],
            ["Failed: Warp in Validation phase"],
        ),
    ],
)
def test_who_is_told_how_a_submission_ended(
    submission: Submission, state: SubmissionState, team: list[str], organizer: list[str]
) -> None:
    ends(submission, state)
    told = {name: titles(User.objects.get(username=name)) for name in ("ada", "grace", "organizer")}
    assert told == {"ada": team, "grace": team, "organizer": organizer}
    row = Notification.objects.filter(user__username="ada").get()
    assert (row.kind, row.url) == (state.value, submission.get_absolute_url())
    assert "2 problems" in row.text or state is not S.INVALID


def test_a_submission_that_fails_again_is_told_of_again(submission: Submission) -> None:
    ends(submission, S.FAILED)
    ends(submission, S.FAILED)
    assert len(titles(User.objects.get(username="ada"))) == 2


def test_no_result_is_in_what_is_told(submission: Submission) -> None:
    make.evaluation(submission, means={"dice": {"mean": 0.7654, "missing": 0}})
    ends(submission, S.SCORED)
    row = Notification.objects.filter(user__username="ada").get()
    assert row.text == "All cases of fields.zip are scored for Validation phase."


def test_an_announcement_reaches_participants_and_organizers_once(submission: Submission) -> None:
    challenge = submission.phase.challenge
    organizer = User.objects.get(username="organizer")
    make.team(challenge, organizer)
    stranger = make.user()
    made = notifications.announce(challenge, organizer, "Data fixed", "Pair *3* was wrong.")
    for name in ("ada", "grace", "organizer"):
        assert titles(User.objects.get(username=name)) == ["Data fixed"]
    assert titles(stranger) == []
    assert Announcement.objects.get() == made
    url = Notification.objects.filter(user=organizer).get().url
    assert url == f"/challenges/{challenge.slug}/announcements/#announcement-{made.pk}"


def test_rules_that_changed_together_are_told_together(submission: Submission) -> None:
    phase, organizer = submission.phase, User.objects.get(username="organizer")
    events = [
        audit.record(
            phase.challenge,
            organizer,
            f"{phase.name}: {what}",
            before="5",
            after="6",
            phase=phase,
            public=public,
        )
        for what, public in (("attempts", True), ("description", False), ("window", True))
    ]
    for _ in range(2):
        notifications.rules_changed(events)
    row = Notification.objects.filter(user__username="ada").get()
    assert row.title == "Rules of Validation phase have changed"
    assert row.text.splitlines() == [
        "Validation phase: attempts: from 5 to 6.",
        "Validation phase: window: from 5 to 6.",
    ]
    notifications.rules_changed(events[1:2])
    assert len(titles(User.objects.get(username="ada"))) == 1


def test_editing_a_phase_tells_of_its_rules_in_one_piece(submission: Submission) -> None:
    phase, organizer = submission.phase, User.objects.get(username="organizer")
    phases.edit(phase, organizer, {"attempts_per_window": 7, "paused": True, "description": "x"}, "outage")
    row = Notification.objects.filter(user__username="grace").get()
    assert (row.kind, row.url) == ("rule-change", phase.get_absolute_url())
    assert row.text.count("outage") == 2
    phases.edit(phase, organizer, {"description": "y"})
    assert len(titles(User.objects.get(username="grace"))) == 1


def member(challenge: Challenge, *, joined: timedelta, zone: str = "") -> User:
    user = make.user()
    make.team(challenge, user)
    Membership.objects.filter(user=user).update(joined_at=timezone.now() + joined)
    people.change_profile(user, time_zone=zone)
    return user


def test_an_opened_phase_is_told_to_those_who_waited_for_it() -> None:
    phase = make.phase(opens_at=timezone.now() - timedelta(hours=1), name="Test phase")
    waited = member(phase.challenge, joined=-timedelta(days=3))
    came = member(phase.challenge, joined=timedelta(0))
    stranger = member(make.challenge(), joined=-timedelta(days=3))
    for _ in range(2):
        notifications.tell_of_phases()
    assert [titles(user) for user in (waited, came, stranger)] == [["Test phase is open"], [], []]


@pytest.mark.parametrize(
    "fields",
    [
        {"opens_at": timedelta(hours=1)},
        {"opens_at": -timedelta(days=2)},
        {"opens_at": -timedelta(hours=1), "paused": True},
        {"opens_at": -timedelta(hours=2), "closes_at": -timedelta(hours=1)},
        {"opens_at": -timedelta(days=9), "closes_at": timedelta(hours=49)},
    ],
)
def test_when_nothing_is_told_of_a_phase(fields: dict[str, object]) -> None:
    now = timezone.now()
    times = {name: now + value if isinstance(value, timedelta) else value for name, value in fields.items()}
    phase = make.phase(**times)
    waited = member(phase.challenge, joined=-timedelta(days=30))
    notifications.tell_of_phases()
    assert titles(waited) == []


def test_a_phase_that_closes_soon_is_told_once_in_everybody_s_own_time() -> None:
    closes = (timezone.now() + timedelta(hours=40)).replace(minute=30, second=0, microsecond=0)
    phase: Phase = make.phase(opens_at=timezone.now() - timedelta(days=9), closes_at=closes)
    plain = member(phase.challenge, joined=-timedelta(days=3))
    tokyo = member(phase.challenge, joined=timedelta(0), zone="Asia/Tokyo")
    for _ in range(2):
        notifications.tell_of_phases()
    assert [titles(user) for user in (plain, tokyo)] == [["Validation phase closes soon"]] * 2
    text = {user: Notification.objects.get(user=user).text for user in (plain, tokyo)}
    assert f"{closes:%H:%M} UTC" in text[plain]
    # Tokyo is nine hours ahead, all year.
    local = closes + timedelta(hours=9)
    assert f"{local:%H:%M} JST" in text[tokyo]
    assert f"{closes:%H:%M} UTC)" in text[tokyo]
    Phase.objects.filter(pk=phase.pk).update(closes_at=closes + timedelta(hours=1))
    notifications.tell_of_phases()
    assert len(titles(plain)) == 2, "a moved date is told anew"


def test_marking_as_read_is_for_one_s_own() -> None:
    one, other = make.user(), make.user()
    tell(one, other)
    tell(one, key="second")
    first = Notification.objects.filter(user=one).earliest("pk")
    notifications.read(one, first.pk, Notification.objects.get(user=other).pk)
    assert Notification.objects.filter(read_at=None).count() == 2
    notifications.read(one)
    assert list(Notification.objects.filter(read_at=None).values_list("user", flat=True)) == [other.pk]
