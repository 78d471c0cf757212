from functools import cache
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates, shift

from leaderboard.demo import subjects
from leaderboard.demo.anatomy import LABELS, SHAPE, grid_points
from leaderboard.demo.methods import METHODS, DemoMethod, Volume

BY_SLUG = {method.slug: method for method in METHODS}
MOVING = [method for method in METHODS if not method.baseline]
each_moving = pytest.mark.parametrize("method", MOVING, ids=lambda method: method.slug)


@cache
def volume(subject_id: int) -> Volume:
    return (subjects.make_subject(subject_id, subjects.T1).image / 255).astype(np.float32)


@cache
def field(slug: str) -> NDArray[np.float32]:
    return BY_SLUG[slug].run(volume(3455), volume(3454))


@cache
def mean_dice(slug: str) -> float:
    """Labels of 3454 sampled at identity + a method's displacement against those of 3455."""
    fixed, moving = (subjects.make_subject(n, subjects.T1).labels for n in (3455, 3454))
    warped = map_coordinates(moving, grid_points() + np.moveaxis(field(slug), -1, 0), order=0)
    overlaps = [
        2 * ((fixed == n) & (warped == n)).sum() / ((fixed == n).sum() + (warped == n).sum()) for n in LABELS
    ]
    return float(np.mean(overlaps))


def folded_share(displacement: NDArray[np.float32]) -> float:
    """Share of inner voxels where one of the eight one-sided Jacobian determinants is negative."""
    points = grid_points() + np.moveaxis(displacement, -1, 0).astype(np.float64)
    folded = np.zeros([n - 2 for n in SHAPE], dtype=bool)
    for sides in product((0, 1), repeat=3):
        columns = [np.diff(points, axis=axis + 1) for axis in range(3)]
        for axis, side in enumerate(sides):
            cut = [slice(1, -1)] * 3
            cut[axis] = slice(side, side + SHAPE[axis] - 2)
            columns[axis] = columns[axis][(slice(None), *cut)]
        folded |= np.linalg.det(np.moveaxis(np.array(columns), (0, 1), (-1, -2))) < 0
    return float(folded.mean())


def test_there_are_at_least_six_methods_and_one_baseline() -> None:
    assert len(METHODS) >= 6
    assert len(BY_SLUG) == len(METHODS)
    assert [method.slug for method in METHODS if method.baseline] == ["zero-displacement"]


def test_zero_displacement_is_zero() -> None:
    assert not field("zero-displacement").any()


@each_moving
def test_a_field_is_float32_with_one_vector_a_voxel(method: DemoMethod) -> None:
    assert field(method.slug).shape == (*SHAPE, 3)
    assert field(method.slug).dtype == np.float32
    assert np.isfinite(field(method.slug)).all()


@each_moving
def test_structures_overlap_better_after_registration(method: DemoMethod) -> None:
    assert mean_dice(method.slug) > mean_dice("zero-displacement") + 0.02


def test_more_freedom_brings_more_overlap() -> None:
    order = ["zero-displacement", "affine", "bspline", "diffeomorphic-demons"]
    overlaps = [mean_dice(slug) for slug in order]
    assert overlaps == sorted(overlaps)


@each_moving
def test_a_shift_is_found_with_its_axes_and_signs(method: DemoMethod) -> None:
    fixed = volume(3455)
    # moving(x) = fixed(x - s), so that moving sampled at x + s is fixed
    moving = shift(fixed, (1.0, -2.0, 0.5), order=1)
    found = method.run(fixed, moving)[fixed > 0]
    np.testing.assert_allclose(np.median(found, axis=0), [1.0, -2.0, 0.5], atol=0.4)


@pytest.mark.parametrize("slug", ["rigid", "affine", "demons-rough", "demons-smooth", "diffeomorphic-demons"])
def test_identical_images_stay_where_they_are(slug: str) -> None:
    found = BY_SLUG[slug].run(volume(3455), volume(3455))
    assert np.abs(found).max() < 0.1


def test_the_rough_variant_folds_and_the_others_do_not() -> None:
    assert folded_share(field("demons-rough")) > 1e-4
    for slug in ("affine", "demons-smooth", "diffeomorphic-demons", "bspline"):
        assert folded_share(field(slug)) < 1e-4


@pytest.mark.parametrize("slug", ["affine", "diffeomorphic-demons"])
def test_a_method_gives_the_same_field_again(slug: str) -> None:
    # SimpleITK's threads add up in an order of their own: the last bits are not the method's.
    again = BY_SLUG[slug].run(volume(3455), volume(3454))
    np.testing.assert_allclose(again, field(slug), rtol=0, atol=1e-3)
