import numpy as np

from leaderboard.figures.distributions import case_distributions
from tests.leaderboard import payload

Values = dict[str, dict[str, list[float | None]]]
METHODS = {payload.slug(number): payload.name(number) for number in range(3)}
LINKS = {payload.slug(number): f"/cases/{{text}}/?entry={payload.slug(number)}" for number in range(42)}


def test_points_are_the_cases_values_and_a_missing_one_is_left_out() -> None:
    values: Values = {"DSC": {payload.slug(0): [0.8, None, 0.78], payload.slug(2): [0.7, 0.69, 0.68]}}
    view = case_distributions(payload.METRICS[:1], payload.CASES, values, METHODS, LINKS).views[0]
    first, second = view.traces
    assert (first["x"], first["text"]) == ([0.8, 0.78], ["3455_3454", "3457_3456"])
    assert (second["x"], second["text"]) == ([0.7, 0.69, 0.68], payload.CASES)
    assert second["meta"] == {"link": "/cases/{text}/?entry=entry-2"}
    assert [row[:2] for row in view.table.rows] == [["Method 0", "2"], ["Method 2", "3"]]


def test_the_table_has_numpys_quartiles() -> None:
    numbers = [0.1, 0.9, 0.4, 0.35, 0.8]
    values = {"DSC": {payload.slug(0): numbers}}
    view = case_distributions(payload.METRICS[:1], list("abcde"), values, METHODS, LINKS).views[0]
    expected = np.percentile(numbers, [0, 25, 50, 75, 100])
    assert view.table.rows[0][2:] == [f"{value:.4f}" for value in expected]


def test_an_entry_without_any_value_is_a_row_of_dashes() -> None:
    values: Values = {"DSC": {payload.slug(0): [None, None, None]}}
    view = case_distributions(payload.METRICS[:1], payload.CASES, values, METHODS, LINKS).views[0]
    assert view.table.rows[0] == ["Method 0", "0", *["\N{EN DASH}"] * 5]


def test_a_large_board_draws_its_first_entries_and_says_so() -> None:
    methods = {payload.slug(number): payload.name(number) for number in range(42)}
    values = {"DSC": {entry: [0.5, 0.6, 0.7] for entry in methods}}
    figure = case_distributions(payload.METRICS[:1], payload.CASES, values, methods, LINKS)
    assert len(figure.views[0].traces) == len(figure.views[0].table.rows) == 40
    assert figure.reading.endswith("Shown: the first 40 of 42 entries.")
