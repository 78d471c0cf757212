import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import scoring.ranking
from scoring.ranking import PRESETS, Scheme, ScoreTable, explain, rank
from scoring.ranking.example import worked_example
from scoring.ranking.explain import MetricExplanation, Total
from scoring.ranking.scheme import Pool

from .conftest import Simulated, known, table_of


def retold(total: Total, parts: Sequence[float]) -> float:
    """A score from the numbers that are shown, by nothing but arithmetic."""
    if total.how == "geometric-mean":
        return math.prod(total.terms) ** (1 / total.weights)
    return sum(total.terms) / total.weights if total.how == "mean" else float(np.median(parts))


@pytest.mark.parametrize("pool", ["all", "dataset"])
@pytest.mark.parametrize("name", PRESETS)
def test_every_number_adds_up(simulated: Simulated, name: str, pool: Pool) -> None:
    table = simulated()
    scheme = replace(PRESETS[name], pool=pool)
    for method, found in explain(table, scheme).items():
        for part in found.pools:
            for metric in part.metrics:
                values = np.repeat([c.value for c in metric.cases], [c.units for c in metric.cases])
                assert values.size == metric.units
                assert values.mean() == pytest.approx(metric.mean, rel=1e-12)
                assert metric.rank_score == pytest.approx(
                    score_from(metric, scheme, len(table.methods)), rel=1e-12
                )
            scores = [m.rank_score for m in part.metrics]
            assert retold(known(part.total), scores) == pytest.approx(known(part.total).result, rel=1e-12)
        if found.total is not None:
            results = [known(part.total).result for part in found.pools]
            assert retold(found.total, results) == pytest.approx(found.score, rel=1e-12)
        else:
            assert known(found.pools[0].total).result == found.score
        assert found.score == rank(table, scheme).entry(method).score
        json.dumps(found.to_dict(), allow_nan=False)


def score_from(metric: MetricExplanation, scheme: Scheme, m: int) -> float:
    """A rank score from what is shown of the metric."""
    place = metric.place
    if scheme.test is not None:
        outcomes = [c.outcome for c in metric.comparisons]
        won, lost = outcomes.count("won"), outcomes.count("lost")
        assert (metric.won, metric.lost) == (won, lost)
        counts = {"losses": lost, "wins": won, "wins-minus-losses": won - lost}
        assert metric.standing == counts[scheme.test.count]
        assert len(outcomes) == m - 1
    if scheme.score == "slots":
        assert len(place.slots) == len(place.tied_with) + 1 == place.positions[1] - place.positions[0] + 1
        return sum(place.slots) / len(place.slots)
    if scheme.score == "min-max":
        return (metric.mean - place.worst) / (place.best - place.worst)
    if scheme.score == "rank":
        return sum(place.positions) / 2
    ranks = [known(case.rank) for case in metric.cases]
    return float(np.mean(ranks) if scheme.compare == "case-rank-mean" else np.median(ranks))


def test_a_stand_in_is_shown_at_its_case() -> None:
    table = table_of({"NDV": {"a": [1.0, math.nan], "b": [2.0, 3.0]}})
    [metric] = explain(table, PRESETS["mean-then-rank"])["a"].pools[0].metrics
    assert [(c.case, c.value, c.stand_ins) for c in metric.cases] == [("0", 1.0, 0), ("1", 3.0, 1)]


def test_a_metric_without_values_has_the_lowest_score_and_says_why() -> None:
    table = table_of({"NDV": {"a": [math.nan] * 9, "b": [1.0] * 9, "c": [2.0 + i for i in range(9)]}})
    [metric] = explain(table, PRESETS["strict"])["a"].pools[0].metrics
    assert (metric.missing, metric.rank_score) == (True, 0.1)


def test_nothing_to_explain() -> None:
    assert explain(ScoreTable.from_rows([]), PRESETS["strict"]) == {}
    failed = explain(table_of({"DSC": {"a": [math.nan]}}), PRESETS["strict"])["a"]
    assert (failed.score, failed.pools[0].total, failed.pools[0].metrics) == (None, None, ())


def test_the_worked_example_in_the_docs_is_what_the_code_computes() -> None:
    readme = Path(scoring.ranking.__file__).with_name("README.md").read_text(encoding="utf-8")
    assert readme.split("<!-- example -->\n")[1] == worked_example()
