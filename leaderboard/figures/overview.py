"""What a challenge's data consist of: cases by group, task, contrast and dataset."""

from collections.abc import Sequence
from dataclasses import dataclass

from leaderboard.figures.figure import DASH, Figure, Layout, Table, Trace, View, folded
from leaderboard.figures.heatmap import INK_ON

# Groups take turns; each ring is paler than the one inside it.
SHADES = ((1, 2, 3, 4), (2, 3, 4, 5))
DEPTHS = 4
# Radii as shares of the outermost one.
HOLE = 0.12
BREADTH = (1 - HOLE) / DEPTHS


@dataclass(frozen=True)
class Part:
    """One dataset: `path` is group, task, contrast and name."""

    path: tuple[str, str, str, str]
    source: str
    cases: int
    link: str


def data_overview(parts: Sequence[Part]) -> Figure:
    """Rings from the inside: group, task, contrast, dataset; angles by the number of cases."""
    total = sum(part.cases for part in parts)
    groups = list(dict.fromkeys(part.path[0] for part in parts))
    rings = [_ring(_together(parts), depth, groups) for depth in range(1, DEPTHS + 1)]
    layout: Layout = {"height": 560, "margin": {"l": 0, "r": 0, "t": 8, "b": 8}, "showlegend": False}
    rows = [[part.path[3], *part.path[:3], part.source or DASH, str(part.cases)] for part in parts]
    table = Table(
        ["Dataset", "Group", "Task", "Contrast", "Source", "Cases"],
        [*rows, ["All", "", "", "", "", str(total)]],
    )
    reading = (
        "Numbers of cases by group, task, contrast and dataset, from the inside; a click opens a dataset."
    )
    view = View("Cases", rings, layout, table)
    return Figure("data", "What the data consist of", reading, [view], max_width=640, square=True)


def _together(parts: Sequence[Part]) -> list[Part]:
    """What shares a sector stands side by side, in the order in which the sectors come first."""
    order: dict[tuple[str, ...], int] = {}
    for part in parts:
        for depth in range(1, DEPTHS + 1):
            order.setdefault(part.path[:depth], len(order))
    return sorted(parts, key=lambda part: [order[part.path[:depth]] for depth in range(1, DEPTHS + 1)])


def _ring(parts: Sequence[Part], depth: int, groups: Sequence[str]) -> Trace:
    """The sectors of one depth, clockwise from the top, as a pie with a hole for the rings inside it."""
    counts: dict[tuple[str, ...], int] = {}
    for part in parts:
        path = part.path[:depth]
        counts[path] = counts.get(path, 0) + part.cases
    total = sum(counts.values())
    shades = [SHADES[groups.index(path[0]) % len(SHADES)][depth - 1] for path in counts]
    inner, outer = HOLE + (depth - 1) * BREADTH, HOLE + depth * BREADTH
    links: dict[tuple[str, ...], str] = {part.path: part.link for part in parts}
    sources: dict[tuple[str, ...], str] = {
        part.path: f"<br>from {part.source}" for part in parts if part.source
    }
    return {
        "type": "pie",
        # Sectors of one label would be made one.
        "labels": ["/".join(path) for path in counts],
        "values": list(counts.values()),
        "text": [folded(path[-1], 14) for path in counts],
        "texttemplate": "%{text}<br>%{value}",
        "textposition": "inside",
        "insidetextorientation": "auto",
        "customdata": [links.get(path) for path in counts],
        "hovertext": [
            f"{', '.join(path)}<br>{count} cases, {count / total:.0%} of all{sources.get(path, '')}"
            for path, count in counts.items()
        ],
        "hoverinfo": "text",
        "sort": False,
        "direction": "clockwise",
        "hole": round(inner / outer, 4),
        "domain": {"x": [0.5 - outer / 2, 0.5 + outer / 2], "y": [0.5 - outer / 2, 0.5 + outer / 2]},
        "textfont": {"size": 12, "color": [INK_ON[shade] for shade in shades]},
        "marker": {
            "colors": [f"token:seq-{shade}" for shade in shades],
            "line": {"width": 1.5, "color": "token:paper"},
        },
    }
