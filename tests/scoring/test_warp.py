"""Images through a field: the coordinates and the edge are those of the scored labels."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from scoring.fields import Field
from scoring.warp import WHOLE, label_ids, sample_index, warp_ids, warp_image

SHAPE = (7, 8, 9)  # X, Y, Z


def image() -> NDArray[np.uint8]:
    return np.random.default_rng(2).integers(1, 200, SHAPE[::-1]).astype(np.uint8)


def translation(x: float, y: float, z: float) -> Field:
    return Field.from_values(np.broadcast_to(np.array([x, y, z], np.float32), (*SHAPE, 3)).copy())


def test_a_translation_shifts_and_what_comes_from_outside_is_0() -> None:
    moving = image()
    warped = warp_image(translation(2, 0, -1), moving)
    expected = np.zeros_like(moving)
    expected[1:, :, :-2] = moving[:-1, :, 2:]  # fixed (z, y, x) shows moving (z - 1, y, x + 2)
    assert np.array_equal(warped, expected)


def test_half_a_voxel_is_the_mean_of_two() -> None:
    moving = image()
    warped = warp_image(translation(0, 0.5, 0), moving)
    assert np.array_equal(warped[:, :-1], (moving[:, :-1].astype(float) + moving[:, 1:]) / 2)
    assert (warped[:, -1] == 0).all()


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.float32])
def test_without_a_label_every_voxel_is_the_rest(kind: type) -> None:
    ids = label_ids([])
    assert (ids.encode(image().astype(kind)) == ids.rest).all()


def test_a_share_of_the_way_and_a_part_of_the_grid() -> None:
    moving, field = image(), translation(4, 0, 0)
    assert np.array_equal(warp_image(field, moving, share=0.5), warp_image(translation(2, 0, 0), moving))
    assert np.array_equal(warp_image(field, moving, share=0.0), moving)
    part = (slice(0, None, 2), slice(3, 4), slice(1, None, 2))
    assert np.array_equal(warp_image(field, moving, part), warp_image(field, moving)[part])


def test_at_whole_voxels_it_is_what_the_labels_do() -> None:
    moving = image()
    steps = np.random.default_rng(3).integers(-3, 4, (*SHAPE, 3)).astype(np.float32)
    field, ids = Field.from_values(steps), label_ids(range(1, 200))
    carried = warp_ids(sample_index(field, moving.shape), ids.encode(moving), ids.outside)
    assert np.array_equal(ids.encode(warp_image(field, moving, WHOLE).astype(np.uint8)), carried)
