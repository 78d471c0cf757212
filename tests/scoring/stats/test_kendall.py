import numpy as np
import pytest
from scipy import stats

from scoring.stats import kendall_tau


def test_tau_is_scipys_with_and_without_ties() -> None:
    rng = np.random.default_rng(8)
    base = rng.integers(1, 6, 12)
    others = np.concatenate(
        [rng.integers(1, 6, (20, 12)), rng.permuted(np.tile(np.arange(12), (20, 1)), axis=1)]
    )
    expected = [stats.kendalltau(base, other, variant="b").statistic for other in others]
    np.testing.assert_allclose(kendall_tau(base, others), expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("base", "other", "tau"),
    [([1, 1, 1], [1, 1, 1], 1.0), ([1, 1, 1], [1, 2, 3], 0.0), ([1, 2], [1, 1], 0.0), ([1], [1], 1.0)],
)
def test_rankings_without_an_order_have_a_defined_agreement(
    base: list[int], other: list[int], tau: float
) -> None:
    assert kendall_tau(base, [other]).tolist() == [tau]
