"""Which snapshot of a phase somebody may read at this moment."""

from datetime import datetime

from django.utils import timezone

from leaderboard.models import Phase, Snapshot
from leaderboard.rules import Sight


def shown(phase: Phase, sight: Sight, *, content: bool = False) -> Snapshot | None:
    """The newest snapshot of which something is shown; without its payload unless `content`.

    Between `freeze_at` and `publish_at` it is the last before the freeze, but for organizers.
    """
    if sight.is_blind:
        return None
    found = Snapshot.objects.filter(phase=phase).defer("inputs", *(() if content else ("payload",)))
    if is_frozen(phase) and not sight.is_organizer:
        found = found.filter(created_at__lt=phase.freeze_at)
    return found.first()


def is_frozen(phase: Phase) -> bool:
    """Whether others than organizers see the board as it was at `freeze_at`."""
    now = timezone.now()
    return phase.freeze_at is not None and phase.freeze_at <= now and not _published(phase, now)


def is_withheld(phase: Phase) -> bool:
    """The results are not published yet, and no frozen board stands in for them."""
    return phase.freeze_at is None and phase.publish_at is not None and not _published(phase, timezone.now())


def _published(phase: Phase, now: datetime) -> bool:
    return phase.publish_at is not None and phase.publish_at <= now
