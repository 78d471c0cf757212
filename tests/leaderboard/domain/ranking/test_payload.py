"""A board's payload, of tables that need no database."""

import math
from dataclasses import replace

import pytest

from leaderboard.domain.ranking.cards import Cards
from leaderboard.domain.ranking.payload import board_of
from scoring.ranking import PRESETS, MetricRule, ScoreTable


def test_rank_scores_and_stand_ins_of_several_pools_are_told() -> None:
    values = {"d1": {"a": [1.0, 1.0], "b": [2.0, 2.0]}, "d2": {"a": [4.0, math.nan], "b": [3.0, 3.0]}}
    table = ScoreTable.from_rows(
        (method, dataset, f"{case}", "NDV", value, None)
        for dataset, by_method in values.items()
        for method, of_method in by_method.items()
        for case, value in enumerate(of_method)
    )
    card = {"in_competition": True}
    cards = Cards(
        {m: {**card, "entry": m, "method": m} for m in "ab"}, {"d1": "One", "d2": "Two"}, {"rules": "l2r"}
    )
    scheme = replace(PRESETS["mean-then-rank"], metrics=(MetricRule("NDV", "lower"),), pool="dataset")
    first, second = board_of(table, scheme, cards, official=True)["entries"]
    # Ranks 1 and 2, and 2 and 1: the mean over the datasets is the same.
    assert [one["rank_scores"]["NDV"]["rank_score"] for one in (first, second)] == [1.5, 1.5]
    stand_in = {"dataset": "d2", "state": "nan", "count": 1, "stand_in": 4.0}
    assert (first["imputations"], second["imputations"]) == ({"NDV": [stand_in]}, {})


@pytest.mark.parametrize(
    ("rules", "hd95", "tre"),
    [("lumir25", "voxels", "voxels"), ("l2r", "voxels", "mm"), ("l2r-mm", "mm", "mm")],
)
def test_units_follow_the_rules_of_scoring(rules: str, hd95: str, tre: str) -> None:
    """The official program weighs points of tables by the spacing, and surfaces only with its own switch."""
    table = ScoreTable.from_rows([("a", "d", "1", metric, 1.0, None) for metric in ("HD95", "TRE")])
    cards = Cards({"a": {"in_competition": True, "entry": "a", "method": "a"}}, {"d": "D"}, {"rules": rules})
    scheme = replace(PRESETS["mean-then-rank"], metrics=(MetricRule("TRE", "lower"),))
    units = {one["name"]: one["unit"] for one in board_of(table, scheme, cards, official=True)["metrics"]}
    assert (units["HD95"], units["TRE"]) == (hd95, tre)
