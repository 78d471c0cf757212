"""The input of every ranking: values of methods on the cases of datasets, and their items."""

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.metrics import case_value
from scoring.ranking.scheme import FACTS

Row = tuple[str, str, str, str, float | None, "Sequence[float | None] | None"]
"""method, dataset, case, metric, case value, items (labels or landmarks in a fixed order) or None."""

CSV_COLUMNS = ("method", "dataset", "case", "item", "metric", "value")

GROUPS = ("in-domain", "zero-shot")
TASKS = ("inter-subject", "atlas-to-subject", "subject-to-atlas")


class State(IntEnum):
    """What stands in the table for one method and case."""

    FINITE = 0
    NAN = 1
    INFINITE = 2
    ABSENT = 3


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """What a ranking needs to know of a dataset beside its values.

    group: in-domain or zero-shot. task: inter-subject, atlas-to-subject or subject-to-atlas. subjects: case
    key -> (fixed subject, moving subject); a case that is not named is read from its key, see
    `subjects_of_case`.
    """

    group: str = "in-domain"
    task: str = "inter-subject"
    subjects: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.group not in GROUPS:
            raise ValueError(f"group {self.group!r} is none of {', '.join(GROUPS)}")
        if self.task not in TASKS:
            raise ValueError(f"task {self.task!r} is none of {', '.join(TASKS)}")


@dataclass(frozen=True, slots=True, eq=False)
class MetricScores:
    """One metric on one dataset.

    values: [methods, cases], NaN and infinities as the scorer gave them, NaN where there is no row. absent:
    [methods, cases], True where there is no row. items: [methods, items], flattened case by case, or None
    for a metric with one value per case; item_case: [items], the column of ``values`` an item belongs to.
    An item that is NaN for every method (a label the pair does not have) is no item of the comparison.
    """

    values: NDArray[np.float64]
    absent: NDArray[np.bool_]
    items: NDArray[np.float64] | None = None
    item_case: NDArray[np.int32] | None = None

    @property
    def state(self) -> NDArray[np.uint8]:
        """`State` of every value, [methods, cases]."""
        state = np.zeros(self.values.shape, dtype=np.uint8)
        state[np.isnan(self.values)] = State.NAN
        state[np.isinf(self.values)] = State.INFINITE
        state[self.absent] = State.ABSENT
        return state


@dataclass(frozen=True, slots=True, eq=False)
class DatasetScores:
    """One dataset: its cases (sorted), the two subjects of each, and its metrics."""

    name: str
    group: str
    task: str
    cases: tuple[str, ...]
    subjects: tuple[tuple[str, str], ...]
    metrics: Mapping[str, MetricScores]


@dataclass(frozen=True, slots=True, eq=False)
class ScoreTable:
    """Methods x datasets x metrics. The order of rows it was built from leaves no trace but in the
    order of methods and datasets; cases are sorted, numbers within their names by size."""

    methods: tuple[str, ...]
    datasets: tuple[DatasetScores, ...]

    @classmethod
    def from_rows(
        cls,
        rows: Iterable[Row],
        facts: Mapping[str, DatasetFacts] | None = None,
        methods: Sequence[str] | None = None,
    ) -> "ScoreTable":
        """Build a table from (method, dataset, case, metric, value, items or None).

        facts: dataset name -> `DatasetFacts` (default: in-domain, inter-subject). methods: which, and in
        which order; one without a row is kept with everything absent (default: as they first appear). A
        value of None is NaN. Items of one case and metric have the same order and number for all methods.
        Errors: ValueError for a row given twice, a method not among ``methods``, items of differing number.
        """
        cells: dict[str, _Cells] = {}
        seen: dict[str, int] = {name: i for i, name in enumerate(methods or ())}
        for method, dataset, case, metric, value, items in rows:
            if method not in seen:
                if methods is not None:
                    raise ValueError(f"method {method!r} is not among the methods of the table")
                seen[method] = len(seen)
            here = cells.setdefault(dataset, defaultdict(dict))[metric].setdefault(case, {})
            if seen[method] in here:
                raise ValueError(f"two rows for {method}, {dataset}, {case}, {metric}")
            here[seen[method]] = (value, items)
        known = facts or {}
        return cls(
            methods=tuple(seen),
            datasets=tuple(
                _dataset(name, known.get(name, DatasetFacts()), by_metric, len(seen))
                for name, by_metric in cells.items()
            ),
        )

    def select(
        self, *, methods: Sequence[str] | None = None, datasets: Sequence[str] | None = None
    ) -> "ScoreTable":
        """The table of these methods (in this order) and datasets (in the table's). KeyError for an unknown
        name."""
        chosen = [d for d in self.datasets if datasets is None or d.name in set(datasets)]
        missing = set(datasets or ()) - {d.name for d in chosen}
        if missing:
            raise KeyError(f"no dataset {', '.join(sorted(missing))}")
        if methods is None:
            return replace(self, datasets=tuple(chosen))
        rows = np.array([self.row(m) for m in methods], dtype=np.intp)
        return ScoreTable(methods=tuple(methods), datasets=tuple(_take_methods(d, rows) for d in chosen))

    def row(self, method: str) -> int:
        """The row of a method in every array. KeyError for an unknown one."""
        if method not in self.methods:
            raise KeyError(f"no method {method!r}")
        return self.methods.index(method)

    def dataset(self, name: str) -> DatasetScores:
        """One dataset by name. KeyError for an unknown one."""
        for dataset in self.datasets:
            if dataset.name == name:
                return dataset
        raise KeyError(f"no dataset {name!r}")

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics any dataset has, in order of first appearance."""
        return tuple(dict.fromkeys(m for d in self.datasets for m in d.metrics))


_Cells = defaultdict[str, dict[str, dict[int, tuple[float | None, Sequence[float | None] | None]]]]


def natural_key(text: str) -> tuple[Any, ...]:
    """Sort key under which case 2 stands before case 10."""
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", text))


def subjects_of_case(case: str) -> tuple[str, str]:
    """Fixed and moving subject of a case key ``3455_3454`` or ``3455_0000_3454_0001``; else the case itself
    twice."""
    parts = case.split("_")
    if len(parts) == 2 and all(parts):
        return parts[0], parts[1]
    if len(parts) == 4 and all(parts):
        return parts[0], parts[2]
    return case, case


def read_scores_csv(path: Path, facts: Mapping[str, DatasetFacts] | None = None) -> ScoreTable:
    """Read the tidy CSV (method, dataset, case, item, metric, value).

    A row with an empty ``item`` is the case value; rows with an item are labels or landmarks. Without a case
    value it is made from the items as the scorer makes it: the mean of those that are not NaN, but NaN for
    TRE as soon as one landmark is. An empty value, ``nan`` and ``inf`` are read as what they are.
    Errors: ValueError naming the line for a missing column, a value that is no number, a row given twice.
    """
    values: dict[tuple[str, str, str, str], float] = {}
    items: dict[tuple[str, str, str], dict[str, dict[str, float]]] = defaultdict(dict)
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        missing = set(CSV_COLUMNS) - set(reader.fieldnames or ())
        if missing:
            raise ValueError(f"{path.name}: no column {', '.join(sorted(missing))}")
        for line, row in enumerate(reader, start=2):
            try:
                _add_csv_row(row, values, items)
            except ValueError as error:
                raise ValueError(f"{path.name}, line {line}: {error}") from error
    return ScoreTable.from_rows(_csv_rows(values, items), facts)


def _add_csv_row(
    row: dict[str, str],
    values: dict[tuple[str, str, str, str], float],
    items: dict[tuple[str, str, str], dict[str, dict[str, float]]],
) -> None:
    method, dataset, case, item, metric, text = (row[c] for c in CSV_COLUMNS)
    if not (method and dataset and case and metric):
        raise ValueError("method, dataset, case and metric must be given")
    if metric not in FACTS:
        raise ValueError(f"no metric {metric}; metrics: {', '.join(FACTS)}")
    value = float(text) if text else float("nan")
    of_method = items[dataset, case, metric].setdefault(method, {})
    key = (method, dataset, case, metric)
    if (item in of_method) if item else (key in values):
        raise ValueError(f"a second value for {', '.join(filter(None, (*key, item)))}")
    if item:
        of_method[item] = value
    else:
        values[key] = value


def _csv_rows(
    values: dict[tuple[str, str, str, str], float],
    items: dict[tuple[str, str, str], dict[str, dict[str, float]]],
) -> Iterable[Row]:
    nan = float("nan")
    for (dataset, case, metric), by_method in items.items():
        keys = sorted({key for of_method in by_method.values() for key in of_method}, key=natural_key)
        for method, of_method in by_method.items():
            row_items = [of_method.get(key, nan) for key in keys] if of_method else None
            value = values.get((method, dataset, case, metric))
            if value is None and row_items is not None:
                value = case_value(FACTS[metric].kind, row_items)
            yield method, dataset, case, metric, value, row_items


def _dataset(name: str, facts: DatasetFacts, by_metric: _Cells, methods: int) -> DatasetScores:
    cases = sorted({case for by_case in by_metric.values() for case in by_case}, key=natural_key)
    return DatasetScores(
        name=name,
        group=facts.group,
        task=facts.task,
        cases=tuple(cases),
        subjects=tuple(facts.subjects.get(case) or subjects_of_case(case) for case in cases),
        metrics={
            metric: _metric_scores(f"{name}, {metric}", cases, by_case, methods)
            for metric, by_case in by_metric.items()
        },
    )


def _metric_scores(
    where: str,
    cases: Sequence[str],
    by_case: dict[str, dict[int, tuple[float | None, Sequence[float | None] | None]]],
    methods: int,
) -> MetricScores:
    values = np.full((methods, len(cases)), np.nan)
    absent = np.ones((methods, len(cases)), dtype=bool)
    blocks: list[NDArray[np.float64]] = []
    for column, case in enumerate(cases):
        block: NDArray[np.float64] | None = None
        for row, (value, items) in by_case.get(case, {}).items():
            values[row, column] = np.nan if value is None else value
            absent[row, column] = False
            if items is None:
                continue
            array = np.asarray(items, dtype=np.float64)
            if block is None:
                block = np.full((methods, array.size), np.nan)
            if array.size != block.shape[1]:
                raise ValueError(f"{where}, {case}: {array.size} items beside {block.shape[1]}")
            block[row] = array
        blocks.append(np.empty((methods, 0)) if block is None else block)
    if not any(block.shape[1] for block in blocks):
        return MetricScores(values=values, absent=absent)
    # A case without items among cases with items counts as one item, or it would be lost from the comparison.
    blocks = [b if b.shape[1] else values[:, [c]] for c, b in enumerate(blocks)]
    sizes = [block.shape[1] for block in blocks]
    return MetricScores(
        values=values,
        absent=absent,
        items=np.concatenate(blocks, axis=1),
        item_case=np.repeat(np.arange(len(cases), dtype=np.int32), sizes),
    )


def _take_methods(dataset: DatasetScores, rows: NDArray[np.intp]) -> DatasetScores:
    metrics = {
        name: MetricScores(
            values=scores.values[rows],
            absent=scores.absent[rows],
            items=None if scores.items is None else scores.items[rows],
            item_case=scores.item_case,
        )
        for name, scores in dataset.metrics.items()
    }
    return replace(dataset, metrics=metrics)
