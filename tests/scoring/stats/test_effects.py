import numpy as np
import pytest

from scoring.stats.effects import cohens_d

ONCE = np.ones((1, 4), dtype=np.uint16)


def test_d_is_mean_over_standard_deviation_by_hand() -> None:
    # Mean 2.5, squares about it 2.25 + 0.25 + 0.25 + 2.25 = 5, over n - 1 = 3: sqrt(5 / 3).
    assert cohens_d(np.array([[1.0, 2.0, 3.0, 4.0]]), ONCE)[0, 0] == pytest.approx(2.5 / np.sqrt(5 / 3))


def test_a_resample_counts_its_cases_as_often_as_it_has_them() -> None:
    d = np.random.default_rng(2).normal(size=(3, 4))
    repeats = np.array([[2, 0, 1, 3], [1, 1, 1, 1]], dtype=np.uint16)
    expected = [[r.mean() / r.std(ddof=1) for r in (np.repeat(row, t) for t in repeats)] for row in d]
    np.testing.assert_allclose(cohens_d(d, repeats), expected, rtol=1e-12)


def test_equal_differences_have_equal_sizes_under_every_resample() -> None:
    rng = np.random.default_rng(3)
    rows = np.repeat(rng.normal(size=(1, 29)), 231, axis=0)
    repeats = rng.multinomial(29, np.full(29, 1 / 29), size=200).astype(np.uint16)
    sizes = cohens_d(rows, repeats)
    assert (sizes == sizes[0]).all()


def test_no_difference_has_no_size() -> None:
    assert cohens_d(np.zeros((1, 4)), ONCE).tolist() == [[0.0]]


def test_d_of_equal_differences_does_not_exist_whatever_their_rounding() -> None:
    d = np.array([[0.1, 0.3 - 0.2, 0.4 - 0.3, 1.1 - 1.0]])
    assert np.isnan(cohens_d(d, ONCE)).all()


def test_one_case_has_no_spread() -> None:
    assert np.isnan(cohens_d(np.array([[1.0]]), np.ones((1, 1), dtype=np.uint16))).all()
