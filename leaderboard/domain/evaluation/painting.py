"""The pictures of one case: what is scored, seen in three planes, and volumes for the viewer."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from leaderboard.enums import PictureKind
from leaderboard.pictures import paint, volumes
from leaderboard.pictures.frame import PLANES, Frame, Plane, middle_of
from scoring.case import Case
from scoring.fields import Field
from scoring.metrics.regularity import determinants
from scoring.spec import EvaluationConfig, Pair, Rules
from scoring.warp import warp_image

Array = NDArray[Any]

NEAR = 0.06
"""Landmarks within this share of the volume's depth lie near a slice."""
STEPS = 7
"""Volumes from moving (0) to warped (1): each warps by an equal share more of the field."""


@dataclass(frozen=True)
class Painted:
    """One finished file; a volume has no plane, and neither width nor height."""

    kind: PictureKind
    plane: str
    content: bytes
    width: int = 0
    height: int = 0


class Painter:
    """A case with a field, ready to be looked at; without a field it shows the case before registration."""

    def __init__(
        self, field: Field | None, pair: Pair, config: EvaluationConfig, ground_truth: Path, rules: Rules
    ) -> None:
        header = nib.load(ground_truth / pair.fixed)
        self.frame, self.affine = Frame.of(header), np.asarray(header.affine)
        self.before = field is None
        zero = Field(np.zeros((3, *self.frame.shape), np.float32))
        self.case = Case(zero if field is None else field, pair, config, ground_truth, rules)
        self.kinds = {metric.metric for metric in config.metrics}
        self.fixed, self.moving = self.case.image("fixed"), self.case.image("moving")
        self.middle = middle_of(self.fixed, self.frame)
        self.whites = paint.window_of(self.moving), paint.window_of(self.fixed)

    @property
    def has_labels(self) -> bool:
        return bool(self.kinds & {"dice", "hd95"})

    @cached_property
    def _labels(self) -> tuple[Array, Array]:
        """Fixed and propagated label map with the labels' own numbers; 0 for what is not scored."""
        maps = self.case.labels
        table = np.array([*maps.ids.labels, 0])
        return table[maps.fixed], table[maps.warped]

    @property
    def facts(self) -> dict[str, Any]:
        """What the page says about the pictures: where they are cut, and what is white."""
        return {
            "slices": {
                plane: [self.frame.depth_of(plane, self.middle) + 1, self.frame.depth(plane)]
                for plane in PLANES
            },
            "oriented": self.frame.known,
            "whites": list(self.whites),
            "thinning": volumes.thinning(self.frame.shape),
        }

    def pictures(self) -> Iterator[Painted]:
        """Every picture in every plane."""
        for plane in PLANES:
            for kind, pixels in self._in(plane):
                height, width = pixels.shape[:2]
                yield Painted(kind, plane, paint.encoded(pixels), width, height)

    def _in(self, plane: Plane) -> Iterator[tuple[PictureKind, paint.Pixels]]:
        frame, zoom = self.frame, self.frame.zoom(plane)
        region = frame.region(plane, frame.depth_of(plane, self.middle))
        fixed = frame.cut(self.fixed[region], plane)
        warped = frame.cut(warp_image(self.case.field, self.moving, region), plane)
        under_fixed = paint.grey(fixed, self.whites[1], zoom)
        under_warped = paint.grey(warped, self.whites[0], zoom)
        yield PictureKind.WARPED, under_warped
        yield PictureKind.DIFFERENCE, paint.difference(warped, fixed, self.whites, zoom)
        if self.before:
            yield PictureKind.FIXED, under_fixed
        else:
            yield from self._field_in(plane, region)
        if self.has_labels:
            wanted, carried = (frame.cut(labels[region], plane) for labels in self._labels)
            if self.before:
                yield PictureKind.FIXED_LABELS, paint.outlines(under_fixed, wanted, zoom)
            yield PictureKind.LABELS, paint.outlines(under_warped, carried, zoom)
            yield PictureKind.MISMATCH, paint.mismatch(under_fixed, wanted, carried, zoom)
        if "tre" in self.kinds:
            yield PictureKind.LANDMARKS, self._landmarks_in(plane, under_fixed)

    def _field_in(
        self, plane: Plane, region: tuple[slice, slice, slice]
    ) -> Iterator[tuple[PictureKind, paint.Pixels]]:
        frame, zoom, field = self.frame, self.frame.zoom(plane), self.case.field
        u = field.planes[(slice(None), *region)].astype(np.float64)
        yield PictureKind.GRID, paint.grid(*frame.along(u, plane), zoom)
        spacing = [frame.spacing_mm[frame.axes.index(axis)] for axis in (2, 1, 0)]
        length_mm = np.sqrt(sum((component * mm) ** 2 for component, mm in zip(u, spacing, strict=True)))
        yield PictureKind.MAGNITUDE, paint.magnitude(frame.cut(length_mm, plane), zoom)
        found = determinants(field, region)
        central, least = (frame.cut(of, plane) for of in (found.central, found.least))
        yield PictureKind.JACOBIAN, paint.jacobian(central, least, zoom)

    def _landmarks_in(self, plane: Plane, fixed: paint.Pixels) -> paint.Pixels:
        """Over the image in which the truth lies: with tables that is the moving one."""
        marks = self._landmarks
        if marks is None:
            raise ValueError("a TRE without landmarks")
        at, near = self.frame.depth_of(plane, self.middle), NEAR * self.frame.depth(plane)
        pairs = []
        for target, carried in zip(marks.target, marks.start if self.before else marks.carried, strict=True):
            if np.isfinite(target).all() and np.isfinite(carried).all():
                (row, column, depth), (other_row, other_column, _) = (
                    self.frame.pixel(point, plane) for point in (target, carried)
                )
                pairs.append(((row, column), (other_row, other_column), abs(depth - at) <= near))
        under = fixed if marks.on_fixed else self._moving_under(plane)
        return paint.landmarks(under, pairs, self.frame.zoom(plane))

    @cached_property
    def _landmarks(self) -> Any:
        return self.case.landmarks()

    def _moving_under(self, plane: Plane) -> paint.Pixels:
        region = self.frame.region(plane, self.frame.depth_of(plane, self.middle))
        cut = self.frame.cut(warp_image(self.case.field, self.moving, region, share=0.0), plane)
        return paint.grey(cut, self.whites[0], self.frame.zoom(plane))

    def volumes(self) -> Iterator[Painted]:
        """Fixed image and labels of the case; of a field the way from moving to warped, and its labels."""
        step = volumes.thinning(self.frame.shape)
        thin = (slice(None, None, step),) * 3
        if self.before:
            image = self._bytes(self._smooth(self.fixed, step)[thin], self.whites[1])
            yield self._volume(PictureKind.FIXED_VOLUME, image, step)
        else:
            moving = self._smooth(self.moving, step)
            shares = np.linspace(0, 1, STEPS)
            way = [
                self._bytes(warp_image(self.case.field, moving, thin, share), self.whites[0])
                for share in shares
            ]
            yield self._volume(PictureKind.MORPH, np.stack(way), step)
        if self.has_labels:
            kind = PictureKind.FIXED_LABELS_VOLUME if self.before else PictureKind.LABELS_VOLUME
            numbers = numbered(self.case.labels.ids.labels)
            maps = self.case.labels
            table = np.array([numbers.get(label, 0) for label in (*maps.ids.labels, 0)], np.uint8)
            yield self._volume(kind, table[(maps.fixed if self.before else maps.warped)[thin]], step)

    def _smooth(self, image: Array, step: int) -> Array:
        """What is thinned is smoothed first, or fine detail would turn into noise."""
        return image if step == 1 else np.asarray(gaussian_filter(image.astype(np.float32), 0.4 * step))

    def _bytes(self, image: Array, white: float) -> NDArray[np.uint8]:
        return (np.clip(image / white, 0, 1) * 255).round().astype(np.uint8)

    def _volume(self, kind: PictureKind, volume: NDArray[np.uint8], step: int) -> Painted:
        labels = kind in (PictureKind.LABELS_VOLUME, PictureKind.FIXED_LABELS_VOLUME)
        return Painted(kind, "", volumes.nifti(volume, self.affine, step, labels=labels))


def numbered(labels: tuple[int, ...]) -> dict[int, int]:
    """Label id -> its number in the viewer's volumes, from 1; the background has none."""
    return {label: number for number, label in enumerate((label for label in labels if label), 1)}
