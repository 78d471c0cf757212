"""Colour scales of pictures: the same for every method, case and dataset.

Pictures lie on black in light and in dark mode, so that scales of direction are dark in their middle.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from plotly.colors import sequential

Rgb = tuple[int, int, int]


def rgb(colour: str) -> Rgb:
    """`#rrggbb` as three bytes."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


@dataclass(frozen=True)
class Scale:
    """A colour scale. `ticks` are values with their words; `logarithmic` scales are even in log2."""

    title: str
    unit: str
    low: float
    high: float
    stops: Sequence[str]
    ticks: tuple[tuple[float, str], ...]
    logarithmic: bool = False

    @cached_property
    def table(self) -> NDArray[np.uint8]:
        """256 colours from `low` to `high`; (256, 3)."""
        at = np.linspace(0, 1, len(self.stops))
        stops = np.array([rgb(stop) for stop in self.stops], float)
        where = np.linspace(0, 1, 256)
        return np.stack([np.interp(where, at, stops[:, c]) for c in range(3)], -1).round().astype(np.uint8)

    def share(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Where values stand between `low` (0) and `high` (1); what is beyond stands at the end."""
        with np.errstate(divide="ignore", invalid="ignore"):
            place = np.log2(np.maximum(values, 0)) if self.logarithmic else np.asarray(values, float)
            low, high = (np.log2(v) if self.logarithmic else v for v in (self.low, self.high))
            return np.clip((place - low) / (high - low), 0, 1)

    def place(self, value: float) -> float:
        """Where one value stands, 0 to 1."""
        return float(self.share(np.array([value]))[0])

    def colours(self, values: NDArray[np.floating]) -> NDArray[np.uint8]:
        """RGB of values; NaN is black."""
        share = self.share(values)
        coloured = self.table[np.nan_to_num(share * 255).round().astype(np.uint8)]
        coloured[np.isnan(share)] = 0
        return coloured


_DIRECTION = ("#a9d0ff", "#5a9be6", "#1d4f8c", "#0b0d10", "#9c4a14", "#e0803a", "#ffc99a")

MAGNITUDE = Scale(
    "Displacement",
    "mm",
    0,
    20,
    sequential.Viridis,
    ((0, "0"), (5, "5"), (10, "10"), (15, "15"), (20, "≥ 20")),
)
JACOBIAN = Scale(
    "Jacobian determinant",
    "",
    0.25,
    4,
    _DIRECTION,
    ((0.25, "≤ ¼"), (0.5, "½"), (1, "1"), (2, "2"), (4, "≥ 4")),
    logarithmic=True,
)
DIFFERENCE = Scale(
    "Warped minus fixed",
    "% of the window",
    -60,
    60,
    _DIRECTION,
    ((-60, "≤ \N{MINUS SIGN}60"), (-30, "\N{MINUS SIGN}30"), (0, "0"), (30, "30"), (60, "≥ 60")),
)

# Each means one thing: blue and orange are left to the scales of direction.
FOLD = "#ffffff"
MISMATCH = "#f4e04d"
TARGET = "#9be564"
CARRIED = "#ff6fc4"
GRID_LINE = "#b8dcda"

# Without the colours that mean something. Any two, above all two that follow each other, differ to normal,
# deuteranopic and protanopic eyes (doi 10.1109/TVCG.2009.113): by at least 22 and 55 in CIELAB.
LABEL_COLOURS = (
    "#ff80b3", "#cf0dff", "#80f7ff", "#2db23e", "#f780ff", "#92b27d", "#cfff0d",
    "#b2ffdb", "#0bd90b", "#b259ad", "#f0ffb2", "#d93677", "#d4ff80", "#ce36d9",
)  # fmt: skip


def label_colour(label: int) -> str:
    """The colour of a label id, the same in every picture; many labels share one."""
    return LABEL_COLOURS[label % len(LABEL_COLOURS)]
