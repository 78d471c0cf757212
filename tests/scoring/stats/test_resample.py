import numpy as np
import pytest
from numpy.typing import NDArray

from scoring.stats import percentile_interval, subject_resamples

CHAIN = [(f"{i + 1}", f"{i}") for i in range(60)]


def spread_of_mean(subjects: list[tuple[str, str]], values: NDArray[np.float64], seed: int = 1) -> float:
    repeats = subject_resamples(subjects, 4000, np.random.default_rng(seed)).astype(float)
    return float((repeats @ values / repeats.sum(axis=1)).std())


def test_independent_cases_are_drawn_as_in_the_ordinary_bootstrap() -> None:
    values = np.random.default_rng(0).normal(size=60)
    alone = [(f"{i}", f"{i}") for i in range(60)]
    assert spread_of_mean(alone, values) == pytest.approx(values.std() / np.sqrt(60), rel=0.05)
    repeats = subject_resamples(alone, 50, np.random.default_rng(0))
    assert (repeats.sum(axis=1) == 60).all()


def test_independent_values_of_consecutive_pairs_keep_their_standard_error() -> None:
    # Mean over many draws of the values: one draw has its own sample autocovariance.
    ratios = []
    for seed in range(12):
        values = np.random.default_rng(seed).normal(size=60)
        ratios.append(spread_of_mean(CHAIN, values, seed) / (values.std() / np.sqrt(60)))
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.06)


def test_shared_subjects_widen_the_interval() -> None:
    # Values are subject effects only, a_i + a_(i+1): g0 = 2, g1 = 1, so sqrt((g0 + g1) / g0) = 1.22.
    ratios = []
    for seed in range(12):
        effects = np.random.default_rng(seed).normal(size=61)
        values = effects[1:] + effects[:-1]
        ratios.append(spread_of_mean(CHAIN, values, seed) / (values.std() / np.sqrt(60)))
    assert np.mean(ratios) == pytest.approx(np.sqrt(1.5), abs=0.08)


def test_cases_of_one_drawn_subject_come_together() -> None:
    repeats = subject_resamples([("2", "1"), ("3", "2"), ("9", "8")], 200, np.random.default_rng(4))
    # Case 0 without case 1 only when subject 1 was drawn; never is case 0 drawn by a subject of case 2.
    assert repeats.shape == (200, 3)
    assert np.corrcoef(repeats[:, 0], repeats[:, 1])[0, 1] > np.corrcoef(repeats[:, 0], repeats[:, 2])[0, 1]


def test_the_atlas_of_all_cases_is_not_drawn() -> None:
    repeats = subject_resamples([(f"{i}", "atlas") for i in range(20)], 500, np.random.default_rng(4))
    assert (repeats.sum(axis=1) == 20).all()
    assert repeats.std() == pytest.approx(1.0, abs=0.1)


def test_every_case_is_drawn_equally_often() -> None:
    repeats = subject_resamples(CHAIN, 20_000, np.random.default_rng(4))
    np.testing.assert_allclose(repeats.mean(axis=0), repeats.mean(), rtol=0.06)


@pytest.mark.parametrize("subjects", [[("2", "1")], [("1", "1")], [("2", "1"), ("3", "2")], [("b", "a")] * 5])
def test_no_resample_is_empty(subjects: list[tuple[str, str]]) -> None:
    assert (subject_resamples(subjects, 100, np.random.default_rng(4)).sum(axis=1) > 0).all()


def test_no_cases_have_empty_resamples() -> None:
    assert subject_resamples([], 3, np.random.default_rng(0)).shape == (3, 0)


def test_the_interval_ends_at_values_that_occur() -> None:
    # 0.025 x 1000 = 25th and 0.975 x 1000 = 975th of 1 ... 1000.
    ends = percentile_interval(np.arange(1000.0, 0, -1), 0.95)
    assert [float(end) for end in ends] == [25, 975]


def test_what_does_not_exist_is_left_out_of_the_interval() -> None:
    samples = np.array([[np.nan] * 4, [np.nan, 1.0, 2.0, 3.0]])
    low, high = percentile_interval(samples, 0.95)
    np.testing.assert_array_equal(low, [np.nan, 1.0])
    np.testing.assert_array_equal(high, [np.nan, 3.0])
