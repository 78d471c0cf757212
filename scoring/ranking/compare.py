"""One metric, one pool: methods compared with each other, and what the comparison is worth.

Everything is computed for resamples of the cases, [resamples, ...]; the data themselves are one resample in
which every case stands once.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.ranking.combine import slot_scores, tied_positions
from scoring.ranking.scheme import Scheme, TestRule
from scoring.ranking.units import Units
from scoring.stats import Options, adjust, resampled_rank_sum_pairs, resampled_signed_rank_pairs

_MEDIAN_BLOCK = 4_000_000
"""Units times resamples whose medians are taken together, for the sake of memory."""


@dataclass(frozen=True, slots=True, eq=False)
class PairTests:
    """Tests of all pairs a < b, ordered as `np.triu_indices(m, 1)`; each [pairs, resamples].

    z: positive where a is the better one. p, p_adjusted: before and after the scheme's correction.
    outcome: 1 where a is significantly better, -1 where b is, else 0.
    """

    z: NDArray[np.float64]
    p: NDArray[np.float64]
    p_adjusted: NDArray[np.float64]
    outcome: NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """Methods on one metric, each [resamples, m].

    standing: what slots or ranks are made of: losses, wins, their difference, the mean, or the mean or
    median rank; higher: whether a larger one is better. beaten_by, beats, pairs: None without tests.
    """

    standing: NDArray[np.float64]
    higher: bool
    beaten_by: NDArray[np.int64] | None = None
    beats: NDArray[np.int64] | None = None
    pairs: PairTests | None = None


def compare(scheme: Scheme, units: Units, repeats: NDArray[np.uint16]) -> Compared:
    """Compare the methods of ``units`` under every resample. repeats: [resamples, cases of the units]."""
    higher = scheme.rule(units.metric).direction == "higher"
    oriented = units.values if higher else -units.values
    if scheme.test is not None:
        return _counted(_test(scheme, scheme.test, oriented, units.case, repeats), scheme.test, len(oriented))
    if scheme.compare == "mean":
        return Compared(standing=_means(units.values, units.case, repeats), higher=higher)
    ranks = unit_ranks(units.values, higher=higher)
    middle = _means if scheme.compare == "case-rank-mean" else _medians
    return Compared(standing=middle(ranks, units.case, repeats), higher=False)


def unit_ranks(values: NDArray[np.float64], *, higher: bool) -> NDArray[np.float64]:
    """Ranks of the methods within each unit, [m, units]; only equal values share theirs, as their mean."""
    return tied_positions(-values.T if higher else values.T, "mean", tolerance=0.0).T


def rank_scores(scheme: Scheme, compared: Compared, missing: NDArray[np.bool_]) -> NDArray[np.float64]:
    """What the comparison is worth, [resamples, m]. missing: [m], methods that get the lowest score."""
    standing = compared.standing if compared.higher else -compared.standing
    m = standing.shape[-1]
    if scheme.score == "mean-rank":
        scores = compared.standing.copy()
    elif scheme.score == "rank":
        scores = tied_positions(-standing, scheme.ties)
    elif scheme.score == "slots":
        scores = slot_scores(standing, scheme.ties, scheme.lowest)
    else:
        worst = standing.min(axis=-1, keepdims=True)
        spread = standing.max(axis=-1, keepdims=True) - worst
        scores = np.divide(standing - worst, spread, out=np.ones_like(standing), where=spread > 0)
    scores[:, missing] = lowest_score(scheme, m)
    return scores


def lowest_score(scheme: Scheme, m: int) -> float:
    """The worst score a comparison of m methods can give."""
    if scheme.higher_is_better:
        return scheme.lowest if scheme.score == "slots" else 0.0
    return float(m)


def missing_methods(scheme: Scheme, units: Units) -> NDArray[np.bool_]:
    """[m]: methods without any value of the metric; with ``lowest-score``, those that lack one."""
    if scheme.missing == "lowest-score":
        return np.logical_or(units.without, [bool(found) for found in units.imputed])
    return units.without


def _test(
    scheme: Scheme,
    test: TestRule,
    oriented: NDArray[np.float64],
    case: NDArray[np.int32],
    repeats: NDArray[np.uint16],
) -> PairTests:
    if scheme.compare == "rank-sum":
        sums = resampled_rank_sum_pairs(oriented, case, repeats)
        z, p, direction = sums.z, sums.p, np.sign(sums.z)
    else:
        options = Options(method=test.p_value, zero_method=test.zero_method)
        ranks = resampled_signed_rank_pairs(oriented, case, repeats, options)
        z, p, direction = ranks.z, ranks.p, np.sign(ranks.effect)
    if test.sides == "one-sided":
        # Half the two-sided p is the one-sided p on the side of the sign; the other side cannot win.
        p = p / 2.0
    adjusted = adjust(p, test.correction)
    outcome = np.where(adjusted < test.alpha, direction, 0.0).astype(np.int8)
    return PairTests(z=z, p=p, p_adjusted=adjusted, outcome=outcome)


def _counted(pairs: PairTests, test: TestRule, m: int) -> Compared:
    first, second = np.triu_indices(m, 1)
    square = np.zeros((m, m, pairs.outcome.shape[1]), dtype=np.int8)
    square[first, second] = pairs.outcome
    square[second, first] = -pairs.outcome
    beats, beaten_by = (square > 0).sum(axis=1).T, (square < 0).sum(axis=1).T
    standing = {"losses": beaten_by, "wins": beats, "wins-minus-losses": beats - beaten_by}[test.count]
    return Compared(
        standing=standing.astype(np.float64),
        higher=test.count != "losses",
        beaten_by=beaten_by,
        beats=beats,
        pairs=pairs,
    )


def _means(
    values: NDArray[np.float64], case: NDArray[np.int32], repeats: NDArray[np.uint16]
) -> NDArray[np.float64]:
    """Mean of the units under every resample, 0 without units. values: [m, units]. Returns [resamples, m]."""
    cases = repeats.shape[1]
    sums = np.stack([np.bincount(case, weights=row, minlength=cases) for row in values])
    times = repeats.astype(np.float64)
    # einsum, not @: equal methods must get equal means, and BLAS treats columns differently.
    totals = np.einsum("rc,mc->rm", times, sums)
    counts = (times @ np.bincount(case, minlength=cases))[:, None]
    return np.asarray(np.divide(totals, counts, out=np.zeros_like(totals), where=counts > 0))


def _medians(
    values: NDArray[np.float64], case: NDArray[np.int32], repeats: NDArray[np.uint16]
) -> NDArray[np.float64]:
    """Median of the units under every resample, 0 without units. values: [m, units]. Returns [resamples,
    m]."""
    medians = np.empty((len(repeats), len(values)))
    size = max(1, _MEDIAN_BLOCK // max(case.size, 1))
    for row, of_method in enumerate(values):
        order = np.argsort(of_method, kind="stable")
        for start in range(0, len(repeats), size):
            reached = np.cumsum(repeats[start : start + size, case[order]], axis=1, dtype=np.int64)
            total = reached[:, -1:]
            lower = np.argmax(reached >= (total + 1) // 2, axis=1)
            upper = np.argmax(reached >= total // 2 + 1, axis=1)
            middle = (of_method[order[lower]] + of_method[order[upper]]) / 2.0
            medians[start : start + size, row] = np.where(total[:, 0] > 0, middle, 0.0)
    return medians
