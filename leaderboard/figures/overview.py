"""What a challenge's data consist of: cases by group, task, contrast and dataset."""

from collections.abc import Sequence
from dataclasses import dataclass

from leaderboard.figures.figure import Figure, Layout, Table, Trace, View, folded
from leaderboard.figures.heatmap import INK_ON

# Groups take turns; each ring is paler than the one inside it.
SHADES = ((1, 2, 3, 4), (2, 3, 4, 5))


@dataclass(frozen=True)
class Part:
    """One dataset: `path` is group, task, contrast and name."""

    path: tuple[str, str, str, str]
    source: str
    cases: int
    link: str


def data_overview(parts: Sequence[Part]) -> Figure:
    """Rings from the inside: group, task, contrast, dataset; angles by the number of cases."""
    rings = _rings(parts)
    total = sum(part.cases for part in parts)
    groups = list(dict.fromkeys(part.path[0] for part in parts))
    links: dict[tuple[str, ...], str] = {part.path: part.link for part in parts}
    sources: dict[tuple[str, ...], str] = {
        part.path: f"<br>from {part.source}" for part in parts if part.source
    }
    shades = [SHADES[groups.index(path[0]) % len(SHADES)][len(path) - 1] for path in rings]
    trace: Trace = {
        "type": "sunburst",
        "ids": ["/".join(path) for path in rings],
        "parents": ["/".join(path[:-1]) for path in rings],
        "labels": [folded(path[-1], 14) for path in rings],
        "values": list(rings.values()),
        "branchvalues": "total",
        "textinfo": "label+value",
        "customdata": [links.get(path) for path in rings],
        "hovertext": [
            f"{', '.join(path)}<br>{count} cases, {count / total:.0%} of all{sources.get(path, '')}"
            for path, count in rings.items()
        ],
        "hoverinfo": "text",
        "insidetextorientation": "auto",
        "sort": False,
        "rotation": 90,
        "textfont": {"size": 12, "color": [INK_ON[shade] for shade in shades]},
        "marker": {
            "colors": [f"token:seq-{shade}" for shade in shades],
            "line": {"width": 1.5, "color": "token:paper"},
        },
    }
    layout: Layout = {"height": 560, "margin": {"l": 0, "r": 0, "t": 8, "b": 8}, "showlegend": False}
    rows = [[part.path[3], *part.path[:3], part.source or "\N{EN DASH}", str(part.cases)] for part in parts]
    table = Table(
        ["Dataset", "Group", "Task", "Contrast", "Source", "Cases"],
        [*rows, ["All", "", "", "", "", str(total)]],
    )
    reading = (
        "Numbers of cases by group, task, contrast and dataset, from the inside; "
        "a click opens a ring or a dataset."
    )
    view = View("Cases", [trace], layout, table)
    return Figure("data", "What the data consist of", reading, [view], max_width=640, square=True)


def _rings(parts: Sequence[Part]) -> dict[tuple[str, ...], int]:
    """Every sector's path and its number of cases, inner rings before outer ones."""
    counts: dict[tuple[str, ...], int] = {}
    for depth in range(1, 5):
        for part in parts:
            path = part.path[:depth]
            counts[path] = counts.get(path, 0) + part.cases
    return counts
