from typing import Any

from leaderboard.figures.structures import by_difficulty, structure_profile
from tests.leaderboard import payload

METHODS = {payload.slug(number): payload.name(number) for number in range(3)}


def profile(part: dict[str, Any]) -> Any:
    figure = structure_profile(payload.METRICS, part, METHODS)
    assert figure is not None
    return figure


def test_the_hardest_structure_stands_first_whatever_the_direction() -> None:
    dsc, hd95 = profile(payload.structures("t2-like")).views
    # The second label is lower by 0.2 in DSC and higher by 2 in HD95: harder by both.
    assert dsc.traces[0]["y"] == ["4th ventricle", "3rd ventricle"]
    assert hd95.traces[0]["y"] == ["4th ventricle", "3rd ventricle"]


def test_cells_are_the_snapshots_means() -> None:
    view = profile(payload.structures("t2-like")).views[0]
    assert view.traces[0]["z"] == [[0.7, 0.65, 0.6], [0.9, 0.85, 0.8]]
    assert view.traces[0]["x"] == ["Method 0", "Method 1", "Method 2"]
    assert view.table.rows[0] == ["4th ventricle", "3", "0.6500", "0.7000", "0.6500", "0.6000"]


def test_strong_is_better_on_either_scale() -> None:
    dsc, hd95 = profile(payload.structures("t2-like")).views
    assert (dsc.traces[0]["colorscale"][-1], hd95.traces[0]["colorscale"][0]) == (
        [1.0, "token:seq-0"],
        [0.0, "token:seq-0"],
    )


def test_a_gap_is_told_and_a_structure_nobody_has_stands_last() -> None:
    part = payload.structures("t2-like")
    found = part["metrics"]["DSC"]
    found["missing"]["entry-1"][1] = 2
    assert "without a value in 2 of 3 cases" in profile(part).views[0].traces[0]["hovertext"][0][1]
    for means in found["means"].values():
        means[1] = None
    assert by_difficulty(payload.METRICS[0], found)[-1] == (1, None)


def test_a_dataset_without_structures_has_no_profile() -> None:
    assert structure_profile(payload.METRICS, {"metrics": {}}, METHODS) is None
