"""A small challenge in the Learn2Reg layout, made from integers so that every machine makes the same one.

Six segmentation pairs, two landmark pairs, and what goes wrong in practice: a label absent in fixed, one
absent in moving, one that only the warp loses, one of a single voxel, labels on the volume's faces,
displacements that leave the volume, folding, half-voxel coordinates, a landmark that vanishes; fields as
float32, float64, channel first, int16 with a slope, big-endian and with an oblique header.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from tests.scoring.files import gz, nifti

SHAPE = (18, 22, 20)
LABELS = [0, 4, 11, 23, 30, 44, 45, 50, 60, 101, 102, 117, 118, 123, 151, 160, 170, 185, 197, 207]
SEGMENTATION = [
    ("3455_0000", "3454_0000"),
    ("3456_0000", "3455_0000"),
    ("3457_0000", "3456_0000"),
    ("3458_0000", "3457_0000"),
    ("4024_0000", "4033_0001"),
    ("4025_0001", "4034_0000"),
]
LANDMARKS = [("3485_0000", "3484_0000"), ("3486_0000", "3485_0000")]
OBLIQUE = (0.8, -0.6, 0.0, 5.0, 0.6, 0.8, 0.0, -9.0, 0.0, 0.0, 1.0, 2.0)


def smooth(rng: np.random.Generator, sigma: float, size: float) -> NDArray[np.float64]:
    """A smooth vector field (X, Y, Z, 3) of standard deviation ``size``, in multiples of 1/64 voxel."""
    noise = rng.integers(-1000, 1001, (*SHAPE, 3)).astype(float)
    field = gaussian_filter(noise, (sigma, sigma, sigma, 0), mode="nearest")
    # rounding hides the last bits, which differ between versions of scipy
    values: NDArray[np.float64] = np.round(field / field.std() * size * 64) / 64
    return values


def brain(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Voronoi cells of 19 labels in an ellipsoid that touches two faces of the volume."""
    grid = np.stack(np.meshgrid(*map(np.arange, SHAPE), indexing="ij"), -1)
    seeds = rng.integers(1, SHAPE, (len(LABELS) - 1, 3))
    nearest = ((grid[..., None, :] - seeds) ** 2).sum(-1).argmin(-1)
    inside = (4 * grid[..., 0] - 30) ** 2 + (3 * grid[..., 1] - 33) ** 2 + (3 * grid[..., 2] - 30) ** 2 < 1000
    return np.where(inside, np.array(LABELS[1:], np.uint8)[nearest], 0).astype(np.uint8)


def shifted(labels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A subject: the brain moved by whole voxels, differently everywhere."""
    grid = np.stack(np.meshgrid(*map(np.arange, SHAPE), indexing="ij"), -1)
    at = (grid + np.round(smooth(rng, 3.0, 1.2)).astype(int)).clip(0, np.array(SHAPE) - 1)
    moved: NDArray[np.uint8] = labels[at[..., 0], at[..., 1], at[..., 2]]
    return moved


def write_phantom(folder: Path) -> None:
    """Write volumes, fields and the two configs (segmentation.json, landmark.json) into ``folder``."""
    rng = np.random.default_rng(20240513)
    for name in ("imagesVal", "labelsVal", "landmarksVal", "masksVal", "submission"):
        (folder / name).mkdir(parents=True)
    template = brain(rng)
    volumes = {}
    for subject in sorted({s for pair in SEGMENTATION + LANDMARKS for s in pair}):
        volumes[subject] = shifted(template, rng)
    _edge_cases(volumes)
    for subject, labels in volumes.items():
        noise = rng.integers(1, 40, SHAPE)
        _save(folder, "images", subject, np.where(labels > 0, labels.astype(int) + noise, 0), "i2")
        _save(folder, "labels", subject, labels, "u1")
        _save(folder, "masks", subject, labels > 0, "u1")
    _write_landmarks(folder, rng)
    _write_fields(folder / "submission", volumes, rng)
    _write_configs(folder)


def _edge_cases(volumes: dict[str, NDArray[np.uint8]]) -> None:
    volumes["3456_0000"][volumes["3456_0000"] == 11] = 0
    volumes["3457_0000"][volumes["3457_0000"] == 30] = 44
    volumes["3457_0000"][volumes["3457_0000"] == 44] = 45
    volumes["3457_0000"][9, 11, 10] = 44
    volumes["3458_0000"][:, :, 0] = 197


def _save(folder: Path, what: str, subject: str, values: NDArray[Any], kind: str) -> None:
    path = folder / f"{what}Val" / f"PHANTOM_{subject}.nii.gz"
    path.write_bytes(gz(nifti(values, kind)))


def _write_landmarks(folder: Path, rng: np.random.Generator) -> None:
    centres = rng.permutation(np.stack(np.meshgrid(*[np.arange(4, 16, 4)] * 3), -1).reshape(-1, 3))[:9]
    for subject in sorted({s for pair in LANDMARKS for s in pair}):
        volume = np.zeros(SHAPE, np.uint8)
        for number, centre in enumerate(centres + rng.integers(-1, 2, centres.shape), 1):
            x, y, z = centre
            volume[x - 1 : x + 1, y - 1 : y + 2, z - 1 : z + 2] = number
        if subject == "3485_0000":
            volume[volume == 5] = 0
        _save(folder, "landmarks", subject, volume, "u1")


def _write_fields(folder: Path, volumes: dict[str, NDArray[np.uint8]], rng: np.random.Generator) -> None:
    fields = {
        f"disp_{f[:4]}_{m[:4]}": smooth(rng, 2.5, 1.0) + smooth(rng, 1.0, 0.6)
        for f, m in SEGMENTATION + LANDMARKS
    }
    fields["disp_3456_3455"] *= 2
    fields["disp_3456_3455"][:2, :, :, 0] -= 3
    fields["disp_4024_4033"] = np.round(fields["disp_4024_4033"] * 2) / 2
    _lose(fields["disp_3458_3457"], volumes["3457_0000"] == 44)
    for name, u in fields.items():
        data = nifti(u)
        if name == "disp_3456_3455":
            data = nifti(np.moveaxis(u, -1, 0))
        elif name == "disp_3457_3456":
            data = nifti(np.round(u * 80), "i2", slope=0.0125, inter=0.003)
        elif name == "disp_3458_3457":
            data = nifti(u + 1e-9, "f8")
        elif name == "disp_3485_3484":
            data = nifti(u, order=">")
        elif name == "disp_3486_3485":
            data = nifti(u, srow=OBLIQUE)
        elif name == "disp_4025_4034":
            name = "disp_4025_0001_4034_0000"
        (folder / f"{name}.nii.gz").write_bytes(gz(data))


def _lose(u: NDArray[np.float64], where: NDArray[np.bool_]) -> None:
    """Turn every vector that samples ``where`` away from it."""
    grid = np.stack(np.meshgrid(*map(np.arange, SHAPE), indexing="ij"), -1)
    at = np.floor(grid + u + 0.5).astype(int)
    inside = ((at >= 0) & (at < SHAPE)).all(-1)
    at = at.clip(0, np.array(SHAPE) - 1)
    hit = inside & where[at[..., 0], at[..., 1], at[..., 2]]
    u[hit] = 0
    u[9, 11, 10] = 2


def _write_configs(folder: Path) -> None:
    def pairs(names: list[tuple[str, str]]) -> list[dict[str, str]]:
        return [
            {"fixed": f"./imagesVal/PHANTOM_{f}.nii.gz", "moving": f"./imagesVal/PHANTOM_{m}.nii.gz"}
            for f, m in names
        ]

    base = {"name": "PHANTOM", "expected_shape": [*SHAPE, 3], "eval_config_version": 0.0}
    ndv = {"name": "Non-diffeomorphic Volumes", "metric": "ndv"}
    dsc = {"name": "DSC", "metric": "dice", "labels": LABELS}
    hd95 = {"name": "HD95", "metric": "hd95", "labels": LABELS}
    tre = {"name": "TRE_lm", "metric": "tre", "dest": "landmarks"}
    segmentation = {**base, "eval_pairs": pairs(SEGMENTATION), "evaluation_methods": [ndv, dsc, hd95]}
    landmark = {**base, "eval_pairs": pairs(LANDMARKS), "evaluation_methods": [ndv, tre]}
    (folder / "segmentation.json").write_text(json.dumps(segmentation), encoding="utf-8")
    (folder / "landmark.json").write_text(json.dumps(landmark), encoding="utf-8")
