"""Simulated subjects: the template carried through a smooth map, in some contrast, with bias and noise."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

from leaderboard.demo.anatomy import FLUID, SHAPE, Anatomy, load_anatomy
from leaderboard.demo.maps import SmoothMap, atrophy_points, identity_map, random_map

SEED = 20240
LANDMARK_RADIUS = 1.5


@dataclass(frozen=True)
class Look:
    """How a scanner and a population make the template look.

    tones: knots (template intensity, shown intensity); blur: in voxels of the 2 mm template; noise: standard
    deviation of the Rician noise, 1 being white; bias: standard deviation of the log of the shading;
    atrophy: least and greatest severity.
    """

    tones: tuple[tuple[float, float], ...]
    blur: float = 0.8
    noise: float = 0.02
    bias: float = 0.03
    atrophy: tuple[float, float] = (0.0, 0.0)


T1 = Look(tones=((0.0, 0.05), (0.1, 0.1), (0.35, 0.3), (0.6, 0.52), (0.8, 0.9), (1.1, 1.0)))
T2 = Look(
    tones=((0.0, 1.0), (0.1, 0.97), (0.35, 0.85), (0.6, 0.5), (0.8, 0.28), (1.1, 0.2)), noise=0.03, bias=0.05
)
ATROPHY = Look(tones=T1.tones, noise=0.03, bias=0.05, atrophy=(0.6, 1.2))
HIGH_FIELD = Look(
    tones=((0.0, 0.02), (0.1, 0.05), (0.55, 0.4), (0.75, 0.75), (0.85, 0.95), (1.1, 1.0)),
    blur=0.3,
    noise=0.04,
    bias=0.2,
)
ATLAS = Look(tones=T1.tones, noise=0.0, bias=0.0)


@dataclass(frozen=True)
class Subject:
    """One subject on the demo grid: uint8 volumes (X, Y, Z). image is 0 outside the brain and >= 1 inside."""

    image: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    landmarks: NDArray[np.uint8]


def make_subject(subject_id: int, look: Look) -> Subject:
    """The subject of this number, the same on every call."""
    rng = np.random.default_rng([SEED, subject_id])
    return _render(random_map(rng), look, rng)


def make_atlas() -> Subject:
    """The template itself, without noise."""
    return _render(identity_map(), ATLAS, np.random.default_rng(SEED))


def _render(subject_map: SmoothMap, look: Look, rng: np.random.Generator) -> Subject:
    anatomy = load_anatomy()
    healthy = subject_map.points()
    points = healthy
    if look.atrophy[1] > 0:
        points = atrophy_points(healthy, rng.uniform(*look.atrophy))
    labels = anatomy.labels_at(points)
    brain = (anatomy.image_at(anatomy.brain, healthy) > 0.5) | (labels > 0)
    tissue = _tissue(anatomy, healthy, points, look)
    image = np.clip(np.round(_scan(tissue, look, rng) * 230), 1, 255) * brain
    return Subject(image.astype(np.uint8), labels, _landmark_balls(anatomy, points))


def _tissue(
    anatomy: Anatomy, healthy: NDArray[np.float64], points: NDArray[np.float64], look: Look
) -> NDArray[np.float64]:
    """Shown intensity without noise; where atrophy took tissue away there is fluid."""
    tissue = anatomy.image_at(_shown(look), points)
    if points is not healthy:
        lost = anatomy.image_at(anatomy.brain, healthy) - anatomy.image_at(anatomy.brain, points)
        tissue = tissue + _tone(look, FLUID) * np.maximum(lost, 0)
    return np.asarray(tissue, dtype=np.float64)


@cache
def _shown(look: Look) -> NDArray[np.float32]:
    """The template as this look shows it, on the template's grid."""
    anatomy = load_anatomy()
    return np.asarray(gaussian_filter(_tone(look, anatomy.t1) * anatomy.brain, look.blur), dtype=np.float32)


def _tone(look: Look, t1: NDArray[np.float32] | float) -> NDArray[np.float64]:
    knots = np.array(look.tones)
    return np.asarray(np.interp(t1, knots[:, 0], knots[:, 1]))


def _scan(tissue: NDArray[np.float64], look: Look, rng: np.random.Generator) -> NDArray[np.float64]:
    """Contrast a little different from subject to subject, smooth shading, Rician noise."""
    contrast = np.maximum(tissue, 0) ** rng.uniform(0.85, 1.15)
    shading = gaussian_filter(rng.standard_normal(SHAPE), 9.0, mode="nearest")
    bright = contrast * np.exp(shading * (look.bias / shading.std()))
    real, imaginary = rng.standard_normal((2, *SHAPE)) * look.noise
    return np.asarray(np.hypot(bright + real, imaginary))


def _landmark_balls(anatomy: Anatomy, points: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Balls about the landmarks, in the template's space, seen through the subject's map."""
    near, index = cKDTree(anatomy.landmarks).query(
        np.moveaxis(points, 0, -1), distance_upper_bound=LANDMARK_RADIUS
    )
    return np.where(np.isfinite(near), index + 1, 0).astype(np.uint8)
