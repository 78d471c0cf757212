"""A board as plain strict JSON: what its table shows. Whatever only some pages need is in parts."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leaderboard.domain.ranking.cards import Cards
from scoring.metrics import unit_of
from scoring.ranking import (
    RankedEntry,
    Ranking,
    Scheme,
    ScoreTable,
    Stability,
    rank,
    stability,
)
from scoring.ranking.scheme import FACTS
from scoring.spec import RULES

RESAMPLES = 1000
SEED = 2024


def board_of(
    table: ScoreTable, scheme: Scheme, cards: Cards, *, official: bool, certain: bool = False
) -> dict[str, Any]:
    """Rank a table and lay the board out for pages; the same input gives the same output.

    certain: whether it says how sure its order is, which takes as long as a thousand rankings.
    """
    ranking = rank(table, scheme, pool=cards.pool)
    order = [entry.method for entry in ranking.entries]
    sure = stability(table, scheme, resamples=RESAMPLES, seed=SEED, pool=order) if certain and order else None
    return {
        **cards.facts,
        "official": official,
        "scheme": scheme_part(scheme),
        "metrics": [metric_part(name, cards.facts["rules"]) for name in FACTS if name in table.metrics],
        "datasets": [_dataset(name, table, cards) for name in cards.datasets if _has(table, name)],
        "entries": _entries(table, ranking, cards, sure),
        "omitted": [{"metric": one.metric, "reason": one.reason} for one in ranking.omitted],
        "stability": _stability(sure),
    }


def scheme_part(scheme: Scheme) -> dict[str, Any]:
    """A scheme as payloads have it."""
    return {
        "name": scheme.name,
        "version": scheme.version,
        "title": scheme.title,
        "summary": scheme.source,
        "status": scheme.status,
        "higher_is_better": scheme.higher_is_better,
        "spec": scheme.to_dict(),
    }


def metric_part(name: str, rules: str) -> dict[str, Any]:
    """A metric as payloads have it."""
    metric = FACTS[name]
    return {
        "name": name,
        "title": metric.title,
        "unit": unit_of(metric.kind, RULES[rules]),
        "direction": metric.direction,
        "decimals": metric.decimals,
    }


def _has(table: ScoreTable, name: str) -> bool:
    return any(dataset.name == name for dataset in table.datasets)


def _dataset(name: str, table: ScoreTable, cards: Cards) -> dict[str, Any]:
    scores = table.dataset(name)
    return {
        "slug": name,
        "name": cards.datasets[name],
        "group": scores.group,
        "task": scores.task,
        "cases": len(scores.cases),
        "metrics": [metric for metric in FACTS if metric in scores.metrics],
    }


def _entries(
    table: ScoreTable, ranking: Ranking, cards: Cards, sure: Stability | None
) -> list[dict[str, Any]]:
    """The ranked entries in order, then those out of competition, by name."""
    whole = {name: _over_datasets(table, name) for name in FACTS if name in table.metrics}
    found = {name: summaries(values) for name, values in whole.items()}
    best = {name: _best(name, of_all) for name, of_all in found.items()}
    ranked = {entry.method: entry for entry in ranking.entries}
    certainty = _certainty(sure)
    others = sorted(set(cards.entries) - set(ranked))
    return [
        {
            **_standing(ranked.get(method)),
            **certainty.get(method, {"rank_interval": None, "rank_distribution": None, "tie_group": None}),
            **cards.entries[method],
            "metrics": _means(found, best, table.row(method)),
        }
        for method in [*ranked, *others]
    ]


def _standing(entry: RankedEntry | None) -> dict[str, Any]:
    if entry is None:
        return {"rank": None, "score": None, "rank_scores": {}, "imputations": {}}
    imputations: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for pool in entry.pools:
        for name, standing in pool.metrics.items():
            for i in standing.imputations:
                told = {"dataset": i.dataset, "state": i.state, "count": i.count, "stand_in": i.stand_in}
                imputations[name].append(told)
    return {
        "rank": entry.rank,
        "score": entry.score,
        "rank_scores": {
            name: {"rank_score": one.rank_score, "beaten_by": one.beaten_by}
            for name, one in entry.metrics.items()
            if one.rank_score is not None
        },
        "imputations": dict(imputations),
    }


def _certainty(sure: Stability | None) -> dict[str, dict[str, Any]]:
    if sure is None:
        return {}
    group_of = {method: place for place, group in enumerate(sure.tie_groups) for method in group}
    return {
        entry.method: {
            "rank_interval": list(entry.rank_interval),
            "rank_distribution": list(entry.distribution),
            "tie_group": group_of[entry.method],
        }
        for entry in sure.entries
    }


def _over_datasets(table: ScoreTable, metric: str) -> NDArray[np.float64]:
    """Case values of one metric over all datasets that have it, [methods, cases]."""
    return np.hstack([d.metrics[metric].values for d in table.datasets if metric in d.metrics])


def _means(
    found: Mapping[str, Sequence[Mapping[str, Any]]], best: Mapping[str, float | None], row: int
) -> dict[str, Any]:
    mine = {name: of_all[row] for name, of_all in found.items()}
    return {
        name: {**one, "best": one["mean"] is not None and one["mean"] == best[name]}
        for name, one in mine.items()
    }


def summaries(values: NDArray[np.float64]) -> list[dict[str, Any]]:
    """Of each row, mean and population std of the present values; the missing ones are counted, not hidden.

    values: [rows, cases].
    """
    present = np.isfinite(values)
    missing = (values.shape[1] - present.sum(axis=1)).tolist()
    whole = values[present.all(axis=1)]
    of_whole = iter(zip(whole.mean(axis=1).tolist(), whole.std(axis=1).tolist(), strict=True))
    return [
        _told(_of_present(row) if lost else next(of_whole), lost)
        for row, lost in zip(values, missing, strict=True)
    ]


def _of_present(row: NDArray[np.float64]) -> tuple[float | None, float | None]:
    present = row[np.isfinite(row)]
    return (float(present.mean()), float(present.std())) if present.size else (None, None)


def _told(found: tuple[float | None, float | None], missing: int) -> dict[str, Any]:
    mean, std = found
    return {"mean": mean, "std": std, "missing": missing}


def _best(metric: str, found: Sequence[Mapping[str, Any]]) -> float | None:
    """The best mean among the entries that have every value: a missing one never makes a mean the best."""
    means = [one["mean"] for one in found if not one["missing"] and one["mean"] is not None]
    return (max if FACTS[metric].higher_is_better else min)(means, default=None)


def _stability(sure: Stability | None) -> dict[str, Any] | None:
    if sure is None:
        return None
    tau = {"median": sure.tau.median, "low": sure.tau.low, "high": sure.tau.high}
    return {"resamples": sure.resamples, "seed": sure.seed, "level": sure.level, "tau": tau}
