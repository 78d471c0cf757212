"""What organizers change of a dataset beside its ground truth."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from leaderboard.domain import audit, ranking
from leaderboard.models import Dataset


def edit(dataset: Dataset, by: User | None, changes: Mapping[str, Any], reason: str = "") -> list[str]:
    """Change the facts of a dataset, each change logged for all; returns the changed fields' names."""
    with transaction.atomic():
        locked = Dataset.objects.select_for_update().select_related("challenge").get(pk=dataset.pk)
        changed = [name for name, value in changes.items() if getattr(locked, name) != value]
        called = locked.name
        for name in changed:
            before, after = getattr(locked, name), changes[name]
            setattr(locked, name, after)
            what = f"{called}: {name}"
            audit.record(
                locked.challenge,
                by,
                what,
                before=_told(before),
                after=_told(after),
                reason=reason,
                public=True,
            )
        locked.save()
        for phase in locked.phases.all() if changed else ():
            ranking.mark_stale(phase.pk)
    dataset.refresh_from_db()
    return changed


def _told(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
