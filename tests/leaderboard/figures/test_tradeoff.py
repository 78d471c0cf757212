import itertools

from leaderboard.figures.tradeoff import Point, accuracy_against_regularity, pareto_front, place_labels


def point(name: str, dsc: float, ndv: float) -> Point:
    return Point(name, name, dsc, ndv, f"/{name}/")


# By hand: b beats c in both; d is the best DSC; a has the least NDV; e ties b exactly.
POINTS = [
    point("a", 0.5, 0.0),
    point("b", 0.7, 0.01),
    point("c", 0.6, 0.1),
    point("d", 0.8, 1.0),
    point("e", 0.7, 0.01),
]


def test_the_front_is_what_none_beats_in_both() -> None:
    assert [each.entry for each in pareto_front(POINTS)] == ["a", "b", "e", "d"]
    table = accuracy_against_regularity(POINTS).views[0].table
    assert [row[3] for row in table.rows] == ["yes", "yes", "no", "yes", "yes"]


def test_zero_has_a_labelled_place_of_its_own_left_of_every_other_value() -> None:
    view = accuracy_against_regularity(POINTS).views[0]
    dots = view.traces[1]
    assert dots["x"] == [0.001, 0.01, 0.1, 1.0, 0.01]
    axis = view.layout["xaxis"]
    assert dict(zip(axis["tickvals"], axis["ticktext"], strict=True))[0.001] == "0"


def test_all_zero_is_drawn() -> None:
    points = [point("a", 0.5, 0.0), point("b", 0.6, 0.0)]
    view = accuracy_against_regularity(points).views[0]
    assert view.traces[1]["x"] == [1e-4, 1e-4]
    assert [each.entry for each in pareto_front(points)] == ["b"]


def test_no_two_labels_share_a_spot() -> None:
    places = place_labels([1.0, 1.0, 10.0], [0.5, 0.5, 0.6], ["first", "second", "third"], [0, 1, 2])
    assert places[0] == "top center"
    assert places[1] not in {"top center", None}
    crowd = place_labels([1.0] * 9, [0.5] * 9, ["a name"] * 9, range(9))
    assert len({place for place in crowd if place}) == len([place for place in crowd if place])
    assert None in crowd


def test_the_highlighted_entry_is_the_accent() -> None:
    colours = accuracy_against_regularity(POINTS, "c").views[0].traces[1]["marker"]["color"]
    assert colours == [
        *itertools.repeat("token:line-3", 2),
        "token:accent",
        *itertools.repeat("token:line-3", 2),
    ]
