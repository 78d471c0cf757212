"""The other phases that a page can be read for."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest

from leaderboard.enums import Aspect
from leaderboard.models import Phase, Snapshot
from leaderboard.queries import snapshots
from leaderboard.queries.veil import ANONYMOUS
from leaderboard.rules import Sight
from leaderboard.views import access
from leaderboard.views.asked import until


@dataclass(frozen=True)
class Choice:
    """A phase to switch to by the query of its address."""

    phase: Phase
    query: str
    current: bool


def choices(
    request: HttpRequest,
    phases: Collection[Phase],
    current: Phase | None,
    aspects: Sequence[Aspect],
    kept: Mapping[str, str] | None = None,
    entries: Mapping[str, str] | None = None,
) -> list[Choice]:
    """The current phase and those on whose board the viewer sees one of the aspects; nothing of one alone.

    kept: what else the address asks for; entries: the parameters that name some, which a phase is asked
    for as well where it has them all. An earlier moment is kept. Raises Refused.
    """
    if len(phases) < 2:
        return []
    found, moment = [], request.GET.get("at", "")
    at, earlier = until(moment), {"at": moment} if moment else {}
    for phase in phases:
        sight, is_current = access.sight(request, phase), phase == current
        seen = any(map(sight.shows_some, aspects))
        snapshot = snapshots.shown(phase, sight, at=at) if seen else None
        if snapshot is None and not is_current:
            continue
        query = {**(kept or {}), "phase": phase.slug, **earlier}
        if entries and (is_current or _has_all(snapshot, sight, aspects, entries.values())):
            query |= entries
        found.append(Choice(phase, urlencode(query), is_current))
    return found if len(found) > 1 else []


def _has_all(
    snapshot: Snapshot | None, sight: Sight, aspects: Sequence[Aspect], entries: Collection[str]
) -> bool:
    """Whether entries stand on a board, for who sees their names there; numbers are another board's."""
    told = sight.shows(Aspect.NAMES) and any(map(sight.shows, aspects))
    if snapshot is None or not told or any(entry.startswith(ANONYMOUS) for entry in entries):
        return False
    return snapshots.counts(snapshot, entries)
