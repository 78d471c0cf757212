import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.linalg import expm

from leaderboard.demo.anatomy import SHAPE, apply, grid_points, load_anatomy
from leaderboard.demo.maps import VENTRICLES, atrophy_points, exponential, random_map

CENTRE = (np.array(SHAPE) - 1) / 2


def jacobian_determinants(points: NDArray[np.float64]) -> NDArray[np.float64]:
    rows = [np.stack(np.gradient(component), axis=-1) for component in points]
    return np.asarray(np.linalg.det(np.stack(rows, axis=-2)))


def test_the_exponential_of_a_constant_is_a_translation() -> None:
    velocity = np.broadcast_to(np.array([1.5, -2.0, 0.25]).reshape(3, 1, 1, 1), (3, *SHAPE))
    np.testing.assert_allclose(exponential(velocity), velocity, atol=1e-12)


def test_the_exponential_of_a_linear_field_is_the_matrix_exponential() -> None:
    generator = np.array([[0.05, -0.1, 0.0], [0.1, -0.05, 0.02], [0.0, 0.03, 0.04]])
    matrix = np.eye(4)
    matrix[:3, :3] = generator
    matrix[:3, 3] = -generator @ CENTRE
    flow = exponential(apply(matrix, grid_points()))
    offsets = grid_points() - CENTRE.reshape(3, 1, 1, 1)
    expected = np.tensordot(expm(generator) - np.eye(3), offsets, axes=1)
    # the squarings start from an Euler step of 1/32, so the error is near |generator|^2 |x| / 64
    inner = (slice(None), *[slice(8, -8)] * 3)
    np.testing.assert_allclose(flow[inner], expected[inner], atol=0.01)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_random_map_moves_voxels_never_folds_and_has_its_inverse(seed: int) -> None:
    subject_map = random_map(np.random.default_rng(seed))
    points = subject_map.points()
    assert np.abs(points - grid_points()).std() > 0.5
    assert jacobian_determinants(points).min() > 0.2
    inner = points[:, 5:-5:3, 5:-5:3, 5:-5:3].reshape(3, -1)
    came_from = grid_points()[:, 5:-5:3, 5:-5:3, 5:-5:3].reshape(3, -1)
    assert np.abs(subject_map.inverse_at(inner) - came_from).max() < 0.1


def test_atrophy_enlarges_ventricles_and_thins_the_brain_without_folding() -> None:
    anatomy, grid = load_anatomy(), grid_points()
    ventricles, tissue = [], []
    for severity in (0.0, 0.6, 1.2):
        labels = anatomy.labels_at(atrophy_points(grid, severity))
        ventricles.append(np.isin(labels, VENTRICLES).sum())
        tissue.append((labels > 0).sum() - ventricles[-1])
    assert ventricles[0] * 1.5 < ventricles[1] < ventricles[2]
    assert tissue[0] > tissue[1] > tissue[2] > 0.75 * tissue[0]
    assert jacobian_determinants(atrophy_points(grid, 1.2)).min() > 0
