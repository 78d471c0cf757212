from itertools import pairwise

import pytest

from leaderboard.figures.figure import url_of
from leaderboard.figures.paired import LISTED, bin_edges, paired_figures
from tests.leaderboard import payload

COMPARED = {
    "dataset": "t2-like",
    "cases": ["1_0", "2_1", "3_2", "4_3"],
    "metrics": {"DSC": {"a": [0.8, 0.7, None, 0.5], "b": [0.7, 0.8, 0.6, 0.5]}},
}


def test_a_point_is_a_case_that_both_have_coloured_by_who_is_better() -> None:
    paired, _ = paired_figures("A", "B", payload.METRICS, payload.DATASETS, [COMPARED])
    assert [view.name for view in paired.views] == ["DSC"]
    points = paired.views[0].traces[1]
    assert (points["y"], points["x"]) == ([0.8, 0.7, 0.5], [0.7, 0.8, 0.5])
    # Of the scale from orange, where b is better, over grey to blue.
    assert points["marker"]["color"] == [1, -1, 0]
    assert [colour for _, colour in points["marker"]["colorscale"]][::2] == [
        "token:col-3",
        "token:line-3",
        "token:row-3",
    ]
    assert paired.views[0].table.rows[1] == ["2_1", "T2-like contrast", "0.7000", "0.8000", "-0.1000"]


def test_where_lower_is_better_so_is_the_lower_entry() -> None:
    metric = payload.METRICS[1]
    of_two = COMPARED | {"metrics": {"HD95": {"a": [1.0, 3.0], "b": [2.0, 2.0]}}, "cases": ["1_0", "2_1"]}
    paired, _ = paired_figures("A", "B", [metric], payload.DATASETS, [of_two])
    assert paired.views[0].traces[1]["marker"]["color"] == [1, -1]


def test_of_thousands_of_cases_those_that_differ_most_are_listed_and_all_are_drawn() -> None:
    count = 4 * LISTED
    one = {
        "dataset": "t2-like",
        "cases": [str(n) for n in range(count)],
        "metrics": {"DSC": {"a": [n / count for n in range(count)], "b": [0.5] * count}},
    }
    links = {"t2-like": "/cases/{text}/"}
    paired, _ = paired_figures("A", "B", payload.METRICS, payload.DATASETS, [one], links, "/all.csv")
    view = paired.views[0]
    assert len(view.traces[1]["x"]) == count
    assert view.traces[1]["meta"]["link"] == "/cases/{text}/"
    # The differences rise from -1/2 to nearly 1/2: the ends are what differs most.
    listed = {int(row[0]) for row in view.table.rows}
    assert listed == {*range(LISTED // 2 + 1), *range(count - LISTED // 2 + 1, count)}
    assert url_of(view.table.rows[0][0]) == "/cases/0/"
    assert view.table.note == "The 200 cases that differ most, of 800."
    assert view.csv == paired.json["views"][0]["csv"] == "/all.csv"


def test_every_difference_is_in_one_bin_and_none_spans_zero() -> None:
    _, spread = paired_figures("A", "B", payload.METRICS, payload.DATASETS, [COMPARED])
    assert sum(spread.views[0].traces[0]["y"]) == 3
    edges = bin_edges([-0.1, 0.0, 0.1, 0.25])
    assert 0.0 in edges
    assert (edges[0] <= -0.1, edges[-1] >= 0.25) == (True, True)
    widths = [high - low for low, high in pairwise(edges)]
    assert widths == [pytest.approx(widths[0])] * len(widths)


@pytest.mark.parametrize("values", [[], [0.0, 0.0], [0.5], [-0.5]])
def test_bins_of_few_or_equal_differences(values: list[float]) -> None:
    edges = bin_edges(values)
    assert len(edges) >= 2
    assert all(edges[0] <= value <= edges[-1] for value in values)


def test_nothing_to_compare_is_no_figure() -> None:
    assert paired_figures("A", "B", payload.METRICS, payload.DATASETS, []) == []
