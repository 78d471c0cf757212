import pytest

from leaderboard.figures.figure import Linked, url_of
from leaderboard.figures.heatmap import INK_ON, rank_heatmap, shade
from tests.leaderboard import payload
from tests.leaderboard.figures.tokens import DARK, LIGHT, TOKENS, contrast

METHODS = {payload.slug(number): payload.name(number) for number in range(3)}
DATASETS = {slug: Linked(name, f"/{slug}/") for slug, name in payload.DATASETS.items()}


def test_every_printed_rank_is_the_snapshots() -> None:
    heatmap = payload.heatmap(3)
    heatmap["ranks"][1][0] = None
    subtasks, datasets = rank_heatmap(heatmap, METHODS, DATASETS).views
    printed = subtasks.traces[1]
    cells = set(zip(printed["y"], printed["x"], printed["text"], strict=True))
    assert cells == {
        *(("Method 0", column, "1") for column in range(3)),
        *(("Method 1", column, "2") for column in (1, 2)),
        *(("Method 2", column, "3") for column in range(3)),
    }
    assert subtasks.table.rows[1] == ["Method 1", "\N{EN DASH}", "2", "2"]
    assert datasets.table.head == ["Method", "In-domain, ACC", "In-domain, NDV", "T2-like contrast, ACC"]


def test_a_column_leads_to_its_dataset_and_one_of_several_to_the_view_by_dataset() -> None:
    subtasks, datasets = rank_heatmap(payload.heatmap(3), METHODS, DATASETS).views
    assert subtasks.traces[0]["customdata"][0] == ["/in-domain/"] * 2 + ["#rank-heatmap-by-dataset"]
    assert [url_of(head) for head in subtasks.table.head[1:]] == subtasks.traces[0]["customdata"][0]
    assert datasets.traces[0]["customdata"][2] == ["/in-domain/", "/in-domain/", "/t2-like/"]


def test_a_column_of_several_datasets_leads_nowhere_where_single_ones_are_hidden() -> None:
    heatmap = payload.heatmap(2)
    for name in ("ranks", "values"):
        heatmap[name] = [row[2:3] for row in heatmap[name]]
    heatmap["columns"] = heatmap["columns"][2:3]
    (view,) = rank_heatmap(heatmap, METHODS, DATASETS).views
    assert view.traces[0]["customdata"] == [[None], [None]]


def test_one_view_where_every_subtask_is_one_dataset() -> None:
    heatmap = payload.heatmap(2)
    heatmap["columns"] = heatmap["columns"][:2]
    heatmap["ranks"] = [row[:2] for row in heatmap["ranks"]]
    heatmap["values"] = [row[:2] for row in heatmap["values"]]
    assert [view.name for view in rank_heatmap(heatmap, METHODS, DATASETS).views] == ["By subtask"]


@pytest.mark.parametrize(("rank", "worst", "step"), [(1, 22, 0), (22, 22, 6), (4.5, 8, 3), (1, 1, 0)])
def test_shade_runs_from_the_best_to_the_worst(rank: float, worst: float, step: int) -> None:
    assert shade(rank, worst) == step


@pytest.mark.parametrize("theme", [LIGHT, DARK])
@pytest.mark.parametrize("step", range(7))
def test_a_rank_can_be_read_on_its_shade(step: int, theme: int) -> None:
    ink = TOKENS[INK_ON[step].removeprefix("token:")][theme]
    assert contrast(ink, TOKENS[f"seq-{step}"][theme]) >= 4.5


def test_a_large_board_draws_its_first_entries_and_says_so() -> None:
    methods = {payload.slug(number): payload.name(number) for number in range(42)}
    figure = rank_heatmap(payload.heatmap(42), methods, DATASETS)
    assert len(figure.views[0].traces[0]["z"]) == len(figure.views[0].table.rows) == 40
    assert "ranks among 42." in figure.reading
    assert figure.reading.endswith("Shown: the first 40 of 42 entries.")
