"""Challenges, their phases and datasets for pages."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from leaderboard.models import Case, Challenge, Dataset, Phase
from leaderboard.queries import snapshots
from leaderboard.queries.boards import RESULTS, Board, board_of
from leaderboard.rules import Sight


@dataclass(frozen=True)
class PhaseRow:
    """A phase with its state in words; `tone` colours the dot, `until` is when the state ends."""

    phase: Phase
    state: str
    tone: str
    until: datetime | None
    is_open: bool


def phase_row(phase: Phase) -> PhaseRow:
    """What a phase's state is at this moment."""
    now = timezone.now()
    if phase.closes_at is not None and now >= phase.closes_at:
        return PhaseRow(phase, "closed", "", None, is_open=False)
    if now < phase.opens_at:
        return PhaseRow(phase, "opens soon", "note", phase.opens_at, is_open=False)
    if phase.paused:
        return PhaseRow(phase, "paused", "warn", None, is_open=False)
    return PhaseRow(phase, "open", "good", phase.closes_at, is_open=True)


def phases_of(challenge: Challenge) -> list[PhaseRow]:
    return [phase_row(phase) for phase in challenge.phases.select_related("challenge", "scheme")]


def phases_in(challenge: str) -> list[PhaseRow]:
    """The same for a challenge's slug, in one query."""
    phases = Phase.objects.filter(challenge__slug=challenge).select_related("challenge", "scheme")
    return [phase_row(phase) for phase in phases]


def current_phase(phases: list[PhaseRow]) -> Phase | None:
    """The phase that the navigation leads to: the last open one, else the last."""
    opened = [row for row in phases if row.is_open] or phases
    return opened[-1].phase if opened else None


def phase_asked(phases: list[Phase], slug: str | None, sight_of: Callable[[Phase], Sight]) -> Phase | None:
    """The phase of that slug, else the last one of which the viewer sees a board."""
    if slug:
        return next((phase for phase in phases if phase.slug == slug), None)
    boarded = [phase for phase in phases if snapshots.shown(phase, sight_of(phase)) is not None]
    return boarded[-1] if boarded else None


def boards_with(
    challenge: Challenge, entry: str, sight_of: Callable[[Phase], Sight], at: datetime | None = None
) -> list[Board]:
    """The boards, now or at a moment, on which the viewer sees something of an entry, newest phase first."""
    phases = [row.phase for row in reversed(phases_of(challenge))]
    boards = [board_of(phase, sight_of(phase), *RESULTS, at=at) for phase in phases]
    return [board for board in boards if board is not None and board.row(entry) is not None]


def datasets_of(challenge: Challenge) -> QuerySet[Dataset]:
    """Datasets with their number of cases as `case_count`."""
    counted = Count("cases", filter=Q(cases__retired=False))
    # A query that counts forgets the model's order.
    return (
        challenge.datasets.select_related("challenge").annotate(case_count=counted).order_by("position", "pk")
    )


def case_count(challenge: Challenge) -> int:
    return Case.objects.filter(dataset__challenge=challenge).count()
