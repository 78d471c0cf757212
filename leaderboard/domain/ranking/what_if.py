"""Other rankings of the same results, on demand: marked unofficial, and never allowed to take much.

Another scheme, a group of datasets or other weights combine anew what a snapshot keeps. Any other choice of
datasets has to be ranked: a few at once, for all readers together, and kept for minutes only, because anybody
can ask for any.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.core.cache import cache

from leaderboard.domain.ranking.cards import cards_in
from leaderboard.domain.ranking.parts import EFFECTS, heatmap_part, matrix
from leaderboard.domain.ranking.payload import board_of, scheme_part
from leaderboard.domain.ranking.standing import score_table
from leaderboard.domain.ranking.tables import keep_table, kept_table
from leaderboard.messages import Refused
from leaderboard.models import Evaluation, Snapshot, SnapshotPart
from scoring.ranking import PRESETS, Scheme, ScoreTable, explain, recombine

KEPT_SECONDS = 86_400
KEPT_IF_ARBITRARY = 600
AT_ONCE = 2
LONGEST_SECONDS = 60
"""After which a computation of a process that died is no longer counted."""


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

    Raises Refused for a scheme, dataset or metric that there is not, and where too many compute at once.
    """
    scheme, datasets = scheme_of(snapshot, asked), _datasets(snapshot, asked)
    kept = _kept_board(snapshot, asked.scheme, set(datasets))
    if kept is not None and scheme.pool == "all":
        return reweighed(kept, scheme)

    def compute() -> dict[str, Any]:
        table = table_of(snapshot, datasets or None, items=scheme.unit == "item")
        return board_of(table, scheme, cards_in(snapshot), official=False)

    return bounded(snapshot, {"board": asdict(asked)}, compute)


def what_if_heatmap(snapshot: Snapshot, asked: WhatIf) -> dict[str, Any]:
    """The rank heatmap of `what_if`, which an official board has as a part. Raises Refused."""
    scheme, datasets = scheme_of(snapshot, asked), _datasets(snapshot, asked)
    board = what_if(snapshot, asked)
    order = [entry["method"] for entry in board["entries"] if entry["rank"] is not None]

    def compute() -> dict[str, Any]:
        table = table_of(snapshot, datasets or None, items=scheme.unit == "item")
        return heatmap_part(table, scheme, order, cards_in(snapshot))

    return bounded(snapshot, {"heatmap": asdict(asked)}, compute)


def _kept_board(snapshot: Snapshot, scheme: str, datasets: set[str]) -> dict[str, Any] | None:
    """A board with the default weights of the snapshot's own or another scheme, None where none is kept.

    datasets: all (empty), or those that count; boards are kept of whole groups.
    """
    if not (scheme or datasets):
        payload: dict[str, Any] = snapshot.payload
        return payload
    name = f"scheme/{scheme}"
    if datasets:
        groups: dict[str, set[str]] = {}
        for one in snapshot.payload["datasets"]:
            groups.setdefault(one["group"], set()).add(one["slug"])
        group = next((group for group, slugs in groups.items() if slugs == datasets), None)
        if group is None:
            return None
        name = f"group/{group}/{scheme}" if scheme else f"group/{group}"
    return snapshot.parts.filter(name=name).values_list("payload", flat=True).first()


def reweighed(board: Mapping[str, Any], scheme: Scheme) -> dict[str, Any]:
    """A board of one pool ranked anew by a scheme that differs in its metrics' weights only."""
    wanted = {rule.metric for rule in scheme.metrics}
    entries = [_without_certainty(entry, wanted) for entry in board["entries"]]
    ranked = [entry for entry in entries if entry["rank"] is not None]
    by_metric = {
        metric: [entry["rank_scores"][metric]["rank_score"] for entry in ranked]
        for metric in wanted
        if ranked and metric in ranked[0]["rank_scores"]
    }
    if by_metric:
        for entry, score, place in zip(ranked, *recombine(scheme, by_metric), strict=True):
            entry.update(score=score, rank=place)
    else:
        for entry in ranked:
            entry.update(score=None, rank=1)
    others = [entry for entry in entries if entry["rank"] is None]
    return {
        **board,
        "official": False,
        "scheme": scheme_part(scheme),
        "entries": [*sorted(ranked, key=lambda entry: (entry["rank"], entry["method"])), *others],
        "omitted": [one for one in board["omitted"] if one["metric"] in wanted],
        "stability": None,
    }


def _without_certainty(entry: Mapping[str, Any], wanted: set[str]) -> dict[str, Any]:
    kept = {
        name: {metric: value for metric, value in entry[name].items() if metric in wanted}
        for name in ("rank_scores", "imputations")
    }
    return {**entry, **kept, "rank_interval": None, "rank_distribution": None, "tie_group": None}


def explanation(snapshot: Snapshot, entry: str) -> dict[str, Any] | None:
    """How an entry's score came about, every number shown; None for an entry that is not ranked.

    Raises Refused where too many compute at once.
    """
    cards = cards_in(snapshot)
    method = next((name for name, card in cards.entries.items() if card["entry"] == entry), None)
    if method is None or method not in cards.pool:
        return None

    def compute() -> dict[str, Any]:
        scheme = Scheme.from_dict(snapshot.payload["scheme"]["spec"])
        table = table_of(snapshot, items=scheme.unit == "item")
        return explain(table, scheme, pool=cards.pool, only=[method])[method].to_dict()

    return bounded(snapshot, {"explain": entry}, compute, KEPT_SECONDS)


def other_matrix(snapshot: Snapshot, dataset: str, metric: str, correction: str) -> dict[str, Any]:
    """A significance matrix of the snapshot's results under another correction.

    Effect sizes do not depend on it: those of the snapshot are kept with their intervals.
    """
    cards = cards_in(snapshot)
    order = [entry["method"] for entry in snapshot.payload["entries"] if entry["rank"] is not None]

    def compute() -> dict[str, Any]:
        stored = SnapshotPart.objects.values_list("payload", flat=True)
        kept = stored.get(snapshot=snapshot, name=f"matrix/{dataset}/{metric}")
        table = table_of(snapshot, [dataset], items=False)
        found = matrix(table, dataset, metric, order, cards, correction, resamples=0)
        return found | {name: kept[name] for name in EFFECTS}

    return _cached(snapshot, {"matrix": [dataset, metric, correction]}, compute)


def table_of(
    snapshot: Snapshot,
    datasets: Sequence[str] | None = None,
    methods: Sequence[str] | None = None,
    *,
    items: bool = True,
) -> ScoreTable:
    """The score table a snapshot was computed from: its file, or made again from the rows it names.

    datasets, methods: these alone (default: all); items: whether they are compared.
    """
    name = snapshot.completes or snapshot.content_hash
    table = kept_table(name, datasets, methods, items=items)
    if table is None:
        numbers = [one["evaluation"] for one in snapshot.inputs["evaluations"]]
        evaluations = Evaluation.objects.filter(pk__in=numbers).select_related("submission__entry")
        whole = score_table(snapshot.phase, list(evaluations), list(cards_in(snapshot).datasets))
        keep_table(name, whole)
        table = whole.select(methods=methods, datasets=datasets)
    return table


def scheme_of(snapshot: Snapshot, asked: WhatIf) -> Scheme:
    """The scheme asked for, metrics of weight 0 left out. Raises Refused."""
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
    snapshot: Snapshot,
    key: Mapping[str, Any],
    compute: Callable[[], dict[str, Any]],
    seconds: int = KEPT_SECONDS,
) -> dict[str, Any]:
    name = _key(snapshot, key)
    found: dict[str, Any] | None = cache.get(name)
    if found is None:
        found = compute()
        cache.set(name, found, seconds)
    return found


def bounded(
    snapshot: Snapshot,
    key: Mapping[str, Any],
    compute: Callable[[], dict[str, Any]],
    seconds: int = KEPT_IF_ARBITRARY,
) -> dict[str, Any]:
    """What anybody may ask for: computed a few at once, and kept for minutes where there is no end of it."""

    def compute_in_turn() -> dict[str, Any]:
        with _turn():
            return compute()

    return _cached(snapshot, key, compute_in_turn, seconds)


@contextmanager
def _turn() -> Iterator[None]:
    """One of the site's few computations at a time; raises Refused where all are taken."""
    names = [f"what-if/{number}" for number in range(AT_ONCE)]
    taken = next((name for name in names if cache.add(name, 1, LONGEST_SECONDS)), None)
    if taken is None:
        raise Refused("busy")
    try:
        yield
    finally:
        cache.delete(taken)


def _key(snapshot: Snapshot, key: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
    return f"{snapshot.content_hash}/{digest}"


def schemes() -> list[dict[str, str]]:
    """Every named scheme for the switcher: name, title, status."""
    return [{"name": s.name, "title": s.title, "status": s.status} for s in PRESETS.values()]
