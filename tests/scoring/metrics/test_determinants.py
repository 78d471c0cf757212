"""Determinants voxel by voxel: what a picture shows is what the non-diffeomorphic volume counts."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.fields import Field
from scoring.metrics.regularity import determinants, non_diffeomorphic_volume
from scoring.warp import WHOLE


def random_field() -> Field:
    return Field.from_values(np.random.default_rng(1).normal(0, 0.6, (12, 9, 10, 3)).astype(np.float32))


def test_the_folded_volumes_sum_to_the_scored_one() -> None:
    field, mask = random_field(), np.ones((10, 9, 12), bool)
    mask[2:5, 3, 4] = False
    inner = mask[1:-1, 1:-1, 1:-1]
    folded = determinants(field, WHOLE).folded[1:-1, 1:-1, 1:-1]
    share = 100 * folded[inner].sum() / inner.sum()
    assert share == pytest.approx(non_diffeomorphic_volume(field, mask), rel=1e-12)


def test_a_voxel_folds_where_the_field_turns_round() -> None:
    # phi(x) = x up to 5, then backwards: 5, 4, 3 ... One-sided differences along x are 1 or -1.
    u = np.zeros((12, 6, 6, 3))
    u[6:, ..., 0] = -2 * (np.arange(6, 12) - 5)[:, None, None]
    found = determinants(Field.from_values(u), WHOLE)
    inner = (slice(1, -1), slice(1, -1), slice(1, -1))
    folds = (found.least[inner] <= 0).any(axis=(0, 1))
    assert folds.tolist() == [x >= 5 for x in range(1, 11)]
    # at the turn one difference is 1 and the other -1: their mean is 0
    assert found.central[3, 3, 1:-1].tolist() == [1] * 4 + [0] + [-1] * 5


def test_a_scaling_has_its_factors_as_determinant() -> None:
    # phi = (2 x, 3 y, z / 2): every one of the ten is 2 * 3 / 2
    x, y, z = np.meshgrid(np.arange(5.0), np.arange(6.0), np.arange(7.0), indexing="ij")
    found = determinants(Field.from_values(np.stack([x, 2 * y, -z / 2], -1)), WHOLE)
    assert found.central[1:-1, 1:-1, 1:-1] == pytest.approx(3)
    assert (found.folded[1:-1, 1:-1, 1:-1] == 0).all()


def test_a_slice_is_the_slice_of_the_whole_and_faces_are_not_judged() -> None:
    field = random_field()
    whole = determinants(field, WHOLE)
    part = determinants(field, (slice(None), slice(4, 5), slice(None)))
    assert np.array_equal(part.least, whole.least[:, 4:5], equal_nan=True)
    assert np.array_equal(part.central, whole.central[:, 4:5], equal_nan=True)
    assert np.isnan(determinants(field, (slice(0, 1), slice(None), slice(None))).least).all()
