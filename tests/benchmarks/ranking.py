"""Ranking at the scale of a paper and of a long phase, and tests against a loop of scipy calls.

Simulated scores: rising quality, a shared difficulty of items, ZeroDisplacement the worst of all.
"""

import os
import resource
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from scoring.ranking import PRESETS, ScoreTable, explain, heatmap, rank, significance, stability
from scoring.ranking.table import DatasetScores, MetricScores, subjects_of_case
from scoring.stats import rank_sum_pairs, signed_rank_pairs

CASE_SCHEMES = ("strict", "snapshot-minmax", "mean-rank", "median-rank", "mean-then-rank")
ITEM_SCHEMES = ("l2r-code", "l2r-text", "lumir24")


def run() -> list[str]:
    """Markdown lines. Every part runs in a process of its own, so that its peak memory is its own."""
    lines = ["## Ranking", "", f"{len(os.sched_getaffinity(0))} processors.", ""]
    for part in (against_scipy, paper, long_phase):
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            lines += [*pool.submit(part).result(), ""]
    return lines


def against_scipy() -> list[str]:
    """All pairs of 22 methods, against one scipy call per pair with the same options."""
    rng = np.random.default_rng(0)
    lines = ["| all pairs of 22 methods | scipy loop | here | ratio |", "| --- | --- | --- | --- |"]
    for n in (40, 200, 26_600):
        values = rng.normal(size=(22, n)) + 0.05 * np.arange(22)[:, None]
        signed = partial(signed_rank_pairs, values, method="asymptotic")
        lines.append(_ratio(f"signed-rank, n = {n}", partial(_scipy_signed_ranks, values), signed))
        lines.append(
            _ratio(f"rank-sum, n = {n}", partial(_scipy_rank_sums, values), partial(rank_sum_pairs, values))
        )
    return lines


def _scipy_signed_ranks(values: NDArray[np.float64]) -> None:
    for a, b in zip(*np.triu_indices(len(values), 1), strict=True):
        stats.wilcoxon(values[a] - values[b], method="asymptotic")  # type: ignore[call-overload]


def _scipy_rank_sums(values: NDArray[np.float64]) -> None:
    for a, b in zip(*np.triu_indices(len(values), 1), strict=True):
        stats.ranksums(values[a], values[b])


def paper() -> list[str]:
    """22 methods, 20 datasets, 4,000 cases, 133 labels."""
    table = simulated_table(methods=22, datasets=20, cases=4000)
    _warm_up(table)
    lines = ["| 22 methods, 20 datasets, 4,000 cases, 133 labels | seconds |", "| --- | --- |"]
    light: dict[str, Callable[[], object]] = {
        f"rank, {name}": partial(rank, table, scheme) for name, scheme in PRESETS.items()
    }
    light["all matrices, effect sizes with 1,000 resamples"] = lambda: _matrices(table, 1000)
    for name in CASE_SCHEMES:
        light[f"1,000 resamples, {name}"] = partial(stability, table, PRESETS[name])
    lines += _times(light, "all of these", limit=60)
    lines.append(f"| peak memory (GiB) | {_peak_gib():.2f} |")
    heavy = {f"1,000 resamples, {name}": partial(stability, table, PRESETS[name]) for name in ITEM_SCHEMES}
    lines += _times(heavy, "all of these", limit=300)
    lines.append(f"| peak memory (GiB) | {_peak_gib():.2f} |")
    return lines


def long_phase() -> list[str]:
    """200 entries on 38 validation pairs: what a new entry makes the site compute."""
    table = simulated_table(methods=200, datasets=2, cases=38)
    _warm_up(table)
    scheme = PRESETS["l2r-code"]
    work: dict[str, Callable[[], object]] = {
        "rank, l2r-code": lambda: rank(table, scheme),
        "heatmap": lambda: heatmap(table, scheme),
        "all matrices": lambda: _matrices(table, 0),
        "explanations of all scores": lambda: explain(table, scheme),
    }
    head = ["| 200 entries, 2 datasets, 38 cases, 133 labels | seconds |", "| --- | --- |"]
    return [*head, *_times(work, "all of these", limit=10)]


def simulated_table(methods: int, datasets: int, cases: int, labels: int = 133) -> ScoreTable:
    """DSC and HD95 per label, NDV zero for the first method, and on the first dataset 50 landmarks a case."""
    rng = np.random.default_rng(0)
    quality = 0.01 * np.arange(methods)[:, None]
    per = cases // datasets
    keys = tuple(f"{i + 1}_{i}" for i in range(per))
    tasks = ("inter-subject", "atlas-to-subject", "subject-to-atlas")
    made = []
    for d in range(datasets):
        hard = rng.random(per * labels)
        dsc = 0.5 + 0.2 * hard + quality + rng.normal(0, 0.05, (methods, hard.size))
        hd95 = 5 - 2 * hard - 5 * quality + rng.random((methods, hard.size))
        ndv = np.where(quality > 0, rng.random((methods, per)), 0.0)
        metrics = {"DSC": _items(np.clip(dsc, 0, 1), per), "HD95": _items(hd95, per), "NDV": _cases(ndv)}
        if d == 0:
            metrics["TRE"] = _items(4 - 3 * quality + rng.random((methods, 50 * per)), per)
        made.append(
            DatasetScores(
                name=f"d{d:02}",
                group="zero-shot" if d else "in-domain",
                task=tasks[d % 3],
                cases=keys,
                subjects=tuple(subjects_of_case(key) for key in keys),
                metrics=metrics,
            )
        )
    return ScoreTable(("ZeroDisplacement", *(f"m{i:03}" for i in range(1, methods))), tuple(made))


def _cases(values: NDArray[np.float64]) -> MetricScores:
    return MetricScores(values=values, absent=np.zeros(values.shape, dtype=bool))


def _items(items: NDArray[np.float64], cases: int) -> MetricScores:
    values = items.reshape(len(items), cases, -1).mean(axis=2)
    item_case = np.repeat(np.arange(cases, dtype=np.int32), items.shape[1] // cases)
    return MetricScores(values, np.zeros(values.shape, dtype=bool), items, item_case)


def _matrices(table: ScoreTable, resamples: int) -> None:
    for dataset in table.datasets:
        for metric in dataset.metrics:
            significance(table, dataset.name, metric, resamples=resamples)


def _warm_up(table: ScoreTable) -> None:
    small = table.select(methods=table.methods[:3], datasets=[table.datasets[0].name])
    for name in ("l2r-code", "strict"):
        stability(small, PRESETS[name], resamples=2)


def _times(work: Mapping[str, Callable[[], object]], whole: str, limit: float) -> list[str]:
    seconds = {name: _seconds(do) for name, do in work.items()}
    lines = [f"| {name} | {taken:.2f} |" for name, taken in seconds.items()]
    return [*lines, f"| **{whole}** (at most {limit:.0f}) | **{sum(seconds.values()):.1f}** |"]


def _ratio(name: str, theirs: Callable[[], object], ours: Callable[[], object]) -> str:
    ours()
    a, b = _seconds(theirs), min(_seconds(ours) for _ in range(3))
    return f"| {name} | {1000 * a:.0f} ms | {1000 * b:.2f} ms | {a / b:.0f} |"


def _seconds(do: Callable[[], object]) -> float:
    start = time.perf_counter()
    do()
    return time.perf_counter() - start


def _peak_gib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    print("\n".join(run()))
