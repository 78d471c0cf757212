"""From a score table and a scheme to a ranking, with everything that led to each score."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from scoring.ranking.combine import combine, competition_ranks
from scoring.ranking.compare import metric_standings
from scoring.ranking.results import (
    MetricStanding,
    MetricSummary,
    Omission,
    PoolFacts,
    PoolStanding,
    RankedEntry,
    Ranking,
)
from scoring.ranking.scheme import HARDEST, Scheme, Unit
from scoring.ranking.table import DatasetScores, ScoreTable
from scoring.ranking.units import NoUnitsError, Units, collect_units


def rank(table: ScoreTable, scheme: Scheme, *, pool: Sequence[str] | None = None) -> Ranking:
    """Rank the methods of a table under a scheme.

    pool: the methods compared with each other (default: all); the others only serve as the scheme's
    reference. Ranks depend on the pool. Deterministic: the order of methods, datasets and cases does not
    matter. Defined answers at the edges: no method, no entries; one method has the best score each
    comparison can give (slot 1, min-max 1, rank 1); methods that are equal share slots, ranks and min-max
    1; a method without any value of a metric gets the lowest score there; a metric nobody has is left out
    and listed in ``omitted``; without any metric all scores are None and all ranks 1. Errors: KeyError for
    a method of the pool that is not in the table.
    """
    methods = sorted(table.methods if pool is None else pool)
    standings: dict[str, list[PoolStanding]] = {method: [] for method in methods}
    facts, omitted = [], []
    for name, datasets in pools_of(table, scheme):
        units, left_out = _collect(table, scheme, name, datasets, methods)
        facts.append(_facts(name, datasets, units))
        omitted += left_out
        for method, standing in zip(methods, _stand(scheme, name, units, len(methods)), strict=True):
            standings[method].append(standing)
    scores = [_across(scheme, standings[m]) for m in methods]
    ranks = competition_ranks(scores, higher_is_better=scheme.higher_is_better)
    summaries = _summaries(table, scheme, methods, standings)
    entries = [
        RankedEntry(method=m, rank=r, score=s, metrics=summaries[m], pools=tuple(standings[m]))
        for m, r, s in zip(methods, ranks, scores, strict=True)
    ]
    ordered = tuple(sorted(entries, key=lambda e: (e.rank, e.method)))
    return Ranking(scheme=scheme, entries=ordered, pools=tuple(facts), omitted=tuple(omitted))


def pools_of(table: ScoreTable, scheme: Scheme) -> list[tuple[str, tuple[DatasetScores, ...]]]:
    """The pools of datasets a scheme compares within: (name, datasets), in order of first appearance."""
    if scheme.pool == "all":
        return [("all", table.datasets)]
    pools: dict[str, list[DatasetScores]] = {}
    for dataset in table.datasets:
        name = dataset.name if scheme.pool == "dataset" else subtask_of(dataset)
        pools.setdefault(name, []).append(dataset)
    return [(name, tuple(datasets)) for name, datasets in pools.items()]


def subtask_of(dataset: DatasetScores) -> str:
    """``in-domain``, or the task of a zero-shot dataset."""
    return dataset.group if dataset.group == "in-domain" else dataset.task


def _collect(
    table: ScoreTable, scheme: Scheme, name: str, datasets: Sequence[DatasetScores], methods: Sequence[str]
) -> tuple[dict[str, Units], list[Omission]]:
    units: dict[str, Units] = {}
    omitted: list[Omission] = []
    for rule in scheme.metrics:
        try:
            units[rule.metric] = collect_units(table, scheme, rule.metric, datasets, methods)
        except NoUnitsError as reason:
            omitted.append(Omission(pool=name, metric=rule.metric, reason=str(reason)))
    return units, omitted


def _facts(name: str, datasets: Sequence[DatasetScores], units: dict[str, Units]) -> PoolFacts:
    return PoolFacts(
        pool=name,
        datasets=tuple(d.name for d in datasets),
        units={metric: u.values.shape[1] for metric, u in units.items()},
        cases={metric: int(np.unique(u.case).size) for metric, u in units.items()},
        undefined={metric: u.undefined for metric, u in units.items()},
    )


def _stand(scheme: Scheme, name: str, units: dict[str, Units], count: int) -> list[PoolStanding]:
    by_metric = {metric: metric_standings(scheme, u) for metric, u in units.items()}
    weights = [scheme.rule(metric).weight for metric in units]
    standings = []
    for row in range(count):
        metrics = {metric: of_methods[row] for metric, of_methods in by_metric.items()}
        parts = [standing.rank_score for standing in metrics.values()]
        score = combine(parts, weights, scheme.combine) if parts else None
        standings.append(PoolStanding(pool=name, score=score, metrics=metrics))
    return standings


def _across(scheme: Scheme, standings: Sequence[PoolStanding]) -> float | None:
    scores = [s.score for s in standings if s.score is not None]
    return combine(scores, [1.0] * len(scores), scheme.across) if scores else None


def _summaries(
    table: ScoreTable, scheme: Scheme, methods: Sequence[str], standings: dict[str, list[PoolStanding]]
) -> dict[str, dict[str, MetricSummary]]:
    summaries: dict[str, dict[str, MetricSummary]] = {method: {} for method in methods}
    for metric in dict.fromkeys([*(r.metric for r in scheme.metrics), *table.metrics]):
        unit: Unit = scheme.unit if metric in HARDEST else "case"
        try:
            units = collect_units(table, replace(scheme, unit=unit), metric, table.datasets, methods)
        except NoUnitsError:
            continue
        for row, method in enumerate(methods):
            found = [p.metrics[metric] for p in standings[method] if metric in p.metrics]
            summaries[method][metric] = _summary(scheme, units, row, found)
    return summaries


def _summary(scheme: Scheme, units: Units, row: int, found: Sequence[MetricStanding]) -> MetricSummary:
    scores = [standing.rank_score for standing in found]
    losses = [s.beaten_by for s in found if s.beaten_by is not None]
    wins = [s.beats for s in found if s.beats is not None]
    return MetricSummary(
        mean=float(units.values[row].mean()),
        std=float(units.values[row].std()),
        values=units.values.shape[1],
        rank_score=combine(scores, [1.0] * len(scores), scheme.across) if scores else None,
        beaten_by=sum(losses) if losses else None,
        beats=sum(wins) if wins else None,
        imputations=units.imputed[row],
    )
