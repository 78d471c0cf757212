"""One pair: ground truth, warp and metrics together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring import kernels
from scoring.errors import InvalidGroundTruth
from scoring.fields import Field, times
from scoring.groundtruth import read_grid, read_points, read_volume
from scoring.metrics.landmarks import centres, moved_points, point_errors, volume_errors
from scoring.metrics.overlap import dice, present
from scoring.metrics.regularity import non_diffeomorphic_volume, sd_log_jacobian
from scoring.metrics.surface import hd95
from scoring.spec import EvaluationConfig, MetricSpec, Pair, Rules, ground_truth_files
from scoring.warp import LabelIds, label_ids, sample_index, warp_ids

Array = NDArray[np.float64]


@dataclass(frozen=True)
class LabelMaps:
    """Ids of the fixed, the moving and the warped label map; (Z, Y, X)."""

    ids: LabelIds
    fixed: NDArray[Any]
    moving: NDArray[Any]
    warped: NDArray[Any]


@dataclass(frozen=True)
class Landmarks:
    """Landmarks before and after, (n, 3) voxels X, Y, Z; NaN where one is lost.

    On the fixed grid (``on_fixed``) ``target`` are the fixed landmarks and ``carried`` the moving ones seen
    through the field.  With tables it is the other way round: the field carries the fixed points (from
    ``start``) onto the moving ones.
    """

    target: Array
    start: Array
    carried: Array
    on_fixed: bool


class Case:
    """A pair with its field; what several metrics need (the warped label map) is made once."""

    def __init__(
        self, field: Field, pair: Pair, config: EvaluationConfig, ground_truth: Path, rules: Rules
    ) -> None:
        self.config, self.rules, self._folder = config, rules, ground_truth
        self._files = ground_truth_files(pair, config, rules)
        grid, self._fixed_spacing_mm = read_grid(ground_truth, self._files["fixed_image"])
        self._single = field.from_npz and rules.float32_npz
        field = field.single() if self._single else field
        self.field = field.on_grid(grid)
        self._indices: dict[tuple[int, ...], NDArray[np.int32]] = {}

    def items(self) -> dict[str, Array]:
        """Metric name -> one value per label, per landmark, or a single one; in the config's order."""
        compute = {
            "dice": self._dice,
            "hd95": self._hd95,
            "tre": self._tre_points if self.rules.landmarks == "csv" else self._tre_volumes,
            "ndv": self._ndv,
            "sdlogj": self._sdlogj,
        }
        return {metric.name: compute[metric.metric](metric) for metric in self.config.metrics}

    def _volume(self, role: str) -> NDArray[Any]:
        return read_volume(self._folder, self._files[role]).array

    def _on_grid(self, role: str) -> NDArray[Any]:
        """A ground-truth volume that must lie on the grid of the field."""
        array = self._volume(role)
        if array.shape != self.field.planes.shape[1:]:
            shape, wanted = times(array.shape[::-1]), times(self.field.shape[:3])
            raise InvalidGroundTruth("gt_shape", self._files[role], shape=shape, expected_shape=wanted)
        return array

    def _warped(self, moving: NDArray[Any], outside: int) -> NDArray[Any]:
        """Moving ids on the fixed grid; where to sample is found once for labels and landmarks."""
        if moving.shape not in self._indices:
            self._indices[moving.shape] = sample_index(self.field, moving.shape)
        return warp_ids(self._indices[moving.shape], moving, outside)

    def image(self, side: str) -> NDArray[Any]:
        """The image of a side, "fixed" or "moving"; (Z, Y, X)."""
        return self._on_grid("fixed_image") if side == "fixed" else self._volume("moving_image")

    @cached_property
    def labels(self) -> LabelMaps:
        ids = label_ids([label for metric in self.config.metrics for label in metric.labels])
        fixed = ids.encode(self._on_grid("fixed_labels"))
        moving = ids.encode(self._volume("moving_labels"))
        return LabelMaps(ids, fixed, moving, self._warped(moving, ids.outside))

    def _of_labels(self, values: Array, metric: MetricSpec) -> Array:
        return values[[self.labels.ids.of(label) for label in metric.labels]]

    def _dice(self, metric: MetricSpec) -> Array:
        maps = self.labels
        return self._of_labels(dice(maps.fixed, maps.moving, maps.warped, maps.ids.count), metric)

    def _hd95(self, metric: MetricSpec) -> Array:
        maps = self.labels
        wanted = present(kernels.count_ids(maps.fixed, maps.ids.count), maps.moving, maps.ids.count)
        asked = np.zeros(maps.ids.count, np.bool_)
        asked[[maps.ids.of(label) for label in metric.labels]] = True
        return self._of_labels(hd95(maps.fixed, maps.warped, wanted & asked, self._spacing_mm), metric)

    @property
    def _spacing_mm(self) -> tuple[float, float, float]:
        """The published programs measure HD95 in voxels, whatever the image's spacing."""
        return (1.0, 1.0, 1.0) if self.rules.spacing == "voxel" else self._fixed_spacing_mm

    def landmarks(self) -> Landmarks | None:
        """The landmarks of the first TRE of the config, as that measures them; None where it has none."""
        metric = next((metric for metric in self.config.metrics if metric.metric == "tre"), None)
        if metric is None:
            return None
        if self.rules.landmarks == "csv":
            fixed, moving = self._points(metric)
            return Landmarks(
                moving, fixed, moved_points(self.field, fixed, single=self._single), on_fixed=False
            )
        blobs = self._blobs(metric)
        fixed, moving, warped = (
            centres(ids, blobs.ids.count) for ids in (blobs.fixed, blobs.moving, blobs.warped)
        )
        return Landmarks(fixed, moving, warped, on_fixed=True)

    def _blobs(self, metric: MetricSpec) -> LabelMaps:
        """Landmarks as numbered blobs."""
        fixed = self._on_grid(f"fixed_{metric.dest}")
        moving = self._volume(f"moving_{metric.dest}")
        landmarks = _values(fixed)[1:]  # the lowest value is the background, whatever it is
        if (landmarks != np.floor(landmarks)).any():
            path = self._files[f"fixed_{metric.dest}"]
            raise InvalidGroundTruth("gt_landmarks", path, reason="their numbers are not integers")
        ids = label_ids([int(v) for v in landmarks])
        encoded = ids.encode(moving)
        return LabelMaps(ids, ids.encode(fixed), encoded, self._warped(encoded, ids.outside))

    def _tre_volumes(self, metric: MetricSpec) -> Array:
        """Distances (voxels) between the centres of the blobs."""
        blobs = self._blobs(metric)
        return volume_errors(blobs.fixed, blobs.warped, blobs.ids.count)

    def _points(self, metric: MetricSpec) -> tuple[Array, Array]:
        """Landmarks as tables: the fixed and the moving points."""
        fixed, moving = (
            read_points(self._folder, self._files[f"{side}_{metric.dest}"]) for side in ("fixed", "moving")
        )
        if fixed.shape != moving.shape:
            path = self._files[f"moving_{metric.dest}"]
            raise InvalidGroundTruth("gt_landmarks", path, reason="not as many as in the fixed image")
        return fixed, moving

    def _tre_points(self, metric: MetricSpec) -> Array:
        """Distances (mm) of the points."""
        fixed, moving = self._points(metric)
        _, spacing_mm = read_grid(self._folder, self._files["moving_image"])
        return point_errors(self.field, fixed, moving, spacing_mm, single=self._single)

    def _ndv(self, metric: MetricSpec) -> Array:  # noqa: ARG002
        image = self._on_grid(f"{self.rules.ndv_mask}_image")
        return np.array([non_diffeomorphic_volume(self.field, image > 0)])

    def _sdlogj(self, metric: MetricSpec) -> Array:  # noqa: ARG002
        mask = None
        if self.config.masked and (self._folder / self._files["mask"]).exists():
            mask = self._on_grid("mask")
        return np.array([sd_log_jacobian(self.field, mask, single=self._single)])


def _values(volume: NDArray[Any]) -> NDArray[Any]:
    """The different values of a volume in ascending order."""
    if volume.dtype == np.uint8:  # counting is five times as fast as hashing or sorting
        return np.flatnonzero(kernels.count_ids(volume, 256))
    return np.unique(volume)
