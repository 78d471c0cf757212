"""What organizers do with phases; every change of a rule is logged for all to read."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from leaderboard.domain import audit, notifications, ranking
from leaderboard.domain.teams import free_slug
from leaderboard.enums import Aspect, Audience
from leaderboard.messages import Refused
from leaderboard.models import Challenge, Dataset, Phase
from leaderboard.words import duration

# What participants play by: a change of one of these stands in the public log.
RULES = (
    "opens_at",
    "closes_at",
    "grace",
    "freeze_at",
    "publish_at",
    "paused",
    "rules",
    "scheme",
    "board_rule",
    "window",
    "attempts_per_window",
    "attempts_total",
    "invalid_per_window",
    "concurrent_submissions",
    "visibility",
    "datasets",
)
WORDS = ("name", "kind", "description", "position")
# The board follows from these.
OF_THE_BOARD = frozenset({"rules", "scheme", "board_rule", "datasets"})


def create(
    challenge: Challenge, by: User, name: str, datasets: Iterable[Dataset] = (), **facts: Any
) -> Phase:
    """Create a phase. Raises Refused where its dates contradict each other."""
    with transaction.atomic():
        slug = free_slug(Phase.objects.filter(challenge=challenge), name)
        phase = _saved(Phase(challenge=challenge, slug=slug, name=name, **facts))
        phase.datasets.set(datasets)
        audit.record(challenge, by, f"Phase {name} created", phase=phase, public=True)
    return phase


def edit(
    phase: Phase,
    by: User | None,
    changes: Mapping[str, Any],
    reason: str = "",
    datasets: Iterable[Dataset] | None = None,
) -> list[str]:
    """Change fields of a phase, each change logged from what to what; returns the changed fields' names.

    datasets: what it is scored on from now on; what is scored already is not scored anew by this.
    """
    with transaction.atomic():
        locked = Phase.objects.select_for_update().get(pk=phase.pk)
        changed = {name: getattr(locked, name) for name in changes if getattr(locked, name) != changes[name]}
        told = {name: _change(before, changes[name]) for name, before in changed.items()}
        for name in changed:
            setattr(locked, name, changes[name])
        _saved(locked)
        if datasets is not None:
            told |= _with_datasets(locked, list(datasets))
        _log(locked, by, told, reason)
        if OF_THE_BOARD & set(told):
            ranking.mark_stale(locked.pk)
    phase.refresh_from_db()
    return list(told)


def _with_datasets(phase: Phase, wanted: Sequence[Dataset]) -> dict[str, tuple[str, str]]:
    before = list(phase.datasets.all())
    if {dataset.pk for dataset in before} == {dataset.pk for dataset in wanted}:
        return {}
    phase.datasets.set(wanted)
    old, new = (", ".join(str(dataset) for dataset in some) or "none" for some in (before, wanted))
    return {"datasets": (old, new)}


def _log(phase: Phase, by: User | None, told: Mapping[str, tuple[str, str]], reason: str) -> None:
    """Log each change, and tell participants of those of the rules, all in one."""
    events = [
        audit.record(
            phase.challenge,
            by,
            f"{phase.name}: {name.replace('_', ' ')}",
            before=before,
            after=after,
            reason=reason,
            phase=phase,
            public=name in RULES,
        )
        for name, (before, after) in told.items()
    ]
    notifications.rules_changed(events)


def clone(phase: Phase, by: User, name: str) -> Phase:
    """A new phase with the rules and datasets of another, paused so that nothing begins by accident."""
    facts = {field: getattr(phase, field) for field in (*RULES, *WORDS) if field not in ("name", "datasets")}
    facts |= {"paused": True, "position": phase.position + 1}
    return create(phase.challenge, by, name, phase.datasets.all(), **facts)


def set_datasets(phase: Phase, by: User | None, datasets: Iterable[Dataset]) -> None:
    """Say which datasets a phase is scored on; what is scored already is not scored anew by this."""
    edit(phase, by, {}, datasets=datasets)


def reorder(challenge: Challenge, order: Sequence[int]) -> None:
    """Put the phases of a challenge into the order of their primary keys."""
    with transaction.atomic():
        for position, pk in enumerate(order):
            Phase.objects.filter(challenge=challenge, pk=pk).update(position=position)


def freeze(phase: Phase, by: User, reason: str = "") -> None:
    """From now on the public sees the board as it is at this moment."""
    edit(phase, by, {"freeze_at": timezone.now()}, reason)


def publish(phase: Phase, by: User, reason: str = "") -> None:
    """From now on everybody sees the whole board."""
    edit(phase, by, {"publish_at": timezone.now(), "freeze_at": None}, reason)


def recompute(phase: Phase, by: User) -> None:
    """Have the board computed anew, whatever it is made of."""
    with transaction.atomic():
        audit.record(phase.challenge, by, f"{phase.name}: board computed anew", phase=phase)
        ranking.mark_stale(phase.pk)


def checked_visibility(matrix: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """A visibility matrix of known aspects and audiences only; what is absent is hidden."""
    return {
        aspect: [audience for audience in Audience.values if audience in set(matrix.get(aspect, ()))]
        for aspect in Aspect.values
    }


def _saved(phase: Phase) -> Phase:
    try:
        with transaction.atomic():
            phase.save()
    except IntegrityError as error:
        if "phase_closes_after_it_opens" in str(error):
            raise Refused("closes_before_it_opens") from error
        raise
    return phase


def _change(before: Any, after: Any) -> tuple[str, str]:
    """Both values in words; of a visibility matrix the lines that differ."""
    if not isinstance(before, dict):
        return _told(before), _told(after)
    differing = [aspect for aspect in Aspect if before.get(aspect, []) != after.get(aspect, [])]
    return _lines(before, differing), _lines(after, differing)


def _lines(matrix: Mapping[str, Iterable[str]], aspects: Iterable[Aspect]) -> str:
    shown = {
        aspect: [Audience(audience).label.lower() for audience in matrix.get(aspect, ())]
        for aspect in aspects
    }
    return "; ".join(f"{aspect.label}: {', '.join(to) or 'organizers only'}" for aspect, to in shown.items())


def _told(value: Any) -> str:
    if hasattr(value, "isoformat"):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, timedelta):
        return duration(value)
    return "" if value is None else str(value)
