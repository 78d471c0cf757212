"""The values one comparison sees: a metric over the cases or items of some datasets, without gaps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.ranking.scheme import FACTS, HARDEST, MetricRule, Scheme, base_metric
from scoring.ranking.table import DatasetScores, MetricScores, ScoreTable, State


class NoUnitsError(ValueError):
    """A metric cannot be had from some datasets; the message says why."""


@dataclass(frozen=True, slots=True)
class Imputation:
    """Values of one method that were replaced: which, what they were, and by what.

    state: nan, infinite or absent. count: values (items or cases) replaced. cases: keys of the cases
    concerned.
    """

    dataset: str
    state: str
    count: int
    cases: tuple[str, ...]
    stand_in: float


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """What is compared on one metric.

    values: [pool, units], finite. raw: [pool, units], before stand-ins. case: [units], index of the unit's
    case in ``cases``; cases: (dataset, case key) of all cases of the datasets, whether they have the metric
    or not. imputed: per method of the pool. without: [pool], True for a method that has no finite value at
    all. undefined: units dropped because they are NaN for every method of the pool.
    """

    metric: str
    values: NDArray[np.float64]
    raw: NDArray[np.float64]
    case: NDArray[np.int32]
    cases: tuple[tuple[str, str], ...]
    imputed: tuple[tuple[Imputation, ...], ...]
    without: NDArray[np.bool_]
    undefined: int


@dataclass(frozen=True, slots=True, eq=False)
class _Flat:
    """Units of some datasets, dataset by dataset, case by case."""

    parts: tuple[MetricScores, ...]
    by_item: bool
    case: NDArray[np.int32]  # [units]
    cases: tuple[tuple[str, str], ...]

    def values(self, rows: Sequence[int]) -> NDArray[np.float64]:
        """[rows, units] of some methods."""
        blocks = [_items(part) if self.by_item else part.values for part in self.parts]
        out = np.empty((len(rows), self.case.size))
        for i, row in enumerate(rows):
            np.concatenate([block[row] for block in blocks], out=out[i])
        return out

    def absent(self, rows: Sequence[int]) -> NDArray[np.bool_]:
        """[rows, units] of some methods."""
        blocks = [part.absent[rows][:, _unit_cases(part, self.by_item)] for part in self.parts]
        return np.concatenate(blocks, axis=1)


def collect_units(
    table: ScoreTable, scheme: Scheme, metric: str, datasets: Sequence[DatasetScores], pool: Sequence[str]
) -> Units:
    """The units of one metric over some datasets for the methods of the pool.

    Units are flattened dataset by dataset, case by case. A unit that is NaN for every method of the pool is
    dropped; one that is infinite for some is kept. The hardest units of DSC30 and TRE30 are the worst
    ``hardest_share`` (rounded half to even) of the reference method's, equal ones in flattened order; a unit
    the reference has no finite value for is not among them, and without the reference in the table the
    metric cannot be had. Errors: NoUnitsError.
    """
    flat = _flatten(datasets, base_metric(metric), by_item=scheme.unit == "item")
    rows = [table.row(method) for method in pool]
    raw = flat.values(rows)
    if not np.isfinite(raw).any():
        raise NoUnitsError(f"no values of {base_metric(metric)}")
    keep = np.flatnonzero(~np.isnan(raw).all(axis=0))
    undefined = raw.shape[1] - keep.size
    if metric in HARDEST:
        keep = keep[_hardest_of(table, scheme, metric, flat, keep)]
    if keep.size < raw.shape[1]:
        raw = raw[:, keep]
    others = flat.values(sorted(set(range(len(table.methods))) - set(rows)))[:, keep]
    return _fill(metric, raw, others, flat, keep, rows, scheme.rule(metric), undefined)


def _hardest_of(
    table: ScoreTable, scheme: Scheme, metric: str, flat: _Flat, keep: NDArray[np.intp]
) -> NDArray[np.intp]:
    if scheme.reference not in table.methods:
        raise NoUnitsError(f"{scheme.reference} is needed to choose the hardest items")
    difficulty = flat.values([table.row(scheme.reference)])[0, keep]
    chosen = hardest(difficulty, scheme.rule(metric).direction, scheme.hardest_share)
    if not chosen.size:
        raise NoUnitsError(f"{scheme.reference} has no values to choose the hardest items by")
    return chosen


def hardest(difficulty: NDArray[np.float64], direction: str, share: float) -> NDArray[np.intp]:
    """Indices of the worst ``share`` of the finite values, ascending; equal values in their order."""
    known = np.flatnonzero(np.isfinite(difficulty))
    worst_first = difficulty[known] if direction == "higher" else -difficulty[known]
    count = round(known.size * share)
    return np.sort(known[np.argsort(worst_first, kind="stable")[:count]])


def _flatten(datasets: Sequence[DatasetScores], metric: str, *, by_item: bool) -> _Flat:
    starts = np.cumsum([0, *(len(d.cases) for d in datasets)])
    having = [
        (start, d.metrics[metric]) for start, d in zip(starts, datasets, strict=False) if metric in d.metrics
    ]
    if not having:
        raise NoUnitsError(f"no values of {metric}")
    return _Flat(
        parts=tuple(part for _, part in having),
        by_item=by_item,
        case=np.concatenate([start + _unit_cases(part, by_item) for start, part in having]).astype(np.int32),
        cases=tuple((d.name, case) for d in datasets for case in d.cases),
    )


def _items(part: MetricScores) -> NDArray[np.float64]:
    return part.values if part.items is None else part.items


def _unit_cases(part: MetricScores, by_item: bool) -> NDArray[np.int32]:  # noqa: FBT001 - private
    if by_item and part.item_case is not None:
        return part.item_case
    return np.arange(part.values.shape[1], dtype=np.int32)


def _fill(
    metric: str,
    raw: NDArray[np.float64],
    others: NDArray[np.float64],
    flat: _Flat,
    keep: NDArray[np.intp],
    rows: Sequence[int],
    rule: MetricRule,
    undefined: int,
) -> Units:
    finite = np.isfinite(raw)
    case, values = flat.case[keep], raw
    imputed: tuple[tuple[Imputation, ...], ...] = ((),) * len(rows)
    if not finite.all():
        # Of the whole table: the methods out of competition are present, too.
        stand_in = worst_value(np.append(raw[finite], others[np.isfinite(others)]), rule)
        values = np.where(finite, raw, stand_in)
        state = np.where(np.isnan(raw), State.NAN, State.INFINITE)
        state[finite] = State.FINITE
        state[flat.absent(rows)[:, keep]] = State.ABSENT
        imputed = tuple(_imputations(row, case, flat.cases, stand_in) for row in state)
    return Units(
        metric=metric,
        values=values,
        raw=raw,
        case=case,
        cases=flat.cases,
        imputed=imputed,
        without=np.logical_not(finite.any(axis=1)),
        undefined=undefined,
    )


def worst_value(present: NDArray[np.float64], rule: MetricRule) -> float:
    """The stand-in of a metric: never better than any value that is present."""
    worse = min if rule.direction == "higher" else max
    declared = rule.stand_in
    if declared is None and base_metric(rule.metric) in FACTS:
        declared = FACTS[base_metric(rule.metric)].missing
    known = [float(worse(present.min(), present.max()))] if present.size else []
    known += [declared] if declared is not None and np.isfinite(declared) else []
    return worse(known) if known else 0.0


_STATE_NAMES: Mapping[int, str] = {State.NAN: "nan", State.INFINITE: "infinite", State.ABSENT: "absent"}


def _imputations(
    state: NDArray[np.intp], case: NDArray[np.int32], cases: tuple[tuple[str, str], ...], stand_in: float
) -> tuple[Imputation, ...]:
    replaced = np.flatnonzero(state)
    by_kind: dict[tuple[str, int], list[int]] = {}
    for unit in replaced.tolist():
        by_kind.setdefault((cases[case[unit]][0], int(state[unit])), []).append(int(case[unit]))
    return tuple(
        Imputation(
            dataset=dataset,
            state=_STATE_NAMES[kind],
            count=len(found),
            cases=tuple(dict.fromkeys(cases[c][1] for c in found)),
            stand_in=stand_in,
        )
        for (dataset, kind), found in by_kind.items()
    )
