from dataclasses import replace

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
    assert [row[4] for row in table.rows] == ["yes", "yes", "no", "yes", "yes"]


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


def test_the_accent_is_the_front_and_a_ring_the_pages_own_entry() -> None:
    marker = accuracy_against_regularity(POINTS, "c").views[0].traces[1]["marker"]
    assert marker["color"] == ["token:accent", "token:accent", "token:ink", "token:accent", "token:accent"]
    assert marker["symbol"] == ["circle", "circle", "circle-open-dot", "circle", "circle"]


def test_a_mean_that_lacks_cases_is_hollow_and_neither_on_the_front_nor_in_its_way() -> None:
    best = replace(point("f", 0.9, 0.0), missing=3)
    figure = accuracy_against_regularity([*POINTS, best], "f")
    view = figure.views[0]
    assert [each.entry for each in pareto_front([*POINTS, best])] == ["a", "b", "e", "d"]
    assert view.table.rows[-1] == ["f", "0.9000", "0.0000", "3", "\N{EN DASH}"]
    assert [row[4] for row in view.table.rows[:-1]] == ["yes", "yes", "no", "yes", "yes"]
    assert view.traces[1]["marker"]["symbol"][-1] == "circle-open"
    assert "Hollow: means that lack cases" in figure.reading
    assert pareto_front([best]) == []
