"""When a board is computed, and its snapshot kept."""

import hashlib
import json
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from leaderboard import tasks
from leaderboard.domain import leases
from leaderboard.domain.ranking.cards import cards_of
from leaderboard.domain.ranking.parts import parts_of
from leaderboard.domain.ranking.payload import board_of
from leaderboard.domain.ranking.standing import inputs_of, score_table, standing_evaluations
from leaderboard.domain.ranking.structures import structures_of
from leaderboard.domain.ranking.tables import keep_table
from leaderboard.models import Phase, RankingScheme, Snapshot, SnapshotPart
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
    """Compute a stale board; does nothing where it is fresh or another worker is at it."""
    token = leases.claim(Phase, phase_id, STALE)
    if token is None:
        return
    with leases.kept(Phase, phase_id, token):
        phase = Phase.objects.select_related("challenge", "scheme").get(pk=phase_id)
        board = _computed(phase)
        keep_table(board.content_hash, board.table)
    with transaction.atomic():
        held = Phase.objects.filter(pk=phase_id, lease_token=token)
        if not held.select_for_update().exists():
            return
        _keep(phase, board)
        held.filter(board_stale_since=phase.board_stale_since).update(board_stale_since=None)
        # A result that came meanwhile leaves the board stale: the next message or the sweeper sees it.
        held.update(tries=0, **leases.RELEASED)
    if Phase.objects.filter(STALE, pk=phase_id).exists():
        tasks.update_board.delay(phase_id)


@dataclass(frozen=True)
class _Board:
    """A computed board; the hash is over its inputs and all of its content."""

    inputs: dict[str, Any]
    payload: dict[str, Any]
    parts: dict[str, dict[str, Any]]
    table: ScoreTable
    content_hash: str


def _computed(phase: Phase) -> _Board:
    evaluations = standing_evaluations(phase)
    table, cards = score_table(phase, evaluations), cards_of(phase, evaluations)
    scheme = Scheme.from_dict(phase.scheme.spec)
    payload = board_of(table, scheme, cards, official=True)
    parts = parts_of(table, scheme, cards, structures_of(phase))
    inputs = inputs_of(phase, evaluations)
    content = json.dumps([inputs, payload, parts], sort_keys=True, allow_nan=False)
    return _Board(inputs, payload, parts, table, hashlib.sha256(content.encode()).hexdigest())


def _keep(phase: Phase, board: _Board) -> None:
    newest = Snapshot.objects.filter(phase=phase).first()
    if newest is not None and newest.content_hash == board.content_hash:
        return
    snapshot = Snapshot.objects.create(
        phase=phase,
        scheme=phase.scheme,
        content_hash=board.content_hash,
        inputs=board.inputs,
        payload=board.payload,
    )
    SnapshotPart.objects.bulk_create(
        [SnapshotPart(snapshot=snapshot, name=name, payload=part) for name, part in board.parts.items()]
    )
