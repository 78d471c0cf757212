"""Other rankings of the same results, made on demand: marked unofficial, kept for a day."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.core.cache import cache

from leaderboard.domain.ranking.cards import cards_in
from leaderboard.domain.ranking.parts import EFFECTS, heatmap_part, matrix
from leaderboard.domain.ranking.payload import board_of
from leaderboard.domain.ranking.standing import score_table
from leaderboard.domain.ranking.tables import keep_table, kept_table
from leaderboard.messages import Refused
from leaderboard.models import Evaluation, Snapshot, SnapshotPart
from scoring.ranking import PRESETS, Scheme, ScoreTable, explain

KEPT_SECONDS = 86_400


@dataclass(frozen=True)
class WhatIf:
    """What is changed: the scheme's name, the datasets that count, and weights by metric."""

    scheme: str = ""
    datasets: tuple[str, ...] = ()
    weights: tuple[tuple[str, float], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.scheme or self.datasets or self.weights)


def what_if(snapshot: Snapshot, asked: WhatIf) -> dict[str, Any]:
    """A board of a snapshot's results under another scheme, weights or set of datasets.

    Beside a payload's keys it has `heatmap`, which an official board has as a part.
    Raises Refused for a scheme, dataset or metric that there is not.
    """
    scheme, datasets = _scheme(snapshot, asked), _datasets(snapshot, asked)

    def compute() -> dict[str, Any]:
        table = table_of(snapshot)
        chosen = table.select(datasets=datasets) if datasets else table
        cards = cards_in(snapshot)
        board = board_of(chosen, scheme, cards, official=False)
        order = [entry["method"] for entry in board["entries"] if entry["rank"] is not None]
        return board | {"heatmap": heatmap_part(chosen, scheme, order, cards)}

    return _cached(snapshot, {"board": asdict(asked)}, compute)


def explanation(snapshot: Snapshot, entry: str) -> dict[str, Any] | None:
    """How an entry's score came about, every number shown; None for an entry that is not ranked."""
    cards = cards_in(snapshot)
    method = next((name for name, card in cards.entries.items() if card["entry"] == entry), None)
    if method not in cards.pool:
        return None

    def compute() -> dict[str, Any]:
        scheme = Scheme.from_dict(snapshot.payload["scheme"]["spec"])
        found = explain(table_of(snapshot), scheme, pool=cards.pool)
        # The comparisons are made for all entries at once: the next reader's entry is among them.
        whole = {_key(snapshot, {"explain": cards.slug(name)}): one.to_dict() for name, one in found.items()}
        cache.set_many(whole, KEPT_SECONDS)
        return found[str(method)].to_dict()

    return _cached(snapshot, {"explain": entry}, compute)


def other_matrix(snapshot: Snapshot, dataset: str, metric: str, correction: str) -> dict[str, Any]:
    """A significance matrix of the snapshot's results under another correction.

    Effect sizes do not depend on it: those of the snapshot are kept with their intervals.
    """
    cards = cards_in(snapshot)
    order = [entry["method"] for entry in snapshot.payload["entries"] if entry["rank"] is not None]

    def compute() -> dict[str, Any]:
        stored = SnapshotPart.objects.values_list(f"payload__significance__{metric}", flat=True)
        kept = stored.get(snapshot=snapshot, name=f"dataset/{dataset}")
        found = matrix(table_of(snapshot), dataset, metric, order, cards, correction, resamples=0)
        return found | {name: kept[name] for name in EFFECTS}

    return _cached(snapshot, {"matrix": [dataset, metric, correction]}, compute)


def table_of(snapshot: Snapshot) -> ScoreTable:
    """The score table a snapshot was computed from: its file, or made again from the rows it names."""
    table = kept_table(snapshot.content_hash)
    if table is None:
        numbers = [one["evaluation"] for one in snapshot.inputs["evaluations"]]
        evaluations = Evaluation.objects.filter(pk__in=numbers).select_related("submission__entry")
        table = score_table(snapshot.phase, list(evaluations), list(cards_in(snapshot).datasets))
        keep_table(snapshot.content_hash, table)
    return table


def _scheme(snapshot: Snapshot, asked: WhatIf) -> Scheme:
    if asked.scheme and asked.scheme not in PRESETS:
        raise Refused("no_such_scheme", name=asked.scheme, known=", ".join(PRESETS))
    scheme = PRESETS[asked.scheme] if asked.scheme else Scheme.from_dict(snapshot.payload["scheme"]["spec"])
    weights = dict(asked.weights)
    known = {rule.metric for rule in scheme.metrics}
    if set(weights) - known:
        raise Refused("no_such_metric", name=", ".join(sorted(set(weights) - known)), known=", ".join(known))
    if not weights:
        return scheme
    kept = [rule for rule in scheme.metrics if weights.get(rule.metric, rule.weight) > 0]
    if not kept:
        raise Refused("no_metric_left")
    rules = tuple(replace(rule, weight=weights.get(rule.metric, rule.weight)) for rule in kept)
    return replace(scheme, metrics=rules)


def _datasets(snapshot: Snapshot, asked: WhatIf) -> Sequence[str]:
    known = [dataset["slug"] for dataset in snapshot.payload["datasets"]]
    unknown = set(asked.datasets) - set(known)
    if unknown:
        raise Refused("no_such_dataset", name=", ".join(sorted(unknown)), known=", ".join(known))
    return asked.datasets


def _cached(
    snapshot: Snapshot, key: Mapping[str, Any], compute: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    name = _key(snapshot, key)
    found: dict[str, Any] | None = cache.get(name)
    if found is None:
        found = compute()
        cache.set(name, found, KEPT_SECONDS)
    return found


def _key(snapshot: Snapshot, key: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
    return f"{snapshot.content_hash}/{digest}"


def schemes() -> list[dict[str, str]]:
    """Every named scheme for the switcher: name, title, status."""
    return [{"name": s.name, "title": s.title, "status": s.status} for s in PRESETS.values()]
