"""A small challenge in the form of the general Learn2Reg tasks: points in CSV tables, masks, .npz fields."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from tests.scoring.files import gz, nifti
from tests.scoring.phantom import LABELS, SHAPE, brain, shifted, smooth

CASES = ("0001", "0002", "0003")
FIXED_MM, MOVING_MM = (1.25, 1.0, 2.0), (1.5, 1.25, 0.75)


def write_learn2reg(folder: Path) -> None:
    """Write volumes, fields (folder ``submission``) and the config task.json into ``folder``."""
    rng = np.random.default_rng(4711)
    for name in ("imagesTr", "labelsTr", "masksTr", "landmarksTr", "keypointsTr", "submission"):
        (folder / name).mkdir(parents=True)
    template = brain(rng)
    for case in CASES:
        for modality, zooms in (("0000", FIXED_MM), ("0001", MOVING_MM)):
            labels, name = shifted(template, rng), f"TASK_{case}_{modality}.nii.gz"
            image = nifti(labels.astype(int) * 4 + 1, "i2", zooms=zooms)
            (folder / "imagesTr" / name).write_bytes(gz(image))
            (folder / "labelsTr" / name).write_bytes(gz(nifti(labels, "u1", zooms=zooms)))
            (folder / "masksTr" / name).write_bytes(gz(nifti(labels > 0, "u1", zooms=zooms)))
        for points in ("landmarks", "keypoints"):
            fixed = rng.integers(0, 64 * (np.array(SHAPE) - 1), (40, 3)) / 64
            moving = fixed + rng.integers(-128, 129, (40, 3)) / 64
            for modality, table in (("0000", fixed), ("0001", moving)):
                path = folder / f"{points}Tr" / f"TASK_{case}_{modality}.csv"
                np.savetxt(path, table, fmt="%.6f", delimiter=",")
    (folder / "masksTr" / "TASK_0003_0000.nii.gz").unlink()
    _write_fields(folder / "submission", rng)
    _write_config(folder)


def _write_fields(folder: Path, rng: np.random.Generator) -> None:
    fields = [smooth(rng, 2.5, 1.2) + smooth(rng, 1.0, 0.4) for _ in CASES]
    np.savez_compressed(folder / "disp_0001_0001.npz", fields[0].astype(np.float16))
    np.savez_compressed(folder / "disp_0002_0002.npz", fields[1] + 1e-9)
    (folder / "disp_0003_0000_0003_0001.nii.gz").write_bytes(gz(nifti(fields[2])))


def _write_config(folder: Path) -> None:
    task = {
        "task_name": "TASK",
        "expected_shape": [*SHAPE, 3],
        "masked_evaluation": True,
        "evaluation_methods": [
            {"name": "LogJacDetStd", "metric": "sdlogj"},
            {"name": "DSC", "metric": "dice", "labels": LABELS[1:8]},
            {"name": "HD95", "metric": "hd95", "labels": LABELS[1:8]},
            {"name": "TRE_lm", "metric": "tre", "dest": "landmarks"},
            {"name": "TRE_kp", "metric": "tre", "dest": "keypoints"},
        ],
        "eval_pairs": [
            {"fixed": f"./imagesTr/TASK_{c}_0000.nii.gz", "moving": f"./imagesTr/TASK_{c}_0001.nii.gz"}
            for c in CASES
        ],
    }
    (folder / "task.json").write_text(json.dumps(task), encoding="utf-8")
