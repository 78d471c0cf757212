"""Snapshots for tests of pages: every number follows from its entry, dataset and case by a formula.

Entry n (0 is best) has DSC 0.8 - n / 20 on the first case and 1 / 100 less on each further one;
HD95 2 + n voxels on every case; NDV 0 for the last entry, else n + 1 hundredths of a per cent.
"""

from typing import Any

from leaderboard.domain.ranking.parts import stored
from leaderboard.models import LAYOUT, Challenge, Entry, Phase, Snapshot, SnapshotPart
from tests.leaderboard import make

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

RESAMPLES = 10
SCHEME: dict[str, Any] = {
    "name": "l2r-code",
    "version": 1,
    "title": "Learn2Reg",
    "summary": "Fewest losses.",
    "status": "published",
    "higher_is_better": True,
    "spec": {
        "metrics": [{"metric": "DSC", "direction": "higher", "weight": 1.0, "stand_in": None}],
        "unit": "item",
        "compare": "rank-sum",
        "test": {"alpha": 0.05, "sides": "two-sided", "correction": "none", "count": "losses"},
        "score": "slots",
        "combine": "geometric-mean",
        "pool": "all",
        "missing": "stand-in",
        "lowest": 0.1,
        "hardest_share": 0.3,
        "reference": "ZeroDisplacement",
    },
}


def phase(challenge: Challenge) -> Phase:
    """A phase over DATASETS with CASES."""
    made = make.phase(challenge=challenge)
    for address, title in DATASETS.items():
        made.datasets.add(make.dataset(challenge, tuple(CASES), slug=address, name=title))
    return made


def entry(challenge: Challenge) -> Entry:
    """The best entry of the snapshots, whose team has one person, `member`."""
    owner = make.team(challenge, make.user(username="member"), name="Team 0")
    return Entry.objects.create(challenge=challenge, team=owner, slug=slug(0), name=name(0))


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
        "scheme": SCHEME,
        "rules": "lumir25",
        "scorer_version": "1.0",
        "metrics": METRICS,
        "datasets": [_dataset(key) for key in DATASETS],
        "entries": [_entry(number, entries) for number in range(entries)],
        "omitted": [],
        "stability": {
            "resamples": RESAMPLES,
            "seed": 1,
            "level": 0.95,
            "tau": {"median": 0.9, "low": 0.7, "high": 1.0},
        },
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
        "rank_interval": [max(number, 1), min(number + 2, entries)],
        "rank_distribution": distribution(number, entries),
        "tie_group": number // 2,
        "imputations": {},
        "score": 1 - number / 10,
        "entry": slug(number),
        "method": name(number),
        "team": {"slug": f"team-{number}", "name": f"Team {number}", "affiliation": ""},
        "submission": f"submission-{number}",
        "baseline": number == entries - 1,
        "kind": "learning",
        "instance_specific": False,
        "in_competition": True,
        "metrics": {key: value | {"best": best(key, number, entries)} for key, value in summaries.items()},
        "rank_scores": {"DSC": {"rank_score": 1 - number / 10, "beaten_by": number}},
    }


def distribution(number: int, entries: int) -> list[int]:
    """The entry's own rank in 8 of 10 resamples, its neighbours' in one each."""
    counts = [0] * entries
    counts[number] = RESAMPLES
    for other in {number - 1, number + 1} & set(range(entries)):
        counts[other] = 1
        counts[number] -= 1
    return counts


def means(entries: int = 3) -> dict[str, Any]:
    """The part of that name: the same summaries on either dataset."""
    return {
        slug(n): {key: {m["name"]: summary(m["name"], n, entries) for m in METRICS} for key in DATASETS}
        for n in range(entries)
    }


def agreement(entries: int = 3) -> dict[str, Any]:
    """The same order under two schemes and turned round under `strict`; kept without the first dataset."""
    order = [slug(n) for n in range(entries)]
    kept, turned = list(range(1, entries + 1)), list(range(entries, 0, -1))
    tau = [[1.0, -1.0, 1.0], [-1.0, 1.0, -1.0], [1.0, -1.0, 1.0]]
    return {
        "schemes": {
            "names": ["mean-rank", "strict", "l2r-code"],
            "entries": order,
            "ranks": [kept, turned, kept],
            "tau": tau,
            "full": None,
            "full_tau": None,
        },
        "without_dataset": {
            "names": list(DATASETS),
            "entries": order,
            "ranks": [kept, turned],
            "tau": [[1.0, -1.0], [-1.0, 1.0]],
            "full": kept,
            "full_tau": [1.0, -1.0],
        },
    }


def structures(dataset: str, entries: int = 3) -> dict[str, Any]:
    """Two labels: the second is harder by 0.2, for every entry."""

    def of(values: list[float]) -> dict[str, Any]:
        return {
            "structures": [
                {"id": 4, "name": "3rd ventricle", "cases": 3},
                {"id": 11, "name": "4th ventricle", "cases": 3},
            ],
            "means": {
                slug(n): [round(values[0] - n / 20, 4), round(values[1] - n / 20, 4)] for n in range(entries)
            },
            "missing": {slug(n): [0, 0] for n in range(entries)},
        }

    return {"dataset": dataset, "metrics": {"DSC": of([0.9, 0.7]), "HD95": of([5.0, 7.0])}}


def heatmap(entries: int = 3) -> dict[str, Any]:
    """Ranks n + 1 in every column; rank scores 1 - n / 10; NDV of n + 1 hundredths of a per cent."""
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
        "means": [[None, (number + 1) / 100, None, None] for number in range(entries)],
        "missing": [[0] * len(columns) for _ in range(entries)],
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

    pairs, of = entries * (entries - 1) // 2, entries
    entries = min(entries, 40)

    def grid(values: list[Any]) -> list[list[Any]]:
        return [[cell(row, column, values) for column in range(entries)] for row in range(entries)]

    direction = [[(row < column) - (row > column) for column in range(entries)] for row in range(entries)]
    return {
        "metric": metric,
        "entries": [slug(number) for number in range(entries)],
        "methods": [name(number) for number in range(entries)],
        "of": of,
        "pairs": pairs,
        "p": grid([0.5, 0.01, 0.0001]),
        "p_adjusted": grid([1.0, 0.04, 0.0006]),
        "level": grid([0, 1, 3]),
        "direction": direction,
        "rank_biserial": grid([0.25, 0.5, 1.0]),
        "rank_biserial_interval": grid([[0.0, 0.5], [0.25, 0.75], [0.75, 1.0]]),
        "cohens_d": grid([0.5, 1.0, 2.0]),
        "cohens_d_interval": grid([None, [0.5, 1.5], [1.5, 2.5]]),
        "tie_groups": [
            [slug(n) for n in (first, first + 1) if n < entries] for first in range(0, entries, 2)
        ],
        "resamples": RESAMPLES,
        "seed": 1,
        "correction": "bonferroni",
        "cases": len(CASES),
    }


def parts(entries: int = 3) -> dict[str, Any]:
    """Of the board and its datasets, before each is kept in parts of its own."""
    made: dict[str, Any] = {
        "heatmap": heatmap(entries),
        "means": means(entries),
        "agreement": agreement(entries),
    }
    for key in DATASETS:
        made |= {f"dataset/{key}": part(key, entries), f"structures/{key}": structures(key, entries)}
    return made


def snapshot(phase: Phase, entries: int = 3, parts_: dict[str, Any] | None = None, **fields: Any) -> Snapshot:
    """A snapshot of a phase with the parts of its datasets."""
    fields = {"content_hash": "5a" * 32, "layout": LAYOUT, "inputs": {}, "payload": board(entries)} | fields
    made = Snapshot.objects.create(phase=phase, scheme=phase.scheme, **fields)
    SnapshotPart.objects.bulk_create(
        SnapshotPart(snapshot=made, name=name, payload=payload)
        for name, payload in stored(parts_ or parts(entries))
    )
    return made
