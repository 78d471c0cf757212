"""From a score table and a scheme to a ranking, with everything that led to each score."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from scoring.ranking.combine import combine, competition_ranks
from scoring.ranking.compare import missing_methods
from scoring.ranking.evaluate import PoolOutcome, evaluate, final_scores, flattening_order
from scoring.ranking.results import (
    MetricStanding,
    MetricSummary,
    PoolFacts,
    PoolStanding,
    RankedEntry,
    Ranking,
)
from scoring.ranking.scheme import HARDEST, Scheme, Unit
from scoring.ranking.table import ScoreTable
from scoring.ranking.units import NoUnitsError, Units, collect_units


def rank(
    table: ScoreTable, scheme: Scheme, *, pool: Sequence[str] | None = None, summarised: bool = True
) -> Ranking:
    """Rank the methods of a table under a scheme.

    pool: the methods compared with each other (default: all); the others only serve as the scheme's
    reference. Ranks depend on the pool. summarised: whether entries have ``metrics``, which takes longer than
    the ranking. Deterministic: the order of methods, datasets and cases does not
    matter. Defined answers at the edges: no method, no entries; one method has the best score each
    comparison can give (slot 1, min-max 1, rank 1); methods that are equal share slots, ranks and min-max 1;
    a method without any value of a metric gets the lowest score there; a metric nobody has is left out and
    listed in ``omitted``; without any metric all scores are None and all ranks 1. Errors: KeyError for a
    method of the pool that is not in the table.
    """
    methods = sorted(table.methods if pool is None else pool)
    return ranking_of(table, scheme, methods, evaluate(table, scheme, methods), summarised=summarised)


def recombine(scheme: Scheme, rank_scores: Mapping[str, Sequence[float]]) -> tuple[list[float], list[int]]:
    """Scores and ranks from rank scores by metric, as `rank` makes them: for other weights, without tests.

    rank_scores: metric -> of every method, of one pool of all datasets; those of the scheme's metrics count.
    Errors: ValueError for a scheme with several pools, or without any of its metrics.
    """
    known = [rule for rule in scheme.metrics if rule.metric in rank_scores]
    if scheme.pool != "all" or not known:
        raise ValueError("only rank scores of one pool, of the scheme's metrics, can be combined anew")
    parts = np.stack([np.asarray(rank_scores[rule.metric], dtype=np.float64) for rule in known], axis=-1)
    pooled = combine(parts, [rule.weight for rule in known], scheme.combine)
    scores = combine(pooled[:, None], [1.0], scheme.across)
    ranks = competition_ranks(scores, higher_is_better=scheme.higher_is_better)
    return scores.tolist(), ranks.tolist()


def ranking_of(
    table: ScoreTable,
    scheme: Scheme,
    methods: Sequence[str],
    outcomes: Sequence[PoolOutcome],
    *,
    summarised: bool = False,
) -> Ranking:
    """The ranking that the outcomes of `evaluate`, for the same arguments and without resamples, make."""
    final = final_scores(scheme, outcomes)
    scores = [None] * len(methods) if final is None else final[0].tolist()
    ranks = [1] * len(methods)
    if final is not None:
        ranks = competition_ranks(final[0], higher_is_better=scheme.higher_is_better).tolist()
    by_pool = [_pool_standings(scheme, outcome, len(methods)) for outcome in outcomes]
    standings = [tuple(pools[row] for pools in by_pool) for row in range(len(methods))]
    summaries = _summaries(table, scheme, methods, standings) if summarised else [{} for _ in methods]
    entries = [
        RankedEntry(method=m, rank=r, score=s, metrics=summary, pools=pools)
        for m, r, s, summary, pools in zip(methods, ranks, scores, summaries, standings, strict=True)
    ]
    return Ranking(
        scheme=scheme,
        entries=tuple(sorted(entries, key=lambda e: (e.rank, e.method))),
        pools=tuple(_facts(outcome) for outcome in outcomes),
        omitted=tuple(omission for outcome in outcomes for omission in outcome.omitted),
    )


def _facts(outcome: PoolOutcome) -> PoolFacts:
    units = outcome.units
    return PoolFacts(
        pool=outcome.name,
        datasets=tuple(d.name for d in outcome.datasets),
        units={metric: u.values.shape[1] for metric, u in units.items()},
        cases={metric: int(np.unique(u.case).size) for metric, u in units.items()},
        undefined={metric: u.undefined for metric, u in units.items()},
    )


def _pool_standings(scheme: Scheme, outcome: PoolOutcome, rows: int) -> list[PoolStanding]:
    """Of each row of a pool."""
    by_metric = {metric: _standings(scheme, outcome, metric) for metric in outcome.units}
    return [
        PoolStanding(
            pool=outcome.name,
            score=None if outcome.score is None else float(outcome.score[0, row]),
            metrics={metric: of_all[row] for metric, of_all in by_metric.items()},
        )
        for row in range(rows)
    ]


def _standings(scheme: Scheme, outcome: PoolOutcome, metric: str) -> list[MetricStanding]:
    compared, units = outcome.compared[metric], outcome.units[metric]
    missing, moments = missing_methods(scheme, units), _moments(units.values)
    return [
        MetricStanding(
            rank_score=float(outcome.scores[metric][0, row]),
            standing=float(compared.standing[0, row]),
            beaten_by=None if compared.beaten_by is None else int(compared.beaten_by[0, row]),
            beats=None if compared.beats is None else int(compared.beats[0, row]),
            mean=mean,
            std=std,
            units=units.values.shape[1],
            missing=bool(missing[row]),
            imputations=units.imputed[row],
        )
        for row, (mean, std) in enumerate(moments)
    ]


def _moments(values: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Mean and population std of each row, to the bit as of the row alone: sums go along the memory."""
    rows = np.ascontiguousarray(values)
    return list(zip(rows.mean(axis=1).tolist(), rows.std(axis=1).tolist(), strict=True))


def _summaries(
    table: ScoreTable, scheme: Scheme, methods: Sequence[str], standings: Sequence[tuple[PoolStanding, ...]]
) -> list[dict[str, MetricSummary]]:
    summaries: list[dict[str, MetricSummary]] = [{} for _ in methods]
    datasets = flattening_order(table.datasets)
    for metric in dict.fromkeys([*(r.metric for r in scheme.metrics), *table.metrics]):
        unit: Unit = scheme.unit if metric in HARDEST else "case"
        try:
            units = collect_units(table, replace(scheme, unit=unit), metric, datasets, methods)
        except NoUnitsError:
            continue
        moments = _moments(units.values)
        for row, summary in enumerate(summaries):
            found = [pool.metrics[metric] for pool in standings[row] if metric in pool.metrics]
            summary[metric] = _summary(scheme, units, row, moments[row], found)
    return summaries


def _summary(
    scheme: Scheme, units: Units, row: int, moments: tuple[float, float], found: Sequence[MetricStanding]
) -> MetricSummary:
    scores = [standing.rank_score for standing in found]
    losses = [s.beaten_by for s in found if s.beaten_by is not None]
    wins = [s.beats for s in found if s.beats is not None]
    return MetricSummary(
        mean=moments[0],
        std=moments[1],
        values=units.values.shape[1],
        rank_score=float(combine(scores, [1.0] * len(scores), scheme.across)) if scores else None,
        beaten_by=sum(losses) if losses else None,
        beats=sum(wins) if wins else None,
        imputations=units.imputed[row],
    )
