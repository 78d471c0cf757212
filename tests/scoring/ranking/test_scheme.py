import json
import math
from dataclasses import replace
from typing import Any

import pytest

from scoring.ranking import PRESETS, MetricRule, Scheme, TestRule

L2R = PRESETS["l2r-code"]


def test_the_published_code_comes_first() -> None:
    assert next(iter(PRESETS)) == "l2r-code"


@pytest.mark.parametrize("name", PRESETS)
def test_a_scheme_survives_json(name: str) -> None:
    scheme = PRESETS[name]
    assert Scheme.from_dict(json.loads(json.dumps(scheme.to_dict()))) == scheme
    assert scheme.name == name


def test_only_the_test_phase_of_2024_is_a_reconstruction() -> None:
    assert [name for name, s in PRESETS.items() if s.status == "reconstructed"] == ["lumir24"]


def test_a_hardest_metric_follows_the_rule_of_its_base() -> None:
    scheme = replace(L2R, metrics=(MetricRule("DSC", "lower", 2.0, 0.5),))
    assert scheme.rule("DSC30") == MetricRule("DSC30", "lower", 2.0, 0.5)
    assert scheme.rule("TRE30") == MetricRule("TRE30", "lower")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"unit": "voxel"}, "unit 'voxel'"),
        ({"metrics": []}, "needs a metric"),
        ({"metrics": [{"metric": "DSC", "direction": "up"}]}, "direction 'up'"),
        ({"metrics": [{"metric": "DSC", "direction": "higher", "weight": 0}]}, "weight"),
        ({"metrics": [{"metric": "DSC", "direction": "higher"}] * 2}, "stands twice"),
        ({"metrics": [{"metric": "DSC", "direction": "higher", "wieght": 1}]}, "unknown field wieght"),
        ({"test": None}, "test belongs"),
        ({"test": {"alpha": 5}}, "alpha"),
        ({"compare": "mean"}, "test belongs"),
        ({"compare": "mean", "test": None, "score": "mean-rank"}, "ranks within each case"),
        ({"score": "min-max"}, "made of means"),
        ({"hardest_share": 0}, "hardest_share"),
        ({"lowest": 1}, "lowest"),
        ({"wieghts": {}}, "unknown field wieghts"),
        ({"metrics": 5}, "metrics must be a list"),
        ({"metrics": ["DSC"]}, "metric must be an object"),
        ({"metrics": [{"metric": "DSC"}]}, "metric: no direction"),
        ({"metrics": [{"metric": "FOO", "direction": "lower"}]}, "FOO is none of DSC, HD95"),
        (
            {"metrics": [{"metric": "DSC", "direction": "higher", "weight": math.inf}]},
            "weight must be",
        ),
        ({"metrics": [{"metric": "DSC", "direction": "higher", "stand_in": "x"}]}, "stand_in must be"),
        ({"test": 5}, "test must be an object"),
        ({"test": {"alpha": "x"}}, "alpha must be a finite number"),
        ({"test": {"count": None}}, "count None"),
        ({"version": "x"}, "version must be a whole number"),
        ({"version": True}, "version must be a whole number"),
        ({"title": None}, "title must be a text"),
        ({"accuracy": ["FOO"]}, "FOO is none of DSC, HD95"),
        ({"accuracy": []}, "accuracy needs a metric"),
        ({"accuracy": 5}, "accuracy must be a list"),
    ],
)
def test_an_impossible_scheme_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Scheme.from_dict({**L2R.to_dict(), **change})


def test_an_incomplete_scheme_is_refused() -> None:
    data = L2R.to_dict()
    del data["unit"]
    with pytest.raises(ValueError, match="unit"):
        Scheme.from_dict(data)


def test_the_test_rule_is_part_of_the_data() -> None:
    assert Scheme.from_dict({**L2R.to_dict(), "test": {"alpha": 0.01}}).test == TestRule(alpha=0.01)
