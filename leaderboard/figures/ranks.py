"""Where one entry stands by rank, dataset by dataset and metric by metric."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from leaderboard.figures import tidy
from leaderboard.figures.figure import DASH, Figure, Layout, Table, Trace, View, short

# A mark and a tone of its own for each metric: none is told by colour alone.
MARKS: Mapping[str, tuple[str, str]] = {
    "ACC": ("circle", "token:ink"),
    "DSC30": ("square", "token:seq-1"),
    "NDV": ("triangle-up", "token:seq-2"),
    "TRE30": ("diamond", "token:seq-3"),
}
SHAPES = {"circle": "●", "square": "■", "triangle-up": "▲", "diamond": "◆"}
LANE = 11


def entry_ranks(
    entry: str, heatmap: Mapping[str, Any], datasets: Mapping[str, str], overall: float
) -> Figure | None:
    """A line a dataset with a mark a metric, the rank on the whole board as a line down; None without any.

    `heatmap` is a snapshot's, `datasets` maps a dataset to its name.
    """
    found = _by_dataset(entry, heatmap, datasets)
    if not found:
        return None
    metrics = [metric for metric in MARKS if any(metric in of_one for of_one in found.values())]
    count = len(heatmap["rows"])
    lanes = {metric: (at - (len(metrics) - 1) / 2) / (len(metrics) + 1) for at, metric in enumerate(metrics)}
    traces = [_marks(metric, lanes[metric], found, datasets, count) for metric in metrics]
    head = ["Dataset", *metrics]
    rows = [
        [datasets[slug], *(_rank(of_one.get(metric)) for metric in metrics)] for slug, of_one in found.items()
    ]
    signs = ", ".join(f"{SHAPES[MARKS[metric][0]]} {metric}" for metric in metrics)
    layout = _layout([datasets[slug] for slug in found], len(metrics), count, overall)
    return Figure(
        "entry-ranks",
        "Ranks on every dataset",
        f"{signs}; ranks among {count}. Line: rank {overall:g} on the whole board.",
        [
            View(
                "On every dataset",
                traces,
                layout,
                Table(head, rows),
                tidy=partial(tidy.of_entry, entry, heatmap, datasets),
            )
        ],
    )


def _by_dataset(
    entry: str, heatmap: Mapping[str, Any], datasets: Mapping[str, str]
) -> dict[str, dict[str, float]]:
    """Rank by dataset and metric, of the columns over one dataset."""
    if entry not in heatmap["rows"]:
        return {}
    ranks = heatmap["ranks"][heatmap["rows"].index(entry)]
    found: dict[str, dict[str, float]] = {}
    for column, rank in zip(heatmap["columns"], ranks, strict=True):
        slug = column["datasets"][0]
        if len(column["datasets"]) == 1 and slug in datasets and rank is not None:
            found.setdefault(slug, {})[column["metric"]] = rank
    return found


def _marks(
    metric: str,
    lane: float,
    found: Mapping[str, Mapping[str, float]],
    datasets: Mapping[str, str],
    count: int,
) -> Trace:
    """One metric's marks, each metric in a lane of its own so that equal ranks do not cover each other."""
    points = [
        (of_one[metric], at + lane, f"{datasets[slug]}<br>{metric}: rank {of_one[metric]:g} of {count}")
        for at, (slug, of_one) in enumerate(found.items())
        if metric in of_one
    ]
    symbol, colour = MARKS[metric]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": metric,
        "x": [rank for rank, _, _ in points],
        "y": [place for _, place, _ in points],
        "hovertext": [words for _, _, words in points],
        "hoverinfo": "text",
        "cliponaxis": False,
        "marker": {"symbol": symbol, "size": 10, "color": colour},
    }


def _layout(names: Sequence[str], metrics: int, count: int, overall: float) -> Layout:
    line = {"color": "token:line-3", "width": 2}
    return {
        "height": (LANE * (metrics + 1)) * len(names) + 64,
        "margin": {"l": 8, "r": 16, "t": 8, "b": 48},
        "showlegend": False,
        "xaxis": {
            "title": {"text": "Rank (better to the left)"},
            "range": [0.5, max(count, 2) + 0.5],
            "dtick": max(1, round(count / 12)),
            "tick0": 1,
            "zeroline": False,
            "fixedrange": True,
        },
        "yaxis": {
            "tickvals": list(range(len(names))),
            "ticktext": [short(name) for name in names],
            "range": [len(names) - 0.5, -0.5],
            "automargin": True,
            "zeroline": False,
            "fixedrange": True,
        },
        "shapes": [
            {
                "type": "line",
                "x0": overall,
                "x1": overall,
                "y0": 0,
                "y1": 1,
                "yref": "paper",
                "layer": "below",
            }
            | {"line": line}
        ],
    }


def _rank(rank: float | None) -> str:
    return DASH if rank is None else f"{rank:g}"
