import json
import math

import numpy as np
import pytest
from scipy import stats

from scoring.ranking import significance
from scoring.stats.signed_rank import Method

from .conftest import Simulated, known, table_of


@pytest.mark.parametrize("p_value", ["auto", "exact", "asymptotic"])
def test_p_values_are_scipys_pair_by_pair(simulated: Simulated, p_value: Method) -> None:
    table = simulated()
    found = significance(table, "t1", "TRE", p_value=p_value)
    values = table.dataset("t1").metrics["TRE"].values
    for a in range(6):
        for b in range(a + 1, 6):
            expected = stats.wilcoxon(values[a], values[b], method=p_value, zero_method="wilcox").pvalue  # type: ignore[call-overload]
            assert found.p[a][b] == found.p[b][a] == pytest.approx(expected, abs=1e-12)
            assert found.p_adjusted[a][b] == pytest.approx(min(1.0, 15 * expected), abs=1e-12)


def test_direction_says_who_is_better_whatever_larger_means() -> None:
    low, high = [0.1 * i for i in range(12)], [1 + 0.1 * i for i in range(12)]
    overlap = significance(table_of({"DSC": {"a": low, "b": high}}), "d", "DSC")
    distance = significance(table_of({"TRE": {"a": low, "b": high}}), "d", "TRE")
    assert overlap.direction == ((None, -1), (1, None))
    assert distance.direction == ((None, 1), (-1, None))


def test_levels_by_hand() -> None:
    # Twelve differences of one sign: exact two-sided p = 2 / 2^12 = 0.00049; three pairs: 0.0015.
    rows = {m: [10.0 * q + 0.1 * i * q for i in range(1, 13)] for q, m in enumerate("abc")}
    found = significance(table_of({"TRE": rows}), "d", "TRE")
    assert found.p[0][1] == pytest.approx(2 / 2**12)
    assert found.level[0] == (None, "p < 0.01", "p < 0.01")
    assert significance(table_of({"TRE": rows}), "d", "TRE", correction="none").level[0][1] == "p < 0.001"


def test_equal_methods_do_not_differ() -> None:
    found = significance(table_of({"NDV": {"a": [0.0] * 10, "b": [0.0] * 10}}), "d", "NDV")
    assert (found.p[0][1], found.direction[0][1], found.level[0][1]) == (1.0, 0, "NS")


def test_a_failed_case_counts_as_the_worst_and_is_listed() -> None:
    values = {"a": [1.0] * 9 + [math.nan], "b": [2.0 + 0.1 * i for i in range(10)]}
    found = significance(table_of({"TRE": values}), "d", "TRE")
    assert [i.cases for i in found.imputations["a"]] == [("9",)]
    # The stand-in is the worst value present, 2.9, and so a tie with b's: a never wins by failing.
    with np.errstate(all="ignore"):
        expected = stats.wilcoxon([1.0] * 9 + [2.9], values["b"], method="auto").pvalue
    assert found.p[0][1] == pytest.approx(expected)
    json.dumps(found.to_dict(), allow_nan=False)


def test_methods_stand_in_the_order_asked_for(simulated: Simulated) -> None:
    table = simulated()
    found = significance(table, "t1", "DSC", order=["m2", "m1"], correction="holm")
    assert found.methods == ("m2", "m1")
    assert found.pairs == 1


def test_a_metric_the_dataset_lacks_is_refused(simulated: Simulated) -> None:
    with pytest.raises(ValueError, match="no values of TRE"):
        significance(simulated(), "t2", "TRE")
    with pytest.raises(ValueError, match="DSC30 has no case values"):
        significance(simulated(), "t2", "DSC30")


def test_effect_sizes_by_hand_and_turned_round_in_the_other_triangle() -> None:
    # b - a = 1 -2 3 4: ranks 1 to 4, (8 - 2) / 10 for b; mean 1.5, squares about it 21 over 3: sqrt(7).
    table = table_of({"DSC": {"a": [0.0] * 4, "b": [1.0, -2.0, 3.0, 4.0]}})
    effects = significance(table, "d", "DSC").effects
    assert [list(row) for row in effects.rank_biserial] == [
        [None, pytest.approx(-0.6)],
        [pytest.approx(0.6), None],
    ]
    assert effects.cohens_d[1][0] == pytest.approx(1.5 / math.sqrt(7))
    assert effects.rank_biserial_interval is None


def test_effect_intervals_hold_the_effect_and_turn_round(simulated: Simulated) -> None:
    found = significance(simulated(cases=20), "t1", "TRE", resamples=400, seed=3).effects
    for a in range(6):
        for b in range(a + 1, 6):
            for size, interval in (
                (found.rank_biserial, found.rank_biserial_interval),
                (found.cohens_d, found.cohens_d_interval),
            ):
                low, high = known(known(interval)[a][b])
                assert low <= known(size[a][b]) <= high
                assert known(interval)[b][a] == (-high, -low)


def test_an_interval_agrees_with_scipys_bootstrap_of_independent_cases() -> None:
    rng = np.random.default_rng(6)
    differences = rng.normal(0.5, 1.0, 40)
    table = table_of({"DSC": {"a": differences.tolist(), "b": [0.0] * 40}})
    intervals = known(significance(table, "d", "DSC", resamples=4000).effects.cohens_d_interval)
    low, high = known(intervals[0][1])
    expected = stats.bootstrap(
        (differences,),
        lambda d, axis: d.mean(axis=axis) / d.std(axis=axis, ddof=1),
        n_resamples=4000,
        method="percentile",
        rng=np.random.default_rng(1),
    ).confidence_interval
    assert [low, high] == pytest.approx([expected.low, expected.high], abs=0.03)


def test_a_size_that_does_not_exist_is_none() -> None:
    table = table_of({"DSC": {"a": [1.0] * 5, "b": [0.0] * 5}})
    effects = significance(table, "d", "DSC", resamples=10).effects
    assert (effects.cohens_d[0][1], known(effects.cohens_d_interval)[0][1]) == (None, None)
    assert effects.rank_biserial[0][1] == 1.0


def test_tie_groups_follow_their_best() -> None:
    # b is not told from a, the best; c is: it opens a group of its own.
    base = np.arange(12.0)
    rows = {"a": base, "b": base + np.array([0.4, -0.3] * 6), "c": base + 0.5 + 0.01 * base, "d": base + 50}
    found = significance(table_of({"TRE": {m: v.tolist() for m, v in rows.items()}}), "d", "TRE")
    assert found.level[0][1] == "NS"
    assert found.level[0][2] == "p < 0.01"
    assert found.tie_groups == (("a", "b"), ("c",), ("d",))


def test_the_grids_of_the_first_are_cut_from_those_of_all(simulated: Simulated) -> None:
    table = simulated()
    whole = significance(table, "t1", "DSC", resamples=30, seed=3)
    cut = significance(table, "t1", "DSC", resamples=30, seed=3, told=3)
    for name in ("p", "p_adjusted", "direction", "level"):
        assert getattr(cut, name) == tuple(row[:3] for row in getattr(whole, name)[:3])
    for name in ("rank_biserial", "cohens_d", "rank_biserial_interval", "cohens_d_interval"):
        ours, of_all = getattr(cut.effects, name), getattr(whole.effects, name)
        for row, column in [(0, 1), (0, 2), (1, 2), (2, 0)]:
            assert ours[row][column] == pytest.approx(of_all[row][column], rel=1e-12)
        assert [len(row) for row in ours] == [3] * 3
    assert (cut.methods, cut.pairs, cut.tie_groups) == (whole.methods, whole.pairs, whole.tie_groups)
