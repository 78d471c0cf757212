import json

import pytest

from scoring.ranking import PRESETS, heatmap, rank

from .conftest import Simulated, known

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


def test_accuracy_is_the_geometric_mean_of_the_rank_scores_of_overlap_and_landmarks(
    simulated: Simulated,
) -> None:
    table = simulated()
    found = heatmap(table, L2R)
    entries = {e.method: e.metrics for e in rank(table.select(datasets=["t1"]), L2R).entries}
    expected = [
        (known(entries[m]["DSC"].rank_score) * known(entries[m]["TRE"].rank_score)) ** 0.5
        for m in found.methods
    ]
    assert found.subtasks[0].together.columns[0].scores == pytest.approx(expected, rel=1e-12)
    assert found.accuracy == "Geometric mean of the rank scores of DSC and TRE, of those the datasets have"


def test_accuracy_without_landmarks_is_that_of_overlap(simulated: Simulated) -> None:
    table = simulated()
    found = heatmap(table, L2R)
    entries = {e.method: e.metrics for e in rank(table.select(datasets=["t2"]), L2R).entries}
    assert found.subtasks[1].together.columns[0].scores == pytest.approx(
        [entries[m]["DSC"].rank_score for m in found.methods], rel=1e-12
    )


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
