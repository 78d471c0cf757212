"""One metric, one pool: methods compared with each other, and what the comparison is worth."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from scoring.ranking.combine import slot_scores, tied_positions
from scoring.ranking.results import MetricStanding
from scoring.ranking.scheme import Direction, Scheme, TestRule
from scoring.ranking.units import Units
from scoring.stats import adjust, rank_sum_pairs, signed_rank_pairs


@dataclass(frozen=True, slots=True, eq=False)
class _Compared:
    """Per method of the pool, [m]: what the test or the means say."""

    standing: NDArray[np.float64]
    higher: bool
    beaten_by: NDArray[np.int64] | None = None
    beats: NDArray[np.int64] | None = None


def metric_standings(scheme: Scheme, units: Units) -> list[MetricStanding]:
    """Every method of the pool on one metric, in the order of the units' rows."""
    compared = _compare(scheme, units.values, scheme.rule(units.metric).direction)
    missing = units.without.copy()
    if scheme.missing == "lowest-score":
        missing |= np.array([bool(found) for found in units.imputed])
    scores = _scores(scheme, compared)
    scores[missing] = _lowest(scheme, scores.size)
    return [
        MetricStanding(
            rank_score=float(scores[i]),
            standing=float(compared.standing[i]),
            beaten_by=None if compared.beaten_by is None else int(compared.beaten_by[i]),
            beats=None if compared.beats is None else int(compared.beats[i]),
            mean=float(units.values[i].mean()),
            std=float(units.values[i].std()),
            units=units.values.shape[1],
            missing=bool(missing[i]),
            imputations=units.imputed[i],
        )
        for i in range(scores.size)
    ]


def _lowest(scheme: Scheme, count: int) -> float:
    if scheme.higher_is_better:
        return scheme.lowest if scheme.score == "slots" else 0.0
    return float(count)


def _compare(scheme: Scheme, values: NDArray[np.float64], direction: Direction) -> _Compared:
    oriented = values if direction == "higher" else -values
    if scheme.test is not None:
        better = significantly_better(scheme, scheme.test, oriented)
        return _counted(better, scheme.test)
    if scheme.compare == "mean":
        return _Compared(standing=values.mean(axis=1), higher=direction == "higher")
    ranks = rankdata(-oriented, method="average", axis=0)
    middle = np.mean if scheme.compare == "case-rank-mean" else np.median
    return _Compared(standing=np.asarray(middle(ranks, axis=1), dtype=np.float64), higher=False)


def significantly_better(scheme: Scheme, test: TestRule, oriented: NDArray[np.float64]) -> NDArray[np.bool_]:
    """[m, m]: whether row a is significantly better than row b. oriented: [m, n], larger is better."""
    m = oriented.shape[0]
    upper = np.triu_indices(m, 1)
    if scheme.compare == "rank-sum":
        tests = rank_sum_pairs(oriented)
        p, direction = tests.p[upper], np.sign(tests.z[upper])
    else:
        paired = signed_rank_pairs(oriented, method=test.p_value, zero_method=test.zero_method)
        p, direction = paired.p, np.sign(paired.effect)
    if test.sides == "one-sided":
        # Half the two-sided p is the one-sided p on the side of the sign; the other side cannot win.
        p = p / 2.0
    significant = adjust(p, test.correction) < test.alpha
    better = np.zeros((m, m), dtype=bool)
    better[upper] = significant & (direction > 0)
    better.T[upper] = significant & (direction < 0)
    return better


def _counted(better: NDArray[np.bool_], test: TestRule) -> _Compared:
    beats, beaten_by = better.sum(axis=1), better.sum(axis=0)
    standing = {"losses": beaten_by, "wins": beats, "wins-minus-losses": beats - beaten_by}[test.count]
    return _Compared(
        standing=standing.astype(np.float64),
        higher=test.count != "losses",
        beaten_by=beaten_by,
        beats=beats,
    )


def _scores(scheme: Scheme, compared: _Compared) -> NDArray[np.float64]:
    standing = compared.standing if compared.higher else -compared.standing
    if scheme.score == "mean-rank":
        return compared.standing.copy()
    if scheme.score == "min-max":
        spread = standing.max() - standing.min()
        return (standing - standing.min()) / spread if spread > 0 else np.ones_like(standing)
    if scheme.score == "rank":
        return tied_positions(-standing, scheme.ties)
    return slot_scores(standing, scheme.ties, scheme.lowest)
