"""The metrics' own facts: names, directions, units, bounds, and what a missing value becomes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal


@dataclass(frozen=True)
class Metric:
    """``missing`` is what a missing or undefined value counts as: the worst value there is, never the
    best."""

    kind: str
    short: str
    title: str
    direction: Literal["higher", "lower"]
    unit: str
    bounds: tuple[float, float]
    decimals: int
    missing: float

    @property
    def higher_is_better(self) -> bool:
        return self.direction == "higher"

    def filled(self, value: float | None) -> float:
        """The value, or ``missing`` where it is None, NaN, or infinite."""
        return self.missing if value is None or not math.isfinite(value) else value


METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        m.kind: m
        for m in (
            Metric("dice", "DSC", "Dice similarity coefficient", "higher", "", (0.0, 1.0), 4, 0.0),
            Metric(
                "hd95", "HD95", "95 % Hausdorff distance", "lower", "voxels", (0.0, math.inf), 4, math.inf
            ),
            Metric(
                "tre", "TRE", "Target registration error", "lower", "voxels", (0.0, math.inf), 4, math.inf
            ),
            Metric("ndv", "NDV", "Non-diffeomorphic volume", "lower", "%", (0.0, math.inf), 5, math.inf),
            Metric(
                "sdlogj", "SDlogJ", "Standard deviation of log |J|", "lower", "", (0.0, math.inf), 5, math.inf
            ),
        )
    }
)
