from collections.abc import Mapping

import pytest

from leaderboard.queries.boards import BoardDataset
from leaderboard.queries.families import Facts, facts_of, families_of, title_of
from tests.leaderboard import make

INTER, ONTO, INTO = "inter-subject", "atlas-to-subject", "subject-to-atlas"


def dataset(slug: str, task: str, group: str = "zero-shot") -> BoardDataset:
    return BoardDataset(slug, slug.replace("-", " ", 1), group, task, 10, ("DSC",))


def found(datasets: list[BoardDataset], facts: Mapping[str, Facts]) -> list[list[str]]:
    return [[one.slug for one in family.datasets] for family in families_of(datasets, facts)]


def test_datasets_that_differ_in_their_task_alone_stand_together_in_the_order_of_the_tasks() -> None:
    datasets = [
        dataset("flair-into", INTO),
        dataset("macaque", INTER),
        dataset("flair", INTER),
        dataset("flair-onto", ONTO),
        dataset("flair-known", INTER, "in-domain"),
    ]
    facts = {one.slug: ("macaque" if one.slug == "macaque" else "flair", "adults") for one in datasets}
    assert found(datasets, facts) == [["flair", "flair-onto", "flair-into"], ["macaque"], ["flair-known"]]


def test_datasets_without_facts_are_paired_by_their_place_among_those_of_their_task() -> None:
    datasets = [dataset("a", INTER), dataset("b", INTER), dataset("a-onto", ONTO), dataset("b-onto", ONTO)]
    assert found(datasets, {}) == [["a", "a-onto"], ["b", "b-onto"]]


@pytest.mark.django_db
def test_facts_are_compared_without_regard_to_case_and_spaces() -> None:
    challenge = make.challenge()
    make.dataset(challenge, slug="one", contrast="T1w, like 9.4 T", source="OASIS")
    make.dataset(challenge, slug="other", contrast=" t1w,  like 9.4 T", source="Oasis ")
    facts = facts_of(challenge)
    assert facts["one"] == facts["other"] == ("t1w, like 9.4 t", "", "human", "", "oasis")


@pytest.mark.parametrize(
    ("names", "title"),
    [
        (["High field", "High field, atlas to subject"], "High field"),
        (["T2* (inter-subject)", "T2* (atlas to subject)"], "T2*"),
        (["Atlas to subject", "Subject to atlas"], "Atlas to subject"),
        (["In-domain T1w, labels"], "In-domain T1w, labels"),
    ],
)
def test_a_family_is_called_by_what_its_datasets_names_begin_with(names: list[str], title: str) -> None:
    assert title_of(names) == title
