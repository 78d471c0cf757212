"""What organizers take along as CSV, line by line: nothing of it is held in memory as a whole."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TypeAlias

from leaderboard.models import Challenge
from leaderboard.queries.organizing import participants_of, results_of, submissions_of

Line: TypeAlias = list[str]
AT_ONCE = 500
SUBMISSIONS = [
    "submission",
    "phase",
    "team",
    "entry",
    "baseline",
    "in_competition",
    "sent_by",
    "state",
    "chosen",
    "reason",
    "problems",
    "file",
    "bytes",
    "sha256",
    "sent_at",
    "received_at",
    "finished_at",
]
RESULTS = [
    "phase",
    "team",
    "entry",
    "submission",
    "state",
    "dataset",
    "case",
    "metric",
    "value",
    "seconds",
    "scorer",
    "rules",
    "ground_truth_version",
]
PARTICIPANTS = [
    "team",
    "affiliation",
    "role",
    "user",
    "name",
    "email",
    "person_affiliation",
    "orcid",
    "joined_at",
    "terms_version",
    "terms_accepted_at",
    "terms_current",
]


def submissions_csv(challenge: Challenge, phase: str = "") -> Iterator[Line]:
    """A line a submission, oldest first; times in UTC."""
    yield SUBMISSIONS
    found = submissions_of(challenge, phase=phase).defer(None).order_by("created_at", "pk")
    for one in found.iterator(AT_ONCE):
        yield [
            str(one.pk),
            one.phase.slug,
            one.entry.team.name,
            one.entry.name,
            _yes(one.entry.baseline),
            _yes(one.entry.in_competition),
            one.submitted_by.get_username(),
            one.state,
            _yes(one.chosen),
            one.reason,
            str(len(one.problems)),
            one.filename,
            str(one.size),
            one.sha256,
            *(_time(at) for at in (one.created_at, one.received_at, one.finished_at)),
        ]


def results_csv(challenge: Challenge, phase: str = "") -> Iterator[Line]:
    """A line a case and metric of every current evaluation: the tidy table of a paper."""
    yield RESULTS
    rows = results_of(challenge, phase).values_list(
        "evaluation__submission__phase__slug",
        "evaluation__submission__entry__team__name",
        "evaluation__submission__entry__name",
        "evaluation__submission",
        "evaluation__submission__state",
        "case__dataset__slug",
        "case__key",
        "values",
        "seconds",
        "evaluation__scorer_version",
        "evaluation__rules",
        "evaluation__ground_truth_version",
    )
    for phase_, team, entry, pk, state, dataset, case, values, seconds, *versions in rows.order_by(
        "evaluation", "case__dataset__position", "case__dataset", "case__position"
    ).iterator(AT_ONCE):
        first = [phase_, team, entry, str(pk), state, dataset, case]
        for metric, value in values.items():
            yield [*first, metric, number(value), number(seconds or 0.0), *versions]


def participants_csv(challenge: Challenge) -> Iterator[Line]:
    """A line a member of a team."""
    yield PARTICIPANTS
    for participant in participants_of(challenge):
        member = participant.membership
        profile = getattr(member.user, "profile", None)
        yield [
            member.team.name,
            member.team.affiliation,
            member.role,
            member.user.get_username(),
            profile.name if profile else "",
            member.user.email,
            profile.affiliation if profile else "",
            profile.orcid if profile else "",
            _time(member.joined_at),
            str(participant.terms_version),
            _time(participant.accepted_at),
            _yes(participant.is_current),
        ]


def number(value: float) -> str:
    """A number to the last bit; what is not finite as R and pandas read it."""
    if math.isnan(value):
        return "NaN"
    return repr(value) if math.isfinite(value) else "Inf" if value > 0 else "-Inf"


def _time(at: datetime | None) -> str:
    return "" if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _yes(fact: bool) -> str:  # noqa: FBT001
    return "yes" if fact else "no"
