"""Two entries side by side: their difference on every case, how large and how sure, and where one loses."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from leaderboard.domain.ranking.cards import cards_in
from leaderboard.domain.ranking.parts import TESTED, strict
from leaderboard.domain.ranking.payload import RESAMPLES, SEED
from leaderboard.domain.ranking.structures import item_structures, structure_name, structures_of
from leaderboard.domain.ranking.what_if import bounded, table_of
from leaderboard.messages import Refused
from leaderboard.models import Snapshot
from scoring.ranking import ScoreTable, significance
from scoring.ranking.scheme import FACTS
from scoring.ranking.table import DatasetScores, MetricScores


def comparison(snapshot: Snapshot, a: str, b: str) -> dict[str, Any]:
    """Entry a against entry b of a snapshot, on every dataset they were both scored on.

    `differences` are a minus b; `better` and effects are positive where a is better, whatever the metric's
    direction. Wins, ties and losses are a's, on the cases where both have a value; a value that one of them
    lacks is counted in `missing_a` or `missing_b`. Raises Refused for an entry that is not on the board,
    and where too many compute at once.
    """
    cards = cards_in(snapshot)
    methods = {card["entry"]: name for name, card in cards.entries.items()}
    for entry in (a, b):
        if entry not in methods:
            raise Refused("not_on_the_board", name=entry)

    def compute() -> dict[str, Any]:
        table = table_of(snapshot, methods=[methods[a], methods[b]])
        structures = structures_of(snapshot.phase, cards.datasets)
        datasets = [
            _dataset(table, scores) | {"structures": _structures(scores, structures.get(scores.name))}
            for name in cards.datasets
            for scores in table.datasets
            if scores.name == name
        ]
        return {"a": a, "b": b, "datasets": datasets}

    return bounded(snapshot, {"comparison": [a, b]}, compute)


def _dataset(table: ScoreTable, scores: DatasetScores) -> dict[str, Any]:
    metrics = [name for name in TESTED if name in scores.metrics]
    return {
        "dataset": scores.name,
        "cases": list(scores.cases),
        "metrics": {
            name: _metric(table, scores, name)
            for name in metrics
            if np.isfinite(scores.metrics[name].values).all(axis=0).any()
        },
    }


def _metric(table: ScoreTable, scores: DatasetScores, name: str) -> dict[str, Any]:
    values = scores.metrics[name].values
    test = significance(table, scores.name, name, correction="none", resamples=RESAMPLES, seed=SEED)
    first, second = values
    with np.errstate(invalid="ignore"):
        differences = first - second
    return {
        "a": strict(first),
        "b": strict(second),
        "differences": strict(differences),
        "mean_a": _mean(first),
        "mean_b": _mean(second),
        "missing_a": int((~np.isfinite(first)).sum()),
        "missing_b": int((~np.isfinite(second)).sum()),
        **counted(differences, _sign(name)),
        "p": test.p[0][1],
        "direction": test.direction[0][1],
        "rank_biserial": test.effects.rank_biserial[0][1],
        "rank_biserial_interval": _pair(test.effects.rank_biserial_interval),
        "cohens_d": test.effects.cohens_d[0][1],
        "cohens_d_interval": _pair(test.effects.cohens_d_interval),
        "resamples": test.resamples,
        "seed": test.seed,
    }


def _pair(grid: Any) -> list[float] | None:
    return None if grid is None or grid[0][1] is None else list(grid[0][1])


def _sign(metric: str) -> int:
    return 1 if FACTS[metric].higher_is_better else -1


def _mean(values: NDArray[np.float64]) -> float | None:
    present = values[np.isfinite(values)]
    return float(present.mean()) if present.size else None


def counted(differences: NDArray[np.float64], sign: int) -> dict[str, int]:
    """Wins, ties and losses among the finite differences; sign: 1 where higher is better, else -1."""
    better = sign * differences[np.isfinite(differences)]
    return {
        "wins": int((better > 0).sum()),
        "ties": int((better == 0).sum()),
        "losses": int((better < 0).sum()),
    }


def _structures(scores: DatasetScores, structures: Any) -> dict[str, list[dict[str, Any]]]:
    """By metric, the structures in the order of a's mean advantage, largest loss first."""
    if structures is None:
        return {}
    return {
        name: _by_structure(
            name, found, item_structures(name, scores.cases, found, structures), structures.names
        )
        for name, found in scores.metrics.items()
        if found.items is not None
    }


def _by_structure(
    name: str, scores: MetricScores, numbers: NDArray[np.int64], names: Any
) -> list[dict[str, Any]]:
    if scores.items is None:
        return []
    both = np.isfinite(scores.items).all(axis=0)
    sign, lines = _sign(name), []
    for number in np.unique(numbers[both]).tolist():
        first, second = scores.items[:, both & (numbers == number)]
        better = float(sign * (first - second).mean())
        lines.append(
            {
                "id": number,
                "name": structure_name(name, number, names),
                "mean_a": float(first.mean()),
                "mean_b": float(second.mean()),
                "better": better,
                **counted(first - second, sign),
            }
        )
    return sorted(lines, key=lambda line: (line["better"], line["id"]))
