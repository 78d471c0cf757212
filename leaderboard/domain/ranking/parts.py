"""What single pages need of a snapshot beside the board: one dataset's values and matrices."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leaderboard.domain.ranking.cards import Cards
from leaderboard.domain.ranking.payload import RESAMPLES, SEED, summary
from scoring.ranking import LEVELS, ScoreTable, SignificanceMatrix, significance

TESTED = ("DSC", "HD95", "TRE", "NDV")
_STRENGTH = {name: len(LEVELS) - place for place, (_, name) in enumerate(LEVELS)}


def part_name(dataset: str) -> str:
    return f"dataset/{dataset}"


def dataset_part(table: ScoreTable, name: str, order: Sequence[str], cards: Cards) -> dict[str, Any]:
    """One dataset: case values, means, and the significance matrices of the ranked entries."""
    scores = table.dataset(name)
    return {
        "dataset": name,
        "cases": list(scores.cases),
        "metrics": {
            metric: {"values": {cards.slug(m): strict(found.values[table.row(m)]) for m in cards.entries}}
            for metric, found in scores.metrics.items()
        },
        "table": [
            {
                "entry": cards.slug(method),
                "method": method,
                "metrics": {
                    metric: summary(found.values[table.row(method)])
                    for metric, found in scores.metrics.items()
                },
            }
            for method in cards.entries
        ],
        "significance": {
            metric: matrix(table, name, metric, order, cards)
            for metric in TESTED
            if metric in scores.metrics and np.isfinite(scores.metrics[metric].values).any() and order
        },
    }


def strict(values: NDArray[np.float64]) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in values.tolist()]


def matrix(
    table: ScoreTable,
    dataset: str,
    metric: str,
    order: Sequence[str],
    cards: Cards,
    correction: Any = "bonferroni",
) -> dict[str, Any]:
    """One significance matrix; levels are 0 (not significant) to 3 (p < 0.001)."""
    found: SignificanceMatrix = significance(
        table, dataset, metric, order=order, correction=correction, resamples=RESAMPLES, seed=SEED
    )
    return {
        "metric": metric,
        "entries": [cards.slug(method) for method in found.methods],
        "methods": list(found.methods),
        "p": found.p,
        "p_adjusted": found.p_adjusted,
        "level": [[None if name is None else _STRENGTH.get(name, 0) for name in row] for row in found.level],
        "direction": found.direction,
        "rank_biserial": found.effects.rank_biserial,
        "rank_biserial_interval": found.effects.rank_biserial_interval,
        "cohens_d": found.effects.cohens_d,
        "cohens_d_interval": found.effects.cohens_d_interval,
        "tie_groups": [[cards.slug(method) for method in group] for group in found.tie_groups],
        "correction": found.correction,
        "cases": found.cases,
        "resamples": found.resamples,
        "seed": found.seed,
    }
