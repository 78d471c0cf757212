import numpy as np
import pytest
from scipy import stats

from scoring.stats import rank_sum_pairs, resampled_rank_sum_pairs


@pytest.mark.parametrize("decimals", [8, 1, 0])
@pytest.mark.parametrize("alternative", ["two-sided", "greater"])
def test_every_pair_is_what_scipy_gives(decimals, alternative):
    rng = np.random.default_rng(3)
    values = np.round(rng.normal(size=(6, 25)) + 0.4 * np.arange(6)[:, None], decimals)
    tests = rank_sum_pairs(values, alternative=alternative)
    expected = [
        stats.ranksums(values[a], values[b], alternative=alternative)
        for a, b in zip(*np.triu_indices(6, 1), strict=True)
    ]
    np.testing.assert_allclose(tests.z, [e.statistic for e in expected], atol=1e-12)
    np.testing.assert_allclose(tests.p, [e.pvalue for e in expected], rtol=1e-11)


def test_u_counts_pairs_and_half_of_the_ties_by_hand():
    # 1 < 2, 1 < 3, 2 = 2, 2 < 3: row 0 wins nothing and ties once.
    assert rank_sum_pairs(np.array([[1.0, 2.0], [2.0, 3.0]])).u.tolist() == [0.5]


def test_equal_rows_do_not_differ():
    tests = rank_sum_pairs(np.ones((3, 5)))
    assert tests.p.tolist() == [1.0] * 3
    assert tests.z.tolist() == [0.0] * 3


def test_no_values_are_a_tie():
    tests = rank_sum_pairs(np.empty((2, 0)))
    assert (tests.z.tolist(), tests.p.tolist()) == ([0.0], [1.0])


@pytest.mark.parametrize("decimals", [8, 0])
def test_a_resample_is_the_test_of_its_repeated_cases(decimals):
    rng = np.random.default_rng(11)
    values = np.round(rng.normal(size=(4, 30)) + 0.3 * np.arange(4)[:, None], decimals)
    case = np.repeat(np.arange(10, dtype=np.int32), 3)
    repeats = rng.poisson(1.0, (5, 10)).astype(np.uint16)
    tests = resampled_rank_sum_pairs(values, case, repeats)
    for r, times in enumerate(repeats):
        repeated = np.repeat(values, times[case], axis=1)
        expected = [
            stats.ranksums(repeated[a], repeated[b]) for a, b in zip(*np.triu_indices(4, 1), strict=True)
        ]
        np.testing.assert_allclose(tests.z[:, r], [e.statistic for e in expected], atol=1e-12)
        np.testing.assert_allclose(tests.p[:, r], [e.pvalue for e in expected], rtol=1e-11)


def test_a_gap_is_refused():
    with pytest.raises(ValueError, match="finite"):
        rank_sum_pairs(np.array([[1.0, np.inf]]))
