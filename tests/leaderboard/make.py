"""Rows for tests, with everything they need around them."""

import itertools
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.utils import timezone

from leaderboard import rules
from leaderboard.domain import ranking, teams
from leaderboard.models import Case, Challenge, Dataset, Entry, Evaluation, Phase, Submission, Team

_number = itertools.count(1)


def user(**fields: Any) -> User:
    name = fields.pop("username", f"person{next(_number)}")
    return User.objects.create_user(name, f"{name}@example.org", **fields)


def challenge(**fields: Any) -> Challenge:
    made = {"slug": f"challenge{next(_number)}", "name": "LUMIR", "title": "Brain MRI registration"}
    return Challenge.objects.create(**made | fields)


def phase(**fields: Any) -> Phase:
    owner = fields.pop("challenge", None) or challenge()
    fields = {
        "slug": "validation",
        "name": "Validation phase",
        "opens_at": timezone.now() - timedelta(days=1),
        "scheme": ranking.preset("l2r-code"),
    } | fields
    return Phase.objects.create(challenge=owner, **fields)


def public(where: Phase) -> rules.Sight:
    """What the public sees of a phase."""
    return rules.sight(AnonymousUser(), where)


def team(owner: Challenge, captain: User | None = None, **fields: Any) -> Team:
    return teams.found_team(captain or user(), owner, fields.pop("name", f"Team {next(_number)}"), **fields)


def entry(owner: Team, **fields: Any) -> Entry:
    return teams.add_entry(owner, fields.pop("name", f"Method {next(_number)}"), **fields)


def submission(**fields: Any) -> Submission:
    where = fields.pop("phase", None) or phase()
    method = fields.pop("entry", None) or entry(team(where.challenge))
    fields = {"filename": "fields.zip", "size": 1, "received_at": timezone.now()} | fields
    captain = method.team.memberships.get(role="captain").user
    return Submission.objects.create(phase=where, entry=method, submitted_by=captain, **fields)


def dataset(owner: Challenge, keys: tuple[str, ...] = ("3455_3454", "3456_3455"), **fields: Any) -> Dataset:
    image = "./imagesVal/LUMIRMRI_{}_0000.nii.gz"
    subjects = [key.split("_") for key in keys]
    pairs = [{"fixed": image.format(fixed), "moving": image.format(moving)} for fixed, moving in subjects]
    config = {
        "name": "LUMIR",
        "expected_shape": [8, 8, 8, 3],
        "eval_pairs": pairs,
        "evaluation_methods": [
            {"name": "DSC", "metric": "dice", "labels": [0, 1, 2]},
            {"name": "Non-diffeomorphic Volumes", "metric": "ndv"},
        ],
    }
    fields = {
        "slug": f"dataset{next(_number)}",
        "name": "In-domain",
        "group": "in-domain",
        "configs": [config],
        "ground_truth": "nowhere",
        "ground_truth_version": "0" * 64,
        "has_labels": True,
    } | fields
    made = Dataset.objects.create(challenge=owner, **fields)
    for position, (key, pair, numbers) in enumerate(zip(keys, pairs, subjects, strict=True)):
        facts = dict(zip(("fixed_subject", "moving_subject"), numbers, strict=True))
        Case.objects.create(dataset=made, key=key, position=position, config_index=0, **facts, **pair)
    return made


def evaluation(of: Submission, **fields: Any) -> Evaluation:
    fields = {"scorer_version": "1.0", "rules": of.phase.rules, "ground_truth_version": "0" * 64} | fields
    return Evaluation.objects.create(submission=of, **fields)
