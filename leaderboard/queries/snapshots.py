"""Which snapshot of a phase somebody may read at this moment."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone

from leaderboard.models import LAYOUT, Phase, Snapshot
from leaderboard.rules import Sight, is_published


def shown(
    phase: Phase, sight: Sight, *, content: bool = False, at: datetime | None = None
) -> Snapshot | None:
    """The newest snapshot of which something is shown; without its payload unless `content`.

    at: the newest one at that moment. None, too, where pages cannot read its layout: see `to_renew`.
    """
    if sight.is_blind:
        return None
    found = standing(phase, whole=sight.is_organizer, at=at)
    newest = found.defer("inputs", *(() if content else ("payload",))).first()
    return newest if newest is not None and newest.layout == LAYOUT else None


def standing(phase: Phase, *, whole: bool = False, at: datetime | None = None) -> QuerySet[Snapshot]:
    """The snapshots of a phase, newest first, that had been made by a moment (default: now).

    Between `freeze_at` and `publish_at` they are those before the freeze, unless `whole`: for organizers.
    """
    found = Snapshot.objects.filter(phase=phase)
    if at is not None:
        found = found.filter(created_at__lte=at)
    if is_frozen(phase) and not whole:
        found = found.filter(created_at__lt=phase.freeze_at)
    return found


def to_renew(phase: Phase, *, whole: bool = False, at: datetime | None = None) -> Snapshot | None:
    """The snapshot to be shown, where its layout is not the one that pages read."""
    newest = standing(phase, whole=whole, at=at).only("layout").first()
    return newest if newest is not None and newest.layout != LAYOUT else None


def stands(phase: Phase, sight: Sight, evaluation: int) -> bool:
    """Whether the snapshot that somebody may read counts an evaluation."""
    snapshot = shown(phase, sight)
    counted = {"inputs__evaluations__contains": [{"evaluation": evaluation}]}
    return snapshot is not None and Snapshot.objects.filter(pk=snapshot.pk, **counted).exists()


def counts(snapshot: Snapshot, entries: Iterable[str]) -> bool:
    """Whether all entries of these slugs stand on a board."""
    wanted = [{"entry": entry} for entry in entries]
    return Snapshot.objects.filter(pk=snapshot.pk, payload__entries__contains=wanted).exists()


def is_frozen(phase: Phase) -> bool:
    """Whether others than organizers see the board as it was at `freeze_at`."""
    now = timezone.now()
    published = phase.publish_at is not None and phase.publish_at <= now
    return phase.freeze_at is not None and phase.freeze_at <= now and not published


def is_withheld(phase: Phase) -> bool:
    """The results are not published yet, and no frozen board stands in for them."""
    return not is_published(phase)
