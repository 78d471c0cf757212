import pytest

from leaderboard.figures.stability import blobs, bumps, without_each
from tests.leaderboard import payload

METHODS = {payload.slug(number): payload.name(number) for number in range(3)}
ORDER = list(METHODS)


def entries(count: int = 3) -> list[dict[str, object]]:
    return [
        {
            "method": payload.name(at),
            "rank": at + 1,
            "interval": (max(at, 1), min(at + 2, count)),
            "distribution": payload.distribution(at, count),
        }
        for at in range(count)
    ]


def test_a_circles_area_is_its_share_of_the_resamples() -> None:
    circles = blobs(entries(), payload.RESAMPLES).views[0].traces[1]
    found = dict(zip(zip(circles["y"], circles["x"], strict=True), circles["marker"]["size"], strict=True))
    # Method 0 has rank 1 in 9 of 10 resamples and rank 2 in one: nine times the area, three times the width.
    assert found["Method 0", 1] / found["Method 0", 2] == pytest.approx(3.0)
    assert len(found) == 7


def test_the_table_has_rank_interval_and_the_most_frequent_ranks() -> None:
    rows = blobs(entries(), payload.RESAMPLES).views[0].table.rows
    assert rows[1] == ["Method 1", "2", "1 to 3", "2 (80%), 1 (10%), 3 (10%)"]


def test_a_line_goes_through_the_ranks_of_every_scheme() -> None:
    ranks = [
        {"entry-0": 1.0, "entry-1": 2.0, "entry-2": 3.0},
        {"entry-0": 3.0, "entry-1": 2.0, "entry-2": 1.0},
    ]
    view = bumps(ORDER, METHODS, [("l2r-code", "official"), ("strict", "τ -1.00")], ranks).views[0]
    assert [trace["y"] for trace in view.traces] == [[1.0, 3.0], [2.0, 2.0], [3.0, 1.0]]
    assert view.table.rows[0] == ["Method 0", "1", "3"]
    assert [note["y"] for note in view.layout["annotations"]] == [3.0, 2.0, 1.0]


def test_a_rank_without_a_dataset_is_coloured_by_the_places_gained() -> None:
    full = {"entry-0": 1.0, "entry-1": 2.0, "entry-2": 9.0}
    without = [{"entry-0": 2.0, "entry-1": 2.0, "entry-2": 1.0}]
    cells, numbers = without_each(ORDER, METHODS, [("T2", "τ 0.33")], without, full).views[0].traces
    assert cells["z"] == [[-1.0], [0.0], [3]]
    assert numbers["text"] == ["2", "2", "1"]
    assert cells["hovertext"][2] == ["Method 2<br>without T2: rank 1, with it 9"]
