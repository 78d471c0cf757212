"""The kernels against the plain oracles: random small cases, and the edge cases one by one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from scoring import kernels
from scoring.fields import Field
from scoring.metrics.landmarks import volume_errors
from scoring.metrics.overlap import dice, present
from scoring.metrics.regularity import non_diffeomorphic_volume, sd_log_jacobian
from scoring.metrics.surface import hd95
from scoring.warp import label_ids, sample_index, warp_ids
from tests.scoring import oracle

Array = NDArray[Any]
LABELS = (0, 3, 4, 200)
SPECIAL = (np.nan, np.inf, -np.inf, 0.5, -0.5, 0.49999999999999994, 1e30, -1e30, 1e-30, 0.0)


@dataclass(frozen=True)
class Case:
    """Label maps (X, Y, Z) and a field (X, Y, Z, 3)."""

    fixed: Array
    moving: Array
    u: Array

    def compare(self) -> dict[str, tuple[Any, Any]]:
        """Metric -> ours and the oracle's."""
        field = Field.from_values(self.u)
        ids = label_ids(LABELS)
        fixed, moving = (ids.encode(np.ascontiguousarray(v.T)) for v in (self.fixed, self.moving))
        warped = warp_ids(sample_index(field, moving.shape), moving, ids.outside)
        plain = oracle.warp(self.moving, self.u)
        wanted = present(kernels.count_ids(fixed, ids.count), moving, ids.count)
        wanted[ids.rest] = False
        return {
            "warp": (
                np.array([*LABELS, -1])[warped].T.tolist(),
                np.where(np.isin(plain, LABELS), plain, -1).tolist(),
            ),
            "dice": (
                dice(fixed, moving, warped, ids.count)[:-1].tolist(),
                oracle.dice(self.fixed, self.moving, plain, LABELS),
            ),
            "hd95": (
                hd95(fixed, warped, wanted)[:-1].tolist(),
                oracle.hd95(self.fixed, self.moving, plain, LABELS),
            ),
            "ndv": (non_diffeomorphic_volume(field, self.fixed.T > 0), oracle.ndv(self.u, self.fixed > 0)),
        }


def assert_equal(case: Case) -> None:
    """Bit-equal, NDV within 1e-12."""
    compared = case.compare()
    ndv = compared.pop("ndv")
    for metric, (ours, expected) in compared.items():
        np.testing.assert_array_equal(ours, expected, err_msg=metric)
    assert ndv[0] == pytest.approx(ndv[1], rel=1e-12, abs=0, nan_ok=True)


def blobs(rng: np.random.Generator, shape: tuple[int, int, int]) -> Array:
    """A label map of a few overlapping boxes, some of which touch the faces."""
    volume = np.full(shape, rng.choice([0, 0, 7]), np.uint8)
    for _ in range(rng.integers(0, 7)):
        low = rng.integers(0, shape)
        high = low + rng.integers(1, 5, 3)
        volume[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = rng.choice([*LABELS, 7])
    return volume


def field(
    rng: np.random.Generator, shape: tuple[int, int, int], size: float, special: float, kind: str
) -> Array:
    """Displacements of mixed smoothness; a share of them is special."""
    u = rng.normal(0, size, (*shape, 3)) * rng.choice([0.0, 1.0], (*shape, 1), p=[0.3, 0.7])
    u = np.where(rng.random(u.shape) < 0.3, np.round(u * 2) / 2, u)
    mixed: Array = np.where(rng.random(u.shape) < special, rng.choice(SPECIAL, u.shape), u).astype(kind)
    return mixed


@settings(max_examples=250, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.tuples(st.integers(4, 11), st.integers(4, 10), st.integers(4, 9)),
    size=st.sampled_from([0.0, 0.3, 1.0, 4.0]),
    special=st.sampled_from([0.0, 0.0, 0.02, 0.3]),
    kind=st.sampled_from(["float32", "float64"]),
)
def test_random_cases_equal_the_oracles(
    seed: int, shape: tuple[int, int, int], size: float, special: float, kind: str
) -> None:
    rng = np.random.default_rng(seed)
    assert_equal(Case(blobs(rng, shape), blobs(rng, shape), field(rng, shape, size, special, kind)))


def ball(shape: tuple[int, int, int], centre: tuple[float, float, float], radius: float) -> Array:
    """A ball of label 3."""
    at = oracle.identity(shape)
    inside = sum((axis - c) ** 2 for axis, c in zip(at, centre, strict=True)) < radius**2
    return np.where(inside, 3, 0).astype(np.uint8)


def edge_cases() -> dict[str, Case]:
    """The edge cases by name."""
    shape = (14, 12, 10)
    rng = np.random.default_rng(5)
    fixed, moving = ball(shape, (6, 6, 5), 3.6), ball(shape, (7, 5, 5), 3.1)
    none, u = np.zeros((*shape, 3), np.float32), rng.normal(0, 0.4, (*shape, 3)).astype(np.float32)

    def changed(volume: Array, where: Any, value: int) -> Array:
        copy = volume.copy()
        copy[where] = value
        return copy

    def with_value(value: float) -> Array:
        copy = u.copy()
        copy[5:8, 4, 4, 1] = value
        return copy

    away = none.copy()
    away[..., 0] = 100
    return {
        "half_voxel_coordinates": Case(fixed, moving, none + np.float32(0.5)),
        "just_below_half": Case(fixed, moving, none.astype(np.float64) + 0.49999999999999994),
        "border": Case(fixed, moving, np.sign(u) * 13),
        "label_absent_in_fixed": Case(changed(fixed, fixed == 3, 0), moving, u),
        "label_absent_in_moving": Case(fixed, changed(moving, moving == 3, 0), u),
        "label_lost_by_the_warp": Case(fixed, moving, away),
        "one_voxel_label": Case(changed(fixed, (2, 2, 2), 200), changed(moving, (2, 2, 3), 200), none),
        "label_on_the_face": Case(changed(fixed, np.s_[:, :, 0], 4), changed(moving, np.s_[:, :2, 0], 4), u),
        "label_fills_the_volume": Case(np.full(shape, 4, np.uint8), np.full(shape, 4, np.uint8), u),
        "empty_mask": Case(np.zeros(shape, np.uint8), moving, u),
        "identity": Case(fixed, fixed, none),
        "nan": Case(fixed, moving, with_value(np.nan)),
        "infinite": Case(fixed, moving, with_value(np.inf)),
        "minus_infinite": Case(fixed, moving, with_value(-np.inf)),
        "beyond_the_volume": Case(fixed, moving, u * 40),
        "folded_everywhere": Case(
            fixed, moving, np.moveaxis(-2 * oracle.identity(shape), 0, -1).astype(np.float32)
        ),
        "smallest_volume": Case(fixed[:2, :2, :2], moving[:2, :2, :2], u[:2, :2, :2]),
        "longer_than_a_word": Case(
            ball((150, 5, 4), (80, 2, 2), 30),
            ball((150, 5, 4), (60, 2, 2), 30),
            np.zeros((150, 5, 4, 3), np.float32),
        ),
        "far_apart_along_x": Case(
            changed(np.zeros((200, 4, 4), np.uint8), (1, 1, 1), 3),
            changed(np.zeros((200, 4, 4), np.uint8), (198, 2, 2), 3),
            np.zeros((200, 4, 4, 3), np.float32),
        ),
    }


@pytest.mark.parametrize("name", edge_cases())
def test_edge_case_equals_the_oracles(name: str) -> None:
    assert_equal(edge_cases()[name])


@pytest.mark.parametrize("size", [0.5, 3.0])
def test_large_labels_take_the_banded_search_and_stay_exact(size: float) -> None:
    rng = np.random.default_rng(11)
    shape = (60, 50, 40)
    smooth = rng.normal(0, size, (4, 4, 4, 3)).repeat(15, 0).repeat(13, 1).repeat(10, 2)[:60, :50, :40]
    fixed, moving = ball(shape, (30, 25, 20), 17), ball(shape, (28, 27, 21), 16)
    assert_equal(Case(fixed, moving, (smooth + rng.normal(0, 0.3, (*shape, 3))).astype(np.float32)))


@pytest.mark.parametrize("spacing_mm", [(1.0, 2.0, 3.0), (0.7, 0.7, 2.5)])
def test_hd95_in_millimetres_equals_the_oracle(spacing_mm: tuple[float, float, float]) -> None:
    shape = (30, 24, 20)
    fixed, warped = ball(shape, (14, 12, 10), 8), ball(shape, (16, 11, 9), 7)
    ids = label_ids([0, 3])
    a, b = (ids.encode(np.ascontiguousarray(v.T)) for v in (fixed, warped))
    ours = hd95(a, b, np.array([True, True, False]), spacing_mm)[:2]
    assert ours == pytest.approx(oracle.hd95(fixed, fixed, warped, [0, 3], spacing_mm), rel=1e-12)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1), size=st.sampled_from([0.3, 3.0]), masked=st.booleans())
def test_sdlogj_equals_the_oracle(seed: int, size: float, masked: bool) -> None:
    rng = np.random.default_rng(seed)
    shape = tuple(int(n) for n in rng.integers(6, 11, 3))
    u = rng.normal(0, size, (*shape, 3)).astype(np.float32)
    mask = (rng.random(shape) < 0.8).astype(np.uint8) if masked else None
    ours = sd_log_jacobian(Field.from_values(u), None if mask is None else mask.T)
    assert ours == pytest.approx(oracle.sdlogj(u, mask), rel=1e-12)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1), size=st.sampled_from([0.5, 3.0]))
def test_landmark_errors_equal_the_oracle(seed: int, size: float) -> None:
    rng = np.random.default_rng(seed)
    shape = (9, 8, 10)
    fixed, moving = (rng.choice([0, 0, 0, 0, 1, 2, 5], shape).astype(np.uint8) for _ in range(2))
    u = rng.normal(0, size, (*shape, 3)).astype(np.float32)
    ids = label_ids([1, 2, 5])
    moved = warp_ids(
        sample_index(Field.from_values(u), shape[::-1]),
        ids.encode(np.ascontiguousarray(moving.T)),
        ids.outside,
    )
    ours = volume_errors(ids.encode(np.ascontiguousarray(fixed.T)), moved, ids.count)
    np.testing.assert_array_equal(ours, oracle.landmark_errors(fixed, oracle.warp(moving, u)))
