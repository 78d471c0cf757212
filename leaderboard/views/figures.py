"""Figures of the public pages, made from what the queries read."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from leaderboard.enums import RegistrationTask
from leaderboard.figures.distributions import case_distributions
from leaderboard.figures.figure import Figure, url_of
from leaderboard.figures.heatmap import rank_heatmap
from leaderboard.figures.overview import Part, data_overview
from leaderboard.figures.paired import paired_figures
from leaderboard.figures.profile import entry_profile
from leaderboard.figures.ranks import entry_ranks
from leaderboard.figures.significance import Place, significance_grid, significance_matrices
from leaderboard.figures.stability import blobs, bumps, without_each
from leaderboard.figures.structures import structure_profile
from leaderboard.figures.tradeoff import Point, accuracy_against_regularity
from leaderboard.models import Challenge, Dataset
from leaderboard.queries.boards import Board, BoardDataset
from leaderboard.queries.families import Family
from leaderboard.queries.values import CaseValues
from leaderboard.views import linked


def heatmap_figure(board: Board, heatmap: Mapping[str, Any] | None) -> Figure | None:
    if heatmap is None or not heatmap["rows"]:
        return None
    return rank_heatmap(
        heatmap, linked.entries(board), linked.datasets(board), [vars(metric) for metric in board.metrics]
    )


def tradeoff_figure(board: Board, highlight: str | None = None) -> Figure | None:
    """Needs DSC and NDV of at least two entries."""
    names, points = linked.entries(board), []
    for row in board.rows:
        cells = {cell.metric.name: cell for cell in row.cells}
        dsc, ndv = cells.get("DSC"), cells.get("NDV")
        if dsc is not None and ndv is not None and dsc.mean is not None and ndv.mean is not None:
            lost = max(dsc.missing, ndv.missing)
            link = url_of(names[row.entry]) or ""
            points.append(Point(row.entry, row.method, dsc.mean, ndv.mean, link, lost))
    return accuracy_against_regularity(points, highlight) if len(points) > 1 else None


def significance_figure(
    board: Board, matrices: Mapping[str, Mapping[str, Any] | None], where: str
) -> Figure | None:
    """Needs at least two entries to compare."""
    present = [
        linked.matrix(board, matrix) for matrix in matrices.values() if matrix and len(matrix["entries"]) > 1
    ]
    return significance_matrices(present, where) if present else None


def dataset_figures(
    board: Board,
    dataset: Dataset,
    measured: Collection[str],
    values: CaseValues | None,
    matrices: Mapping[str, Mapping[str, Any]],
    structures: Mapping[str, Any] | None,
) -> list[Figure]:
    """`measured`: the names of its metrics; `values` of the entries that are drawn, or of all."""
    metrics = [vars(metric) for metric in board.metrics if metric.name in measured]
    methods, spread = linked.entries(board), None
    if values is not None and values.values:
        links = {entry: linked.case(board, dataset.slug, entry) for entry in methods}
        by_metric = {name: values.values.get(name, {}) for name in measured}
        spread = case_distributions(metrics, values.cases, by_metric, methods, links)
    of_each = {metric["name"]: matrices.get(metric["name"]) for metric in metrics}
    matrix = significance_figure(board, of_each, dataset.name)
    profile = structure_profile(metrics, structures, methods) if structures else None
    return [figure for figure in (spread, matrix, profile) if figure is not None]


def overview_figure(challenge: Challenge, datasets: Iterable[Any]) -> Figure | None:
    """`datasets` carry their number of cases as `case_count`."""
    parts = [
        Part(
            path=(
                dataset.get_group_display(),
                dataset.get_task_display(),
                dataset.contrast or "Contrast not told",
                dataset.name,
            ),
            source=dataset.source,
            cases=dataset.case_count,
            link=reverse("dataset", args=[challenge.slug, dataset.slug]),
        )
        for dataset in datasets
        if dataset.case_count
    ]
    return data_overview(parts) if parts else None


def entry_figures(
    board: Board, entry: str, means: Mapping[str, Any], heatmap: Mapping[str, Any] | None
) -> list[Figure]:
    """`means` and `heatmap` are the parts of these names."""
    metrics = [vars(metric) for metric in board.metrics]
    methods = {slug: method for slug, method in linked.entries(board).items() if slug in means}
    profile = (
        entry_profile(entry, metrics, linked.datasets(board), means, methods) if entry in means else None
    )
    drawn = (
        _entry_ranks(board, entry, heatmap) if heatmap else None,
        tradeoff_figure(board, entry),
        profile if profile and profile.views else None,
    )
    return [figure for figure in drawn if figure is not None]


def _entry_ranks(board: Board, entry: str, heatmap: Mapping[str, Any]) -> Figure | None:
    row = board.row(entry)
    if row is None or row.rank is None:
        return None
    return entry_ranks(entry, heatmap, linked.datasets(board), row.rank)


def stability_figures(board: Board, agreement: Mapping[str, Any]) -> list[Figure]:
    """Blobs, bumps and the ranking without each dataset."""
    ranked = [row for row in board.rows if row.rank is not None]
    order, methods, drawn = [row.entry for row in ranked], linked.entries(board), []
    if board.stability is not None and all(row.distribution for row in ranked):
        entries = [
            {
                "method": methods[row.entry],
                "rank": row.rank,
                "interval": row.rank_interval,
                "distribution": row.distribution,
            }
            for row in ranked
        ]
        drawn.append(blobs(entries, board.stability["resamples"]))
    drawn.append(_scheme_bumps(board, agreement["schemes"], order))
    found = agreement["without_dataset"]
    if found["names"]:
        names = linked.datasets(board)
        columns = [
            (names[name], f"τ {tau:.2f}") for name, tau in zip(found["names"], found["full_tau"], strict=True)
        ]
        full = dict(zip(found["entries"], found["full"], strict=True))
        drawn.append(without_each(order, methods, columns, _by_entry(found), full))
    return drawn


def _by_entry(found: Mapping[str, Any]) -> list[dict[str, float]]:
    return [dict(zip(found["entries"], ranks, strict=True)) for ranks in found["ranks"]]


def _scheme_bumps(board: Board, found: Mapping[str, Any], order: list[str]) -> Figure:
    """The official scheme first; its tau with each."""
    official = board.scheme["name"]
    first = found["names"].index(official) if official in found["names"] else 0
    places = [first, *(at for at in range(len(found["names"])) if at != first)]
    ranks = _by_entry(found)
    names = linked.schemes(board, found["names"])
    columns = [
        (
            names[found["names"][at]],
            "official" if at == first and official in found["names"] else f"τ {found['tau'][first][at]:.2f}",
        )
        for at in places
    ]
    return bumps(order, linked.entries(board), columns, [ranks[at] for at in places])


def tau_rows(found: Mapping[str, Any]) -> list[tuple[str, list[float]]]:
    """Kendall's tau between every two schemes."""
    return list(zip(found["names"], found["tau"], strict=True))


ROWS = (("DSC", "HD95"), ("TRE", "NDV"))


@dataclass(frozen=True)
class Grid:
    """Which matrices stand together: rows metrics, columns the datasets of a family, task by task."""

    key: str
    family: Family
    datasets: tuple[BoardDataset, ...]
    metrics: tuple[str, ...]

    @property
    def rows(self) -> str:
        """The metrics in words."""
        return " and ".join(self.metrics)


def significance_grids(families: Iterable[Family]) -> list[Grid]:
    """A grid of DSC and HD95 and one of TRE and NDV for each family that has these."""
    grids = [_grid(family, metrics) for family in families for metrics in ROWS]
    return [grid for grid in grids if grid is not None]


def _grid(family: Family, metrics: tuple[str, ...]) -> Grid | None:
    having = tuple(dataset for dataset in family.datasets if set(metrics) & set(dataset.metrics))
    present = tuple(metric for metric in metrics if any(metric in dataset.metrics for dataset in having))
    if not present:
        return None
    key = f"{family.datasets[0].slug}-{'-and-'.join(present).lower()}"
    return Grid(key, family, having, present)


def grid_figure(board: Board, grid: Grid, matrices: Mapping[str, Mapping[str, Any]]) -> Figure | None:
    """`matrices` by dataset and metric; None where there are not two entries to compare."""
    names = linked.datasets(board)
    rows = [
        [
            Place(
                names[dataset.slug],
                RegistrationTask(dataset.task).label.lower(),
                linked.matrix(board, matrices[dataset.slug][metric]),
            )
            if _comparable(matrices, dataset.slug, metric)
            else None
            for dataset in grid.datasets
        ]
        for metric in grid.metrics
    ]
    rows = [row for row in rows if any(row)]
    return significance_grid(rows, grid.key, f"{grid.family.title}: {grid.rows}") if rows else None


def _comparable(matrices: Mapping[str, Mapping[str, Any]], dataset: str, metric: str) -> bool:
    matrix = matrices.get(dataset, {}).get(metric)
    return matrix is not None and len(matrix["entries"]) > 1


def comparison_figures(board: Board, found: Mapping[str, Any], *, downloads: bool) -> list[Figure]:
    """Case by case: a against b, and the distribution of their differences."""
    a, b = found["a"], found["b"]
    names, methods = linked.datasets(board), linked.entries(board)
    links = {slug: linked.case(board, slug, a, b) for slug in names}
    page = reverse("compare_csv", args=[board.phase.challenge.slug])
    csv = f"{page}{board.query}&a={a}&b={b}" if downloads else ""
    metrics = [vars(metric) for metric in board.metrics]
    return paired_figures(methods[a], methods[b], metrics, names, found["datasets"], links, csv)
