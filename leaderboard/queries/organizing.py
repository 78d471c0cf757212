"""Lists of what organizers look through: submissions, participants, rescorings."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet

from leaderboard.enums import CaseState
from leaderboard.models import (
    AuditEvent,
    CaseResult,
    Challenge,
    Membership,
    Rescoring,
    Submission,
    TermsAcceptance,
)


def submissions_of(
    challenge: Challenge, *, phase: str = "", state: str = "", team: str = "", search: str = ""
) -> QuerySet[Submission]:
    """The submissions of a challenge, newest first; an empty filter leaves all in.

    search: words that each stand in the entry's, team's, sender's or file's name; an id; a hash's start.
    """
    found = Submission.objects.filter(phase__challenge=challenge)
    given = {"phase__slug": phase, "state": state, "entry__team__slug": team}
    found = found.filter(**{name: value for name, value in given.items() if value})
    for word in search.split():
        found = found.filter(_matches(word))
    return found.defer("problems").select_related("entry__team", "phase__challenge", "submitted_by")


def _matches(word: str) -> Q:
    texts = ("entry__name", "entry__team__name", "submitted_by__username", "filename")
    matches = Q(sha256__startswith=word.lower())
    for text in texts:
        matches |= Q(**{f"{text}__icontains": word})
    return matches | Q(pk=uuid.UUID(word)) if is_id(word) else matches


def is_id(word: str) -> bool:
    try:
        uuid.UUID(word)
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class Participant:
    """A person in a team, and the newest terms that they accepted."""

    membership: Membership
    terms_version: int
    accepted_at: datetime | None
    is_current: bool


def participants_of(challenge: Challenge) -> list[Participant]:
    """Everybody in a team of a challenge, team by team, in two queries."""
    accepted = {
        acceptance.user_id: acceptance
        for acceptance in TermsAcceptance.objects.filter(challenge=challenge).order_by("version")
    }
    members = Membership.objects.filter(challenge=challenge).select_related("team", "user__profile")
    return [
        _participant(challenge, member, accepted.get(member.user_id))
        for member in members.order_by("team__name", "role", "joined_at")
    ]


def _participant(challenge: Challenge, member: Membership, acceptance: TermsAcceptance | None) -> Participant:
    version = acceptance.version if acceptance else member.terms_version
    at = acceptance.at if acceptance else member.joined_at
    return Participant(member, version, at, version >= challenge.terms_version)


def rescorings_of(challenge: Challenge) -> QuerySet[Rescoring]:
    """With the number of their submissions as `submissions`, of their cases as `cases`, and `done`."""
    done = Count("evaluations__case_results", filter=Q(evaluations__case_results__state=CaseState.DONE))
    return (
        Rescoring.objects.filter(phase__challenge=challenge)
        .select_related("phase", "by", "decided_by")
        .annotate(
            submissions=Count("evaluations", distinct=True),
            cases=Count("evaluations__case_results"),
            done=done,
        )
    )


def log_of(challenge: Challenge, *, phase: str = "", public_only: bool = False) -> QuerySet[AuditEvent]:
    """What was changed, newest first; `public_only`: the rules that participants play by."""
    found = AuditEvent.objects.filter(challenge=challenge).select_related("by", "phase")
    if public_only:
        found = found.filter(public=True)
    return found.filter(phase__slug=phase) if phase else found


def results_of(challenge: Challenge, phase: str = "") -> QuerySet[CaseResult]:
    """Every finished case of the current evaluations."""
    found = CaseResult.objects.filter(
        evaluation__submission__phase__challenge=challenge,
        evaluation__current=True,
        state=CaseState.DONE,
    )
    return found.filter(evaluation__submission__phase__slug=phase) if phase else found
