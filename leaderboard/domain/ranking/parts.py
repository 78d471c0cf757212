"""What single pages need of a snapshot beside the board, each by its name."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leaderboard.domain.ranking.cards import Cards
from leaderboard.domain.ranking.payload import RESAMPLES, SEED, board_of, summaries
from leaderboard.domain.ranking.structures import Structures, structures_part
from scoring.ranking import (
    LEVELS,
    PRESETS,
    Agreement,
    Scheme,
    ScoreTable,
    SignificanceMatrix,
    across_schemes,
    heatmap,
    leave_one_dataset_out,
    rank,
    significance,
)

EFFECTS = (
    "rank_biserial",
    "rank_biserial_interval",
    "cohens_d",
    "cohens_d_interval",
    "resamples",
    "seed",
)
LARGEST_MATRIX = 40
TESTED = ("DSC", "HD95", "TRE", "NDV")
"""Metrics of the significance matrices, and those that entries are compared by."""

_STRENGTH = {name: len(LEVELS) - place for place, (_, name) in enumerate(LEVELS)}


def parts_of(
    table: ScoreTable, scheme: Scheme, cards: Cards, structures: Mapping[str, Structures], *, certain: bool
) -> dict[str, dict[str, Any]]:
    """`heatmap`, `means`, and `dataset/` and `structures/` by dataset; certain: effects have intervals."""
    order = _order(table, scheme, cards)
    parts = {"heatmap": heatmap_part(table, scheme, order, cards), "means": means_part(table, cards)}
    resamples = RESAMPLES if certain else 0
    for name in [scores.name for scores in table.datasets]:
        parts[f"dataset/{name}"] = dataset_part(table, name, order, cards, resamples)
        parts[f"structures/{name}"] = structures_part(table, name, cards, structures[name])
    return parts


def _order(table: ScoreTable, scheme: Scheme, cards: Cards) -> list[str]:
    return [entry.method for entry in rank(table, scheme, pool=cards.pool, summarised=False).entries]


def certainty_parts(table: ScoreTable, scheme: Scheme, cards: Cards) -> dict[str, dict[str, Any]]:
    """`agreement`, and the unofficial boards that pages lead to.

    `scheme/` by scheme: of all named ones; where there are several groups of datasets, `group/` by group, by
    the board's own scheme, and `group/<group>/` by scheme.
    """
    order = _order(table, scheme, cards)
    boards = {
        f"scheme/{name}": board_of(table, other, cards, official=False) for name, other in PRESETS.items()
    }
    for group, part in _by_group(table).items():
        boards[f"group/{group}"] = board_of(part, scheme, cards, official=False)
        for name, other in PRESETS.items():
            boards[f"group/{group}/{name}"] = board_of(part, other, cards, official=False)
    return {"agreement": agreement_part(table, scheme, order, cards), **boards}


def _by_group(table: ScoreTable) -> dict[str, ScoreTable]:
    groups: dict[str, list[str]] = {}
    for scores in table.datasets:
        groups.setdefault(scores.group, []).append(scores.name)
    return {group: table.select(datasets=names) for group, names in groups.items() if len(groups) > 1}


def means_part(table: ScoreTable, cards: Cards) -> dict[str, Any]:
    """Mean, std and missing cases, by entry, dataset and metric."""
    found = {
        scores.name: {name: summaries(metric.values) for name, metric in scores.metrics.items()}
        for scores in table.datasets
    }
    return {
        cards.slug(method): {
            dataset: {name: of_all[table.row(method)] for name, of_all in metrics.items()}
            for dataset, metrics in found.items()
        }
        for method in cards.entries
    }


def dataset_part(
    table: ScoreTable, name: str, order: Sequence[str], cards: Cards, resamples: int
) -> dict[str, Any]:
    """One dataset: case values, means, and the significance matrices of the ranked entries."""
    scores = table.dataset(name)
    found = {metric: summaries(one.values) for metric, one in scores.metrics.items()}
    return {
        "dataset": name,
        "cases": list(scores.cases),
        "metrics": {
            metric: {"values": {cards.slug(m): strict(one.values[table.row(m)]) for m in cards.entries}}
            for metric, one in scores.metrics.items()
        },
        "table": [
            {
                "entry": cards.slug(method),
                "method": method,
                "metrics": {metric: of_all[table.row(method)] for metric, of_all in found.items()},
            }
            for method in cards.entries
        ],
        "significance": {
            metric: matrix(table, name, metric, order, cards, resamples=resamples)
            for metric in TESTED
            if metric in scores.metrics and np.isfinite(scores.metrics[metric].values).any() and order
        },
    }


def stored(parts: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Name and content of each part as it is kept: of datasets, what pages read by itself is by itself.

    `cases/<dataset>`: keys; `values/<dataset>/<entry>`: by metric, a value a case; and
    `matrix/<dataset>/<metric>`.
    """
    for name, part in parts.items():
        kind, _, dataset = name.partition("/")
        if kind != "dataset":
            yield name, part
            continue
        yield name, {key: part[key] for key in ("dataset", "table")} | {"metrics": list(part["metrics"])}
        yield f"cases/{dataset}", part["cases"]
        by_metric = {metric: found["values"] for metric, found in part["metrics"].items()}
        for entry in dict.fromkeys(entry for values in by_metric.values() for entry in values):
            of_one = {metric: values[entry] for metric, values in by_metric.items() if entry in values}
            yield f"values/{dataset}/{entry}", of_one
        for metric, matrix in part["significance"].items():
            yield f"matrix/{dataset}/{metric}", matrix


def strict(values: NDArray[np.float64]) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in values.tolist()]


def matrix(
    table: ScoreTable,
    dataset: str,
    metric: str,
    order: Sequence[str],
    cards: Cards,
    correction: Any = "bonferroni",
    resamples: int = RESAMPLES,
) -> dict[str, Any]:
    """One significance matrix; levels are 0 (not significant) to 3 (p < 0.001).

    Tested and corrected over all entries of the order (`of`, `pairs`), kept for its first LARGEST_MATRIX:
    the cells grow with the square, and more can be read by nobody.
    """
    found: SignificanceMatrix = significance(
        table,
        dataset,
        metric,
        order=order,
        told=LARGEST_MATRIX,
        correction=correction,
        resamples=resamples,
        seed=SEED,
    )
    return {
        "metric": metric,
        "entries": [cards.slug(method) for method in found.methods[:LARGEST_MATRIX]],
        "methods": list(found.methods[:LARGEST_MATRIX]),
        "of": len(found.methods),
        "pairs": found.pairs,
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


def heatmap_part(table: ScoreTable, scheme: Scheme, order: Sequence[str], cards: Cards) -> dict[str, Any]:
    """Ranks by subtask, over its datasets together and over each by itself, [row][column].

    values: rank scores; means: of what was compared, of which `missing` many values are not there.
    """
    found = heatmap(table, scheme, pool=order, order=order)
    columns, ranks, values, means, missing = [], [], [], [], []
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
                means.append(column.means)
                missing.append(column.missing)
    return {
        "accuracy": found.accuracy,
        "columns": columns,
        "rows": [cards.slug(method) for method in found.methods],
        "ranks": _by_row(ranks, len(found.methods)),
        "values": _by_row(values, len(found.methods)),
        "means": _by_row(means, len(found.methods)),
        "missing": _by_row(missing, len(found.methods)),
    }


def _by_row(columns: Sequence[Sequence[Any]], rows: int) -> list[list[Any]]:
    return [[column[row] for column in columns] for row in range(rows)]


def agreement_part(table: ScoreTable, scheme: Scheme, order: Sequence[str], cards: Cards) -> dict[str, Any]:
    """The order under every named scheme, and without each dataset."""
    return {
        "schemes": _rankings(across_schemes(table, PRESETS.values(), pool=order), cards),
        "without_dataset": _rankings(leave_one_dataset_out(table, scheme, pool=order), cards),
    }


def _rankings(found: Agreement, cards: Cards) -> dict[str, Any]:
    return {
        "names": list(found.names),
        "entries": [cards.slug(entry.method) for entry in found.entries],
        "ranks": [list(ranks) for ranks in found.ranks],
        "tau": [list(row) for row in found.tau],
        "full": None if found.full is None else list(found.full),
        "full_tau": None if found.full_tau is None else list(found.full_tau),
    }
