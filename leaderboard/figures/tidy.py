"""What figures draw as tidy data: an observation a row, each number as it is, of all entries.

Methods come by name; `methods` maps entries, in board order, to names; metrics are a snapshot's.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Cell = str | float | None


@dataclass(frozen=True)
class Tidy:
    """Names of the columns, and the rows; None where there is no value."""

    head: Sequence[str]
    rows: Iterator[Sequence[Cell]]


def distributions(
    metric: Mapping[str, Any],
    cases: Sequence[str],
    values: Mapping[str, Sequence[float | None]],
    methods: Mapping[str, str],
) -> Tidy:
    rows = (
        (methods[entry], case, value)
        for entry in methods
        if entry in values
        for case, value in zip(cases, values[entry], strict=True)
    )
    return Tidy(("method", "case", metric["name"]), rows)


def heatmap(found: Mapping[str, Any], places: Sequence[tuple[int, str]], methods: Mapping[str, str]) -> Tidy:
    """`found` is a snapshot's heatmap; `places` are numbers and titles of the columns."""
    numbers = ("ranks", "values", "means", "missing")
    rows = (
        (methods[entry], title, found["columns"][at]["metric"], *(of_one[at] for of_one in of_entry))
        for entry, *of_entry in zip(found["rows"], *(found[name] for name in numbers), strict=True)
        for at, title in places
    )
    return Tidy(("method", "data", "metric", "rank", "rank_score", "mean", "missing"), rows)


def of_entry(entry: str, found: Mapping[str, Any], datasets: Mapping[str, str]) -> Tidy:
    """One entry's rows of `heatmap` on the single datasets; `datasets` maps slugs to names."""
    at = found["rows"].index(entry)
    nothing = [None] * len(found["columns"])
    numbers = ("ranks", "values", "means", "missing")
    of_one = (found[name][at] if name in found else nothing for name in numbers)
    rows = (
        (datasets[column["datasets"][0]], column["metric"], *values)
        for column, *values in zip(found["columns"], *of_one, strict=True)
        if len(column["datasets"]) == 1 and column["datasets"][0] in datasets
    )
    return Tidy(("dataset", "metric", "rank", "rank_score", "mean", "missing"), rows)


def significance(matrices: Sequence[tuple[str, Mapping[str, Any]]]) -> Tidy:
    """A row a pair; matrices with their datasets' names. Effects are positive where the row is better."""
    head = ("dataset", "metric", "row", "column", "cases", "level", "direction", "p", "p_corrected")
    effects = [f"{name}{end}" for name in EFFECTS for end in ("", "_low", "_high")]
    rows = (
        (
            dataset,
            matrix["metric"],
            first,
            second,
            matrix["cases"],
            *(matrix[name][row][column] for name in ("level", "direction", "p", "p_adjusted")),
            *(cell for name in EFFECTS for cell in _effect(matrix, name, row, column)),
        )
        for dataset, matrix in matrices
        for row, first in enumerate(matrix["methods"])
        for column, second in enumerate(matrix["methods"])
        if column > row and matrix["level"][row][column] is not None
    )
    return Tidy((*head, *effects), rows)


EFFECTS = ("rank_biserial", "cohens_d")


def _effect(matrix: Mapping[str, Any], name: str, row: int, column: int) -> tuple[Cell, Cell, Cell]:
    intervals = matrix[f"{name}_interval"]
    low, high = (intervals[row][column] if intervals else None) or (None, None)
    return matrix[name][row][column], low, high


def profile(
    metric: Mapping[str, Any],
    datasets: Mapping[str, str],
    means: Mapping[str, Mapping[str, Mapping[str, Any]]],
    methods: Mapping[str, str],
) -> Tidy:
    """`means` by entry and dataset, with std and missing cases; `datasets` maps slugs to names."""
    rows = (
        (methods[entry], datasets[slug], found["mean"], found["std"], found["missing"])
        for entry, of_one in means.items()
        for slug, found in of_one.items()
    )
    return Tidy(("method", "dataset", f"{metric['name']}_mean", f"{metric['name']}_std", "missing"), rows)


def structures(metric: Mapping[str, Any], found: Mapping[str, Any], methods: Mapping[str, str]) -> Tidy:
    rows = (
        (methods[entry], one["name"], one["cases"], found["missing"][entry][at], found["means"][entry][at])
        for entry in methods
        if entry in found["means"]
        for at, one in enumerate(found["structures"])
    )
    return Tidy(("method", "structure", "cases", "missing", f"{metric['name']}_mean"), rows)


def paired(
    a: str,
    b: str,
    metric: Mapping[str, Any],
    names: Mapping[str, str],
    cases: Sequence[tuple[str, str, float, float]],
) -> Tidy:
    """`a` and `b` are methods; `cases` are (dataset, case, value of a, value of b); `names` of datasets."""
    rows = (
        (names[slug], case, metric["name"], first, second, first - second)
        for slug, case, first, second in cases
    )
    return Tidy(("dataset", "case", "metric", a, b, "difference"), rows)


def resampled(entries: Sequence[Mapping[str, Any]], resamples: int) -> Tidy:
    """How many resamples gave an entry each rank that it came to, beside its rank on all data."""
    rows = (
        (entry["method"], entry["rank"], *entry["interval"], place, count, resamples)
        for entry in entries
        for place, count in enumerate(entry["distribution"], start=1)
        if count
    )
    head = ("method", "rank", "rank_low", "rank_high", "resampled_rank", "times", "resamples")
    return Tidy(head, rows)


def ranks(
    by: str,
    names: Sequence[str],
    found: Sequence[Mapping[str, float]],
    methods: Mapping[str, str],
    entries: Sequence[str],
) -> Tidy:
    """Ranks of entries under each of the names (of schemes, of datasets left out)."""
    rows = (
        (methods[entry], name, column.get(entry))
        for entry in entries
        for name, column in zip(names, found, strict=True)
    )
    return Tidy(("method", by, "rank"), rows)
