"""The convention doctor: recognises fields that follow another convention than the one asked for.

With label maps at hand it tries: a change of convention that raises Dice clearly above both the field as
it is and no registration at all is the mistake.  Without, the field's numbers can only raise a suspicion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.archive import FieldArchive
from scoring.errors import InvalidField, InvalidGroundTruth, Problem, problem
from scoring.evaluate import find_field, load_field
from scoring.fields import Field
from scoring.groundtruth import read_grid, read_volume
from scoring.spec import EvaluationConfig, Pair, ground_truth_files

CASES = 2
"""Fields that are looked at."""
_POINTS = 150_000
_GAIN = 0.03
_SHORT = 0.5  # a field that stays below leaves every label where it is

Vectors = NDArray[np.float64]


def suspicions(
    fields: FieldArchive,
    configs: Sequence[EvaluationConfig],
    ground_truth: Sequence[Path | None] | None = None,
    cases: int = CASES,
) -> list[Problem]:
    """Mistakes of convention in the first fields that can be read; tried out where label maps are at hand.

    ``ground_truth`` holds each config's folder.  Says nothing of files that ``check`` complains about.
    """
    problems: list[Problem] = []
    folders = ground_truth or [None] * len(configs)
    for config, pair, folder in first_pairs(list(zip(configs, folders, strict=True)), cases):
        try:
            field, name = load_field(fields, pair, config), find_field(fields, pair)
        except InvalidField:
            continue
        found = _by_numbers(field, name)
        if folder is not None and field.not_finite() == 0:
            trial = _Trial.of(pair, config, folder)
            found = (_tried(field.on_grid(trial.fixed.shape), name, trial) if trial else []) or found
        problems += found
    return problems


def first_pairs(
    configs: Sequence[tuple[EvaluationConfig, Path | None]], cases: int
) -> Iterator[tuple[EvaluationConfig, Pair, Path | None]]:
    """A few pairs, those with label maps before others."""
    ordered = sorted(configs, key=lambda known: bool(known[0].metric_names("dice")))
    pairs = {pair: (config, folder) for config, folder in ordered for pair in config.pairs}
    labelled_first = sorted(pairs.items(), key=lambda item: not item[1][0].metric_names("dice"))
    yield from ((config, pair, folder) for pair, (config, folder) in labelled_first[:cases])


def _by_numbers(field: Field, name: str) -> list[Problem]:
    points = _sample(field.shape[:3])
    u = _at(field, points)
    longest = float(np.abs(field.planes).max())
    if longest == 0:
        return [problem("suspect_zeros", name)]
    if longest < _SHORT:
        return [problem("suspect_normalised", name, longest=f"{longest:.2g}")]
    scaled = 2 * points / (np.array(field.shape[:3]) - 1) - 1
    for identity in (points, points[:, ::-1], scaled, scaled[:, ::-1]):
        if np.abs(u - identity).mean() < np.abs(u).mean() / 2:
            return [problem("suspect_deformation", name)]
    return []


def _sample(shape: Sequence[int]) -> NDArray[np.int64]:
    """About _POINTS voxels (n, 3: X, Y, Z), evenly spread."""
    step = max(1, round((np.prod(shape) / _POINTS) ** (1 / 3)))
    axes = [np.arange(step // 2, n, step) for n in shape]
    return np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3)


def _at(field: Field, points: NDArray[Any]) -> Vectors:
    """The vectors (n, 3) at the voxels nearest to points; beyond the volume at its face."""
    x, y, z = (np.rint(points).astype(np.int64).clip(0, np.array(field.shape[:3]) - 1)).T
    vectors: Vectors = field.values[x, y, z].astype(np.float64)
    return vectors


_ALIKE = {"convention_sign", "convention_inverse"}


@dataclass(frozen=True)
class _Trial:
    """Label maps (X, Y, Z) of one pair, and the voxels of the fixed one that are compared."""

    fixed: NDArray[Any]
    moving: NDArray[Any]
    labels: tuple[int, ...]
    spacing_mm: tuple[float, float, float]
    points: NDArray[np.int64]

    @classmethod
    def of(cls, pair: Pair, config: EvaluationConfig, ground_truth: Path) -> _Trial | None:
        """None where the pair has no label maps or they cannot be read."""
        files = ground_truth_files(pair, config)
        if "fixed_labels" not in files:
            return None
        try:
            fixed, moving = (
                read_volume(ground_truth, files[f"{s}_labels"]).array.T for s in ("fixed", "moving")
            )
            _, spacing_mm = read_grid(ground_truth, files["fixed_image"])
        except InvalidGroundTruth:
            return None
        labels = tuple(label for metric in config.metrics for label in metric.labels if label != 0)
        return cls(fixed, moving, tuple(set(labels)), spacing_mm, _sample(fixed.shape))

    def dice(self, u: Vectors) -> float:
        """Mean Dice over the labels that enough of the compared voxels carry, moving sampled at voxel + u."""
        at = np.floor(self.points + u + 0.5)
        inside = np.all((at >= 0) & (at < self.moving.shape), axis=1, keepdims=True)
        x, y, z = np.where(inside, at, 0).astype(np.int64).T
        warped = np.where(inside[:, 0], self.moving[x, y, z], 0)
        fixed = self.fixed[tuple(self.points.T)]
        values = [
            _dice(fixed == label, warped == label) for label in self.labels if (fixed == label).sum() >= 20
        ]
        return float(np.mean(values)) if values else 0.0


def _dice(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


def _inverse(field: Field, points: NDArray[Any]) -> Vectors:
    """The inverse field at points, by fixed-point iteration v(x) = -u(x + v(x))."""
    v = -_at(field, points)
    for _ in range(8):
        v = -_at(field, points + v)
    return v


def _meanings(
    field: Field, trial: _Trial
) -> list[tuple[str, str, Callable[[Vectors, NDArray[np.int64]], Vectors]]]:
    """Code, words and change for every convention that a field may follow by mistake."""
    size = (np.array(field.shape[:3]) - 1) / 2
    mm = np.array(trial.spacing_mm)
    normalised, deformation = "convention_normalised", "convention_deformation"
    meanings: list[tuple[str, str, Callable[[Vectors, NDArray[np.int64]], Vectors]]] = [
        (normalised, "normalised to [-1, 1]", lambda u, _: u * size),
        (normalised, "normalised to [-1, 1], in the order Z, Y, X", lambda u, _: u[:, ::-1] * size),
        ("convention_axes", "in the order Z, Y, X", lambda u, _: u[:, ::-1]),
        ("convention_sign", "having the other sign", lambda u, _: -u),
        ("convention_inverse", "pointing from moving to fixed", lambda _, at: _inverse(field, at)),
        (deformation, "voxel coordinates", lambda u, at: u - at),
        (deformation, "voxel coordinates in the order Z, Y, X", lambda u, at: u[:, ::-1] - at),
        (deformation, "coordinates normalised to [-1, 1]", lambda u, at: (u + 1) * size - at),
        (
            deformation,
            "coordinates normalised to [-1, 1], Z, Y, X",
            lambda u, at: (u[:, ::-1] + 1) * size - at,
        ),
        ("convention_millimetres", "millimetres along ITK's world axes", lambda u, _: u * (-1, -1, 1) / mm),
    ]
    if (mm != 1).any():
        meanings.append(("convention_millimetres", "millimetres", lambda u, _: u / mm))
    return meanings


def _tried(field: Field, name: str, trial: _Trial) -> list[Problem]:
    u = _at(field, trial.points)
    before, zero = trial.dice(u), trial.dice(np.zeros_like(u))
    tried = [
        (trial.dice(change(u, trial.points)), code, words) for code, words, change in _meanings(field, trial)
    ]
    after, code, meaning = max(tried, key=lambda one: one[0])
    # for small displacements the inverse field hardly differs from the negative one
    alike = [words for dice, other, words in tried if {code, other} == _ALIKE and after - dice < _GAIN]
    meaning = " or ".join([meaning, *alike])
    if after < max(before, zero) + _GAIN:
        return []
    facts = {"before": f"{before:.2f}", "zero": f"{zero:.2f}", "after": f"{after:.2f}"}
    return [problem(code, name, meaning=meaning, **facts)]
