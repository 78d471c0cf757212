"""The demo challenge's rows: people, teams, phase and scheme; made once, then left alone."""

from dataclasses import dataclass
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from leaderboard.demo.datasets import DATASETS, DemoDataset
from leaderboard.demo.methods import DemoMethod
from leaderboard.domain import ranking, teams
from leaderboard.enums import PhaseKind
from leaderboard.models import Challenge, Entry, Phase, Team

NOTICE = "Simulated subjects: every brain here is a deformed copy of one template."
TERMS = (
    "The subjects of this demonstration are simulated. Use the data as you like. "
    "Your team's name and your method's card are public; your files and logs are not."
)
DESCRIPTION = (
    "Register the moving image of each pair to its fixed image and upload one displacement field a pair. "
    "Fields are scored by structures (DSC, HD95), landmarks (TRE) and regularity (NDV), "
    "in-domain and, without new training, on contrasts and populations that no method has seen."
)


@dataclass(frozen=True)
class Login:
    username: str
    password: str
    role: str


PARTICIPANT = Login("participant", "deform-gently", "demo participant")
ORGANIZER = Login("organizer", "rank-honestly", "demo organizer")


@transaction.atomic
def seed() -> Phase:
    """The demo's phase; created with its challenge, people and teams where it is missing."""
    present = Phase.objects.filter(challenge__slug="lumir", slug="validation").first()
    if present is not None:
        return present
    challenge = Challenge.objects.create(
        slug="lumir",
        name="LUMIR",
        title="Large-scale unsupervised brain MRI registration",
        summary="Deformable registration of brain MRI without labels in training: in-domain and zero-shot.",
        description=DESCRIPTION,
        notice=NOTICE,
        terms=TERMS,
    )
    organizer, participant = _person(ORGANIZER), _person(PARTICIPANT)
    challenge.organizers.add(organizer)
    teams.found_team(organizer, challenge, "Challenge organizers", "Baselines")
    teams.found_team(participant, challenge, "SimpleITK", "Demonstration")
    return Phase.objects.create(
        challenge=challenge,
        slug="validation",
        name="Validation phase",
        kind=PhaseKind.VALIDATION,
        description="Ground truth of the simulated subjects is public here.",
        opens_at=timezone.now(),
        closes_at=timezone.now() + timedelta(days=365),
        scheme=ranking.preset("l2r-code"),
        attempts_per_window=30,
        concurrent_submissions=10,
    )


def _person(login: Login) -> User:
    email = f"{login.username}@demo.example"
    user = User.objects.create_user(login.username, email, login.password)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def entry_of(method: DemoMethod, challenge: Challenge) -> Entry:
    """The entry of a demo method: baselines are the organizers', the others the demo participant's."""
    present = Entry.objects.filter(challenge=challenge, name=method.name).first()
    if present is not None:
        return present
    owner = ORGANIZER if method.baseline else PARTICIPANT
    team = Team.objects.get(challenge=challenge, memberships__user__username=owner.username)
    return teams.add_entry(
        team,
        method.name,
        description=method.description,
        kind=method.kind,
        instance_specific=method.instance_specific,
        paper_url=method.paper_url,
        baseline=method.baseline,
        hardware="2 CPU cores",
    )


def facts_of(dataset: DemoDataset) -> dict[str, object]:
    """A demo dataset's fields as the import wants them."""
    names = (
        "name",
        "group",
        "task",
        "contrast",
        "population",
        "description",
        "species",
        "resolution",
        "source",
    )
    facts: dict[str, object] = {name: getattr(dataset, name) for name in names}
    return facts | {"public": dataset.public, "position": DATASETS.index(dataset)}
