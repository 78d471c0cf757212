"""Values of single cases, of entries by which each of them may be seen."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db.models.fields.json import KeyTransform

from leaderboard.enums import Aspect
from leaderboard.queries.boards import Board, parts_named

Values = Sequence[float | None]


@dataclass(frozen=True)
class CaseValues:
    """What is shown of a snapshot's cases on a dataset: in order, and each metric's values by entry."""

    cases: Sequence[str]
    values: Mapping[str, Mapping[str, Values]]

    def of(self, entry: str, case: str) -> dict[str, float | None]:
        at = self.cases.index(case)
        return {name: by_entry[entry][at] for name, by_entry in self.values.items() if entry in by_entry}

    def of_entry(self, entry: str) -> dict[str, Values]:
        """By metric."""
        return {name: by_entry[entry] for name, by_entry in self.values.items() if entry in by_entry}


def values_of_case(board: Board, dataset: str, case: str) -> CaseValues | None:
    """Of one case alone, picked inside the database: of hundreds of entries the rest is large. Two queries.

    None where the board has no such case, or all is hidden.
    """
    seen = board.veil.seen(Aspect.PER_CASE)
    keys: list[str] = parts_named(board, [f"cases/{dataset}"]).values_list("payload", flat=True).first() or []
    if not seen or case not in keys:
        return None
    at, names = keys.index(case), {f"values/{dataset}/{true}": shown for true, shown in seen.items()}
    metrics = [name for one in board.datasets if one.slug == dataset for name in one.metrics]
    picked = {f"of_{name}": KeyTransform(at, KeyTransform(name, "payload")) for name in metrics}
    rows = parts_named(board, names).annotate(**picked).values("name", *picked)
    found = {names[row["name"]]: row for row in rows}
    of_all = {name: {entry: [row[f"of_{name}"]] for entry, row in found.items()} for name in metrics}
    return CaseValues([case], of_all)


def values_on(
    board: Board, datasets: Collection[str], entries: Collection[str] | None = None
) -> dict[str, CaseValues]:
    """By dataset, of these entries (as they are shown; default: all) of which single cases are shown.

    One query, none where all is hidden.
    """
    seen = {
        true: shown
        for true, shown in board.veil.seen(Aspect.PER_CASE).items()
        if entries is None or shown in entries
    }
    if not seen:
        return {}
    values = {f"values/{dataset}/{true}": (dataset, seen[true]) for dataset in datasets for true in seen}
    keys = {f"cases/{dataset}": dataset for dataset in datasets}
    found = dict(parts_named(board, [*keys, *values]).values_list("name", "payload"))
    made: dict[str, dict[str, dict[str, Values]]] = {keys[name]: {} for name in keys if name in found}
    for name, (dataset, entry) in values.items():
        for metric, of_one in found.get(name, {}).items():
            made[dataset].setdefault(metric, {})[entry] = of_one
    order = [metric.name for metric in board.metrics]
    return {
        dataset: CaseValues(
            found[f"cases/{dataset}"], {name: by_metric[name] for name in order if name in by_metric}
        )
        for dataset, by_metric in made.items()
    }
