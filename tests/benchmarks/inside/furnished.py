"""A long phase with all that its pages read: the board of `tests.leaderboard.large`, and rows around it."""

from django.contrib.auth.models import User
from django.utils import timezone

from leaderboard.domain import ranking
from leaderboard.enums import CaseState, Role, SubmissionState
from leaderboard.models import (
    Case,
    CaseResult,
    Entry,
    Evaluation,
    Membership,
    Phase,
    Profile,
    Snapshot,
    Submission,
    Team,
)
from tests.leaderboard import large, make

CASE, SEND = "1_0", 3


def phase() -> str:
    """Slug of a phase with 200 teams, an entry of each, three submissions of it, and 4,000 cases.

    Results are there of one case alone; the board is in the snapshot.
    """
    made = make.phase(slug="large", scheme=ranking.preset(large.SCHEME.name))
    snapshot = large.snapshot(made, certain=True)
    _add_cases(made, snapshot.parts.get(name="cases/d00").payload)
    evaluations = _add_evaluations(made, snapshot)
    _add_results(made, evaluations)
    numbers = [
        {"evaluation": one.pk, "entry": one.submission.entry.slug, "submission": str(one.submission_id)}
        for one in evaluations
    ]
    Snapshot.objects.filter(pk=snapshot.pk).update(inputs={"evaluations": numbers})
    return made.slug


def captain(phase: Phase) -> User:
    """Of one of the teams on the board."""
    return Membership.objects.filter(challenge=phase.challenge, role=Role.CAPTAIN)[1].user


def _add_cases(phase: Phase, keys: list[str]) -> None:
    Case.everything.filter(dataset__phases=phase).delete()
    Case.objects.bulk_create(
        Case(
            dataset=dataset,
            key=key,
            position=position,
            config_index=0,
            fixed=f"./imagesVal/{key}.nii.gz",
            moving=f"./imagesVal/{key}.nii.gz",
            **dict(zip(("fixed_subject", "moving_subject"), key.split("_"), strict=True)),
        )
        for dataset in phase.datasets.all()
        for position, key in enumerate(keys)
    )


def _add_evaluations(phase: Phase, snapshot: Snapshot) -> list[Evaluation]:
    """The one that stands, of each entry of a snapshot; the teams and submissions are made for it."""
    told = [one for one in snapshot.payload["entries"] if not one["baseline"]]
    owner = phase.challenge
    people = User.objects.bulk_create(
        User(username=one["entry"], email=f"{one['entry']}@example.org") for one in told
    )
    Profile.objects.bulk_create((Profile(user=user) for user in people), ignore_conflicts=True)
    teams = Team.objects.bulk_create(
        Team(challenge=owner, slug=one["team"]["slug"], name=one["team"]["name"]) for one in told
    )
    Membership.objects.bulk_create(
        Membership(team=team, challenge=owner, user=user, role=Role.CAPTAIN, terms_version=1)
        for team, user in zip(teams, people, strict=True)
    )
    Entry.objects.bulk_create(
        Entry(challenge=owner, team=team, slug=one["entry"], name=one["method"])
        for team, one in zip(teams, told, strict=True)
    )
    now = timezone.now()
    submissions = Submission.objects.bulk_create(
        Submission(
            phase=phase,
            entry=entry,
            submitted_by=entry.team.memberships.get().user,
            state=SubmissionState.SCORED,
            filename="fields.zip",
            size=1,
            received_at=now,
            finished_at=now,
        )
        for entry in Entry.objects.filter(challenge=owner)
        for _ in range(SEND)
    )
    means = {"dice": {"mean": 0.7, "missing": 0}, "ndv": {"mean": 0.1, "missing": 0}}
    made = Evaluation.objects.bulk_create(
        Evaluation(
            submission=submission,
            scorer_version="1.0",
            rules=phase.rules,
            ground_truth_version="0" * 64,
            means=means,
            finished_at=now,
        )
        for submission in submissions
    )
    return made[::SEND]


def _add_results(phase: Phase, evaluations: list[Evaluation]) -> None:
    case = Case.objects.get(dataset__phases=phase, dataset__slug="d00", key=CASE)
    CaseResult.objects.bulk_create(
        CaseResult(
            evaluation=evaluation,
            case=case,
            values={"DSC": 0.7, "Non-diffeomorphic Volumes": 0.1},
            items={"DSC": [0.7] * large.LABELS},
            state=CaseState.DONE,
            seconds=1.0,
            finished_at=timezone.now(),
        )
        for evaluation in evaluations
    )
