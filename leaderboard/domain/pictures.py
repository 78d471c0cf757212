"""Which pictures there should be, and what becomes of their files; the drawing is evaluation's."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.files.storage import Storage
from django.db import transaction
from django.db.models import Q
from django.db.models.signals import post_delete
from django.dispatch import receiver

from leaderboard.domain import leases
from leaderboard.enums import CaseState, RenderingState
from leaderboard.folder import files
from leaderboard.models import Case, CaseResult, Phase, Rendering, Snapshot

# Raised when pictures look different: all are then made anew.
DRAWING = 3
LOOK_AGAIN_SECONDS = 600
TO_MAKE = Q(state=RenderingState.PENDING, case__dataset__public=True)


def store() -> Storage:
    """Where the files of pictures lie: never below an address, only behind a checked view."""
    return files("pictures")


def made_of(case: Case) -> str:
    """What the pictures of a case follow from beside the field."""
    return f"{DRAWING}/{case.dataset.ground_truth_version}"


def order() -> None:
    """Note every rendering that should be there and is not, and remove those that must not be.

    Of public datasets: each case by itself, and the cases of the entries that lead the newest board.
    """
    Rendering.objects.filter(case__dataset__public=False).delete()
    worn_out = Rendering.objects.filter(leases.free(), TO_MAKE, tries__gte=settings.MAX_TRIES)
    Rendering.objects.filter(pk__in=worn_out.values("pk")).update(state=RenderingState.FAILED)
    for phase in Phase.objects.filter(datasets__public=True).distinct():
        key, now = f"pictures-ordered/{phase.pk}", _state_of(phase)
        if cache.get(key) != now:
            _order_of(phase)
            cache.set(key, now, LOOK_AGAIN_SECONDS)


def _state_of(phase: Phase) -> str:
    """What the wanted pictures of a phase follow from."""
    newest = Snapshot.objects.filter(phase=phase).values_list("pk", flat=True).first()
    versions = phase.datasets.filter(public=True).order_by("pk").values_list("pk", "ground_truth_version")
    return repr((newest, list(versions), settings.PICTURES_TOP, DRAWING))


def _order_of(phase: Phase) -> None:
    """Rows for what is missing, and work anew for what is made of another version."""
    cases = {case.pk: case for case in Case.objects.filter(_public(phase)).select_related("dataset")}
    wanted: dict[tuple[int, int | None], str] = {(pk, None): made_of(case) for pk, case in cases.items()}
    evaluations = leading(phase)
    done = CaseResult.objects.filter(evaluation__in=evaluations, case__in=cases, state=CaseState.DONE)
    scored = sorted(done.values_list("evaluation_id", "case_id"), key=lambda row: evaluations.index(row[0]))
    wanted |= {(case, evaluation): made_of(cases[case]) for evaluation, case in scored}
    present = Rendering.objects.filter(Q(evaluation=None) | Q(evaluation__in=evaluations), case__in=cases)
    known = {(row.case_id, row.evaluation_id): row for row in present}
    Rendering.objects.bulk_create(
        [
            Rendering(case_id=case, evaluation_id=evaluation, made_of=version)
            for (case, evaluation), version in wanted.items()
            if (case, evaluation) not in known
        ],
        ignore_conflicts=True,
    )
    for key, row in known.items():
        if key in wanted and row.made_of != wanted[key]:
            fresh = {"made_of": wanted[key], "state": RenderingState.PENDING, "tries": 0}
            Rendering.objects.filter(leases.free(), pk=row.pk).update(**fresh, **leases.RELEASED)


def _public(phase: Phase) -> Q:
    return Q(dataset__in=phase.datasets.filter(public=True))


def leading(phase: Phase) -> list[int]:
    """The evaluations of the best entries of a phase's newest board, best first, then of its baselines."""
    newest = (
        Snapshot.objects.filter(phase=phase).values_list("payload__entries", "inputs__evaluations").first()
    )
    if newest is None:
        return []
    entries, evaluations = newest
    of_entry = {one["entry"]: one["evaluation"] for one in evaluations}
    return [of_entry[slug] for slug in _leaders(entries) if slug in of_entry]


def _leaders(entries: list[Mapping[str, Any]]) -> Iterator[str]:
    ranked = [entry for entry in entries if not entry["baseline"]]
    yield from (entry["entry"] for entry in ranked[: settings.PICTURES_TOP])
    yield from (entry["entry"] for entry in entries if entry["baseline"])


def waiting(at_most: int) -> list[int]:
    """Renderings that nobody is at, in the order in which they were asked for."""
    idle = Rendering.objects.filter(leases.free(), TO_MAKE, tries__lt=settings.MAX_TRIES)
    return list(idle.order_by("pk").values_list("pk", flat=True)[:at_most])


@receiver(post_delete, sender=Rendering)
def _forget_files(instance: Rendering, **_: Any) -> None:
    """Files go with their row, whatever removed it."""
    transaction.on_commit(partial(clear, str(instance.name)), robust=True)


def clear(folder: str, but: frozenset[str] = frozenset()) -> None:
    """Remove the files of a rendering, such as those of a worker that was killed, but the named ones."""
    kept = store()
    try:
        names = kept.listdir(folder)[1]
    except FileNotFoundError:
        return
    for name in names:
        if f"{folder}/{name}" not in but:
            kept.delete(f"{folder}/{name}")
    if not but:
        kept.delete(folder)
