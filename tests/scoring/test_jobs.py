"""Scoring in several processes."""

from pathlib import Path

import pytest

from scoring.archive import open_fields
from scoring.evaluate import score
from scoring.report import metrics_json
from scoring.spec import RULES, read_config


@pytest.mark.parametrize("rules", ["lumir24", "lumir25"])
def test_two_processes_give_the_same_bytes_as_one(phantom: Path, rules: str) -> None:
    configs = [read_config(phantom / name) for name in ("landmark.json", "segmentation.json")]
    with open_fields(phantom / "submission") as fields:
        one, two = (score(fields, configs, [phantom] * 2, RULES[rules], jobs=jobs) for jobs in (1, 2))
    assert metrics_json(one) == metrics_json(two)
