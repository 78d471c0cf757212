"""Sizes of paired differences, beside the p values that say nothing of size."""

import numpy as np
from numpy.typing import NDArray


def cohens_d(differences: NDArray[np.float64], repeats: NDArray[np.uint16]) -> NDArray[np.float64]:
    """Cohen's d of paired differences (d_z: mean over standard deviation, n - 1) under every resample.

    differences: [rows, cases]; repeats: [resamples, cases]. Returns [rows, resamples]: 0 where all
    differences are zero, NaN where d does not exist (equal non-zero differences; fewer than two cases).
    Source: Cohen 1988, Statistical Power Analysis, 2.3.5; Lakens 2013, doi 10.3389/fpsyg.2013.00863.
    """
    times = np.ascontiguousarray(repeats.T, dtype=np.float64)
    n = times.sum(axis=0)
    centre = (
        differences.mean(axis=1, keepdims=True) if differences.shape[1] else np.zeros((len(differences), 1))
    )
    around = differences - centre
    # einsum, not @: equal differences must have equal sizes, and BLAS treats rows differently.
    sums, squares = (np.einsum("pc,cr->pr", part, times) for part in (around, around**2))
    offset = np.divide(sums, n, out=np.zeros_like(sums), where=n > 0)
    squares -= n * offset**2
    mean = offset + centre
    spread = np.sqrt(np.maximum(squares, 0.0) / np.maximum(n - 1.0, 1.0))
    largest = np.abs(differences).max(axis=1, keepdims=True, initial=0.0)
    # Differences that are equal but for rounding have a spread of rounding errors and no d.
    exists = (spread > 1e-12 * largest) & (n > 1)
    d = np.divide(mean, spread, out=np.full_like(mean, np.nan), where=exists)
    return np.where(largest == 0.0, 0.0, d)
