"""Each form of the evaluation configs of the Learn2Reg tasks loads, and scores as the plain oracles say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from scoring.archive import open_fields
from scoring.evaluate import check, score_case
from scoring.spec import RULES, read_config
from tests.scoring import oracle
from tests.scoring.files import gz, nifti
from tests.scoring.phantom import LABELS, SHAPE, brain, shifted, smooth

SPACING_MM = (1.5, 1.25, 0.75)
SDLOGJ = {"name": "LogJacDetStd", "metric": "sdlogj"}
LANDMARKS = {"name": "TRE_lm", "metric": "tre", "dest": "landmarks"}
KEYPOINTS = {"name": "TRE_kp", "metric": "tre", "dest": "keypoints"}


@dataclass(frozen=True)
class Form:
    """Images (subject and modality), metrics, and the name of the field that the task asks for.

    ``points`` ends the name of the folders with correspondences: those of other modalities than 0000 and
    0001 in this order lie in one of their own.
    """

    fixed: str
    moving: str
    metrics: tuple[dict[str, Any], ...]
    field: str
    part: str = "Tr"
    masked: bool = False
    points: str = ""


def overlap(labels: list[int]) -> tuple[dict[str, Any], ...]:
    return (
        {"name": "DSC", "metric": "dice", "labels": labels},
        {"name": "HD95", "metric": "hd95", "labels": labels},
    )


FORMS = {
    "two subjects": Form("0031_0000", "0032_0000", (SDLOGJ, *overlap(LABELS[1:8])), "disp_0031_0032", "Ts"),
    "one label": Form("0201_0000", "0260_0000", (SDLOGJ, *overlap(LABELS[1:2])), "disp_0201_0260"),
    "thirty-five labels": Form("0395_0000", "0396_0000", (SDLOGJ, *overlap(LABELS[1:36])), "disp_0395_0396"),
    "two modalities, masked": Form(
        "0006_0000", "0006_0001", (SDLOGJ, *overlap(LABELS[1:5])), "disp_0006_0006", masked=True
    ),
    "ultrasound, landmarks": Form(
        "0003_0000", "0003_0002", (SDLOGJ, LANDMARKS), "disp_0003_0000_0003_0002", points="00000002Tr"
    ),
    "breathing, landmarks and keypoints, masked": Form(
        "0001_0000", "0001_0001", (SDLOGJ, LANDMARKS, KEYPOINTS), "disp_0001_0001", masked=True, points="Tr"
    ),
    "keypoints alone, masked": Form(
        "0101_0000", "0101_0001", (SDLOGJ, KEYPOINTS), "disp_0101_0101", masked=True, points="Tr"
    ),
    "the later modality is fixed": Form(
        "0011_0001", "0011_0000", (SDLOGJ, KEYPOINTS, overlap([LABELS[1]])[0]), "disp_0011_0001_0011_0000",
        points="00000001Tr",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_a_form_loads_and_scores_as_the_oracles_say(name: str, tmp_path: Path) -> None:
    form, rng = FORMS[name], np.random.default_rng(len(name))
    template = brain(rng)
    fixed, moving = shifted(template, rng), shifted(template, rng)
    u = (smooth(rng, 2.5, 1.2) + smooth(rng, 1.0, 0.3)).astype(np.float32)
    points = rng.uniform(1, np.array(SHAPE) - 2, (12, 3)).round(3)
    targets = (points + rng.normal(0, 1.5, points.shape)).round(3)

    def save(folder: str, image: str, values: Any) -> None:
        place = tmp_path / f"{folder}{form.part}" / f"TASK_{image}.nii.gz"
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(gz(nifti(values, "u1", zooms=SPACING_MM)))

    for image, labels, table in ((form.fixed, fixed, points), (form.moving, moving, targets)):
        for folder, values in (("images", labels), ("labels", labels), ("masks", labels > 0)):
            save(folder, image, values)
        for kind in ("landmarks", "keypoints") if form.points else ():
            place = tmp_path / f"{kind}{form.points}" / f"TASK_{image}.csv"
            place.parent.mkdir(exist_ok=True)
            np.savetxt(place, table, fmt="%.3f", delimiter=",")
    (tmp_path / "fields").mkdir()
    (tmp_path / "fields" / f"{form.field}.nii.gz").write_bytes(gz(nifti(u)))
    sides = {
        s: f"./images{form.part}/TASK_{n}.nii.gz" for s, n in (("fixed", form.fixed), ("moving", form.moving))
    }
    config = read_config(
        {
            "task_name": "TASK",
            "expected_shape": [*SHAPE, 3],
            "masked_evaluation": form.masked,
            "eval_config_version": 0.2,
            "evaluation_methods": list(form.metrics),
            "eval_pairs": [sides],
        }
    )
    with open_fields(tmp_path / "fields") as fields:
        assert check(fields, [config]) == []
        scores = score_case(fields, config.pairs[0], config, tmp_path, RULES["l2r"])

    warped = oracle.warp(moving, u)
    moved = points + np.stack([map_coordinates(u[..., c].astype(float), points.T) for c in range(3)], 1)
    errors = np.sqrt((((moved - targets) * SPACING_MM) ** 2).sum(1))
    for metric in form.metrics:
        found = scores.items[metric["name"]]
        if metric["metric"] == "dice":
            assert found.tolist() == pytest.approx(
                oracle.dice(fixed, moving, warped, metric["labels"]), rel=0, abs=0, nan_ok=True
            )
        elif metric["metric"] == "hd95":
            expected = oracle.hd95(fixed, moving, warped, metric["labels"])
            assert found.tolist() == pytest.approx(expected, rel=0, abs=0, nan_ok=True)
        elif metric["metric"] == "tre":
            assert found == pytest.approx(errors, rel=1e-6)
        else:
            expected_std = oracle.sdlogj(u, fixed > 0 if form.masked else None)
            assert found == pytest.approx([expected_std], rel=1e-12)
