import json
from dataclasses import replace

import pytest

from scoring.ranking import PRESETS, DatasetFacts, MetricRule, Row, ScoreTable, heatmap

from .conftest import Simulated

L2R = PRESETS["l2r-code"]


def test_subtasks_stand_in_order_with_landmarks_where_they_exist(simulated: Simulated) -> None:
    found = heatmap(simulated(), L2R)
    assert [(s.key, [c.metric for c in s.together.columns]) for s in found.subtasks] == [
        ("in-domain", ["ACC", "DSC30", "NDV", "TRE30"]),
        ("inter-subject", ["ACC", "DSC30", "NDV"]),
        ("atlas-to-subject", ["ACC", "DSC30", "NDV"]),
        ("subject-to-atlas", ["ACC", "DSC30", "NDV"]),
    ]
    json.dumps(found.to_dict(), allow_nan=False)


def test_accuracy_is_of_overlap_and_of_landmarks_where_there_are_any() -> None:
    dsc = {"a": [0.9, 0.7], "b": [0.8, 0.7], "ZeroDisplacement": [0.5, 0.5]}
    tre = {"a": [3.0, 3.0], "b": [2.0, 2.0], "ZeroDisplacement": [5.0, 5.0]}
    facts = {"in": DatasetFacts("in-domain"), "zero": DatasetFacts("zero-shot")}
    rows: list[Row] = [
        (method, dataset, f"{case}", metric, value, None)
        for dataset, metric, values in (("in", "DSC", dsc), ("in", "TRE", tre), ("zero", "DSC", dsc))
        for method, of_method in values.items()
        for case, value in enumerate(of_method)
    ]
    scheme = replace(
        PRESETS["mean-then-rank"],
        metrics=(MetricRule("DSC", "higher"), MetricRule("TRE", "lower")),
        score="slots",
        combine="geometric-mean",
    )
    found = heatmap(ScoreTable.from_rows(rows, facts), scheme)
    assert found.methods == ("a", "b", "ZeroDisplacement")
    within, without = (subtask.together.columns[0] for subtask in found.subtasks)
    # Slots 1, 0.55 and 0.1: a before b by overlap, b before a by landmarks.
    assert within.scores == pytest.approx((0.55**0.5, 0.55**0.5, 0.1))
    assert within.ranks == (1, 1, 3)
    assert without.scores == pytest.approx((1.0, 0.55, 0.1))
    # The hardest 30 % of two cases are the first one; ACC is no value.
    means = {column.metric: column.means for column in found.subtasks[1].together.columns}
    assert means == {"ACC": (None,) * 3, "DSC30": (0.9, 0.8, 0.5)}
    assert found.accuracy == "Geometric mean of the rank scores of DSC and TRE, of those the datasets have"


def test_a_mean_is_of_the_values_that_are_there_and_the_others_are_counted() -> None:
    ndv: dict[str, list[float | None]] = {"a": [0.1, None], "b": [0.2, 0.3], "ZeroDisplacement": [0.0, 0.0]}
    rows: list[Row] = [
        (method, "in", f"{case}", "NDV", value, None)
        for method, values in ndv.items()
        for case, value in enumerate(values)
    ]
    found = heatmap(ScoreTable.from_rows(rows), PRESETS["mean-then-rank"])
    column = next(column for column in found.subtasks[0].together.columns if column.metric == "NDV")
    assert (column.means, column.missing) == ((0.1, 0.25, 0.0), (1, 0, 0))


def test_ranks_by_a_scheme_of_ranks_have_the_smallest_first(simulated: Simulated) -> None:
    found = heatmap(simulated(), PRESETS["mean-rank"], order=["m5", "ZeroDisplacement"])
    assert found.methods == ("m5", "ZeroDisplacement")
    by_metric = {c.metric: c.ranks for c in found.subtasks[0].together.columns}
    assert by_metric["ACC"] == (1, 2)
    assert by_metric["NDV"] == (2, 1)


def test_datasets_of_a_subtask_are_also_shown_by_themselves(simulated: Simulated) -> None:
    table = simulated()
    found = heatmap(table, L2R)
    assert [[b.datasets for b in s.by_dataset] for s in found.subtasks] == [
        [(d.name,)] for d in table.datasets
    ]
