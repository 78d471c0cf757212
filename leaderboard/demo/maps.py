"""Random smooth invertible maps of the demo grid, and the one that makes an atrophied brain."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from leaderboard.demo.anatomy import SHAPE, apply, grid_points, load_anatomy

SQUARINGS = 5
VENTRICLES = (4, 49, 50, 51, 52)


@dataclass(frozen=True)
class SmoothMap:
    """x -> matrix (x + exp(velocity)(x) - x): from a subject's voxels to the template's, in demo voxels.

    velocity: (3, X, Y, Z) stationary velocity field in voxels; its exponential is invertible, with
    exp(-velocity) as inverse, and has a positive Jacobian. matrix: 4x4 with positive determinant.
    """

    matrix: NDArray[np.float64]
    velocity: NDArray[np.float64]

    def points(self) -> NDArray[np.float64]:
        """Where each voxel of the grid goes: (3, X, Y, Z) in demo voxels."""
        return apply(self.matrix, grid_points() + exponential(self.velocity))

    def inverse_at(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where template points (3, N) lie in the subject, in demo voxels."""
        flat = apply(np.linalg.inv(self.matrix), points)
        return flat + at(exponential(-self.velocity), flat)


def exponential(velocity: NDArray[np.float64]) -> NDArray[np.float64]:
    """Displacement (3, X, Y, Z) in voxels of the flow of a stationary velocity field at time 1.

    Scaling and squaring (Arsigny et al. 2006, doi 10.1007/11866565_113).
    """
    grid = grid_points()
    displacement: NDArray[np.float64] = velocity / 2**SQUARINGS
    for _ in range(SQUARINGS):
        displacement = displacement + at(displacement, grid + displacement)
    return displacement


def at(field: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sample a vector field (3, X, Y, Z) linearly at points (3, ...); beyond the grid its edge goes on."""
    return np.stack([map_coordinates(component, points, order=1, mode="nearest") for component in field])


def random_map(rng: np.random.Generator) -> SmoothMap:
    """A subject's map: a small affine part, a coarse and a finer smooth part of a few voxels."""
    velocity = _smooth_vectors(rng, sigma=6.0, std=0.7) + _smooth_vectors(rng, sigma=3.0, std=0.3)
    return SmoothMap(_random_affine(rng), velocity)


def identity_map() -> SmoothMap:
    """The atlas itself."""
    return SmoothMap(np.eye(4), np.zeros((3, *SHAPE)))


def atrophy_points(points: NDArray[np.float64], severity: float) -> NDArray[np.float64]:
    """For points (3, ...) of the atrophied template, in demo voxels, where the healthy one has their tissue.

    Ventricles grow (severity 1: two to three times as large) and the cortex gives way to fluid.
    """
    return points + at(exponential(severity * _atrophy_velocity()), points)


@cache
def _atrophy_velocity() -> NDArray[np.float64]:
    anatomy = load_anatomy()
    grid = grid_points()
    ventricles = np.isin(anatomy.labels_at(grid), VENTRICLES).astype(np.float64)
    brain = anatomy.image_at(anatomy.brain, grid).astype(np.float64)
    inwards = np.array(np.gradient(gaussian_filter(ventricles, 1.5)))
    outwards = -np.array(np.gradient(gaussian_filter(brain, 1.0)))
    return 9.0 * inwards + 3.0 * outwards


def _smooth_vectors(rng: np.random.Generator, *, sigma: float, std: float) -> NDArray[np.float64]:
    noise = rng.standard_normal((3, *SHAPE))
    smooth = np.stack([gaussian_filter(component, sigma, mode="constant") for component in noise])
    return np.asarray(smooth * (std / smooth.std()))


def _random_affine(rng: np.random.Generator) -> NDArray[np.float64]:
    """Turn, scale and shear by a few percent about the grid's centre, and shift by about half a voxel."""
    matrix = np.eye(4)
    matrix[:3, :3] += rng.uniform(-0.04, 0.04, (3, 3))
    centre = (np.array(SHAPE) - 1) / 2
    matrix[:3, 3] = centre - matrix[:3, :3] @ centre + rng.uniform(-0.5, 0.5, 3)
    return matrix
