"""The metrics' own facts: names, directions, units, and what a missing value becomes."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from scoring.spec import Rules


@dataclass(frozen=True)
class Metric:
    """``missing`` is what a missing or undefined value counts as: the worst value there is, never the
    best."""

    kind: str
    short: str
    title: str
    direction: Literal["higher", "lower"]
    unit: str
    decimals: int
    missing: float

    @property
    def higher_is_better(self) -> bool:
        return self.direction == "higher"


METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        m.kind: m
        for m in (
            Metric("dice", "DSC", "Dice similarity coefficient", "higher", "", 4, 0.0),
            Metric("hd95", "HD95", "95 % Hausdorff distance", "lower", "voxels", 4, math.inf),
            Metric("tre", "TRE", "Target registration error", "lower", "voxels", 4, math.inf),
            Metric("ndv", "NDV", "Non-diffeomorphic volume", "lower", "%", 5, math.inf),
            Metric("sdlogj", "SDlogJ", "Standard deviation of log |J|", "lower", "", 5, math.inf),
        )
    }
)


def unit_of(kind: str, rules: Rules) -> str:
    """A metric's unit under these rules: ``mm`` for HD95 where they say so, and for TRE of tables' points."""
    in_mm = (kind == "hd95" and rules.spacing == "mm") or (kind == "tre" and rules.landmarks == "csv")
    return "mm" if in_mm else METRICS[kind].unit


def case_value(kind: str, items: NDArray[np.float64] | Sequence[float]) -> float:
    """A case's one value: the mean over the labels that are not NaN, or over all landmarks."""
    with warnings.catch_warnings(), np.errstate(invalid="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # the mean of nothing is NaN, as officially
        return float(np.nanmean(items) if kind in ("dice", "hd95") else np.mean(items))
