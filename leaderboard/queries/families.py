"""Families of datasets: the same kind of images, such as FLAIR, in each of the tasks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile, zip_longest

from leaderboard.enums import RegistrationTask
from leaderboard.models import Challenge
from leaderboard.queries.boards import BoardDataset

_FACTS = ("contrast", "population", "species", "resolution", "source")
_MARKS = ",;:(/\N{EN DASH}-"

Facts = tuple[str, ...]


@dataclass(frozen=True)
class Family:
    """Datasets that differ in their task alone, at most one a task, in the order of the tasks."""

    title: str
    datasets: tuple[BoardDataset, ...]


def facts_of(challenge: Challenge) -> dict[str, Facts]:
    """What each dataset is, by slug, apart from its group and task; one query."""
    rows = challenge.datasets.values_list("slug", *_FACTS)
    return {slug: tuple(" ".join(fact.split()).casefold() for fact in facts) for slug, *facts in rows}


def families_of(datasets: Sequence[BoardDataset], facts: Mapping[str, Facts]) -> list[Family]:
    """The families, kind by kind in the order of the datasets.

    Where several datasets of a task have the same facts, or none, the first of each task are a family, the
    second of each another one, and so on.
    """
    kinds: dict[tuple[str, ...], dict[str, list[BoardDataset]]] = {}
    for dataset in datasets:
        by_task = kinds.setdefault((dataset.group, *facts.get(dataset.slug, ())), {})
        by_task.setdefault(dataset.task, []).append(dataset)
    return [
        _family([dataset for dataset in one_of_each if dataset is not None])
        for by_task in kinds.values()
        for one_of_each in zip_longest(*by_task.values())
    ]


def _family(datasets: Sequence[BoardDataset]) -> Family:
    by_task = sorted(datasets, key=lambda dataset: RegistrationTask.values.index(dataset.task))
    return Family(title_of([dataset.name for dataset in by_task]), tuple(by_task))


def title_of(names: Sequence[str]) -> str:
    """The words that the names begin with in common, else the first name."""
    if len(names) == 1:
        return names[0]
    words = [[word.rstrip(_MARKS) for word in name.split()] for name in names]
    common = takewhile(lambda place: len(set(place)) == 1, zip(*words, strict=False))
    return " ".join(place[0] for place in common).strip() or names[0]
