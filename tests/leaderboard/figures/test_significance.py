from typing import Any

from leaderboard.figures.figure import url_of
from leaderboard.figures.significance import Place, significance_grid, significance_matrices
from tests.leaderboard import payload


def matrix_of(metric: str, entries: int) -> dict[str, Any]:
    return payload.matrix(metric, entries) | {"link": "/compare/?a={row}&b={column}"}


def test_only_the_upper_triangle_is_drawn_blue_where_the_row_is_better() -> None:
    cells = significance_matrices([matrix_of("DSC", 4)], "T2").views[0].traces[0]
    assert cells["z"] == [[None, 0, 1, 3], [None, None, 0, 1], [None, None, None, 0], [None] * 4]
    assert cells["text"] == [["", "·", "", ""], ["", "", "·", ""], ["", "", "", "·"], [""] * 4]


def test_a_better_column_is_orange() -> None:
    matrix = matrix_of("DSC", 4)
    matrix["direction"][0][3] = -1
    view = significance_matrices([matrix], "T2").views[0]
    assert view.traces[0]["z"][0][3] == -3
    assert view.table.rows[2][2:4] == ["Method 3 is better", "p < .001"]


def test_the_table_has_every_pair_once() -> None:
    rows = significance_matrices([matrix_of("DSC", 4)], "T2").views[0].table.rows
    assert len(rows) == 6
    first = ["Method 0", "Method 1", "no significant difference", "not significant", "0.5", "1"]
    assert rows[0] == [*first, "0.25 (0.00 to 0.50)", "0.50"]
    second = ["Method 0", "Method 2", "Method 0 is better", "p < .05", "0.01", "0.04"]
    assert rows[1] == [*second, "0.50 (0.25 to 0.75)", "1.00 (0.50 to 1.50)"]


def test_the_reading_names_test_cases_correction_and_pairs() -> None:
    figure = significance_matrices([matrix_of("DSC", 4)], "T2")
    assert figure.title == "Significance on T2: DSC"
    assert figure.reading.startswith("Paired signed-rank over 3 cases, Bonferroni over 6 pairs.")


def test_the_reading_counts_cases_by_metric_where_they_differ() -> None:
    matrices = [matrix_of("DSC", 4), {**matrix_of("TRE", 4), "cases": 9}]
    reading = significance_matrices(matrices, "T2").reading
    assert reading.startswith("Paired signed-rank over cases (DSC 3, TRE 9), Bonferroni over 6 pairs.")


def test_a_large_board_draws_its_first_entries_and_says_so() -> None:
    figure = significance_matrices([matrix_of("DSC", 42)], "T2")
    assert len(figure.views[0].traces[0]["z"]) == 40
    assert len(figure.views[0].table.rows) == 780
    assert "over 861 pairs" in figure.reading
    assert figure.reading.endswith("Shown: the first 40 of 42 entries.")


def test_a_grid_keeps_a_dataset_in_its_column_where_it_lacks_a_metric() -> None:
    def place(dataset: str, metric: str) -> Place:
        return Place(dataset, "inter-subject", matrix_of(metric, 3))

    figure = significance_grid(
        [[None, place("Landmarks", "TRE")], [place("Labels", "NDV"), place("Landmarks", "NDV")]], "k", "Title"
    )
    view = figure.views[0]
    assert [(trace["xaxis"], trace["yaxis"]) for trace in view.traces] == [
        ("x2", "y2"),
        ("x3", "y3"),
        ("x4", "y4"),
    ]
    assert view.layout["xaxis2"]["domain"] == view.layout["xaxis4"]["domain"]
    assert view.layout["yaxis3"]["domain"] == view.layout["yaxis4"]["domain"]
    # Names of columns stand above a column's first matrix, names of rows left of a row's first.
    shown = {
        axis: view.layout[axis]["showticklabels"]
        for axis in ("xaxis2", "xaxis3", "xaxis4", "yaxis2", "yaxis4")
    }
    assert shown == {"xaxis2": True, "xaxis3": True, "xaxis4": False, "yaxis2": True, "yaxis4": False}
    assert [row[:2] for row in view.table.rows[::3]] == [
        ["TRE", "Landmarks"],
        ["NDV", "Labels"],
        ["NDV", "Landmarks"],
    ]


def test_a_cells_hover_text_has_both_effect_sizes() -> None:
    text = significance_matrices([matrix_of("DSC", 4)], "T2").views[0].traces[0]["hovertext"][0][2]
    assert text.endswith("rank-biserial 0.50 (0.25 to 0.75)<br>Cohen's d 1.00 (0.50 to 1.50)")


def test_a_pair_leads_to_its_comparison() -> None:
    view = significance_matrices([matrix_of("DSC", 3)], "T2").views[0]
    assert view.traces[0]["meta"]["entries"] == ["entry-0", "entry-1", "entry-2"]
    assert [url_of(row[2]) for row in view.table.rows] == [
        "/compare/?a=entry-0&b=entry-1",
        "/compare/?a=entry-0&b=entry-2",
        "/compare/?a=entry-1&b=entry-2",
    ]
