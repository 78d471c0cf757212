"""The metrics' facts, and values that follow by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scoring.fields import Field
from scoring.metrics import METRICS
from scoring.metrics.regularity import non_diffeomorphic_volume, sd_log_jacobian
from scoring.metrics.surface import cell_areas, hd95, percentile_point, tail_point


@pytest.mark.parametrize("kind", METRICS)
def test_a_missing_value_is_never_the_best(kind: str) -> None:
    worst = {"dice": 0.0, "hd95": math.inf, "tre": math.inf, "ndv": math.inf, "sdlogj": math.inf}
    assert METRICS[kind].missing == worst[kind]


def test_cell_areas_of_planes_and_corners() -> None:
    areas = cell_areas()
    assert areas[0] == areas[255] == 0
    # a plane through the cell, normal to X, Y or Z
    assert [areas[code] for code in (0b00001111, 0b00110011, 0b01010101)] == [1, 1, 1]
    # one corner: a triangle through the middles of three edges, sides sqrt(1/2)
    assert areas[1] == pytest.approx(math.sqrt(3) / 8, rel=1e-15)
    # two corners on an edge: a rectangle of 1 by sqrt(1/2)
    assert areas[0b00000011] == pytest.approx(math.sqrt(1 / 2), rel=1e-15)


def test_cell_areas_have_thirteen_values_and_do_not_depend_on_the_side() -> None:
    areas = cell_areas()
    assert len(set(areas.tolist())) == 13
    assert (areas == areas[::-1]).all()


def test_cell_areas_follow_the_spacing() -> None:
    areas = cell_areas((2.0, 3.0, 5.0))
    assert [areas[code] for code in (0b00001111, 0b00110011, 0b01010101)] == [15, 10, 6]


def test_hd95_of_two_slabs_is_their_distance() -> None:
    # two flat slabs of 40 x 40 voxels, 4 voxels apart along X; their rims hold less than 5 % of the area
    volumes = np.zeros((2, 60, 60, 12), np.uint8)
    volumes[0, 10:50, 10:50, 2] = volumes[1, 10:50, 10:50, 6] = 1
    values = hd95(1 - volumes[0], 1 - volumes[1], np.array([True, False]))
    assert values[0] == 4


def test_the_95_percent_point_is_the_first_that_reaches_95_percent() -> None:
    # a hundred equal areas: the 95th reaches 95 % exactly, as cumulated in floating point
    squared, areas = np.arange(100.0), np.ones(100)
    assert percentile_point(squared, areas) == 94
    # a share that close to 95 % is left to the exact order
    assert tail_point(squared, areas, -1.0) is None
    assert tail_point(squared[:99], areas[:99], 20.0) == percentile_point(squared[:99], areas[:99]) == 94


def test_ndv_of_a_mirrored_cube_is_100_percent() -> None:
    # x -> -x: eight determinants are -1 and the two of the corner tetrahedra, twice as large, -2; each
    # counts 1/12
    u = np.zeros((8, 8, 8, 3), np.float32)
    u[..., 0] = -2 * np.arange(8)[:, None, None]
    mask = np.ones((8, 8, 8), bool)
    assert non_diffeomorphic_volume(Field.from_values(u), mask) == pytest.approx(100, rel=1e-12)


def test_regularity_of_the_identity_is_zero() -> None:
    field = Field.from_values(np.zeros((8, 8, 8, 3), np.float32))
    assert non_diffeomorphic_volume(field, np.ones((8, 8, 8), bool)) == 0
    assert sd_log_jacobian(field) == 0


def test_quirk_the_ndv_of_an_empty_mask_is_nan() -> None:
    field = Field.from_values(np.zeros((8, 8, 8, 3), np.float32))
    assert math.isnan(non_diffeomorphic_volume(field, np.zeros((8, 8, 8), bool)))


def test_quirk_sdlogj_adds_three_to_the_determinant() -> None:
    # stretched twice along x in one half: log(1 + 3) and log(2 + 3), the two halves alike
    u = np.zeros((24, 8, 8, 3))
    u[12:, ..., 0] = np.arange(12)[:, None, None]
    logs = np.log(3 + np.where(np.arange(2, 22) < 12, 1.0, 2.0))
    logs[[9, 10]] = np.log(4), np.log(4.5)  # the central difference straddles the kink
    assert sd_log_jacobian(Field.from_values(u)) == pytest.approx(logs.std(), rel=1e-12)
