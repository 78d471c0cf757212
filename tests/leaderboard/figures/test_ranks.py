from leaderboard.figures.ranks import entry_ranks
from tests.leaderboard import payload


def test_equal_ranks_lie_beside_each_other_and_the_whole_boards_is_a_line() -> None:
    figure = entry_ranks("entry-1", payload.heatmap(3), payload.DATASETS, 2.5)
    assert figure is not None
    accuracy, regularity = figure.views[0].traces
    # Two metrics: a third of a line apart, about the line of each dataset.
    assert [round(place, 3) for place in accuracy["y"]] == [-0.167, 0.833]
    assert [round(place, 3) for place in regularity["y"]] == [0.167]
    assert accuracy["x"] == [2, 2]
    assert accuracy["marker"]["symbol"] != regularity["marker"]["symbol"]
    assert figure.views[0].layout["shapes"][0]["x0"] == 2.5
    assert figure.reading.startswith("\N{BLACK CIRCLE} ACC, ")
    assert figure.views[0].table.rows == [["In-domain", "2", "2"], ["T2-like contrast", "2", "\N{EN DASH}"]]


def test_an_entry_that_is_not_ranked_has_no_figure() -> None:
    assert entry_ranks("nobody", payload.heatmap(3), payload.DATASETS, 1.0) is None
