"""Who sees what of a phase's results: the matrix, held against a table."""

from datetime import timedelta
from itertools import product

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.models import AnonymousUser, User
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from leaderboard import rules
from leaderboard.enums import Aspect, Audience
from leaderboard.models import Phase, Team
from tests.leaderboard import make

pytestmark = pytest.mark.django_db
A = Audience
ROLES = ["anonymous", "stranger", "member", "other member", "organizer elsewhere", "organizer", "superuser"]


@pytest.fixture
def phase() -> Phase:
    return make.phase(visibility={})


@pytest.fixture
def team(phase: Phase) -> Team:
    return make.team(phase.challenge)


@pytest.fixture
def people(phase: Phase, team: Team) -> dict[str, User | AnonymousUser]:
    users = {role: make.user() for role in ROLES}
    made: dict[str, User | AnonymousUser] = {**users, "anonymous": AnonymousUser()}
    made["member"] = team.members.get()
    made["other member"] = make.team(phase.challenge).members.get()
    phase.challenge.organizers.add(users["organizer"])
    make.challenge().organizers.add(users["organizer elsewhere"])
    made["superuser"] = make.user(is_superuser=True)
    return made


def seen(
    phase: Phase, viewer: User | AnonymousUser, team: Team | None, looking_as: str | None = None
) -> bool:
    """Whether a viewer sees the aggregates, of one team or of all; the matrix says nothing of the rest."""
    sight = rules.sight(viewer, phase, looking_as)
    shown = {aspect: sight.shows(aspect, team.slug if team else None) for aspect in Aspect}
    aggregates = shown.pop(Aspect.AGGREGATES)
    assert set(shown.values()) == {sight.is_organizer}
    return aggregates


# audiences of the matrix -> who sees the results of `team`
EXPECTED: dict[tuple[Audience, ...], set[str]] = {
    (): {"organizer", "superuser"},
    (A.OWN_TEAM,): {"member", "organizer", "superuser"},
    (A.PARTICIPANTS,): {"member", "other member", "organizer", "superuser"},
    (A.PARTICIPANTS, A.OWN_TEAM): {"member", "other member", "organizer", "superuser"},
    (A.PUBLIC,): set(ROLES),
    (A.PUBLIC, A.PARTICIPANTS, A.OWN_TEAM): set(ROLES),
}


@pytest.mark.parametrize("audiences", EXPECTED)
def test_the_matrix_says_who_sees_a_team_s_results(
    phase: Phase, team: Team, people: dict[str, User], audiences: tuple[Audience, ...]
) -> None:
    phase.visibility = {"aggregates": list(audiences)}
    assert {role for role in ROLES if seen(phase, people[role], team)} == EXPECTED[audiences]


@pytest.mark.parametrize("audiences", EXPECTED)
def test_own_team_shows_nothing_of_all_teams_together(
    phase: Phase, people: dict[str, User], audiences: tuple[Audience, ...]
) -> None:
    phase.visibility = {"aggregates": list(audiences)}
    expected = {"organizer", "superuser"} if audiences == (A.OWN_TEAM,) else EXPECTED[audiences]
    assert {role for role in ROLES if seen(phase, people[role], None)} == expected


@pytest.mark.parametrize("audiences", EXPECTED)
def test_before_it_is_published_only_the_own_team_sees_where_the_matrix_says_so(
    phase: Phase, team: Team, people: dict[str, User], audiences: tuple[Audience, ...]
) -> None:
    phase.visibility = {"aggregates": list(audiences)}
    phase.publish_at = timezone.now() + timedelta(hours=1)
    organizers = {"organizer", "superuser"}
    expected = organizers | {"member"} if A.OWN_TEAM in audiences else organizers
    assert {role for role in ROLES if seen(phase, people[role], team)} == expected
    assert {role for role in ROLES if seen(phase, people[role], None)} == organizers


@pytest.mark.parametrize(
    ("publish", "freeze", "public"),
    [(None, None, True), (-1, None, True), (1, None, False), (1, -1, True), (1, 1, True), (None, -1, True)],
)
def test_a_frozen_board_stands_in_for_what_is_not_published(
    phase: Phase, publish: int | None, freeze: int | None, public: bool
) -> None:
    now = timezone.now()
    phase.visibility = {"aggregates": ["public"]}
    phase.publish_at = None if publish is None else now + timedelta(hours=publish)
    phase.freeze_at = None if freeze is None else now + timedelta(hours=freeze)
    assert seen(phase, AnonymousUser(), None) is public


# as whom -> the audiences of which the organizer sees a team's results, one at a time
LOOKING_AS: dict[str, set[Audience]] = {
    "public": {A.PUBLIC},
    "participants": {A.PUBLIC, A.PARTICIPANTS, A.OWN_TEAM},
    "other-team": {A.PUBLIC, A.PARTICIPANTS},
    "organizers": {A.PUBLIC},
    "nonsense": {A.PUBLIC},
}


@pytest.mark.parametrize("role", ["organizer", "superuser"])
@pytest.mark.parametrize("looking_as", LOOKING_AS)
def test_organizers_look_as_others_do(
    phase: Phase, team: Team, people: dict[str, User], looking_as: str, role: str
) -> None:
    for audience in Audience:
        phase.visibility = {"aggregates": [audience]}
        assert seen(phase, people[role], team, looking_as) is (audience in LOOKING_AS[looking_as])
    phase.visibility = {"aggregates": ["public", "participants"]}
    phase.publish_at = timezone.now() + timedelta(hours=1)
    assert not seen(phase, people[role], team, looking_as)


@pytest.mark.parametrize("role", [role for role in ROLES if role not in {"organizer", "superuser"}])
def test_nobody_else_can_look_as_another(
    phase: Phase, team: Team, people: dict[str, User], role: str
) -> None:
    for audience, looking_as in product(Audience, [*LOOKING_AS, "own-team"]):
        phase.visibility = {"aggregates": [audience]}
        assert seen(phase, people[role], team, looking_as) == seen(phase, people[role], team)


def test_a_matrix_of_unknown_words_shows_nothing(phase: Phase, team: Team) -> None:
    phase.visibility = {"secrets": ["public"], "aggregates": ["everyone", "organizers"]}
    assert not seen(phase, AnonymousUser(), team)
    assert not seen(phase, team.members.get(), team)


def test_sight_needs_two_queries(
    phase: Phase, team: Team, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    member = team.members.get()
    # Whether the viewer organizes, and in which team they are.
    with django_assert_num_queries(2):
        rules.sight(member, phase)
    with django_assert_num_queries(0):
        rules.sight(AnonymousUser(), phase)


def test_an_organizer_s_rights_need_the_second_factor_that_is_required(settings: Settings) -> None:
    phase = make.phase()
    organizer, participant, superuser = make.user(), make.user(), make.user(is_superuser=True)
    phase.challenge.organizers.add(organizer)

    def facts(user: User) -> tuple[bool, bool, bool]:
        seen = rules.sight(user, phase)
        return rules.lacks_second_factor(user), rules.is_organizer(user, phase.challenge), seen.is_organizer

    settings.REQUIRE_ORGANIZER_MFA = False
    assert facts(organizer) == (False, True, True)
    settings.REQUIRE_ORGANIZER_MFA = True
    assert [facts(user) for user in (organizer, participant, superuser)] == [
        (True, False, False),
        (False, False, False),
        (True, False, False),
    ]
    TOTP.activate(organizer, generate_totp_secret())
    assert facts(organizer) == (False, True, True)
