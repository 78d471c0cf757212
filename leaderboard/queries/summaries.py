"""Means on single datasets: of all entries on one, and of one entry on all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from leaderboard.enums import Aspect
from leaderboard.queries.boards import Board, BoardDataset, Cell, Metric, Row, cells_of


@dataclass(frozen=True)
class DatasetRow:
    """One line of a dataset's table: an entry there; or of an entry's table: a dataset."""

    slug: str
    name: str
    cells: tuple[Cell, ...]
    row: Row | None = None
    dataset: BoardDataset | None = None


def dataset_rows(board: Board, part: Mapping[str, Any]) -> list[DatasetRow]:
    """The entries on one dataset, in board order, the best mean of each metric marked."""
    metrics = [metric for metric in board.metrics if metric.name in part["metrics"]]
    lines = {line["entry"]: line["metrics"] for line in part["table"]}
    best = {
        metric.name: best_mean([of.get(metric.name, {}) for of in lines.values()], metric)
        for metric in metrics
        if board.veil.shows(Aspect.PER_DATASET)
    }
    return [
        DatasetRow(row.entry, row.method, _marked(cells_of(lines[row.entry], metrics), best), row=row)
        for row in board.rows
        if row.entry in lines
    ]


def entry_rows(board: Board, entry: str, means: Mapping[str, Any]) -> list[DatasetRow]:
    """One entry on the datasets, in the board's order, marked where it has the best mean of all.

    `means` is the part of that name: summaries by entry, dataset and metric. Nothing is marked where the
    others' are hidden.
    """
    rows = []
    comparable = board.veil.shows(Aspect.PER_DATASET)
    for dataset in board.datasets:
        everyone = [of_one.get(dataset.slug, {}) for of_one in means.values() if comparable]
        best = {
            metric.name: best_mean([of.get(metric.name, {}) for of in everyone], metric)
            for metric in board.metrics
        }
        cells = cells_of(means[entry].get(dataset.slug, {}), board.metrics)
        rows.append(DatasetRow(dataset.slug, dataset.name, _marked(cells, best), dataset=dataset))
    return rows


def best_mean(values: Sequence[Mapping[str, Any]], metric: Metric) -> float | None:
    """The best mean of those that miss no case: a mean over the easy cases alone is never the best."""
    means = [value["mean"] for value in values if value and not value["missing"]]
    return (max if metric.direction == "higher" else min)(means, default=None)


def _marked(cells: Sequence[Cell], best: Mapping[str, float | None]) -> tuple[Cell, ...]:
    def is_best(cell: Cell) -> bool:
        return not cell.missing and cell.mean is not None and cell.mean == best.get(cell.metric.name)

    return tuple(replace(cell, best=is_best(cell)) for cell in cells)
