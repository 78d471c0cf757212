"""Values by structure: which labels and landmarks are hard, and for whom."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leaderboard.domain.label_names import label_names
from leaderboard.domain.ranking.cards import Cards
from leaderboard.models import Dataset, Phase
from scoring.metrics import METRICS
from scoring.ranking import ScoreTable
from scoring.ranking.table import MetricScores
from scoring.spec import read_config

DECIMALS = 6


@dataclass(frozen=True)
class Structures:
    """Of one dataset. labels: metric and case key -> label ids in the order of the items; names: by id."""

    labels: Mapping[str, Mapping[str, Sequence[int]]]
    names: Mapping[int, str]


def structures_of(phase: Phase, slugs: Iterable[str]) -> dict[str, Structures]:
    """The structures of the datasets of these slugs, by slug; the phase may have lost them since."""
    datasets = phase.challenge.datasets.filter(slug__in=slugs).prefetch_related("cases")
    return {dataset.slug: Structures(_labels(dataset), label_names(dataset)) for dataset in datasets}


def _labels(dataset: Dataset) -> dict[str, dict[str, Sequence[int]]]:
    configs = [read_config(config) for config in dataset.configs]
    found: dict[str, dict[str, Sequence[int]]] = {}
    for case in dataset.cases.all():
        for metric in configs[case.config_index].ranked:
            found.setdefault(METRICS[metric.metric].short, {})[case.key] = metric.labels
    return found


def item_structures(
    metric: str, cases: Sequence[str], scores: MetricScores, structures: Structures
) -> NDArray[np.int64]:
    """The structure of each item, [items]: its label id, or its number in the case, from 1, for landmarks."""
    if scores.item_case is None:
        return np.empty(0, dtype=np.int64)
    counts = np.bincount(scores.item_case, minlength=len(cases))
    labels = structures.labels.get(metric, {})
    numbers: list[int] = []
    for case, count in zip(cases, counts.tolist(), strict=True):
        known = labels.get(case, ())
        numbers.extend(known if len(known) == count else range(1, count + 1))
    return np.array(numbers, dtype=np.int64)


def structure_name(metric: str, number: int, names: Mapping[int, str]) -> str:
    return f"Landmark {number}" if metric == "TRE" else names.get(number, f"Label {number}")


def structures_part(table: ScoreTable, name: str, cards: Cards, structures: Structures) -> dict[str, Any]:
    """Means over the cases by metric, entry and structure; `missing`: cases that others have a value of."""
    scores = table.dataset(name)
    return {
        "dataset": name,
        "metrics": {
            metric: _by_structure(
                metric,
                found,
                item_structures(metric, scores.cases, found, structures),
                table,
                cards,
                structures,
            )
            for metric, found in scores.metrics.items()
            if found.items is not None
        },
    }


def _by_structure(
    metric: str,
    scores: MetricScores,
    numbers: NDArray[np.int64],
    table: ScoreTable,
    cards: Cards,
    structures: Structures,
) -> dict[str, Any]:
    items = scores.items
    if items is None:
        raise ValueError(f"{metric} has no items")
    compared = ~np.isnan(items).all(axis=0)
    ids, place = np.unique(numbers[compared], return_inverse=True)
    finite = np.isfinite(items[:, compared])
    values = np.where(finite, items[:, compared], 0.0)
    rows = {cards.slug(method): table.row(method) for method in cards.entries}
    counts = {entry: _summed(place, finite[row], ids.size) for entry, row in rows.items()}
    sums = {entry: _summed(place, values[row], ids.size) for entry, row in rows.items()}
    cases = np.bincount(place, minlength=ids.size)
    return {
        "structures": [
            {"id": number, "name": structure_name(metric, number, structures.names), "cases": count}
            for number, count in zip(ids.tolist(), cases.tolist(), strict=True)
        ],
        "means": {entry: _means(sums[entry], counts[entry]) for entry in rows},
        "missing": {entry: (cases - counts[entry]).astype(int).tolist() for entry in rows},
    }


def _summed(place: NDArray[np.intp], values: NDArray[Any], size: int) -> NDArray[np.float64]:
    return np.bincount(place, values, minlength=size).astype(np.float64)


def _means(sums: NDArray[np.float64], counts: NDArray[np.float64]) -> list[float | None]:
    return [
        round(total / count, DECIMALS) if count else None
        for total, count in zip(sums.tolist(), counts.tolist(), strict=True)
    ]
