"""Everything about a score table in one plain structure, as ``python -m scoring rank`` writes it."""

import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from scoring.ranking.explain import explain
from scoring.ranking.heatmap import heatmap
from scoring.ranking.run import rank
from scoring.ranking.scheme import FACTS, Scheme
from scoring.ranking.schemes import PRESETS
from scoring.ranking.significance import significance
from scoring.ranking.stability import across_schemes, leave_one_dataset_out, stability
from scoring.ranking.table import ScoreTable

LIBRARIES = ("numpy", "scipy", "numba")


def ranking_report(table: ScoreTable, scheme: Scheme, *, resamples: int = 0, seed: int = 0) -> dict[str, Any]:
    """The ranking (see `Ranking.to_dict`) with what belongs to it, strict JSON.

    Keys beside the ranking's: heatmap, significance (a matrix per dataset and metric), explanations (by
    method), schemes (agreement of all presets), without_dataset (agreement with each dataset left out),
    stability (None without resamples), versions of the numerical libraries. resamples, seed: of the
    bootstrap, for rank intervals, tie groups and intervals of effect sizes.
    """
    ranking = rank(table, scheme)
    order = [entry.method for entry in ranking.entries]
    return {
        **ranking.to_dict(),
        "heatmap": heatmap(table, scheme, order=order).to_dict(),
        "significance": _matrices(table, order, resamples, seed),
        "explanations": {name: found.to_dict() for name, found in explain(table, scheme).items()},
        "schemes": across_schemes(table, PRESETS.values()).to_dict(),
        "without_dataset": leave_one_dataset_out(table, scheme).to_dict(),
        "stability": stability(table, scheme, resamples=resamples, seed=seed).to_dict()
        if resamples
        else None,
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """Of the numerical libraries: other ones may give other last bits."""
    return {library: version(library) for library in LIBRARIES}


def _matrices(table: ScoreTable, order: Sequence[str], resamples: int, seed: int) -> list[dict[str, Any]]:
    return [
        significance(table, dataset.name, metric, order=order, resamples=resamples, seed=seed).to_dict()
        for dataset in table.datasets
        for metric in FACTS
        if metric in dataset.metrics and _has_values(table, dataset.name, metric)
    ]


def _has_values(table: ScoreTable, dataset: str, metric: str) -> bool:
    return bool((table.dataset(dataset).metrics[metric].state == 0).any())


def read_scheme(name_or_file: str) -> Scheme:
    """A preset by name, or a scheme from a JSON file. Errors: ValueError in words."""
    if name_or_file in PRESETS:
        return PRESETS[name_or_file]
    path = Path(name_or_file)
    if not path.is_file():
        raise ValueError(f"{name_or_file} is no file and no scheme; schemes: {', '.join(PRESETS)}")
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path.name} is no JSON: {error}") from error
    if not isinstance(data, dict):
        raise ValueError(f"{path.name} does not hold a scheme")  # noqa: TRY004 - the file's fault, not a type's
    return Scheme.from_dict(data)


def check_writable(path: Path) -> None:
    """Raise OSError now where a file could not be written later; leaves nothing behind."""
    new = not path.exists()
    path.open("a").close()
    if new:
        path.unlink()


def write_json(path: Path, data: dict[str, Any]) -> None:
    """Strict JSON (null, never NaN), the same bytes for the same data."""
    text = json.dumps(data, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
