"""Score tables as files beside their snapshots: what-if rankings need them within a second."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from scoring.ranking import ScoreTable
from scoring.ranking.table import DatasetScores, MetricScores

_META = "meta"
_ARRAYS = ("values", "absent", "items", "item_case")


def table_path(content_hash: str) -> Path:
    return Path(settings.MEDIA_ROOT) / "tables" / f"{content_hash}.npz"


def keep_table(content_hash: str, table: ScoreTable) -> None:
    """Write a table beside its snapshot; the file appears whole or not at all."""
    path = table_path(content_hash)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    with part.open("wb") as file:
        np.savez(file, allow_pickle=False, **_arrays(table))
    part.rename(path)


def kept_table(content_hash: str, datasets: Sequence[str] | None = None) -> ScoreTable | None:
    """The table of a snapshot, or None where its file is gone; of some datasets, nothing else is read."""
    path = table_path(content_hash)
    if not path.exists():
        return None
    with np.load(path, allow_pickle=False) as arrays:
        meta = json.loads(bytes(arrays[_META]))
        return ScoreTable(
            methods=tuple(meta["methods"]),
            datasets=tuple(
                _dataset(place, one, arrays)
                for place, one in enumerate(meta["datasets"])
                if datasets is None or one["name"] in datasets
            ),
        )


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
