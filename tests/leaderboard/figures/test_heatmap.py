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
    subtasks, datasets = rank_heatmap(heatmap, METHODS, DATASETS, payload.METRICS).views
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
    subtasks, datasets = rank_heatmap(payload.heatmap(3), METHODS, DATASETS, payload.METRICS).views
    assert subtasks.traces[0]["meta"]["columns"] == ["/in-domain/"] * 2 + ["#rank-heatmap-by-dataset"]
    assert [url_of(head) for head in subtasks.table.head[1:]] == subtasks.traces[0]["meta"]["columns"]
    assert datasets.traces[0]["meta"]["columns"] == ["/in-domain/", "/in-domain/", "/t2-like/"]


def test_a_column_of_several_datasets_leads_nowhere_where_single_ones_are_hidden() -> None:
    heatmap = payload.heatmap(2)
    for name in ("ranks", "values", "means", "missing"):
        heatmap[name] = [row[2:3] for row in heatmap[name]]
    heatmap["columns"] = heatmap["columns"][2:3]
    (view,) = rank_heatmap(heatmap, METHODS, DATASETS, payload.METRICS).views
    assert view.traces[0]["meta"]["columns"] == [None]


def test_hovering_tells_the_value_that_was_ranked_and_what_of_it_is_missing() -> None:
    heatmap = payload.heatmap(3)
    heatmap["missing"][1][1] = 2
    cells = rank_heatmap(heatmap, METHODS, DATASETS, payload.METRICS).views[0].traces[0]
    accuracy, regularity, _ = cells["hovertext"][1]
    assert accuracy == "Method 1<br>In-domain, ACC<br>rank 2, rank score 0.900"
    assert regularity.endswith("<br>NDV 0.02000 %, 2 missing")
    # As releases wrote it that kept no means.
    del heatmap["means"], heatmap["missing"]
    cells = rank_heatmap(heatmap, METHODS, DATASETS, payload.METRICS).views[0].traces[0]
    assert cells["hovertext"][1][1] == "Method 1<br>In-domain, NDV<br>rank 2, rank score 0.900"


def test_one_view_where_every_subtask_is_one_dataset() -> None:
    heatmap = payload.heatmap(2)
    for name in ("ranks", "values", "means", "missing"):
        heatmap[name] = [row[:2] for row in heatmap[name]]
    heatmap["columns"] = heatmap["columns"][:2]
    assert [view.name for view in rank_heatmap(heatmap, METHODS, DATASETS, payload.METRICS).views] == [
        "By subtask"
    ]


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
    figure = rank_heatmap(payload.heatmap(42), methods, DATASETS, payload.METRICS)
    assert len(figure.views[0].traces[0]["z"]) == len(figure.views[0].table.rows) == 40
    assert "ranks among 42." in figure.reading
    assert figure.reading.endswith("Shown: the first 40 of 42 entries.")
