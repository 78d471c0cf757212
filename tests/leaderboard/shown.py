"""A really ranked board of three teams, each of whose numbers, names and log lines can be told by its text.

The numbers follow from a formula: team t has on case c of dataset d the DSC
0.9511 - 0.11 t - 0.0316 d - 0.0124 (c + 1) ** 2; their means are taken here, by the standard library.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean

from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from leaderboard.domain import ranking
from leaderboard.enums import Aspect, Audience, CaseState
from leaderboard.models import (
    Case,
    CaseResult,
    Challenge,
    Dataset,
    Entry,
    Phase,
    Snapshot,
    Submission,
    SubmissionEvent,
    Team,
)
from tests.leaderboard import make

KEYS = ("3455_3454", "3457_3456", "3459_3458", "3461_3460")
DATASETS = ("t1", "t2")
# Not in the order of the alphabet, which stands in for that of a hidden ranking.
WORDS = ("Cormorant", "Aardvark", "Bumblebee")
EVERYBODY = [Audience.PUBLIC, Audience.PARTICIPANTS, Audience.OWN_TEAM]


def dice(team: int, dataset: int, case: int) -> float:
    return round(0.9511 - 0.11 * team - 0.0316 * dataset - 0.0124 * (case + 1) ** 2, 4)


def cases(team: int, dataset: int) -> list[float]:
    return [dice(team, dataset, case) for case in range(len(KEYS))]


@dataclass(frozen=True)
class Marks:
    """What of a team's results can be found in a text, by aspect."""

    texts: dict[Aspect, list[str]]

    def found(self, aspect: Aspect, text: str) -> bool:
        return any(mark in text for mark in self.texts[aspect])


def marks(team: int) -> Marks:
    number, word = [cases(team, dataset) for dataset in range(len(DATASETS))], WORDS[team]
    whole = fmean([value for of_one in number for value in of_one])
    means = [fmean(of_one) for of_one in number]
    return Marks(
        {
            Aspect.AGGREGATES: _written([whole]),
            Aspect.PER_DATASET: _written(means),
            Aspect.PER_CASE: _written([value for of_one in number for value in of_one]),
            Aspect.NAMES: [word, word.lower()],
            Aspect.LOGS: [f"Line {team} of a log."],
        }
    )


def _written(values: list[float]) -> list[str]:
    """As pages round the numbers, and as files have them where the last bit is missing."""
    return [text for value in values for text in (f"{value:.4f}", f"{value - 1e-12:.12f}"[:9])]


@dataclass(frozen=True)
class Place:
    """The phase, its teams in the order of the board, and the people who look."""

    challenge: Challenge
    phase: Phase
    datasets: list[Dataset]
    teams: list[Team]
    entries: list[Entry]
    submissions: list[Submission]
    organizer: User

    @property
    def home(self) -> str:
        return f"/challenges/{self.challenge.slug}/"

    @property
    def board(self) -> str:
        return f"{self.home}phases/{self.phase.slug}/"

    def browsers(self) -> dict[str, Client]:
        """Of the public, of the second team, of the third team, and of an organizer."""
        users = {
            "member": self.teams[1].members.get(),
            "other": self.teams[2].members.get(),
            "organizer": self.organizer,
        }
        clients = {"public": Client()} | {name: Client() for name in users}
        for name, user in users.items():
            clients[name].force_login(user)
        return clients

    def show(self, aspect: Aspect, *audiences: Audience, rest: Iterable[Audience] = EVERYBODY) -> None:
        """One aspect to these audiences, all the others to `rest`."""
        matrix = {each.value: list(rest) for each in Aspect} | {aspect.value: list(audiences)}
        Phase.objects.filter(pk=self.phase.pk).update(visibility=matrix)

    def pages(self, *, logs: bool = False) -> list[str]:
        """Everything that shows results, by the true names; or only what may show logs."""
        if logs:
            return [*self.of_entry(1), *(submission.get_absolute_url() for submission in self.submissions)]
        slugs = [entry.slug for entry in self.entries]
        return [
            "/",
            self.board,
            f"{self.board}?scheme=mean-rank",
            f"{self.board}significance/",
            f"{self.board}heatmap/",
            f"{self.board}stability/",
            f"{self.home}cases/",
            f"{self.home}cases/{KEYS[0]}/?dataset=t1",
            f"{self.home}datasets/{self.datasets[0].slug}/",
            f"{self.home}datasets/{self.datasets[0].slug}/cases.csv",
            *self.of_entry(0),
            *self.of_entry(1),
            f"{self.home}compare/?a={slugs[0]}&b={slugs[1]}",
            f"{self.home}compare.csv?a={slugs[0]}&b={slugs[1]}",
            *(f"{self.board}leaderboard.{ending}" for ending in ("csv", "json", "tex")),
            *(submission.get_absolute_url() for submission in self.submissions),
        ]

    def of_entry(self, team: int) -> list[str]:
        page = f"{self.home}entries/{self.entries[team].slug}/"
        return [page, f"{page}score/", f"{page}score/score.json", f"{page}cases.csv"]


def place() -> Place:
    """Make everything, and rank it."""
    cache.clear()
    challenge, organizer = make.challenge(slug="lumir"), make.user(username="olga")
    challenge.organizers.add(organizer)
    phase = make.phase(challenge=challenge, scheme=ranking.preset("strict"))
    datasets = [make.dataset(challenge, KEYS, slug=slug, name=slug.upper()) for slug in DATASETS]
    phase.datasets.set(datasets)
    teams = [make.team(challenge, name=f"{word} Labs", affiliation=f"{word} Institute") for word in WORDS]
    entries = [make.entry(team, name=f"{word} Net") for team, word in zip(teams, WORDS, strict=True)]
    submissions = [scored(phase, entry, number) for number, entry in enumerate(entries)]
    ranking.mark_stale(phase.pk)
    ranking.update_board(phase.pk)
    return Place(challenge, phase, datasets, teams, entries, submissions, organizer)


def scored(phase: Phase, entry: Entry, team: int) -> Submission:
    now = timezone.now()
    made = make.submission(
        phase=phase, entry=entry, state="scored", finished_at=now, filename=f"{entry.slug}.zip"
    )
    SubmissionEvent.objects.create(submission=made, message=f"Line {team} of a log.")
    evaluation = make.evaluation(made)
    done = {"state": CaseState.DONE, "seconds": 1.0, "finished_at": now}
    for number, slug in enumerate(DATASETS):
        for at, case in enumerate(Case.objects.filter(dataset__slug=slug).order_by("position")):
            value = dice(team, number, at)
            CaseResult.objects.create(
                evaluation=evaluation,
                case=case,
                values={"DSC": value, "Non-diffeomorphic Volumes": 0.0},
                items={"DSC": [round(value + step / 8, 4) for step in (-1, 0, 1)]},
                **done,
            )
    return made


def newest() -> Snapshot:
    return Snapshot.objects.latest()
