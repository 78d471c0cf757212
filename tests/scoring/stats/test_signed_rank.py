import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from scoring.stats import Options, resampled_signed_rank_pairs, signed_rank, signed_rank_pairs
from scoring.stats.signed_rank import Alternative, Method, ZeroMethod


def rows_of(kind: str, n: int, seed: int = 7) -> NDArray[np.float64]:
    """Six rows of one kind; the kinds decide differently between exact and asymptotic."""
    d = np.random.default_rng(seed).normal(0.3, 1.0, (6, n))
    if kind == "ties":
        return np.round(d, 1) + 0.05
    if kind == "zeros":
        return np.where(np.random.default_rng(seed + 1).random(d.shape) < 0.3, 0.0, d)
    if kind == "ties and zeros":
        return np.round(2 * d)
    return d


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
@pytest.mark.parametrize("zero_method", ["wilcox", "pratt", "zsplit"])
@pytest.mark.parametrize("kind", ["plain", "ties", "zeros", "ties and zeros"])
@pytest.mark.parametrize(
    ("method", "n"),
    [("auto", 6), ("auto", 14), ("auto", 50), ("auto", 51), ("exact", 9), ("exact", 40), ("asymptotic", 30)],
)
def test_every_row_is_what_scipy_gives_for_it_alone(
    method: Method, n: int, kind: str, zero_method: ZeroMethod, alternative: Alternative
) -> None:
    d = rows_of(kind, n)
    ours = signed_rank(d, method=method, zero_method=zero_method, alternative=alternative)
    with np.errstate(invalid="ignore", divide="ignore"):
        theirs = [
            stats.wilcoxon(row, method=method, zero_method=zero_method, alternative=alternative).pvalue  # type: ignore[arg-type]
            for row in d
        ]
    np.testing.assert_allclose(ours.p, theirs, rtol=1e-11, atol=1e-13)


def test_one_tied_row_leaves_the_others_exact() -> None:
    # scipy.stats.wilcoxon(axis=1) decides once for the whole batch and would make every row asymptotic.
    d = np.array([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1.0, 1.0, 2.0, 3.0, 4.0, 0.0]])
    result = signed_rank(np.repeat(d, 3, axis=1) + np.linspace(0, 0.01, 18) * [[1.0], [0.0]])
    assert result.exact.tolist() == [True, False]
    assert result.p[0] == pytest.approx(2 / 2**18, rel=1e-12)  # all 18 positive: two of 2^18 sign patterns


def test_identical_methods_are_a_tie_and_not_an_error() -> None:
    result = signed_rank(np.zeros((1, 20)))
    assert (result.p[0], result.z[0], result.effect[0], result.nonzero[0]) == (1.0, 0.0, 0.0, 0)


def test_no_cases_are_a_tie() -> None:
    assert signed_rank(np.zeros((2, 0))).p.tolist() == [1.0, 1.0]


def test_effect_is_the_share_of_rank_sum_by_hand() -> None:
    # |d| = 1 2 3 4 have the ranks 1 to 4; the negative one has rank 2: (8 - 2) / 10.
    assert signed_rank(np.array([[1.0, -2.0, 3.0, 4.0]])).effect[0] == pytest.approx(0.6)


def test_pairs_stand_in_the_order_of_the_upper_triangle() -> None:
    values = np.array([[3.0, 3.0, 3.0], [2.0, 2.5, 1.0], [4.0, 4.5, 6.0]])
    assert signed_rank_pairs(values).effect.tolist() == [1.0, -1.0, -1.0]


@pytest.mark.parametrize("zero_method", ["wilcox", "pratt", "zsplit"])
@pytest.mark.parametrize(("cases", "method"), [(8, "auto"), (30, "auto"), (30, "asymptotic")])
def test_a_resample_is_the_test_of_its_repeated_cases(
    cases: int, method: Method, zero_method: ZeroMethod
) -> None:
    rng = np.random.default_rng(cases)
    values = np.round(rng.normal(size=(4, cases)) + 0.4 * np.arange(4.0)[:, None], 1)
    repeats = rng.poisson(1.0, (3, cases)).astype(np.uint16)
    options = Options(method=method, zero_method=zero_method)
    tests = resampled_signed_rank_pairs(values, np.arange(cases, dtype=np.int32), repeats, options)
    for r, times in enumerate(repeats):
        alone = signed_rank_pairs(np.repeat(values, times, axis=1), method=method, zero_method=zero_method)
        np.testing.assert_allclose(tests.p[:, r], alone.p, rtol=1e-12)
        np.testing.assert_allclose(tests.effect[:, r], alone.effect, rtol=1e-12)


def test_a_gap_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        signed_rank(np.array([[1.0, np.nan]]))


@pytest.mark.parametrize("zero_method", ["wilcox", "pratt", "zsplit"])
@pytest.mark.parametrize("kind", ["plain", "ties", "zeros", "ties and zeros"])
def test_long_rows_are_what_scipy_gives_too(kind: str, zero_method: ZeroMethod) -> None:
    d = rows_of(kind, 1500)
    ours = signed_rank(d, method="asymptotic", zero_method=zero_method)
    theirs = [stats.wilcoxon(row, method="asymptotic", zero_method=zero_method).pvalue for row in d]  # type: ignore[call-overload]
    np.testing.assert_allclose(ours.p, theirs, rtol=1e-11)


@pytest.mark.parametrize("most", [1, 3, 40, 400])
@pytest.mark.parametrize("decimals", [8, 1])
def test_rank_sums_stay_exact_however_often_a_case_is_repeated(most: int, decimals: int) -> None:
    # Counters of 16 bits are emptied before they overflow: all sums are whole numbers and must be equal.
    rng = np.random.default_rng(most)
    values = np.round(rng.normal(size=(3, 400)) + 0.1 * np.arange(3.0)[:, None], decimals)
    case = np.repeat(np.arange(80, dtype=np.int32), 5)
    repeats = rng.integers(0, most + 1, (7, 80)).astype(np.uint16)
    tests = resampled_signed_rank_pairs(values, case, repeats, Options())
    for r, times in enumerate(repeats):
        alone = signed_rank_pairs(np.repeat(values, times[case], axis=1))
        assert tests.r_plus[:, r].tolist() == alone.r_plus.tolist()
        assert tests.r_minus[:, r].tolist() == alone.r_minus.tolist()
        np.testing.assert_allclose(tests.z[:, r], alone.z, rtol=1e-12)
