"""What a challenge's data consist of: cases by group, task, contrast and dataset, and by source."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import pi
from typing import TypeAlias

from leaderboard.figures.figure import DASH, Figure, Layout, Linked, Table, Trace, View, folded
from leaderboard.figures.tidy import Tidy

Path: TypeAlias = tuple[str, ...]
UNTOLD = "Source not told"
# What is inside takes turns, so that neighbours differ. No scale: depth is no magnitude.
TONES = ("token:accent-soft", "token:line-2")
# Its radius as a share of the outermost one.
HOLE = 0.12
# Pixels at a desk: the outermost ring's radius, and a letter.
RADIUS, LETTER = 270, 6.4


@dataclass(frozen=True)
class Part:
    """One dataset: `path` is group, task, contrast and name."""

    path: tuple[str, str, str, str]
    source: str
    cases: int
    link: str


Leaves: TypeAlias = Sequence[tuple[Path, Part]]


def data_overview(parts: Sequence[Part]) -> Figure:
    """Rings from the inside: group, task, contrast, dataset; or source and dataset. Angles by cases."""
    reading = "Numbers of cases, each ring a part of the one inside it; a click opens a dataset."
    views = [replace(view, tidy=partial(_tidy, parts)) for view in (_by_task(parts), _by_source(parts))]
    return Figure("data", "What the data consist of", reading, views, max_width=640, square=True)


def _tidy(parts: Sequence[Part]) -> Tidy:
    rows = ((part.path[3], *part.path[:3], part.source, part.cases) for part in parts)
    return Tidy(("dataset", "group", "task", "contrast", "source", "cases"), rows)


def _by_task(parts: Sequence[Part]) -> View:
    hints: dict[Path, str] = {part.path: f"<br>from {part.source}" for part in parts if part.source}
    rows = [
        [Linked(part.path[3], part.link), *part.path[:3], part.source or DASH, str(part.cases)]
        for part in parts
    ]
    table = Table(
        ["Dataset", "Group", "Task", "Contrast", "Source", "Cases"],
        [*rows, ["All", "", "", "", "", _total(parts)]],
    )
    return _view("By group, task and contrast", [(part.path, part) for part in parts], hints, table)


def _by_source(parts: Sequence[Part]) -> View:
    leaves: Leaves = [((part.source or UNTOLD, part.path[3]), part) for part in parts]
    hints = {path: f"<br>{', '.join(part.path[:3])}" for path, part in leaves}
    rows = []
    for source in dict.fromkeys(path[0] for path, _ in leaves):
        of_one = [part for path, part in leaves if path[0] == source]
        rows.append([source, str(len(of_one)), _total(of_one)])
    table = Table(["Source", "Datasets", "Cases"], [*rows, ["All", str(len(parts)), _total(parts)]])
    return _view("By source", leaves, hints, table)


def _total(parts: Iterable[Part]) -> str:
    return str(sum(part.cases for part in parts))


def _view(name: str, leaves: Leaves, hints: Mapping[Path, str], table: Table) -> View:
    """Rings of as many depths as the paths have parts; hints: what a leaf says beside its count."""
    depths = len(leaves[0][0])
    together = _together(leaves, depths)
    rings = [_ring(together, depth, depths, hints) for depth in range(1, depths + 1)]
    layout: Layout = {"height": 560, "margin": {"l": 0, "r": 0, "t": 8, "b": 8}, "showlegend": False}
    return View(name, rings, layout, table)


def _together(leaves: Leaves, depths: int) -> Leaves:
    """What shares a sector stands side by side, in the order in which the sectors come first."""
    order: dict[Path, int] = {}
    for path, _ in leaves:
        for depth in range(1, depths + 1):
            order.setdefault(path[:depth], len(order))
    return sorted(leaves, key=lambda leaf: [order[leaf[0][:depth]] for depth in range(1, depths + 1)])


def _ring(leaves: Leaves, depth: int, depths: int, hints: Mapping[Path, str]) -> Trace:
    """The sectors of one depth, clockwise from the top, as a pie with a hole for the rings inside it."""
    counts: dict[Path, int] = {}
    for path, part in leaves:
        counts[path[:depth]] = counts.get(path[:depth], 0) + part.cases
    total = sum(counts.values())
    roots = list(dict.fromkeys(path[0] for path, _ in leaves))
    tones = [TONES[roots.index(path[0]) % len(TONES)] for path in counts]
    breadth = (1 - HOLE) / depths
    inner, outer = HOLE + (depth - 1) * breadth, HOLE + depth * breadth
    links = {path: part.link for path, part in leaves}
    # Of the middle of a sector's arc, along which its words stand.
    letters = pi * (inner + outer) * RADIUS / LETTER / total
    return {
        "type": "pie",
        # Sectors of one label would be made one.
        "labels": ["/".join(path) for path in counts],
        "values": list(counts.values()),
        "text": [folded(path[-1], max(8, round(0.8 * letters * count))) for path, count in counts.items()],
        "texttemplate": "%{text}<br>%{value}",
        "textposition": "inside",
        "insidetextorientation": "tangential",
        "customdata": [links.get(path) for path in counts],
        "hovertext": [
            f"{', '.join(path)}<br>{count} cases, {count / total:.0%} of all{hints.get(path, '')}"
            for path, count in counts.items()
        ],
        "hoverinfo": "text",
        "sort": False,
        "direction": "clockwise",
        "hole": round(inner / outer, 4),
        "domain": {"x": [0.5 - outer / 2, 0.5 + outer / 2], "y": [0.5 - outer / 2, 0.5 + outer / 2]},
        "textfont": {"size": 12, "color": "token:ink"},
        "marker": {
            "colors": tones,
            "line": {"width": 1.5, "color": "token:paper"},
        },
    }
