import numpy as np
import pytest
from scipy import stats

from scoring.stats import rank_sum_pairs


@pytest.mark.parametrize("decimals", [8, 1, 0])
@pytest.mark.parametrize("alternative", ["two-sided", "greater"])
def test_every_pair_is_what_scipy_gives(decimals, alternative):
    rng = np.random.default_rng(3)
    values = np.round(rng.normal(size=(6, 25)) + 0.4 * np.arange(6)[:, None], decimals)
    tests = rank_sum_pairs(values, alternative=alternative)
    for a in range(6):
        for b in range(6):
            if a != b:
                z, p = stats.ranksums(values[a], values[b], alternative=alternative)
                assert tests.z[a, b] == pytest.approx(z, abs=1e-12)
                assert tests.p[a, b] == pytest.approx(p, rel=1e-11)


def test_u_counts_pairs_and_half_of_the_ties_by_hand():
    # 1 < 2, 1 < 3, 2 = 2, 2 < 3: row 0 wins nothing and ties once.
    tests = rank_sum_pairs(np.array([[1.0, 2.0], [2.0, 3.0]]))
    assert (tests.u[0, 1], tests.u[1, 0]) == (0.5, 3.5)


def test_equal_rows_and_a_row_against_itself_do_not_differ():
    tests = rank_sum_pairs(np.ones((3, 5)))
    assert (tests.p == 1.0).all()
    assert (tests.z == 0.0).all()


def test_a_gap_is_refused():
    with pytest.raises(ValueError, match="finite"):
        rank_sum_pairs(np.array([[1.0, np.inf]]))
