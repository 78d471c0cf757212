"""The tidy table of a submission."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from scoring.evaluate import CaseScores, SubmissionScores
from scoring.ranking import read_scores_csv
from scoring.report import tidy_csv
from scoring.spec import RULES, read_config

CONFIG = {
    "name": "TASK",
    "expected_shape": [8, 8, 8, 3],
    "eval_pairs": [{"fixed": "imagesTr/TASK_0001_0000.nii.gz", "moving": "imagesTr/TASK_0001_0001.nii.gz"}],
    "evaluation_methods": [
        {"name": "TRE_lm", "metric": "tre", "dest": "landmarks"},
        {"name": "TRE_kp", "metric": "tre", "dest": "keypoints"},
    ],
}


def test_of_two_metrics_of_a_kind_the_first_is_ranked(tmp_path: Path) -> None:
    config = read_config(CONFIG)
    items = {"TRE_lm": np.array([1.0, 3.0]), "TRE_kp": np.array([7.0, 8.0, 9.0])}
    values = {"TRE_lm": 2.0, "TRE_kp": 8.0}
    case = CaseScores(config.pairs[0].key, config.pairs[0].official_key, values, items, config.kinds, 0.1)
    scores = SubmissionScores((config,), ((case,),), RULES["l2r"])
    path = tmp_path / "values.csv"
    path.write_text(tidy_csv(scores, "=mine"), encoding="utf-8")
    table = read_scores_csv(path)
    assert table.methods == ("'=mine",)  # in a spreadsheet it would be a formula
    [dataset] = table.datasets
    tre = dataset.metrics["TRE"]
    assert tre.values.tolist() == [[2.0]]
    assert tre.items is not None
    assert tre.items.tolist() == [[1.0, 3.0]]
