import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from scoring.stats import rank_sum_pairs, resampled_rank_sum_pairs
from scoring.stats.rank_sum import Alternative


def scipys(a: NDArray[np.float64], b: NDArray[np.float64], alternative: Alternative) -> tuple[float, float]:
    """z and p."""
    found = stats.ranksums(a, b, alternative=alternative)
    return float(found.statistic), float(found.pvalue)


@pytest.mark.parametrize("decimals", [8, 1, 0])
@pytest.mark.parametrize("alternative", ["two-sided", "greater"])
def test_every_pair_is_what_scipy_gives(decimals: int, alternative: Alternative) -> None:
    rng = np.random.default_rng(3)
    values = np.round(rng.normal(size=(6, 25)) + 0.4 * np.arange(6.0)[:, None], decimals)
    tests = rank_sum_pairs(values, alternative=alternative)
    expected = [
        scipys(values[a], values[b], alternative) for a, b in zip(*np.triu_indices(6, 1), strict=True)
    ]
    np.testing.assert_allclose(tests.z, [z for z, _ in expected], atol=1e-12)
    np.testing.assert_allclose(tests.p, [p for _, p in expected], rtol=1e-11)


def test_u_counts_pairs_and_half_of_the_ties_by_hand() -> None:
    # 1 < 2, 1 < 3, 2 = 2, 2 < 3: row 0 wins nothing and ties once.
    assert rank_sum_pairs(np.array([[1.0, 2.0], [2.0, 3.0]])).u.tolist() == [0.5]


def test_equal_rows_do_not_differ() -> None:
    tests = rank_sum_pairs(np.ones((3, 5)))
    assert tests.p.tolist() == [1.0] * 3
    assert tests.z.tolist() == [0.0] * 3


def test_no_values_are_a_tie() -> None:
    tests = rank_sum_pairs(np.empty((2, 0)))
    assert (tests.z.tolist(), tests.p.tolist()) == ([0.0], [1.0])


@pytest.mark.parametrize("decimals", [8, 0])
def test_a_resample_is_the_test_of_its_repeated_cases(decimals: int) -> None:
    rng = np.random.default_rng(11)
    values = np.round(rng.normal(size=(4, 30)) + 0.3 * np.arange(4.0)[:, None], decimals)
    case = np.repeat(np.arange(10, dtype=np.int32), 3)
    repeats = rng.poisson(1.0, (5, 10)).astype(np.uint16)
    tests = resampled_rank_sum_pairs(values, case, repeats)
    for r, times in enumerate(repeats):
        repeated = np.repeat(values, times[case], axis=1)
        expected = [
            scipys(repeated[a], repeated[b], "two-sided") for a, b in zip(*np.triu_indices(4, 1), strict=True)
        ]
        np.testing.assert_allclose(tests.z[:, r], [z for z, _ in expected], atol=1e-12)
        np.testing.assert_allclose(tests.p[:, r], [p for _, p in expected], rtol=1e-11)


def test_a_gap_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        rank_sum_pairs(np.array([[1.0, np.inf]]))


@pytest.mark.parametrize("most", [1, 3, 40, 400])
@pytest.mark.parametrize("decimals", [8, 1, 0])
def test_u_stays_exact_however_often_a_case_is_repeated(most: int, decimals: int) -> None:
    # Counters of 16 bits are emptied before they overflow: all sums are whole numbers and must be equal.
    rng = np.random.default_rng(most)
    values = np.round(rng.normal(size=(4, 300)) + 0.1 * np.arange(4.0)[:, None], decimals)
    values[0] += 7.0  # a row that stands alone at the end
    case = np.repeat(np.arange(60, dtype=np.int32), 5)
    repeats = rng.integers(0, most + 1, (9, 60)).astype(np.uint16)
    tests = resampled_rank_sum_pairs(values, case, repeats)
    for r, times in enumerate(repeats):
        repeated = np.repeat(values, times[case], axis=1)
        assert tests.u[:, r].tolist() == rank_sum_pairs(repeated).u.tolist()
        u = stats.mannwhitneyu(repeated[1], repeated[2], method="asymptotic").statistic
        assert tests.u[3, r] == u


@pytest.mark.parametrize("decimals", [6, 1])
def test_long_rows_are_what_scipy_gives_too(decimals: int) -> None:
    rng = np.random.default_rng(5)
    values = np.round(rng.normal(size=(4, 2000)) + 0.1 * np.arange(4.0)[:, None], decimals)
    found = rank_sum_pairs(values)
    expected = [
        scipys(values[a], values[b], "two-sided") for a, b in zip(*np.triu_indices(4, 1), strict=True)
    ]
    np.testing.assert_allclose(found.z, [z for z, _ in expected], atol=1e-12)


@pytest.mark.parametrize("decimals", [6, 1, 0])
def test_many_rows_are_what_scipy_gives_too(decimals: int) -> None:
    values = np.round(np.random.default_rng(6).normal(size=(60, 12)), decimals)
    found = rank_sum_pairs(values)
    pairs = list(zip(*np.triu_indices(60, 1), strict=True))
    for at in range(0, len(pairs), 97):
        a, b = pairs[at]
        assert found.z[at] == pytest.approx(scipys(values[a], values[b], "two-sided")[0], abs=1e-12)
