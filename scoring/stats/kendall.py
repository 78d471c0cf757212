"""Agreement of rankings."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def kendall_tau(reference: ArrayLike, others: ArrayLike) -> NDArray[np.float64]:
    """Kendall's tau-b of one ranking against many.

    reference: [m], ranks or scores; others: [rankings, m]. Returns [rankings]. Where tau-b does not exist: 1
    if neither ranking orders any two methods (or there are fewer than two), 0 if only one of them does not.
    Source: Kendall 1945, doi 10.1093/biomet/33.3.239; equals `scipy.stats.kendalltau` elsewhere.
    """
    base, rows = np.asarray(reference, dtype=np.float64), np.atleast_2d(np.asarray(others, dtype=np.float64))
    first, second = np.triu_indices(base.size, 1)
    signs = np.sign(base[first] - base[second])
    other_signs = np.sign(rows[:, first] - rows[:, second])
    agreement = other_signs @ signs
    ordered, other_ordered = np.abs(signs).sum(), np.abs(other_signs).sum(axis=1)
    scale = np.sqrt(ordered * other_ordered)
    undefined = np.where((ordered == 0) & (other_ordered == 0), 1.0, 0.0)
    return np.asarray(np.divide(agreement, scale, out=undefined, where=scale > 0))
