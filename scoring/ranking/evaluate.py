"""A scheme applied to resamples of a table: scores and ranks, [resamples, methods]."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.ranking.combine import combine
from scoring.ranking.compare import Compared, compare, missing_methods, rank_scores
from scoring.ranking.results import Omission
from scoring.ranking.scheme import Scheme
from scoring.ranking.table import DatasetScores, ScoreTable, natural_key
from scoring.ranking.units import NoUnitsError, Units, collect_units

Repeats = Mapping[str, NDArray[np.uint16]]
"""Dataset name -> [resamples, cases], how often each case stands in each resample."""


@dataclass(frozen=True, slots=True, eq=False)
class PoolOutcome:
    """One pool of datasets under every resample.

    units, compared, scores: per metric of the scheme that the datasets have; scores are [resamples, m].
    score: [resamples, m], combined over the metrics; None without any. omitted: metrics left out.
    """

    name: str
    datasets: tuple[DatasetScores, ...]
    units: dict[str, Units]
    compared: dict[str, Compared]
    scores: dict[str, NDArray[np.float64]]
    score: NDArray[np.float64] | None
    omitted: tuple[Omission, ...]


def evaluate(
    table: ScoreTable, scheme: Scheme, methods: Sequence[str], repeats: Repeats | None = None
) -> list[PoolOutcome]:
    """Every pool of a scheme. methods: the pool, in the order of the results' last axis.

    repeats: resamples of every dataset (default: one, the data themselves). The hardest units, the stand-ins
    and who lacks a metric are those of the data themselves under every resample.
    """
    return [
        _pool(table, scheme, methods, name, datasets, repeats) for name, datasets in pools_of(table, scheme)
    ]


def final_scores(scheme: Scheme, outcomes: Sequence[PoolOutcome]) -> NDArray[np.float64] | None:
    """[resamples, m]: pools combined with equal weight; None where no pool has a metric of the scheme."""
    scores = [outcome.score for outcome in outcomes if outcome.score is not None]
    if not scores:
        return None
    return combine(np.stack(scores, axis=-1), [1.0] * len(scores), scheme.across)


def pools_of(table: ScoreTable, scheme: Scheme) -> list[tuple[str, tuple[DatasetScores, ...]]]:
    """The pools of datasets a scheme compares within: (name, datasets), in order of first appearance."""
    if scheme.pool == "all":
        return [("all", flattening_order(table.datasets))]
    pools: dict[str, list[DatasetScores]] = {}
    for dataset in table.datasets:
        name = dataset.name if scheme.pool == "dataset" else subtask_of(dataset)
        pools.setdefault(name, []).append(dataset)
    return [(name, flattening_order(datasets)) for name, datasets in pools.items()]


def flattening_order(datasets: Iterable[DatasetScores]) -> tuple[DatasetScores, ...]:
    """Datasets by name: which of equally hard units are among the hardest must not hang on their order."""
    return tuple(sorted(datasets, key=lambda dataset: natural_key(dataset.name)))


def subtask_of(dataset: DatasetScores) -> str:
    """``in-domain``, or the task of a zero-shot dataset."""
    return dataset.group if dataset.group == "in-domain" else dataset.task


def repeats_of(datasets: Sequence[DatasetScores], repeats: Repeats | None) -> NDArray[np.uint16]:
    """[resamples, cases of all these datasets, in their order]."""
    if repeats is None or not datasets:
        return np.ones((1, sum(len(d.cases) for d in datasets)), dtype=np.uint16)
    return np.concatenate([repeats[d.name] for d in datasets], axis=1)


def _pool(
    table: ScoreTable,
    scheme: Scheme,
    methods: Sequence[str],
    name: str,
    datasets: tuple[DatasetScores, ...],
    repeats: Repeats | None,
) -> PoolOutcome:
    units, omitted = _collect(table, scheme, name, datasets, methods)
    times = repeats_of(datasets, repeats)
    compared = {metric: compare(scheme, found, times) for metric, found in units.items()}
    scores = {
        metric: rank_scores(scheme, compared[metric], missing_methods(scheme, found))
        for metric, found in units.items()
    }
    weights = [scheme.rule(metric).weight for metric in units]
    score = combine(np.stack(list(scores.values()), axis=-1), weights, scheme.combine) if scores else None
    return PoolOutcome(name, datasets, units, compared, scores, score, omitted)


def _collect(
    table: ScoreTable, scheme: Scheme, name: str, datasets: Sequence[DatasetScores], methods: Sequence[str]
) -> tuple[dict[str, Units], tuple[Omission, ...]]:
    units: dict[str, Units] = {}
    omitted: list[Omission] = []
    for rule in scheme.metrics:
        try:
            units[rule.metric] = collect_units(table, scheme, rule.metric, datasets, methods)
        except NoUnitsError as reason:
            omitted.append(Omission(pool=name, metric=rule.metric, reason=str(reason)))
    return units, tuple(omitted)
