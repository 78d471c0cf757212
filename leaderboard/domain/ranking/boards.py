"""When a board is computed, and its snapshot kept: first the ranks, then how sure they are."""

import hashlib
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from leaderboard import tasks
from leaderboard.domain import leases
from leaderboard.domain.ranking.cards import Cards, cards_in, cards_of
from leaderboard.domain.ranking.parts import certainty_parts, parts_of, stored
from leaderboard.domain.ranking.payload import board_of
from leaderboard.domain.ranking.standing import inputs_of, score_table, standing_evaluations
from leaderboard.domain.ranking.structures import structures_of
from leaderboard.domain.ranking.tables import keep_table, kept_table
from leaderboard.models import LAYOUT, Completion, Evaluation, Phase, RankingScheme, Snapshot, SnapshotPart
from leaderboard.queries import snapshots
from scoring.ranking import PRESETS, Scheme, ScoreTable

STALE = Q(board_stale_since__isnull=False)


def preset(name: str) -> RankingScheme:
    """The row of one of the engine's named schemes, made where it is missing."""
    scheme = PRESETS[name]
    row, _ = RankingScheme.objects.get_or_create(
        challenge=None,
        name=scheme.name,
        version=scheme.version,
        defaults={"title": scheme.title, "spec": scheme.to_dict()},
    )
    return row


def mark_stale(phase_id: int) -> None:
    """Note that a phase's board no longer follows from its results, and have it computed."""
    Phase.objects.filter(pk=phase_id).update(board_stale_since=Now())
    transaction.on_commit(partial(tasks.update_board.delay, phase_id), robust=True)


def update_board(phase_id: int) -> None:
    """Compute a stale board's ranks; does nothing where it is fresh or another worker is at it."""
    token = leases.claim(Phase, phase_id, STALE)
    if token is None:
        return
    with _backing_off(phase_id, token):
        with leases.kept(Phase, phase_id, token):
            phase = Phase.objects.select_related("challenge", "scheme").get(pk=phase_id)
            evaluations = standing_evaluations(phase)
            table = score_table(phase, evaluations)
            board = _computed(phase, table, cards_of(phase, evaluations), inputs_of(phase, evaluations))
            keep_table(board.content_hash, table)
        with transaction.atomic():
            held = Phase.objects.filter(pk=phase_id, lease_token=token)
            if not held.select_for_update().exists():
                return
            newest = Snapshot.objects.filter(phase=phase).first()
            if newest is None or board.content_hash not in (newest.content_hash, newest.completes):
                _keep(phase, phase.scheme, board)
            held.filter(board_stale_since=phase.board_stale_since).update(board_stale_since=None)
            # A result that came meanwhile leaves the board stale: the next message or the sweeper sees it.
            held.update(tries=0, **leases.RELEASED)
    if Phase.objects.filter(STALE, pk=phase_id).exists():
        tasks.update_board.delay(phase_id)


@contextmanager
def _backing_off(phase_id: int, token: uuid.UUID) -> Iterator[None]:
    """A board that stumbles is tried again after twice as long each time."""
    try:
        yield
    except Exception:
        held = Phase.objects.filter(pk=phase_id, lease_token=token)
        for tries in held.values_list("tries", flat=True):
            held.update(lease_token=None, lease_until=leases.back_off(tries))
        raise


def to_complete() -> list[int]:
    """Completions that wait; first, ones for snapshots on show whose layout is not that of today."""
    for phase in Phase.objects.filter(snapshots__in=Snapshot.objects.exclude(layout=LAYOUT)).distinct():
        for old in (snapshots.to_renew(phase), snapshots.to_renew(phase, whole=True)):
            if old is not None:
                renew(old)
    waiting = Completion.objects.filter(leases.free(), tries__lt=settings.MAX_TRIES)
    return list(waiting.values_list("pk", flat=True))


def renew(snapshot: Snapshot) -> None:
    """Have a snapshot made again in the layout of today; asked twice, it is done once."""
    completion, made = Completion.objects.get_or_create(snapshot=snapshot)
    if made:
        transaction.on_commit(partial(tasks.complete_board.delay, completion.pk), robust=True)


def complete_board(completion_id: int) -> None:
    """Make a snapshot's successor of the same results: with certainty, in the layout of today.

    Dropped for a board that a newer one has replaced meanwhile.
    """
    token = leases.claim(Completion, completion_id, Q())
    if token is None:
        return
    with leases.kept(Completion, completion_id, token):
        snapshot = Snapshot.objects.select_related("phase__challenge", "scheme").get(completion=completion_id)
        board = None if _replaced(snapshot) else _completed(snapshot)
    with transaction.atomic():
        held = Completion.objects.filter(pk=completion_id, lease_token=token)
        if not held.select_for_update().exists():
            return
        if board is not None:
            _keep(snapshot.phase, snapshot.scheme, board, snapshot.created_at)
        if board is not None or snapshot.layout == LAYOUT:
            held.delete()
            return
        # Its results are gone: it stays as it is, and is not tried again.
        held.update(tries=settings.MAX_TRIES, **leases.RELEASED)
        if not snapshots.is_frozen(snapshot.phase):
            mark_stale(snapshot.phase_id)


def _replaced(snapshot: Snapshot) -> bool:
    """Whether certainty is not worth computing: a newer board stands, and this one is not shown frozen."""
    newer = Snapshot.objects.filter(phase=snapshot.phase_id, created_at__gt=snapshot.created_at)
    if snapshot.layout != LAYOUT or not newer.exists():
        return False
    shown = snapshots.standing(snapshot.phase).only("pk").first()
    return shown is None or shown.pk != snapshot.pk


@dataclass(frozen=True)
class _Board:
    """A computed board; the hash is over its inputs and all of its content."""

    inputs: dict[str, Any]
    payload: dict[str, Any]
    parts: dict[str, dict[str, Any]]
    content_hash: str
    completes: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether nothing that takes long is left to be computed: it says how sure it is, or ranks nobody."""
        ranked = any(entry["rank"] is not None for entry in self.payload["entries"])
        return bool(self.completes) or not ranked


def _computed(
    phase: Phase, table: ScoreTable, cards: Cards, inputs: dict[str, Any], *, certain: bool = False
) -> _Board:
    scheme = Scheme.from_dict(inputs["scheme"])
    payload = board_of(table, scheme, cards, official=True, certain=certain)
    parts = parts_of(table, scheme, cards, structures_of(phase, cards.datasets), certain=certain)
    if certain:
        parts |= certainty_parts(table, scheme, cards)
    content = json.dumps([LAYOUT, inputs, payload, parts], sort_keys=True, allow_nan=False)
    return _Board(inputs, payload, parts, hashlib.sha256(content.encode()).hexdigest())


def _completed(snapshot: Snapshot) -> _Board | None:
    """The successor of a snapshot; None where the evaluations it names are not all there any more."""
    numbers = [one["evaluation"] for one in snapshot.inputs.get("evaluations", ())]
    named = Evaluation.objects.filter(pk__in=numbers).select_related("submission__entry__team")
    by_number = {evaluation.pk: evaluation for evaluation in named}
    if not numbers or len(by_number) < len(numbers):
        return None
    evaluations, phase = [by_number[number] for number in numbers], snapshot.phase
    current = snapshot.layout == LAYOUT
    cards = cards_in(snapshot) if current else cards_of(phase, evaluations)
    table = kept_table(snapshot.content_hash) if current else None
    if table is None:
        table = score_table(phase, evaluations, list(cards.datasets))
        keep_table(snapshot.content_hash, table)
    board = _computed(phase, table, cards, snapshot.inputs, certain=True)
    return replace(board, completes=snapshot.content_hash)


def _keep(phase: Phase, scheme: RankingScheme, board: _Board, stood_at: datetime | None = None) -> None:
    snapshot = Snapshot.objects.create(
        phase=phase,
        scheme=scheme,
        content_hash=board.content_hash,
        layout=LAYOUT,
        completes=board.completes,
        inputs=board.inputs,
        payload=board.payload,
        # By the database's clock: the newest board is to be the newest, whose worker's clock ever is wrong.
        created_at=stood_at or Now(),
    )
    SnapshotPart.objects.bulk_create(
        (SnapshotPart(snapshot=snapshot, name=name, payload=part) for name, part in stored(board.parts)),
        batch_size=500,
    )
    if not board.is_complete:
        renew(snapshot)
