import json
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from scoring.ranking import (
    PRESETS,
    MetricRule,
    Scheme,
    ScoreTable,
    across_schemes,
    leave_one_dataset_out,
    rank,
    stability,
)
from scoring.ranking.evaluate import evaluate, final_scores
from scoring.ranking.resamples import draw
from scoring.ranking.scheme import Pool

from .conftest import Simulated, known, table_of


def repeated(table: ScoreTable, repeats: Mapping[str, NDArray[np.uint16]]) -> ScoreTable:
    """The table in which every case stands as often as one resample has it."""
    rows = []
    for dataset in table.datasets:
        for metric, scores in dataset.metrics.items():
            for row, method in enumerate(table.methods):
                for column, case in enumerate(dataset.cases):
                    items = None if scores.items is None else scores.items[row, scores.item_case == column]
                    for copy in range(repeats[dataset.name][column]):
                        key = f"{case}+{copy}"
                        rows.append((method, dataset.name, key, metric, scores.values[row, column], items))
    return ScoreTable.from_rows(rows)


def without_hardest(scheme: Scheme) -> Scheme:
    # Hardest items are chosen once from the full data, so a table of repeated cases would choose others.
    rules = tuple(rule for rule in scheme.metrics if not rule.metric.endswith("30"))
    return replace(scheme, metrics=rules)


@pytest.mark.parametrize("pool", ["all", "dataset"])
@pytest.mark.parametrize("name", PRESETS)
def test_a_resample_is_ranked_as_the_table_of_its_repeated_cases(
    simulated: Simulated, name: str, pool: Pool
) -> None:
    table = simulated(cases=9)
    scheme = replace(without_hardest(PRESETS[name]), pool=pool)
    methods = sorted(table.methods)
    repeats = draw(table.datasets, 3, seed=4)
    scores = final_scores(scheme, evaluate(table, scheme, methods, repeats))
    for r in range(3):
        alone = rank(repeated(table, {d: times[r] for d, times in repeats.items()}), scheme)
        assert known(scores)[r].tolist() == pytest.approx([alone.entry(m).score for m in methods], rel=1e-12)


def test_intervals_and_distributions_come_from_the_same_resamples(simulated: Simulated) -> None:
    found = stability(simulated(), PRESETS["mean-then-rank"], resamples=200, seed=1)
    for entry in found.entries:
        ranks = np.repeat(np.arange(1, 7), entry.distribution)
        assert ranks.size == 200
        # Of 200 ordered values the 5th and the 195th.
        assert entry.rank_interval == (ranks[4], ranks[194])
    json.dumps(found.to_dict(), allow_nan=False)


def test_the_same_seed_gives_the_same_and_another_differs(simulated: Simulated) -> None:
    table = simulated()
    first, again, other = (stability(table, PRESETS["strict"], resamples=60, seed=s) for s in (1, 1, 2))
    assert first == again
    assert first != other


def test_a_dataset_keeps_its_resamples_whatever_stands_beside_it(simulated: Simulated) -> None:
    table = simulated()
    together, alone = draw(table.datasets, 5, seed=9), draw(table.datasets[1:2], 5, seed=9)
    np.testing.assert_array_equal(together["t2"], alone["t2"])


def test_entries_that_never_change_places_have_points_for_intervals_and_groups_of_one() -> None:
    table = table_of({"NDV": {m: [q + 0.01 * i for i in range(10)] for q, m in enumerate("abc")}})
    scheme = replace(PRESETS["mean-then-rank"], metrics=(MetricRule("NDV", "lower"),))
    found = stability(table, scheme, resamples=100)
    assert [e.rank_interval for e in found.entries] == [(1, 1), (2, 2), (3, 3)]
    assert found.tie_groups == (("a",), ("b",), ("c",))
    assert (found.tau.median, found.tau.low, found.tau.high) == (1.0, 1.0, 1.0)


def test_entries_that_cannot_be_told_apart_share_a_group() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(2, 30))
    table = table_of({"NDV": {"a": noise[0].tolist(), "b": noise[1].tolist(), "c": (noise[0] + 9).tolist()}})
    scheme = replace(PRESETS["snapshot-minmax"], metrics=(MetricRule("NDV", "lower"),))
    found = stability(table, scheme, resamples=300)
    assert [sorted(group) for group in found.tie_groups] == [["a", "b"], ["c"]]
    assert {e.method: e.rank_interval for e in found.entries}["a"] == (1, 2)


def test_stability_without_a_resample_is_refused(simulated: Simulated) -> None:
    with pytest.raises(ValueError, match="resample"):
        stability(simulated(), PRESETS["strict"], resamples=0)


@pytest.mark.parametrize("name", PRESETS)
def test_edges_of_stability(name: str) -> None:
    scheme = PRESETS[name]
    lone = stability(table_of({"DSC": {"a": [0.5, 0.6]}}), scheme, resamples=10)
    assert [(e.rank_interval, e.distribution) for e in lone.entries] == [((1, 1), (10,))]
    empty = stability(ScoreTable.from_rows([]), scheme, resamples=10)
    assert (empty.entries, empty.tie_groups) == ((), ())
    failed = stability(table_of({"DSC": {"a": [None], "b": [None]}}), scheme, resamples=10)
    assert [(e.rank_interval, e.score) for e in failed.entries] == [((1, 1), None)] * 2


def test_without_each_dataset_in_turn() -> None:
    values = {"d1": {"a": 1.0, "b": 2.0, "c": 4.0}, "d2": {"a": 9.0, "b": 2.0, "c": 1.0}}
    table = ScoreTable.from_rows(
        (method, dataset, "2_1", "NDV", value, None)
        for dataset, of_dataset in values.items()
        for method, value in of_dataset.items()
    )
    scheme = replace(PRESETS["mean-then-rank"], metrics=(MetricRule("NDV", "lower"),))
    found = leave_one_dataset_out(table, scheme)
    assert [entry.method for entry in found.entries] == ["a", "b", "c"]
    assert (found.names, found.ranks) == (("d1", "d2"), ((3, 2, 1), (1, 2, 3)))
    # Means 5, 2 and 2.5. Of three pairs, c and b change places without d1; without d2 only b and c do not.
    assert found.full == (3, 1, 2)
    assert found.full_tau == pytest.approx((1 / 3, -1 / 3))
    json.dumps(found.to_dict(), allow_nan=False)


def test_one_dataset_cannot_be_left_out(simulated: Simulated) -> None:
    found = leave_one_dataset_out(simulated().select(datasets=["t1"]), PRESETS["strict"])
    assert (found.names, len(found.entries), len(known(found.full))) == ((), 6, 6)


def test_schemes_are_compared_by_their_orders() -> None:
    # a wins NDV on two of three cases, b by the mean: rank then average against average then rank.
    table = table_of({"NDV": {"a": [1, 1, 9], "b": [2, 2, 2], "c": [3, 3, 3]}})
    one = (MetricRule("NDV", "lower"),)
    names = ["median-rank", "mean-then-rank"]
    found = across_schemes(table, [replace(PRESETS[n], metrics=one) for n in names])
    assert {e.method: (e.best, e.median, e.worst) for e in found.entries} == {
        "a": (1, 2.0, 3),
        "b": (1, 1.5, 2),
        "c": (2, 2.5, 3),
    }
    assert [e.method for e in found.entries] == ["b", "a", "c"]
    # Orders a b c and b c a: one pair of three stands the same way round: (1 - 2) / 3.
    assert found.tau[0][1] == pytest.approx(-1 / 3)
    assert found.full is None
