"""What must hold for every scheme, whatever the scores."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scoring.ranking import PRESETS, MetricRule, Ranking, Row, Scheme, ScoreTable, rank
from scoring.ranking.scheme import Direction

from .conftest import known

METRICS = ("DSC", "HD95", "TRE", "NDV")
ITEMS = {"DSC": 3, "HD95": 3, "TRE": 2, "NDV": 0}
SCHEMES = [
    *PRESETS.values(),
    *(
        replace(PRESETS[name], name=f"{name} by dataset", pool="dataset")
        for name in ("l2r-code", "mean-rank")
    ),
]
every_scheme = pytest.mark.parametrize("scheme", SCHEMES, ids=lambda s: s.name)
OTHER: dict[Direction, Direction] = {"higher": "lower", "lower": "higher"}
few = settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def scores(draw: st.DrawFn, gaps: bool = False) -> list[Row]:
    """Rows of two to five methods on two small datasets: coarse values, so that ties happen, and gaps."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    names = ["ZeroDisplacement", "a", "b", "c", "d"][: draw(st.integers(2, 5))]
    cases = draw(st.integers(1, 9))
    coarse = draw(st.sampled_from([1, 2, 6]))
    rows: list[Row] = []
    for dataset in ("d1", "d2"):
        for metric in METRICS[: draw(st.integers(1, 4))]:
            for case in range(cases):
                for quality, name in enumerate(names):
                    values = np.round(rng.random(ITEMS[metric] or 1) + 0.2 * quality, coarse)
                    if gaps:
                        values[rng.random(values.size) < 0.15] = rng.choice([math.nan, math.inf])
                    if gaps and rng.random() < 0.1:
                        continue
                    items = values.tolist() if ITEMS[metric] else None
                    value = float(values.mean())
                    rows.append((name, dataset, f"{case + 1}_{case}", metric, value, items))
    return rows


def board(rows: list[Row], scheme: Scheme) -> dict[str, tuple[int, float | None]]:
    ranking = rank(ScoreTable.from_rows(rows), scheme)
    return {e.method: (e.rank, None if e.score is None else round(e.score, 11)) for e in ranking.entries}


@every_scheme
@few
@given(rows=scores(gaps=True), seed=st.integers(0, 99))
def test_the_order_of_methods_cases_and_datasets_changes_nothing(
    scheme: Scheme, rows: list[Row], seed: int
) -> None:
    shuffled = [rows[i] for i in np.random.default_rng(seed).permutation(len(rows))]
    assert board(shuffled, scheme) == board(rows, scheme)


@every_scheme
@few
@given(rows=scores())
def test_renaming_the_methods_renames_the_board(scheme: Scheme, rows: list[Row]) -> None:
    names = {"ZeroDisplacement": "ZeroDisplacement", "a": "z", "b": "y", "c": "x", "d": "w"}
    renamed = board([(names[row[0]], *row[1:]) for row in rows], scheme)
    assert renamed == {names[method]: place for method, place in board(rows, scheme).items()}


@every_scheme
@few
@given(rows=scores())
def test_other_directions_of_negated_values_change_nothing(scheme: Scheme, rows: list[Row]) -> None:
    # The worst possible value goes with the sign: DSC has one, and there are no gaps that would need it.
    negated: list[Row] = [(*row[:4], -known(row[4]), row[5] and [-known(v) for v in row[5]]) for row in rows]

    rules = tuple(replace(rule, direction=OTHER[rule.direction]) for rule in scheme.metrics)
    assert board(negated, replace(scheme, metrics=rules)) == board(rows, scheme)


@every_scheme
@few
@given(rows=scores())
def test_other_directions_of_the_same_values_turn_the_order_round(scheme: Scheme, rows: list[Row]) -> None:

    rules = tuple(replace(rule, direction=OTHER[rule.direction]) for rule in scheme.metrics)[:1]
    one = replace(scheme, metrics=scheme.metrics[:1])
    if scheme.test is not None:
        # Fewest losses become fewest wins: losses and wins change places under the other direction.
        one = replace(one, test=replace(scheme.test, count="wins-minus-losses"))
    turned = board(rows, replace(one, metrics=rules))
    there = board(rows, one)
    for a in there:
        for b in there:
            assert (there[a][0] < there[b][0]) == (turned[a][0] > turned[b][0])


@every_scheme
@few
@given(rows=scores(gaps=True))
def test_a_twin_ties_with_its_twin(scheme: Scheme, rows: list[Row]) -> None:
    last = rows[-1][0]
    twins = board([*rows, *(("twin", *row[1:]) for row in rows if row[0] == last)], scheme)
    assert twins["twin"] == twins[last]


@pytest.mark.parametrize(
    "name", ["mean-rank", "median-rank", "mean-then-rank", "l2r-code", "l2r-text", "snapshot-minmax"]
)
@few
@given(rows=scores())
def test_an_added_worst_entry_leaves_the_order_of_the_others(name: str, rows: list[Row]) -> None:
    # On one metric: an entry worse than all in every value takes the last place of every comparison. Under
    # the tests without correction every other comparison stays as it was; corrections and combinations of
    # several metrics may change with the pool, and min-max rescales but keeps the order.
    scheme = replace(PRESETS[name], metrics=(MetricRule("DSC", "higher"),))
    before = board(rows, scheme)
    keys = {(row[1], row[2], row[3]): len(row[5]) if row[5] else 0 for row in rows}
    worst: list[Row] = [("worst", d, c, m, -9.0, [-9.0] * n or None) for (d, c, m), n in keys.items()]
    after = board(rows + worst, scheme)
    for a in before:
        for b in before:
            assert (before[a][0] < before[b][0]) == (after[a][0] < after[b][0])
    assert after["worst"][0] == max(place for place, _ in after.values())


@few
@given(
    rows=scores(gaps=True),
    method=st.sampled_from(["ZeroDisplacement", "a"]),
    bad=st.sampled_from([math.nan, math.inf]),
)
def test_a_missing_value_is_never_better_than_the_worst_of_the_others(
    rows: list[Row], method: str, bad: float
) -> None:
    # It may be better than the method's own value was, where that was the worst of all by itself.
    one = replace(
        PRESETS["mean-then-rank"], metrics=(MetricRule("NDV", "lower"), MetricRule("DSC", "higher"))
    )

    def goes(row: Row) -> bool:
        return row[0] == method and row[2] == "1_0"

    def boards_with(value: Callable[[Row], float]) -> Ranking:
        changed = [
            (*row[:4], value(row), row[5] and [value(row)] * len(row[5])) if goes(row) else row
            for row in rows
        ]
        return rank(ScoreTable.from_rows(changed), one)

    def worst(row: Row) -> float:
        others = [known(other[4]) for other in rows if other[3] == row[3] and not goes(other)]
        worse = min if row[3] == "DSC" else max
        return worse(filter(math.isfinite, others), default=bad)

    missing, present = (boards_with(value).entry(method).pools[0].metrics for value in (lambda _: bad, worst))
    for metric in missing.keys() & present.keys():
        assert missing[metric].rank_score >= present[metric].rank_score


@every_scheme
@few
@given(rows=scores(gaps=True))
def test_every_score_is_a_number_within_its_range(scheme: Scheme, rows: list[Row]) -> None:
    ranking = rank(ScoreTable.from_rows(rows), scheme)
    m = len(ranking.entries)
    low, high = (0.0, 1.0) if scheme.higher_is_better else (1.0, float(m))
    for entry in ranking.entries:
        assert entry.score is None or low - 1e-12 <= entry.score <= high + 1e-12
        assert 1 <= entry.rank <= m
