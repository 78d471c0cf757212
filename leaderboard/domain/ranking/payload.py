"""A board as plain strict JSON: what a snapshot holds and pages show."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leaderboard.domain.ranking.standing import score_table
from leaderboard.models import Dataset, Entry, Evaluation, Phase
from scoring.metrics import METRICS, Metric
from scoring.ranking import (
    Heatmap,
    Ranking,
    Scheme,
    ScoreTable,
    SignificanceMatrix,
    heatmap,
    rank,
    significance,
)
from scoring.ranking.results import RankedEntry
from scoring.ranking.significance import LEVELS
from scoring.spec import SCORER_VERSION

BY_NAME: Mapping[str, Metric] = {metric.short: metric for metric in METRICS.values()}
TESTED = ("DSC", "HD95", "TRE", "NDV")
_STRENGTH = {name: len(LEVELS) - place for place, (_, name) in enumerate(LEVELS)}


@dataclass(frozen=True)
class Board:
    """`payload` is the leaderboard page's; `parts` what single further pages need, by name."""

    payload: dict[str, Any]
    parts: dict[str, dict[str, Any]]


def board_of(phase: Phase, scheme: Scheme, evaluations: Sequence[Evaluation]) -> Board:
    """Rank what stands on a phase's board and lay it out for pages; the same input gives the same output."""
    table = score_table(phase, evaluations)
    entries = {evaluation.submission.entry.name: evaluation.submission.entry for evaluation in evaluations}
    datasets = {dataset.slug: dataset for dataset in phase.datasets.all()}
    ranking = rank(table, scheme)
    order = [entry.method for entry in ranking.entries]
    payload = {
        "challenge": phase.challenge.slug,
        "phase": phase.slug,
        "official": True,
        "scheme": {
            "name": scheme.name,
            "version": scheme.version,
            "title": scheme.title,
            "summary": scheme.source,
        },
        "rules": phase.rules,
        "scorer_version": SCORER_VERSION,
        "metrics": [_metric(name) for name in BY_NAME if name in table.metrics],
        "datasets": [_dataset(datasets[scores.name], table) for scores in table.datasets],
        "entries": _entries(table, ranking, entries),
        "heatmap": _heatmap(heatmap(table, scheme, order=order), entries),
    }
    parts = {f"dataset/{scores.name}": _part(table, scores.name, order, entries) for scores in table.datasets}
    return Board(payload, parts)


def _metric(name: str) -> dict[str, Any]:
    metric = BY_NAME[name]
    return {
        "name": name,
        "title": metric.title,
        "unit": metric.unit,
        "direction": metric.direction,
        "decimals": metric.decimals,
    }


def _dataset(dataset: Dataset, table: ScoreTable) -> dict[str, Any]:
    scores = table.dataset(dataset.slug)
    return {
        "slug": dataset.slug,
        "name": dataset.name,
        "group": dataset.group,
        "task": dataset.task,
        "cases": len(scores.cases),
        "metrics": [name for name in BY_NAME if name in scores.metrics],
    }


def _entries(table: ScoreTable, ranking: Ranking, entries: Mapping[str, Entry]) -> list[dict[str, Any]]:
    whole = {name: _over_datasets(table, name) for name in table.metrics}
    best = {name: _best(name, values) for name, values in whole.items()}
    return [_entry(table, ranked, entries[ranked.method], whole, best) for ranked in ranking.entries]


def _entry(
    table: ScoreTable,
    ranked: RankedEntry,
    entry: Entry,
    whole: Mapping[str, NDArray[np.float64]],
    best: Mapping[str, float | None],
) -> dict[str, Any]:
    row = table.row(ranked.method)
    standings = ranked.pools[0].metrics if len(ranked.pools) == 1 else {}
    summaries = {name: _summary(values[row]) for name, values in whole.items()}
    return {
        "rank": ranked.rank,
        "rank_interval": None,
        "score": ranked.score,
        "entry": entry.slug,
        "method": entry.name,
        "team": {"slug": entry.team.slug, "name": entry.team.name, "affiliation": entry.team.affiliation},
        "baseline": entry.baseline,
        "kind": entry.kind,
        "instance_specific": entry.instance_specific,
        "in_competition": entry.in_competition,
        "metrics": {
            name: summary | {"best": summary["mean"] is not None and summary["mean"] == best[name]}
            for name, summary in summaries.items()
        },
        "rank_scores": {
            name: {"rank_score": standing.rank_score, "beaten_by": standing.beaten_by}
            for name, standing in standings.items()
        },
        "datasets": {
            scores.name: {name: _summary(metric.values[row]) for name, metric in scores.metrics.items()}
            for scores in table.datasets
        },
    }


def _over_datasets(table: ScoreTable, metric: str) -> NDArray[np.float64]:
    """Case values of one metric over all datasets that have it, [methods, cases]."""
    return np.hstack([d.metrics[metric].values for d in table.datasets if metric in d.metrics])


def _summary(values: NDArray[np.float64]) -> dict[str, Any]:
    """Mean and population std of the present values; the missing ones are counted, not hidden."""
    present = values[np.isfinite(values)]
    missing = int(values.size - present.size)
    if not present.size:
        return {"mean": None, "std": None, "missing": missing}
    return {"mean": float(present.mean()), "std": float(present.std()), "missing": missing}


def _best(metric: str, values: NDArray[np.float64]) -> float | None:
    """The best mean among the entries that have every value: a missing one never makes a mean the best."""
    complete = values[np.isfinite(values).all(axis=1)]
    if not complete.size:
        return None
    means = [float(row.mean()) for row in complete]
    return max(means) if BY_NAME[metric].higher_is_better else min(means)


def _heatmap(found: Heatmap, entries: Mapping[str, Entry]) -> dict[str, Any]:
    columns, ranks, values = [], [], []
    for subtask in found.subtasks:
        single = [] if len(subtask.by_dataset) == 1 else list(subtask.by_dataset)
        for block, dataset in [(subtask.together, None), *((b, b.datasets[0]) for b in single)]:
            for column in block.columns:
                columns.append(
                    {
                        "subtask": subtask.key,
                        "title": subtask.title,
                        "dataset": dataset,
                        "datasets": list(block.datasets),
                        "metric": column.metric,
                    }
                )
                ranks.append(column.ranks)
                values.append(column.scores)
    return {
        "accuracy": found.accuracy,
        "columns": columns,
        "rows": [entries[method].slug for method in found.methods],
        "ranks": _by_row(ranks, len(found.methods)),
        "values": _by_row(values, len(found.methods)),
    }


def _by_row(columns: Sequence[Sequence[Any]], rows: int) -> list[list[Any]]:
    return [[column[row] for column in columns] for row in range(rows)]


def _part(table: ScoreTable, name: str, order: Sequence[str], entries: Mapping[str, Entry]) -> dict[str, Any]:
    scores = table.dataset(name)
    rows = {method: table.row(method) for method in order}
    return {
        "dataset": name,
        "cases": list(scores.cases),
        "metrics": {
            metric: {
                "values": {entries[m].slug: _strict(found.values[row]) for m, row in rows.items()},
            }
            for metric, found in scores.metrics.items()
        },
        "table": [
            {
                "entry": entries[m].slug,
                "method": m,
                "metrics": {metric: _summary(found.values[row]) for metric, found in scores.metrics.items()},
            }
            for m, row in rows.items()
        ],
        "significance": {
            metric: _matrix(significance(table, name, metric, order=order), entries)
            for metric in TESTED
            if metric in scores.metrics
        },
    }


def _strict(values: NDArray[np.float64]) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in values.tolist()]


def _matrix(found: SignificanceMatrix, entries: Mapping[str, Entry]) -> dict[str, Any]:
    return {
        "metric": found.metric,
        "entries": [entries[method].slug for method in found.methods],
        "methods": list(found.methods),
        "p": found.p,
        "p_adjusted": found.p_adjusted,
        "level": [[None if name is None else _STRENGTH.get(name, 0) for name in row] for row in found.level],
        "direction": found.direction,
        "correction": found.correction,
        "cases": found.cases,
    }
