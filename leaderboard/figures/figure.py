"""What a figure is: views for Plotly, and beside each a table that says the same.

Colours are named as `token:<name>` after the design tokens; the page puts the colours of its theme in,
so that a figure is the same JSON in light and in dark mode.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leaderboard.figures.tidy import Tidy

Trace = dict[str, Any]
Layout = dict[str, Any]

ROW_HEIGHT = 24
DASH = "\N{EN DASH}"

# An axis of a matrix of cells: labels with a little air, no lines.
CELL_AXIS: Mapping[str, Any] = {
    "showgrid": False,
    "zeroline": False,
    "fixedrange": True,
    "ticks": "outside",
    "ticklen": 4,
    "tickcolor": "rgba(0,0,0,0)",
}


class Linked(str):
    """A name that leads to a page: in a table it is a link, elsewhere text like any other."""

    __slots__ = ("url",)

    url: str | None

    def __new__(cls, text: str, url: str | None) -> "Linked":
        made = super().__new__(cls, text)
        made.url = url
        return made


def url_of(text: str) -> str | None:
    """The address that a text leads to, if any."""
    return text.url if isinstance(text, Linked) else None


@dataclass(frozen=True)
class Table:
    """Head and rows of text; the first column names the row. `Linked` texts are links.

    note: what of the drawing it leaves out.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


@dataclass(frozen=True)
class View:
    """One of a figure's drawings, such as one metric's.

    csv: address of a file with all that is drawn, where the table is not the whole of it. tidy: makes the
    rows of a file in full; without it a file has what the table says.
    """

    name: str
    traces: Sequence[Trace]
    layout: Layout
    table: Table
    csv: str = ""
    tidy: Callable[[], Tidy] | None = None


@dataclass(frozen=True)
class Figure:
    """A titled figure; `reading` is the one line that says how to read it.

    Widths in pixels: on a page narrower than `min_width` it scrolls; it grows to `max_width` at most.
    `square`: it is no higher than it is wide.
    """

    key: str
    title: str
    reading: str
    views: Sequence[View]
    min_width: int = 320
    max_width: int | None = None
    square: bool = False

    @property
    def height(self) -> int:
        """Pixels that the page keeps free until the drawing is there."""
        return int(self.views[0].layout["height"])

    @property
    def json(self) -> dict[str, Any]:
        """What the page's script draws; strict JSON."""
        views = [
            {"name": view.name, "data": view.traces, "layout": view.layout, "csv": view.csv}
            for view in self.views
        ]
        return {
            "key": self.key,
            "minWidth": self.min_width,
            "maxWidth": self.max_width,
            "square": self.square,
            "views": views,
        }


def flat(tokens: Sequence[str]) -> list[list[Any]]:
    """A colour scale of equal flat steps."""
    count = len(tokens)
    return [[(step + end) / count, f"token:{token}"] for step, token in enumerate(tokens) for end in (0, 1)]


def short(name: str, length: int = 24) -> str:
    """A name cut to fit beside an axis."""
    return name if len(name) <= length else name[: length - 1].rstrip() + "…"


def numbered(value: float | None, decimals: int) -> str:
    """A number as the figure's table and hover text print it; a dash where it is missing."""
    return DASH if value is None else f"{value:.{decimals}f}"


RING = 15


def symbol(missing: int, *, own: bool = False) -> str:
    """The mark of a mean: hollow where it lacks cases, with a ring about it where it is this entry's."""
    if own:
        return "circle-open" if missing else "circle-open-dot"
    return "circle-open" if missing else "circle"


def told_missing(missing: int) -> str:
    """What hovering over a mean says of the cases that it lacks."""
    return f"<br>{missing} case{'s' if missing > 1 else ''} missing" if missing else ""


def unique(names: Sequence[str], length: int = 24) -> list[str]:
    """Names as axis categories: cut, and told apart where cutting made two the same."""
    labels: list[str] = []
    for name in names:
        label = short(name, length)
        while label in labels:
            label += "\u200b"
        labels.append(label)
    return labels


def folded(title: str, width: int) -> str:
    """The title broken at spaces into lines of about `width` letters."""
    lines = [""]
    for word in title.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "<br>".join(lines)
