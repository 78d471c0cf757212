"""Score tables as files beside their snapshots: what-if rankings need them within a second."""

import json
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leaderboard.folder import store
from scoring.ranking import ScoreTable
from scoring.ranking.table import DatasetScores, MetricScores

_META = "meta"
_ARRAYS = ("values", "absent", "items", "item_case")


def keep_table(content_hash: str, table: ScoreTable) -> None:
    """Write a table beside its snapshot; the file appears whole or not at all."""
    tables = store("tables")
    part = tables.workshop() / f".{content_hash}.{os.getpid()}"
    with part.open("wb") as file:
        np.savez(file, allow_pickle=False, **_arrays(table))
    tables.take(part, f"{content_hash}.npz", move=True)


def kept_table(content_hash: str, datasets: Sequence[str] | None = None) -> ScoreTable | None:
    """The table of a snapshot, or None where its file is gone; of some datasets, nothing else is read."""
    try:
        with (
            store("tables").at_hand(f"{content_hash}.npz") as path,
            np.load(path, allow_pickle=False) as arrays,
        ):
            meta = json.loads(bytes(arrays[_META]))
            return ScoreTable(
                methods=tuple(meta["methods"]),
                datasets=tuple(
                    _dataset(place, one, arrays)
                    for place, one in enumerate(meta["datasets"])
                    if datasets is None or one["name"] in datasets
                ),
            )
    except FileNotFoundError:
        return None


def _arrays(table: ScoreTable) -> dict[str, NDArray[Any]]:
    datasets = [
        {
            "name": dataset.name,
            "group": dataset.group,
            "task": dataset.task,
            "cases": dataset.cases,
            "subjects": dataset.subjects,
            "metrics": list(dataset.metrics),
        }
        for dataset in table.datasets
    ]
    meta = json.dumps({"methods": table.methods, "datasets": datasets}).encode()
    arrays: dict[str, NDArray[Any]] = {_META: np.frombuffer(meta, np.uint8)}
    for place, dataset in enumerate(table.datasets):
        for name, scores in dataset.metrics.items():
            for what in _ARRAYS:
                array = getattr(scores, what)
                if array is not None:
                    arrays[f"{place}/{name}/{what}"] = array
    return arrays


def _dataset(place: int, meta: dict[str, Any], arrays: Any) -> DatasetScores:
    return DatasetScores(
        name=meta["name"],
        group=meta["group"],
        task=meta["task"],
        cases=tuple(meta["cases"]),
        subjects=tuple((fixed, moving) for fixed, moving in meta["subjects"]),
        metrics={name: _scores(f"{place}/{name}", arrays) for name in meta["metrics"]},
    )


def _scores(prefix: str, arrays: Any) -> MetricScores:
    return MetricScores(**{what: arrays.get(f"{prefix}/{what}") for what in _ARRAYS})
