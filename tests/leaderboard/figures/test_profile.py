from typing import Any

from leaderboard.figures.profile import entry_profile
from tests.leaderboard import payload

METHODS = {payload.slug(number): payload.name(number) for number in range(3)}


def everywhere(entries: int = 3) -> dict[str, Any]:
    return {entry: dict(datasets) for entry, datasets in payload.means(entries).items()}


def test_the_entry_has_a_ring_and_the_others_grey_dots() -> None:
    view = entry_profile("entry-1", payload.METRICS, payload.DATASETS, everywhere(), METHODS).views[0]
    others, own = view.traces
    assert own["marker"]["symbol"] == ["circle-open-dot"] * 2
    assert (own["marker"]["color"], others["marker"]["color"]) == ("token:ink", "token:line-3")
    assert (own["y"], own["x"]) == (["In-domain", "T2-like contrast"], [0.74, 0.74])
    assert sorted(others["x"]) == [0.69, 0.69, 0.79, 0.79]


def test_places_count_the_better_means_in_the_metrics_direction() -> None:
    dsc, hd95, ndv = entry_profile("entry-1", payload.METRICS, payload.DATASETS, everywhere(), METHODS).views
    assert dsc.table.rows[0] == ["In-domain", "0.7400", "0.7900", "2 of 3"]
    assert hd95.table.rows[0] == ["In-domain", "3.000", "2.000", "2 of 3"]
    assert ndv.table.rows[0] == ["In-domain", "0.02000", "0.00000", "3 of 3"]


def test_equal_means_share_the_better_place() -> None:
    values = everywhere()
    values["entry-1"] = values["entry-0"]
    view = entry_profile("entry-1", payload.METRICS[:1], payload.DATASETS, values, METHODS).views[0]
    assert view.table.rows[0][3] == "1 of 3"


def test_a_dataset_that_lacks_the_metric_has_no_line_and_a_missing_mean_no_place() -> None:
    values = everywhere()
    for of_one in values.values():
        of_one["t2-like"] = {}
    values["entry-1"] = {}
    view = entry_profile("entry-1", payload.METRICS[:1], payload.DATASETS, values, METHODS).views[0]
    assert view.table.rows == [["In-domain", "\N{EN DASH}", "0.7900", "\N{EN DASH}"]]


def test_a_mean_that_lacks_cases_is_hollow_and_neither_best_nor_placed() -> None:
    values = everywhere()
    lacking = {"mean": 0.99, "std": 0.0, "missing": 1}
    for entry in ("entry-0", "entry-1"):
        values[entry] = {**values[entry], "in-domain": {"DSC": lacking}}
    figure = entry_profile("entry-1", payload.METRICS[:1], payload.DATASETS, values, METHODS)
    (view,) = figure.views
    others, own = view.traces
    # entry-2 alone has all cases there.
    assert view.table.rows[0] == ["In-domain", "0.9900 (1 missing)", "0.6900", "\N{EN DASH}"]
    assert own["marker"]["symbol"] == ["circle-open", "circle-open-dot"]
    assert others["marker"]["symbol"].count("circle-open") == 1
    assert figure.reading.endswith("Hollow: means that lack cases; they are not compared.")
    last = entry_profile("entry-2", payload.METRICS[:1], payload.DATASETS, values, METHODS).views[0]
    assert last.table.rows[0][3] == "1 of 1"
