"""Pixels against what follows by hand."""

import io

import numpy as np
import pytest
from PIL import Image

from leaderboard.pictures import paint, scales
from leaderboard.pictures.scales import rgb

ONE = (1, 1)


def colour(scale: scales.Scale, value: float) -> list[int]:
    found: list[int] = scale.colours(np.array([value]))[0].tolist()
    return found


def test_folds_are_marked_exactly_where_the_smallest_determinant_is_not_positive() -> None:
    least = np.array([[0.5, 0.0, -1.0], [1e-9, 1.0, np.nan]])
    picture = paint.jacobian(np.full((2, 3), 1.0), least, (2, 3))
    marked = (picture == rgb(scales.FOLD)).all(axis=2)
    expected = np.array([[0, 1, 1], [0, 0, 0]], bool).repeat(2, 0).repeat(3, 1)
    assert (marked == expected).all()


def test_twice_and_half_are_as_far_from_one() -> None:
    shares = scales.JACOBIAN.share(np.array([0.25, 0.5, 1, 2, 4, 100, -3]))
    assert shares == pytest.approx([0, 0.25, 0.5, 0.75, 1, 1, 0])


def test_scales_end_in_their_ends_and_nan_is_black() -> None:
    for scale in (scales.MAGNITUDE, scales.JACOBIAN, scales.DIFFERENCE):
        assert colour(scale, scale.low) == list(rgb(scale.stops[0]))
        assert colour(scale, scale.high) == list(rgb(scale.stops[-1]))
        assert colour(scale, float("nan")) == [0, 0, 0]
        assert [tick for tick, _ in scale.ticks][:: len(scale.ticks) - 1] == [scale.low, scale.high]


def test_magnitudes_get_lighter_all_along() -> None:
    luminance = scales.MAGNITUDE.table @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(luminance) > -0.5).all()
    assert luminance[-1] - luminance[0] > 150


def test_a_colour_means_one_thing() -> None:
    marks = (scales.FOLD, scales.MISMATCH, scales.TARGET, scales.CARRIED, scales.GRID_LINE)
    colours = [*marks, *scales.JACOBIAN.stops, *scales.LABEL_COLOURS]
    assert len(set(colours)) == len(colours)


def test_the_difference_is_of_shares_of_the_windows() -> None:
    warped, fixed = np.array([[50.0, 100, 0]]), np.array([[100.0, 50, 0]])
    # 50 of 100 against 100 of 200 is no difference; 100 against 25 per cent is 75, beyond the end
    picture = paint.difference(warped, fixed, (100, 200), ONE)
    assert picture[0].tolist() == [colour(scales.DIFFERENCE, v) for v in (0, 75, 0)]


def test_outlines_are_the_boundary_voxels_in_their_labels_colours() -> None:
    labels = np.zeros((7, 7), int)
    labels[1:6, 1:6] = 4
    labels[3, 4:6] = 11
    picture = paint.outlines(np.zeros((7, 7), np.uint8), labels, ONE)
    drawn = picture.any(axis=2)
    # Hand-drawn: 4 is a ring of its square and what touches 11 or 0 by a side; 11 is all border.
    expected = [
        ".......",
        ".#####.",
        ".#..##.",
        ".#.###.",
        ".#..##.",
        ".#####.",
        ".......",
    ]
    assert ["".join(".#"[on] for on in row) for row in drawn.astype(int)] == expected
    assert picture[3, 5].tolist() == list(rgb(scales.label_colour(11)))
    assert picture[3, 3].tolist() == list(rgb(scales.label_colour(4)))


def test_mismatch_marks_the_voxels_that_differ() -> None:
    fixed, carried = np.array([[1, 1, 2]]), np.array([[1, 2, 2]])
    picture = paint.mismatch(np.zeros((2, 6), np.uint8), fixed, carried, (2, 2))
    assert picture.any(axis=2).tolist() == [[False, False, True, True, False, False]] * 2


def test_grid_lines_lie_where_the_field_puts_them() -> None:
    still = paint.grid_lines(np.zeros((60, 40)), np.zeros((60, 40)), (4, 3))
    moved = paint.grid_lines(np.full((60, 40), 2.0), np.full((60, 40), -1.5), (4, 3))
    # Down 2 voxels of 4 pixels and 1.5 voxels of 3 pixels to the left.
    for a, b in zip(still, moved, strict=True):
        assert b - a == pytest.approx(np.broadcast_to([-4.5, 8], a.shape))
    assert paint.grid_step(60) == 2
    assert still[0][:2].tolist() == [[1.5, 6], [4.5, 6]]  # the row of voxel 1, middles of voxels 0 and 1
    picture = paint.grid(np.zeros((60, 40)), np.zeros((60, 40)), (4, 3))
    assert picture.shape == (240, 120, 3)
    lit = picture.sum(axis=2)
    assert lit[6, 3:-3].min() > 0
    assert lit[8, 3] == 0


def test_landmarks_have_a_ring_where_they_should_be_and_a_dot_where_they_are() -> None:
    under = np.zeros((200, 200), np.uint8)
    picture = paint.landmarks(under, [((10, 10), (10, 30), True)], (4, 4))
    assert picture[42, 122].tolist() == list(rgb(scales.CARRIED))
    ring = picture[42, 36:40].astype(int)
    assert (abs(ring - rgb(scales.TARGET)).sum(axis=1) < 60).any()
    assert not picture[100:].any()
    faint = paint.landmarks(under, [((10, 10), (10, 30), False)], (4, 4))
    assert 0 < faint[42, 122].sum() < picture[42, 122].sum()


def test_the_window_leaves_background_out_and_grey_ends_in_white() -> None:
    image = np.concatenate([np.zeros(1000), np.linspace(0.5, 100, 200)])
    assert 99 < paint.window_of(image) < 100
    assert paint.window_of(np.zeros(5)) == 1
    assert paint.grey(np.full((3, 3), 70.0), 50, (2, 2)).tolist() == [[255] * 6] * 6


def test_pictures_are_encoded_without_loss() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(paint.encoded(pixels))).convert("RGB")), pixels)
