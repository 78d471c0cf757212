"""Each classic mistake is recognised, and honest fields raise no alarm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, zoom

from scoring.archive import open_fields
from scoring.doctor import suspicions
from scoring.evaluate import check, score_case
from scoring.groundtruth import read_volume
from scoring.spec import RULES, EvaluationConfig, read_config
from tests.scoring import oracle
from tests.scoring.files import gz, nifti

Array = NDArray[Any]
SHAPE = (34, 40, 30)
LABELS = list(range(1, 13))
SPACING_MM = (4.0, 4.0, 4.0)
IDENTITY = np.moveaxis(oracle.identity(SHAPE), 0, -1)
SIZE = (np.array(SHAPE) - 1) / 2
CONFIG = read_config(
    {
        "name": "T",
        "expected_shape": [*SHAPE, 3],
        "eval_pairs": [{"fixed": "imagesTr/T_0001_0000.nii.gz", "moving": "imagesTr/T_0002_0000.nii.gz"}],
        "evaluation_methods": [{"name": "DSC", "metric": "dice", "labels": LABELS}],
    }
)


def smooth(seed: int, sigma: float, size: float) -> Array:
    noise = np.random.default_rng(seed).standard_normal((*SHAPE, 3))
    field: Array = gaussian_filter(noise, (sigma, sigma, sigma, 0), mode="nearest")
    scaled: Array = field / field.std() * size
    return scaled


@pytest.fixture(scope="module")
def truth() -> Array:
    """The true displacement between the subjects: 3 voxels, with a shift that no symmetry hides."""
    shifted: Array = smooth(1, 7, 1.6) + np.array([2.0, -1.0, 1.5])
    return shifted


@pytest.fixture(scope="module")
def ground_truth(truth: Array, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Label maps with fixed(x) = moving(x + truth)."""
    folder = tmp_path_factory.mktemp("doctor")
    seeds = np.random.default_rng(2).uniform(5, np.array(SHAPE) - 5, (len(LABELS), 3))
    nearest = ((IDENTITY[..., None, :] - seeds) ** 2).sum(-1)
    moving = np.where(nearest.min(-1) < 90, nearest.argmin(-1) + 1, 0).astype(np.uint8)
    for case, volume in (("0001", oracle.warp(moving, truth)), ("0002", moving)):
        for what in ("images", "labels"):
            (folder / f"{what}Tr").mkdir(exist_ok=True)
            data = gz(nifti(volume, "u1", zooms=SPACING_MM))
            (folder / f"{what}Tr" / f"T_{case}_0000.nii.gz").write_bytes(data)
    return folder


def inverse(u: Array) -> Array:
    v: Array = np.negative(u)
    for _ in range(10):
        at = np.rint(IDENTITY + v).astype(int).clip(0, np.array(SHAPE) - 1)
        v = np.negative(u[at[..., 0], at[..., 1], at[..., 2]])
    return v


MISTAKES: dict[str, tuple[Callable[[Array], Array], str]] = {
    "normalised": (lambda u: u / SIZE, "convention_normalised"),
    "normalised_reversed": (lambda u: (u / SIZE)[..., ::-1], "convention_normalised"),
    "reversed_components": (lambda u: u[..., ::-1], "convention_axes"),
    "millimetres": (lambda u: u * SPACING_MM, "convention_millimetres"),
    "itk_world": (lambda u: u * SPACING_MM * (-1, -1, 1), "convention_millimetres"),
    "inverse": (inverse, "convention_inverse"),
    "sign": (lambda u: -u, "convention_sign"),
    "deformation": (lambda u: u + IDENTITY, "convention_deformation"),
    "normalised_deformation": (lambda u: (u + IDENTITY) / SIZE - 1, "convention_deformation"),
    "zeros": (lambda u: u * 0, "suspect_zeros"),
}
HONEST: dict[str, Callable[[Array], Array]] = {
    "perfect": lambda u: u,
    "noisy": lambda u: u + smooth(3, 2, 0.8),
    "rough": lambda u: u + smooth(4, 1, 0.7),
    "half_way": lambda u: u / 2,
    "shift_only": lambda u: np.broadcast_to(u.mean((0, 1, 2)), u.shape),
    "over_smoothed": lambda u: gaussian_filter(u, (6, 6, 6, 0)),
    "useless": lambda _: smooth(5, 5, 2.0),
}


def codes(folder: Path, u: Array, config: EvaluationConfig, ground_truth: Path | None) -> list[str]:
    (folder / "disp_0001_0002.nii.gz").write_bytes(gz(nifti(u)))
    with open_fields(folder) as fields:
        assert check(fields, [config]) == []
        return [found.code for found in suspicions(fields, [config], [ground_truth])]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake_is_recognised_by_trying(
    mistake: str, truth: Array, ground_truth: Path, tmp_path: Path
) -> None:
    change, code = MISTAKES[mistake]
    assert codes(tmp_path, change(truth), CONFIG, ground_truth) == [code]


@pytest.mark.parametrize("method", HONEST)
def test_honest_field_raises_no_alarm(method: str, truth: Array, ground_truth: Path, tmp_path: Path) -> None:
    assert codes(tmp_path, HONEST[method](truth), CONFIG, ground_truth) == []
    assert codes(tmp_path, HONEST[method](truth), CONFIG, None) == []


@pytest.mark.parametrize(
    ("mistake", "code"),
    [
        ("normalised", "suspect_normalised"),
        ("deformation", "suspect_deformation"),
        ("normalised_deformation", "suspect_deformation"),
        ("zeros", "suspect_zeros"),
    ],
)
def test_without_label_maps_numbers_raise_a_suspicion(
    mistake: str, code: str, truth: Array, tmp_path: Path
) -> None:
    assert codes(tmp_path, MISTAKES[mistake][0](truth / 3), CONFIG, None) == [code]


def test_a_field_of_a_half_resolution_config_is_tried_on_the_full_grid(
    truth: Array, ground_truth: Path, tmp_path: Path
) -> None:
    half = replace(CONFIG, expected_shape=(17, 20, 15, 3))
    given = truth[::2, ::2, ::2]
    assert codes(tmp_path, given, half, ground_truth) == []
    assert codes(tmp_path, -given, half, ground_truth) == ["convention_sign"]
    # what is scored is the field that scipy's quadratic splines bring to the full grid
    full = np.stack([zoom(given[..., c].astype(np.float32), 2, order=2) for c in range(3)], -1)
    fixed, moving = (
        read_volume(ground_truth, f"labelsTr/T_000{n}_0000.nii.gz").array.transpose() for n in (1, 2)
    )
    (tmp_path / "disp_0001_0002.nii.gz").write_bytes(gz(nifti(given)))
    with open_fields(tmp_path) as fields:
        scores = score_case(fields, half.pairs[0], half, ground_truth, RULES["l2r"])
    expected = oracle.dice(fixed, moving, oracle.warp(moving, full), LABELS)
    assert scores.items["DSC"].tolist() == expected


def test_half_resolution_is_said_in_words(truth: Array, tmp_path: Path) -> None:
    (tmp_path / "disp_0001_0002.nii.gz").write_bytes(gz(nifti(truth[::2, ::2, ::2])))
    with open_fields(tmp_path) as fields:
        (found,) = check(fields, [CONFIG])
        assert suspicions(fields, [CONFIG]) == []
    assert found.code == "half_resolution"
    assert "half" in found.message
