"""Snapshots for tests of pages: every number follows from its entry, dataset and case by a formula.

Entry n (0 is best) has DSC 0.8 - n / 20 on the first case and 1 / 100 less on each further one;
HD95 2 + n voxels on every case; NDV 0 for the last entry, else n + 1 hundredths of a per cent.
"""

from typing import Any

from leaderboard.models import Phase, Snapshot, SnapshotPart

CASES = ["3455_3454", "3456_3455", "3457_3456"]
DATASETS = {"in-domain": "In-domain", "t2-like": "T2-like contrast"}
METRICS: list[dict[str, Any]] = [
    {"name": "DSC", "title": "Dice", "unit": "", "direction": "higher", "decimals": 4},
    {
        "name": "HD95",
        "title": "95 % Hausdorff distance",
        "unit": "voxels",
        "direction": "lower",
        "decimals": 3,
    },
    {"name": "NDV", "title": "Non-diffeomorphic volume", "unit": "%", "direction": "lower", "decimals": 5},
]


def slug(number: int) -> str:
    return f"entry-{number}"


def name(number: int) -> str:
    return f"Method {number}"


def case_values(metric: str, number: int, entries: int) -> list[float]:
    """One entry's values on the cases of either dataset."""
    last = number == entries - 1
    return {
        "DSC": [round(0.8 - number / 20 - case / 100, 4) for case in range(len(CASES))],
        "HD95": [2.0 + number] * len(CASES),
        "NDV": [0.0 if last else (number + 1) / 100] * len(CASES),
    }[metric]


def summary(metric: str, number: int, entries: int) -> dict[str, Any]:
    """Mean and population std of the formula: of v, v - 0.01, v - 0.02 the std is 0.01 * sqrt(2 / 3)."""
    mean = {
        "DSC": round(0.79 - number / 20, 4),
        "HD95": 2.0 + number,
        "NDV": case_values("NDV", number, entries)[0],
    }
    return {"mean": mean[metric], "std": 0.00816 if metric == "DSC" else 0.0, "missing": 0}


def best(metric: str, number: int, entries: int) -> bool:
    return number == (entries - 1 if metric == "NDV" else 0)


def board(entries: int = 3) -> dict[str, Any]:
    """The payload of a board."""
    return {
        "challenge": "lumir",
        "phase": "validation",
        "official": True,
        "scheme": {"name": "l2r-code", "version": 1, "title": "Learn2Reg", "summary": "Fewest losses."},
        "rules": "lumir25",
        "scorer_version": "1.0",
        "metrics": METRICS,
        "datasets": [_dataset(key) for key in DATASETS],
        "entries": [_entry(number, entries) for number in range(entries)],
        "heatmap": heatmap(entries),
    }


def _dataset(key: str) -> dict[str, Any]:
    group = "in-domain" if key == "in-domain" else "zero-shot"
    names = [metric["name"] for metric in METRICS]
    facts = {"slug": key, "name": DATASETS[key], "group": group, "task": "inter-subject"}
    return {**facts, "cases": len(CASES), "metrics": names}


def _entry(number: int, entries: int) -> dict[str, Any]:
    summaries = {m["name"]: summary(m["name"], number, entries) for m in METRICS}
    return {
        "rank": number + 1,
        "rank_interval": None,
        "score": 1 - number / 10,
        "entry": slug(number),
        "method": name(number),
        "team": {"slug": f"team-{number}", "name": f"Team {number}", "affiliation": ""},
        "baseline": number == entries - 1,
        "kind": "learning",
        "instance_specific": False,
        "in_competition": True,
        "metrics": {key: value | {"best": best(key, number, entries)} for key, value in summaries.items()},
        "rank_scores": {"DSC": {"rank_score": 1 - number / 10, "beaten_by": number}},
        "datasets": dict.fromkeys(DATASETS, summaries),
    }


def heatmap(entries: int = 3) -> dict[str, Any]:
    """Ranks n + 1 in every column; rank scores 1 - n / 10."""
    columns = [
        {
            "subtask": "in-domain",
            "title": "In-domain",
            "dataset": None,
            "datasets": ["in-domain"],
            "metric": "ACC",
        },
        {
            "subtask": "in-domain",
            "title": "In-domain",
            "dataset": None,
            "datasets": ["in-domain"],
            "metric": "NDV",
        },
        {
            "subtask": "zero",
            "title": "Zero-shot",
            "dataset": None,
            "datasets": list(DATASETS),
            "metric": "ACC",
        },
        {
            "subtask": "zero",
            "title": "Zero-shot",
            "dataset": "t2-like",
            "datasets": ["t2-like"],
            "metric": "ACC",
        },
    ]
    return {
        "accuracy": "Rank score of DSC",
        "columns": columns,
        "rows": [slug(number) for number in range(entries)],
        "ranks": [[number + 1] * len(columns) for number in range(entries)],
        "values": [[1 - number / 10] * len(columns) for number in range(entries)],
    }


def part(dataset: str, entries: int = 3) -> dict[str, Any]:
    """The payload of a dataset's page."""
    names = [metric["name"] for metric in METRICS]
    return {
        "dataset": dataset,
        "cases": CASES,
        "metrics": {
            m: {"values": {slug(n): case_values(m, n, entries) for n in range(entries)}} for m in names
        },
        "table": [
            {"entry": slug(n), "method": name(n), "metrics": {m: summary(m, n, entries) for m in names}}
            for n in range(entries)
        ],
        "significance": {m: matrix(m, entries) for m in names},
    }


def matrix(metric: str, entries: int = 3) -> dict[str, Any]:
    """Neighbours do not differ; others do at .05 (two apart) or .001 (further); the earlier one is better."""

    def cell(row: int, column: int, values: list[Any]) -> Any:
        apart = abs(row - column)
        return None if apart == 0 else values[min(apart, 3) - 1]

    def grid(values: list[Any]) -> list[list[Any]]:
        return [[cell(row, column, values) for column in range(entries)] for row in range(entries)]

    direction = [[(row < column) - (row > column) for column in range(entries)] for row in range(entries)]
    return {
        "metric": metric,
        "entries": [slug(number) for number in range(entries)],
        "methods": [name(number) for number in range(entries)],
        "p": grid([0.5, 0.01, 0.0001]),
        "p_adjusted": grid([1.0, 0.04, 0.0006]),
        "level": grid([0, 1, 3]),
        "direction": direction,
        "correction": "bonferroni",
        "cases": len(CASES),
    }


def snapshot(phase: Phase, entries: int = 3, **fields: Any) -> Snapshot:
    """A snapshot of a phase with the parts of its datasets."""
    fields = {"content_hash": "5a" * 32, "inputs": {}, "payload": board(entries)} | fields
    made = Snapshot.objects.create(phase=phase, scheme=phase.scheme, **fields)
    for key in DATASETS:
        SnapshotPart.objects.create(snapshot=made, name=f"dataset/{key}", payload=part(key, entries))
    return made
