"""Accuracy against regularity: does an entry pay for overlap with folds?"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import floor, log10

from leaderboard.figures.figure import (
    DASH,
    RING,
    Figure,
    Layout,
    Linked,
    Table,
    Trace,
    View,
    numbered,
    short,
    symbol,
    told_missing,
)
from leaderboard.figures.tidy import Tidy

Box = tuple[float, float, float, float]
BAND = 12.0
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Point:
    """One entry: mean DSC (higher is better) and mean NDV in per cent (lower is better).

    missing: cases that one of the means lacks.
    """

    entry: str
    method: str
    dsc: float
    ndv: float
    link: str
    missing: int = 0


def accuracy_against_regularity(points: Sequence[Point], highlight: str | None = None) -> Figure:
    """NDV on a logarithmic axis, with a place of its own for exactly 0, against DSC."""
    zero = _place_of_zero(points)
    front = pareto_front(points)
    on_front = {point.entry for point in front}
    traces = [_front(front, zero), _dots(points, zero, highlight, on_front)]
    reading = "Up and left is better. Line: entries that none beats in both."
    if any(point.missing for point in points):
        reading += " Hollow: means that lack cases, which are not compared."
    if highlight:
        reading += " Ring: this entry."
    rows = [
        [
            Linked(point.method, point.link),
            numbered(point.dsc, 4),
            numbered(point.ndv, 4),
            str(point.missing),
            _unbeaten(point, on_front),
        ]
        for point in points
    ]
    table = Table(["Method", "DSC", "NDV, %", "Cases missing", "Unbeaten in both"], rows)
    rows_of_file = partial(_tidy, points, on_front)
    view = View("DSC against NDV", traces, _layout(points, zero), table, tidy=rows_of_file)
    return Figure("tradeoff", "Accuracy against regularity", reading, [view], min_width=480)


def _tidy(points: Sequence[Point], on_front: set[str]) -> Tidy:
    rows = ((p.method, p.dsc, p.ndv, p.missing, "yes" if p.entry in on_front else "no") for p in points)
    return Tidy(("method", "DSC", "NDV", "missing", "unbeaten"), rows)


def pareto_front(points: Sequence[Point]) -> list[Point]:
    """The points that no other beats in one value without losing in the other, by rising NDV.

    A mean that lacks cases is neither on it nor beats another: the hard ones may be those that it lacks.
    """
    front: list[Point] = []
    whole = [point for point in points if not point.missing]
    for point in sorted(whole, key=lambda point: (point.ndv, -point.dsc)):
        if not front or point.dsc > front[-1].dsc or (point.ndv, point.dsc) == (front[-1].ndv, front[-1].dsc):
            front.append(point)
    return front


def _unbeaten(point: Point, on_front: set[str]) -> str:
    if point.missing:
        return DASH
    return "yes" if point.entry in on_front else "no"


def _place_of_zero(points: Sequence[Point]) -> float:
    """Where on the logarithmic axis 0 is drawn: one decade below the smallest positive value's."""
    positive = [point.ndv for point in points if point.ndv > 0]
    return 10.0 ** (floor(log10(min(positive))) - 1) if positive else 1e-4


def _x(point: Point, zero: float) -> float:
    return point.ndv if point.ndv > 0 else zero


def _front(front: Sequence[Point], zero: float) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [_x(point, zero) for point in front],
        "y": [point.dsc for point in front],
        "line": {"shape": "hv", "width": 1.5, "color": "token:seq-4"},
        "hoverinfo": "skip",
    }


def _dots(points: Sequence[Point], zero: float, highlight: str | None, on_front: set[str]) -> Trace:
    def chosen(point: Point) -> bool:
        return point.entry == highlight if highlight else point.entry in on_front

    labels = [short(point.method, 22) for point in points]
    rest = ["token:ink" if point.entry == highlight else "token:line-3" for point in points]
    colours = [
        "token:accent" if point.entry in on_front else tone for point, tone in zip(points, rest, strict=True)
    ]
    first = sorted(range(len(points)), key=lambda at: not chosen(points[at]))
    places = place_labels(
        [_x(point, zero) for point in points], [point.dsc for point in points], labels, first
    )
    return {
        "type": "scatter",
        "mode": "markers+text",
        "x": [_x(point, zero) for point in points],
        "y": [point.dsc for point in points],
        "text": [label if place else "" for label, place in zip(labels, places, strict=True)],
        "textposition": [place or "top center" for place in places],
        "textfont": {
            "size": 11,
            "color": ["token:ink" if chosen(point) else "token:ink-3" for point in points],
        },
        "cliponaxis": False,
        "customdata": [point.link for point in points],
        "hovertext": [
            f"{point.method}<br>DSC {numbered(point.dsc, 4)}, NDV {numbered(point.ndv, 4)} %"
            f"{told_missing(point.missing)}"
            for point in points
        ],
        "hoverinfo": "text",
        "marker": {
            "size": [RING if point.entry == highlight else 9 for point in points],
            "symbol": [symbol(point.missing, own=point.entry == highlight) for point in points],
            # Plotly's own is paler where sizes differ.
            "opacity": 1,
            "line": {"width": 2, "color": colours},
            "color": colours,
        },
    }


def place_labels(
    x: Sequence[float], y: Sequence[float], labels: Sequence[str], order: Sequence[int]
) -> list[str | None]:
    """Where each label stands beside its point so that none covers another, None where there is no room.

    x is on a logarithmic axis, y on a linear one; sizes are those of a drawing of half a page's width.
    `order`: whose label is placed first.
    """
    centres = list(zip(_scaled([log10(value) for value in x], 420), _scaled(y, 300), strict=True))
    taken: dict[int, list[Box]] = defaultdict(list)
    for cx, cy in centres:
        _take(taken, (cx - 6, cy - 6, cx + 6, cy + 6))
    places: list[str | None] = [None] * len(labels)
    for at in order:
        for place, box in _boxes(*centres[at], 6.2 * len(labels[at])):
            if box[0] > -40 and box[2] < 470 and _is_free(taken, box):
                places[at] = place
                _take(taken, box)
                break
    return places


def _take(taken: dict[int, list[Box]], box: Box) -> None:
    """Note a box in each band of the height that it touches: it overlaps none that shares no band with it."""
    for band in _bands(box):
        taken[band].append(box)


def _is_free(taken: Mapping[int, Sequence[Box]], box: Box) -> bool:
    return not any(_overlap(box, other) for band in _bands(box) for other in taken.get(band, ()))


def _bands(box: Box) -> range:
    return range(int(box[1] // BAND), int(box[3] // BAND) + 1)


def _boxes(cx: float, cy: float, width: float) -> list[tuple[str, Box]]:
    half = width / 2
    return [
        ("top center", (cx - half, cy + 7, cx + half, cy + 21)),
        ("bottom center", (cx - half, cy - 21, cx + half, cy - 7)),
        ("middle right", (cx + 7, cy - 7, cx + 7 + width, cy + 7)),
        ("middle left", (cx - 7 - width, cy - 7, cx - 7, cy + 7)),
    ]


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _scaled(values: Sequence[float], pixels: float) -> list[float]:
    low, high = min(values), max(values)
    return [pixels * (value - low) / ((high - low) or 1.0) for value in values]


def _layout(points: Sequence[Point], zero: float) -> Layout:
    largest = max([point.ndv for point in points], default=1.0) or 1.0
    low, high = round(log10(zero)), max(floor(log10(largest)) + 1, round(log10(zero)) + 2)
    decades = list(range(low, high + 1))
    return {
        "height": 420,
        "margin": {"l": 8, "r": 24, "t": 24, "b": 48},
        "showlegend": False,
        "xaxis": {
            "type": "log",
            "title": {"text": "NDV, % of the mask, logarithmic (better to the left)"},
            "range": [low - 0.5, high + 0.25],
            "tickvals": [10.0**decade for decade in decades],
            "ticktext": ["0", *(_power(decade) for decade in decades[1:])],
            "fixedrange": True,
        },
        "yaxis": {"title": {"text": "DSC (better upwards)"}, "automargin": True, "fixedrange": True},
    }


def _power(decade: int) -> str:
    # Not <sup>: Plotly draws it by a style attribute, which the Content-Security-Policy forbids.
    small = f"10{str(decade).translate(_SUPERSCRIPT)}"
    return f"{10.0**decade:g}" if decade >= -3 else small
