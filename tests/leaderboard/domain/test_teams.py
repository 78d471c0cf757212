"""Founding, leaving, captains, names; what organizers do with teams."""

import threading
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone

from leaderboard.domain import mergers, teams
from leaderboard.domain.attempts import attempts
from leaderboard.enums import Role, SubmissionState
from leaderboard.messages import Refused
from leaderboard.models import (
    AttemptGrant,
    AuditEvent,
    Challenge,
    Entry,
    Invitation,
    Membership,
    Notification,
    Phase,
    Submission,
    Team,
)
from tests.leaderboard import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def challenge() -> Challenge:
    return make.challenge()


def joined(team: Team, days_ago: float = 0) -> User:
    user = make.user()
    member = teams.enter(team, user)
    Membership.objects.filter(pk=member.pk).update(joined_at=timezone.now() - timedelta(days=days_ago))
    return user


def until_one_waits(found: list[Team]) -> None:
    """Return when another connection waits for a lock of this one, or has found a team without."""
    # Not pg_stat_activity: within a transaction that stays what it was at the first look.
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    with connection.cursor() as cursor:
        while not found:
            cursor.execute(waiting)
            if cursor.fetchone()[0]:
                break


def captain(team: Team) -> User:
    return User.objects.get(memberships__team=team, memberships__role=Role.CAPTAIN)


def code(verb: object, *arguments: object) -> str:
    with pytest.raises(Refused) as refused:
        verb(*arguments)  # type: ignore[operator]
    return refused.value.code


def log() -> list[str]:
    return list(AuditEvent.objects.order_by("pk").values_list("what", flat=True))


def test_a_person_is_in_one_team_of_a_challenge_and_may_be_in_one_of_another(challenge: Challenge) -> None:
    user = make.user()
    make.team(challenge, user, name="First")
    with pytest.raises(Refused, match="You are in the team First already"):
        teams.found_team(user, challenge, "Second")
    assert make.team(make.challenge(), user)
    assert code(teams.found_team, make.user(), challenge, "first") == "team_name_taken"


def test_a_team_is_renamed_and_its_names_are_kept(challenge: Challenge) -> None:
    make.team(challenge, name="Taken")
    team = make.team(challenge, name="Old name")
    submission = make.submission(phase=make.phase(challenge=challenge), entry=make.entry(team))
    address = team.get_absolute_url()
    teams.describe(team, captain(team), "New name", "Lab")
    team.refresh_from_db()
    assert (team.name, team.affiliation, team.get_absolute_url()) == ("New name", "Lab", address)
    renamed = AuditEvent.objects.get(what="Team renamed")
    assert (renamed.before, renamed.after, renamed.by) == ("Old name", "New name", captain(team))
    submission.phase.refresh_from_db()
    assert submission.phase.board_stale_since is not None
    assert code(teams.describe, team, captain(team), "taken", "") == "team_name_taken"


def test_captaincy_is_handed_over_before_the_captain_leaves(challenge: Challenge) -> None:
    team = make.team(challenge)
    first, second = captain(team), joined(team)
    assert code(teams.leave, team, first) == "captain_must_hand_over"
    assert code(teams.hand_over, team, make.user(), first) == "not_in_team"
    assert code(teams.hand_over, team, first, first) == "already_captain"
    teams.hand_over(team, second, first)
    assert captain(team) == second
    assert teams.leave(team, first) is False
    assert list(team.members.all()) == [second]
    told = Notification.objects.values_list("user", "title")
    assert (second.pk, f"You are the captain of {team.name}") in told
    assert (second.pk, f"{first.username} has left {team.name}") in told


def test_the_captain_removes_members_but_not_themself(challenge: Challenge) -> None:
    team = make.team(challenge)
    member = joined(team)
    teams.remove(team, member, captain(team))
    assert list(team.members.all()) == [captain(team)]
    assert Notification.objects.get(user=member).url == challenge.get_absolute_url()
    assert code(teams.remove, team, captain(team), captain(team)) == "captain_must_hand_over"
    assert code(teams.remove, team, member, captain(team)) == "not_in_team"


def test_the_last_one_to_leave_dissolves_a_team_that_has_submitted_nothing(challenge: Challenge) -> None:
    team = make.team(challenge, name="Short-lived")
    make.entry(team)
    assert teams.leave(team, captain(team)) is True
    assert not Team.objects.exists()
    assert log()[-1] == "Team Short-lived dissolved"


def test_the_last_one_stays_where_there_are_submissions(challenge: Challenge) -> None:
    team = make.team(challenge)
    make.submission(phase=make.phase(challenge=challenge), entry=make.entry(team))
    assert code(teams.leave, team, captain(team)) == "last_member"
    assert captain(team)


@pytest.fixture
def pair(challenge: Challenge) -> tuple[Team, Team, Phase, User]:
    """Two teams with one scored submission each, and an organizer."""
    phase = make.phase(challenge=challenge, attempts_per_window=5)
    made = [make.team(challenge, name=name) for name in ("Big", "Small")]
    for team in made:
        make.submission(
            phase=phase, entry=make.entry(team, name=f"Method of {team}"), state=SubmissionState.SCORED
        )
    organizer = make.user()
    challenge.organizers.add(organizer)
    return made[0], made[1], phase, organizer


def test_merged_teams_have_one_account_of_attempts_and_keep_their_history(
    pair: tuple[Team, Team, Phase, User],
) -> None:
    into, merged, phase, organizer = pair
    both = {captain(into), captain(merged)}
    sent_by = set(Submission.objects.values_list("pk", "submitted_by", "created_at"))
    AttemptGrant.objects.create(team=merged, phase=phase, valid=2, reason="outage", by=organizer)
    Invitation.objects.create(
        team=merged, token="t", invited_by=organizer, expires_at=timezone.now() + timedelta(days=1)
    )
    kept_captain = captain(into)
    mergers.merge(into, merged, organizer, "one lab")

    now = timezone.now()
    assert (attempts(into, phase, now).used, attempts(into, phase, now).left) == (2, 5)
    assert attempts(merged, phase, now).used == 0
    assert set(into.members.all()) == both
    assert captain(into) == kept_captain
    assert set(Submission.objects.values_list("pk", "submitted_by", "created_at")) == sent_by
    assert set(into.entries.values_list("name", flat=True)) == {"Method of Big", "Method of Small"}
    merged.refresh_from_db()
    assert (merged.merged_into, merged.members.count()) == (into, 0)
    assert Invitation.objects.get().revoked_at is not None
    event = AuditEvent.objects.get(what="Team Small merged into Big")
    assert (event.by, event.reason) == (organizer, "one lab")
    assert "Method of Small" in event.before
    assert set(
        Notification.objects.filter(title="Small is now part of Big").values_list("user", flat=True)
    ) == {user.pk for user in both}
    phase.refresh_from_db()
    assert phase.board_stale_since is not None


@pytest.mark.django_db(transaction=True)
def test_an_upload_that_waits_for_a_merger_counts_for_the_united_team() -> None:
    challenge = make.challenge()
    into, merged = make.team(challenge), make.team(challenge)
    entry, organizer = make.entry(merged), make.user()
    stale = Entry.objects.get(pk=entry.pk)
    found: list[Team] = []

    def upload() -> None:
        with transaction.atomic():
            found.append(teams.locked_with(stale))
        connection.close()

    with transaction.atomic():
        mergers.merge(into, merged, organizer, "one lab")
        thread = threading.Thread(target=upload)
        thread.start()
        until_one_waits(found)
    thread.join()
    assert found == [into]


@pytest.mark.django_db(transaction=True)
def test_two_names_of_one_slug_at_once_are_two_teams() -> None:
    challenge, founders = make.challenge(), (make.user(), make.user())
    found: list[Team] = []

    def second() -> None:
        found.append(teams.found_team(founders[1], challenge, "Lab X"))
        connection.close()

    with transaction.atomic():
        first = teams.found_team(founders[0], challenge, "Lab-X")
        thread = threading.Thread(target=second)
        thread.start()
        until_one_waits(found)
    thread.join()
    assert [first.slug, *(team.slug for team in found)] == ["lab-x", "lab-x-2"]


def test_what_cannot_be_merged(pair: tuple[Team, Team, Phase, User]) -> None:
    into, merged, _, organizer = pair
    assert code(mergers.merge, into, merged, organizer, " ") == "reason_missing"
    assert code(mergers.merge, into, into, organizer, "x") == "same_team"
    assert code(mergers.merge, into, make.team(make.challenge()), organizer, "x") == "other_challenge"
    Challenge.objects.update(team_size_limit=1)
    assert code(mergers.merge, into, merged, organizer, "x") == "team_full"
    Challenge.objects.update(team_size_limit=2)
    mergers.merge(into, merged, organizer, "x")
    assert code(mergers.merge, into, merged, organizer, "x") == "team_is_merged"


def test_a_moved_captain_leaves_submissions_and_captaincy_behind(
    pair: tuple[Team, Team, Phase, User],
) -> None:
    source, target, phase, organizer = pair
    moved = captain(source)
    eldest, _ = joined(source, days_ago=3), joined(source, days_ago=1)
    mergers.move_member(moved, target, organizer, "changed lab")
    assert teams.team_of(moved, source.challenge) == target
    assert captain(source) == eldest
    assert captain(target) != moved
    assert attempts(source, phase, timezone.now()).used == 1
    assert Submission.objects.get(submitted_by=moved).entry.team == source
    event = AuditEvent.objects.get(what=f"{moved.username} moved to the team Small")
    assert (event.before, event.after, event.reason) == ("Big", "Small", "changed lab")


def test_moving_the_last_one_keeps_a_team_with_submissions_and_dissolves_one_without(
    pair: tuple[Team, Team, Phase, User],
) -> None:
    source, target, _, organizer = pair
    mergers.move_member(captain(source), target, organizer, "x")
    assert Team.objects.filter(pk=source.pk).exists()
    fresh = make.team(source.challenge)
    newcomer = captain(fresh)
    mergers.move_member(newcomer, source, organizer, "x")
    assert captain(source) == newcomer
    assert not Team.objects.filter(pk=fresh.pk).exists()


def test_who_cannot_be_moved(pair: tuple[Team, Team, Phase, User]) -> None:
    source, target, _, organizer = pair
    assert code(mergers.move_member, make.user(), target, organizer, "x") == "not_in_team"
    assert code(mergers.move_member, captain(source), source, organizer, "x") == "same_team"
    Challenge.objects.update(team_size_limit=1)
    assert code(mergers.move_member, captain(source), target, organizer, "x") == "team_full"
