"""What leaves the engine: the official metrics.json and a tidy table."""

from __future__ import annotations

import csv
import io
import json
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from scoring.evaluate import CaseScores, SubmissionScores
from scoring.metrics import METRICS
from scoring.ranking.table import CSV_COLUMNS
from scoring.spec import MetricSpec


def metrics_json(scores: SubmissionScores) -> str:
    """The official metrics.json as text: name, aggregates, cases, eval_version.

    Values that are not finite stand as NaN and Infinity, as the official programs write them.
    """
    return json.dumps(metrics_document(scores), indent=4, allow_nan=True)


def metrics_document(scores: SubmissionScores) -> dict[str, Any]:
    """The content of metrics.json."""
    return {
        "name": scores.configs[-1].name,
        "aggregates": _aggregates(scores),
        "cases": {key: _case(case, scores) for key, case in scores.cases.items()},
        "eval_version": scores.rules.eval_version,
    }


def _case(case: CaseScores, scores: SubmissionScores) -> dict[str, dict[str, Any]]:
    return {
        name: {"mean": value, "detailed": _detailed(case, name, scores)}
        for name, value in case.values.items()
    }


def _detailed(case: CaseScores, name: str, scores: SubmissionScores) -> float | list[float]:
    """Lists per label, and per point; landmarks given as volumes have only their mean there, officially."""
    kind = case.kinds[name]
    if kind in ("dice", "hd95") or (kind == "tre" and scores.rules.landmarks == "csv"):
        return [float(value) for value in case.items[name]]
    return case.values[name]


def _aggregates(scores: SubmissionScores) -> dict[str, dict[str, float]]:
    cases = list(scores.cases.values())
    kinds = {name: kind for config in scores.configs for name, kind in config.kinds.items()}
    names = sorted(kinds) if scores.rules.sorted_aggregates else list(kinds)
    result = {
        name: aggregate(
            (c.values[name] for c in cases if name in c.values), scores.rules.hard_quantile[kinds[name]]
        )
        for name in names
    }
    for group, group_cases in zip(scores.rules.groups, scores.groups[1:], strict=False):
        means = [c.values[n] for c in group_cases for n in c.values if c.kinds[n] == "dice"]
        if means:
            result[group] = aggregate(means, scores.rules.hard_quantile["dice"])
    return result


def aggregate(means: Iterable[float], quantile: float) -> dict[str, float]:
    """Mean, population standard deviation and the quantile called "30" of the case means."""
    values = np.array(list(means), np.float64)
    with warnings.catch_warnings(), np.errstate(invalid="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        hard = float(np.quantile(values, quantile)) if len(values) else float("nan")
        return {"mean": float(values.mean()), "std": float(values.std()), "30": hard}


def tidy_csv(scores: SubmissionScores, method: str) -> str:
    """One row per number: the case's value (item empty), and one per label or landmark (item its number).

    The tables of several methods, one below the other, are what ``python -m scoring rank`` reads; a
    dataset is a config. Of several metrics of one kind it has the first, which is the one that is ranked.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for config, group in zip(scores.configs, scores.groups, strict=True):
        dataset = (config.source or config.name).removesuffix(".json")
        for case in group:
            for metric in config.ranked:
                rows = [("", case.values[metric.name]), *_named_items(case, metric)]
                short = METRICS[metric.metric].short
                writer.writerows(
                    [*map(_inert, (method, dataset, case.key)), item, short, repr(number)]
                    for item, number in rows
                )
    return out.getvalue()


def _inert(name: str) -> str:
    """A name that no spreadsheet takes for a formula; it is the same in every table."""
    return f"'{name}" if name.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else name


def _named_items(case: CaseScores, metric: MetricSpec) -> list[tuple[object, float]]:
    items = case.items[metric.name].tolist()
    if metric.metric in ("ndv", "sdlogj"):
        return []
    numbers: Sequence[int] = range(1, len(items) + 1) if metric.metric == "tre" else metric.labels
    return list(zip(numbers, items, strict=True))
