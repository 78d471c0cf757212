"""Ranks by subtask and metric: the data of the rank heatmap."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from scoring.ranking.combine import combine, competition_ranks
from scoring.ranking.compare import compare, missing_methods, rank_scores
from scoring.ranking.evaluate import flattening_order, repeats_of, subtask_of
from scoring.ranking.scheme import Scheme
from scoring.ranking.table import DatasetScores, ScoreTable
from scoring.ranking.units import NoUnitsError, collect_units

SUBTASKS: Mapping[str, str] = {
    "in-domain": "In-domain",
    "inter-subject": "Zero-shot, inter-subject",
    "atlas-to-subject": "Zero-shot, atlas-to-subject",
    "subject-to-atlas": "Zero-shot, subject-to-atlas",
}
"""Key -> title, in the order of the heatmap."""

COLUMNS = ("ACC", "DSC30", "NDV", "TRE30")


@dataclass(frozen=True, slots=True)
class HeatmapColumn:
    """One metric: per method (in the order of `Heatmap.methods`) its competition rank and its rank score.

    means: of the finite values that were compared; None without any, and for ACC, which is no value.
    missing: how many of the values compared a method lacks.
    """

    metric: str
    ranks: tuple[int, ...]
    scores: tuple[float, ...]
    means: tuple[float | None, ...]
    missing: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class HeatmapBlock:
    """The columns over some datasets together; a metric they do not have has no column."""

    datasets: tuple[str, ...]
    cases: int
    columns: tuple[HeatmapColumn, ...]


@dataclass(frozen=True, slots=True)
class Subtask:
    """One subtask: over all its datasets together, and each dataset by itself."""

    key: str
    title: str
    together: HeatmapBlock
    by_dataset: tuple[HeatmapBlock, ...]


@dataclass(frozen=True, slots=True)
class Heatmap:
    """Ranks by subtask. ``accuracy`` says in words what ACC is; subtasks without datasets are left out."""

    scheme: Scheme
    methods: tuple[str, ...]
    accuracy: str
    subtasks: tuple[Subtask, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for a snapshot; every number finite."""
        return {**asdict(self), "scheme": self.scheme.to_dict()}


def heatmap(
    table: ScoreTable,
    scheme: Scheme,
    *,
    pool: Sequence[str] | None = None,
    order: Sequence[str] | None = None,
) -> Heatmap:
    """Ranks by ACC, DSC30, NDV and TRE30 for every subtask, all its datasets together and each by itself.

    The comparisons are the scheme's (unit, test, ties ...), over the pooled units of the datasets of a
    block; a metric the scheme does not have takes the direction every scheme gives it. Hardest units are
    chosen within the block. ACC combines, as the scheme combines metrics, the rank scores of
    ``scheme.accuracy`` (DSC and, where landmarks exist, TRE). pool: as in `rank`; order: methods in the
    order of the result (default: the pool's).
    """
    methods = list(table.methods if pool is None else pool)
    if order is not None:
        methods = [m for m in order if m in set(methods)]
    subtasks = []
    for key, title in SUBTASKS.items():
        datasets = [d for d in table.datasets if subtask_of(d) == key]
        if not datasets:
            continue
        blocks = tuple(_block(table, scheme, [d], methods) for d in datasets)
        together = (
            blocks[0] if len(datasets) == 1 else _block(table, scheme, flattening_order(datasets), methods)
        )
        subtasks.append(Subtask(key=key, title=title, together=together, by_dataset=blocks))
    return Heatmap(
        scheme=scheme, methods=tuple(methods), accuracy=accuracy_words(scheme), subtasks=tuple(subtasks)
    )


def accuracy_words(scheme: Scheme) -> str:
    """What ACC is under a scheme, in words."""
    how = {"geometric-mean": "Geometric mean", "mean": "Mean", "median": "Median"}[scheme.combine]
    names = " and ".join(scheme.accuracy)
    return f"{how} of the rank scores of {names}, of those the datasets have"


def _block(
    table: ScoreTable, scheme: Scheme, datasets: Sequence[DatasetScores], methods: Sequence[str]
) -> HeatmapBlock:
    wanted = [*scheme.accuracy, *COLUMNS[1:]]
    found = {metric: _column(table, scheme, metric, datasets, methods) for metric in wanted}
    parts = [column.scores for metric in scheme.accuracy if (column := found[metric])]
    weights = [scheme.rule(metric).weight for metric in scheme.accuracy if found[metric]]
    accuracy = tuple(combine(np.transpose(parts), weights, scheme.combine).tolist()) if parts else ()
    nothing = (None,) * len(accuracy)
    ordered = [
        _ranked(scheme, "ACC", accuracy, nothing, (0,) * len(accuracy)) if accuracy else None,
        *(found[metric] for metric in COLUMNS[1:]),
    ]
    return HeatmapBlock(
        datasets=tuple(d.name for d in datasets),
        cases=sum(len(d.cases) for d in datasets),
        columns=tuple(column for column in ordered if column is not None),
    )


def _ranked(
    scheme: Scheme,
    metric: str,
    scores: Sequence[float],
    means: Sequence[float | None],
    missing: Sequence[int],
) -> HeatmapColumn:
    ranks = competition_ranks(scores, higher_is_better=scheme.higher_is_better).tolist()
    return HeatmapColumn(metric, tuple(ranks), tuple(scores), tuple(means), tuple(missing))


def _column(
    table: ScoreTable, scheme: Scheme, metric: str, datasets: Sequence[DatasetScores], methods: Sequence[str]
) -> HeatmapColumn | None:
    try:
        units = collect_units(table, scheme, metric, datasets, methods)
    except NoUnitsError:
        return None
    compared = compare(scheme, units, repeats_of(datasets, None))
    scores = rank_scores(scheme, compared, missing_methods(scheme, units))[0].tolist()
    finite = np.isfinite(units.raw)
    means = [
        float(row[known].mean()) if known.any() else None
        for row, known in zip(units.raw, finite, strict=True)
    ]
    return _ranked(scheme, metric, scores, means, (~finite).sum(axis=1).tolist())
