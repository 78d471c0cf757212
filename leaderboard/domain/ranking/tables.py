"""Score tables as files beside their snapshots: what-if rankings need them within a second."""

import io
import json
import zipfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leaderboard.folder import store, written
from scoring.ranking import ScoreTable
from scoring.ranking.table import DatasetScores, MetricScores

_META = "meta"
_ARRAYS = ("values", "absent", "items", "item_case")


def keep_table(content_hash: str, table: ScoreTable) -> None:
    """Write a table beside its snapshot; the file appears whole or not at all."""
    with written("tables", f"{content_hash}.npz") as file:
        np.savez(file, allow_pickle=False, **_arrays(table))


def kept_table(
    content_hash: str,
    datasets: Sequence[str] | None = None,
    methods: Sequence[str] | None = None,
    *,
    items: bool = True,
) -> ScoreTable | None:
    """The table of a snapshot, or None where its file is gone.

    Of some datasets (default: all), of some methods in their order (default: all), and without items where
    these are not compared: nothing else is read, for items are a hundred times the values.
    """
    try:
        with store("tables").at_hand(f"{content_hash}.npz") as path:
            arrays = _Arrays(path)
            meta = json.loads(bytes(arrays.read(_META)))
            chosen = meta["methods"] if methods is None else list(methods)
            rows = None if methods is None else [meta["methods"].index(method) for method in methods]
            return ScoreTable(
                methods=tuple(chosen),
                datasets=tuple(
                    _dataset(place, one, arrays, rows, items=items)
                    for place, one in enumerate(meta["datasets"])
                    if datasets is None or one["name"] in datasets
                ),
            )
    except FileNotFoundError:
        return None


class _Arrays:
    """The arrays of a file of `np.savez`, which are not packed: of each, only what is asked for is read."""

    def __init__(self, path: Path) -> None:
        self._bytes = np.memmap(path, np.uint8, "r")
        with zipfile.ZipFile(path) as archive:
            self._places = {one.filename.removesuffix(".npy"): one for one in archive.infolist()}

    def __contains__(self, name: str) -> bool:
        return name in self._places

    def read(self, name: str, rows: Sequence[int] | None = None) -> NDArray[Any]:
        """A copy, for in the file nothing is aligned."""
        place = self._places[name]
        lengths = self._bytes[place.header_offset + 26 : place.header_offset + 30].view("<u2")
        start = place.header_offset + 30 + int(lengths.sum())
        begin = start + 10 + int(self._bytes[start + 8 : start + 10].view("<u2")[0])
        shape, by_column, dtype = _facts(self._bytes[start:begin].tobytes())
        array = (
            self._bytes[begin : start + place.file_size]
            .view(dtype)
            .reshape(shape, order="F" if by_column else "C")
        )
        return np.array(array if rows is None else array[rows], order="C")


@lru_cache(maxsize=256)
def _facts(head: bytes) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, order and type of an array, by the head of its file; a table has few different ones."""
    file = io.BytesIO(head)
    np.lib.format.read_magic(file)
    return np.lib.format.read_array_header_1_0(file)


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


def _dataset(
    place: int, meta: dict[str, Any], arrays: _Arrays, rows: Sequence[int] | None, *, items: bool
) -> DatasetScores:
    return DatasetScores(
        name=meta["name"],
        group=meta["group"],
        task=meta["task"],
        cases=tuple(meta["cases"]),
        subjects=tuple((fixed, moving) for fixed, moving in meta["subjects"]),
        metrics={name: _scores(f"{place}/{name}", arrays, rows, items=items) for name in meta["metrics"]},
    )


def _scores(prefix: str, arrays: _Arrays, rows: Sequence[int] | None, *, items: bool) -> MetricScores:
    def read(what: str, of: Sequence[int] | None) -> NDArray[Any] | None:
        name = f"{prefix}/{what}"
        return arrays.read(name, of) if name in arrays else None

    return MetricScores(
        values=arrays.read(f"{prefix}/values", rows),
        absent=arrays.read(f"{prefix}/absent", rows),
        items=read("items", rows) if items else None,
        item_case=read("item_case", None) if items else None,
    )
