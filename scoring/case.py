"""One pair: ground truth, warp and metrics together."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring import kernels
from scoring.errors import InvalidGroundTruth
from scoring.fields import Field
from scoring.groundtruth import read_volume
from scoring.metrics.landmarks import volume_errors
from scoring.metrics.overlap import dice, present
from scoring.metrics.regularity import non_diffeomorphic_volume
from scoring.metrics.surface import hd95
from scoring.spec import EvaluationConfig, MetricSpec, Pair, Rules, ground_truth_files
from scoring.warp import LabelIds, label_ids, warp_ids

Array = NDArray[np.float64]


@dataclass(frozen=True)
class _LabelMaps:
    """Ids of the fixed, the moving and the warped label map."""

    ids: LabelIds
    fixed: NDArray[Any]
    moving: NDArray[Any]
    warped: NDArray[Any]


class Case:
    """A pair with its field; what several metrics need (the warped label map) is made once."""

    def __init__(
        self, field: Field, pair: Pair, config: EvaluationConfig, ground_truth: Path, rules: Rules
    ) -> None:
        self.field, self.config, self.rules, self._folder = field, config, rules, ground_truth
        self._files = ground_truth_files(pair, config, rules)

    def items(self) -> dict[str, Array]:
        """Metric name -> one value per label, per landmark, or a single one; in the config's order."""
        compute = {
            "dice": self._dice, "hd95": self._hd95, "tre": self._tre, "ndv": self._ndv,
        }  # fmt: skip
        return {metric.name: compute[metric.metric](metric) for metric in self.config.metrics}

    def _volume(self, role: str) -> NDArray[Any]:
        """A ground-truth volume (Z, Y, X) on the grid of the field."""
        volume = read_volume(self._folder, self._files[role])
        if volume.array.shape != self.field.planes.shape[1:]:
            raise InvalidGroundTruth(
                "gt_shape", self._files[role], shape=_times(volume.array.shape[::-1]),
                expected_shape=_times(self.field.shape[:3]),
            )  # fmt: skip
        return volume.array

    @cached_property
    def _labels(self) -> _LabelMaps:
        ids = label_ids([label for metric in self.config.metrics for label in metric.labels])
        fixed = ids.encode(self._volume("fixed_labels"))
        moving = ids.encode(self._volume("moving_labels"))
        return _LabelMaps(ids, fixed, moving, warp_ids(self.field, moving, ids.outside))

    def _of_labels(self, values: Array, metric: MetricSpec) -> Array:
        return values[[self._labels.ids.of(label) for label in metric.labels]]

    def _dice(self, metric: MetricSpec) -> Array:
        maps = self._labels
        return self._of_labels(dice(maps.fixed, maps.moving, maps.warped, maps.ids.count), metric)

    def _hd95(self, metric: MetricSpec) -> Array:
        maps = self._labels
        wanted = present(kernels.count_ids(maps.fixed, maps.ids.count), maps.moving, maps.ids.count)
        asked = np.zeros(maps.ids.count, np.bool_)
        asked[[maps.ids.of(label) for label in metric.labels]] = True
        return self._of_labels(hd95(maps.fixed, maps.warped, wanted & asked), metric)

    def _tre(self, metric: MetricSpec) -> Array:
        fixed = self._volume(f"fixed_{metric.dest}")
        moving = self._volume(f"moving_{metric.dest}")
        # the lowest value of fixed is the background, whatever it is
        landmarks = np.unique(fixed)[1:]
        ids = label_ids([int(v) for v in landmarks])
        if any(float(v) != int(v) for v in landmarks):
            raise InvalidGroundTruth(
                "gt_landmarks", self._files[f"fixed_{metric.dest}"], reason="not integers"
            )
        warped = warp_ids(self.field, ids.encode(moving), ids.outside)
        return volume_errors(ids.encode(fixed), warped, ids.count)

    def _ndv(self, metric: MetricSpec) -> Array:  # noqa: ARG002
        image = self._volume(f"{self.rules.ndv_mask}_image")
        return np.array([non_diffeomorphic_volume(self.field, image > 0)])


def case_values(items: Mapping[str, Array], kinds: Mapping[str, str]) -> dict[str, float]:
    """Metric name -> the case's one value: the mean over the labels that count, or over all landmarks."""
    with warnings.catch_warnings(), np.errstate(invalid="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # the mean of nothing is NaN, as officially
        return {
            name: float(np.nanmean(values) if kinds[name] in ("dice", "hd95") else np.mean(values))
            for name, values in items.items()
        }


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
