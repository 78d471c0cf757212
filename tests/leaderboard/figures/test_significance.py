from leaderboard.figures.significance import significance_matrices
from tests.leaderboard import payload


def test_only_the_upper_triangle_is_drawn_blue_where_the_row_is_better() -> None:
    cells = significance_matrices([payload.matrix("DSC", 4)], "T2").views[0].traces[0]
    assert cells["z"] == [[None, 0, 1, 3], [None, None, 0, 1], [None, None, None, 0], [None] * 4]
    assert cells["text"] == [["", "·", "", ""], ["", "", "·", ""], ["", "", "", "·"], [""] * 4]


def test_a_better_column_is_orange() -> None:
    matrix = payload.matrix("DSC", 4)
    matrix["direction"][0][3] = -1
    view = significance_matrices([matrix], "T2").views[0]
    assert view.traces[0]["z"][0][3] == -3
    assert view.table.rows[2][2:4] == ["Method 3 is better", "p < .001"]


def test_the_table_has_every_pair_once() -> None:
    rows = significance_matrices([payload.matrix("DSC", 4)], "T2").views[0].table.rows
    assert len(rows) == 6
    assert rows[0] == ["Method 0", "Method 1", "no significant difference", "not significant", "0.5", "1"]
    assert rows[1] == ["Method 0", "Method 2", "Method 0 is better", "p < .05", "0.01", "0.04"]


def test_the_reading_names_test_cases_correction_and_pairs() -> None:
    figure = significance_matrices([payload.matrix("DSC", 4)], "T2")
    assert figure.title == "Significance on T2: DSC"
    assert figure.reading.startswith("Paired signed-rank over 3 cases, Bonferroni over 6 pairs.")


def test_a_large_board_draws_its_first_entries_and_says_so() -> None:
    figure = significance_matrices([payload.matrix("DSC", 42)], "T2")
    assert len(figure.views[0].traces[0]["z"]) == 40
    assert len(figure.views[0].table.rows) == 780
    assert "over 861 pairs" in figure.reading
    assert figure.reading.endswith("Shown: the first 40 of 42 entries.")
