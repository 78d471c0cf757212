"""Ranks within a unit are scipy's, ties and all."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import rankdata

from scoring.ranking.compare import unit_ranks


@pytest.mark.parametrize("higher", [True, False])
@given(
    values=arrays(
        np.float64,
        st.tuples(st.integers(1, 9), st.integers(1, 5)),
        elements=st.sampled_from([0.0, 0.5, 0.5 + 1e-15, 0.9, -3.0]),
    )
)
@settings(max_examples=50, deadline=None)
def test_ranks_within_units_are_those_of_scipy(values: np.ndarray, *, higher: bool) -> None:
    expected = rankdata(-values if higher else values, method="average", axis=0)
    assert unit_ranks(values, higher=higher).tolist() == expected.tolist()
