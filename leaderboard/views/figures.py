"""Figures of the public pages, made from what the queries read."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from leaderboard.figures.distributions import case_distributions
from leaderboard.figures.figure import Figure
from leaderboard.figures.heatmap import rank_heatmap
from leaderboard.figures.profile import entry_profile
from leaderboard.figures.significance import significance_matrices
from leaderboard.figures.tradeoff import Point, accuracy_against_regularity
from leaderboard.models import Dataset
from leaderboard.queries.boards import Board


def heatmap_figure(board: Board) -> Figure | None:
    if not board.heatmap["rows"]:
        return None
    challenge = board.phase.challenge.slug
    links = {dataset.slug: reverse("dataset", args=[challenge, dataset.slug]) for dataset in board.datasets}
    names = {dataset.slug: dataset.name for dataset in board.datasets}
    return rank_heatmap(board.heatmap, board.methods, names, links)


def tradeoff_figure(board: Board, highlight: str | None = None) -> Figure | None:
    """Needs DSC and NDV of at least two entries."""
    challenge = board.phase.challenge.slug
    points = []
    for row in board.rows:
        means = {cell.metric.name: cell.mean for cell in row.cells}
        dsc, ndv = means.get("DSC"), means.get("NDV")
        if dsc is not None and ndv is not None:
            points.append(
                Point(row.entry, row.method, dsc, ndv, reverse("entry", args=[challenge, row.entry]))
            )
    return accuracy_against_regularity(points, highlight) if len(points) > 1 else None


def significance_figure(matrices: Mapping[str, Mapping[str, Any] | None], where: str) -> Figure | None:
    """Needs at least two entries to compare."""
    present = [matrix for matrix in matrices.values() if matrix and len(matrix["entries"]) > 1]
    return significance_matrices(present, where) if present else None


def dataset_figures(board: Board, dataset: Dataset, part: Mapping[str, Any]) -> list[Figure]:
    metrics = [vars(metric) for metric in board.metrics if metric.name in part["metrics"]]
    values = {name: metric["values"] for name, metric in part["metrics"].items()}
    spread = case_distributions(metrics, part["cases"], values, board.methods) if metrics else None
    matrices = {metric["name"]: part["significance"].get(metric["name"]) for metric in metrics}
    matrix = significance_figure(matrices, dataset.name)
    return [figure for figure in (spread, matrix) if figure is not None]


def entry_figures(board: Board, entry: str) -> list[Figure]:
    profile = entry_profile(
        entry,
        [vars(metric) for metric in board.metrics],
        {dataset.slug: dataset.name for dataset in board.datasets},
        {row.entry: row.datasets for row in board.rows},
        board.methods,
    )
    tradeoff = tradeoff_figure(board, entry)
    return [figure for figure in (profile if profile.views else None, tradeoff) if figure is not None]
