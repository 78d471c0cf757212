"""What a board says of entries and datasets beside their numbers; kept in the snapshot, so that it stays."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leaderboard.models import Evaluation, Membership, Phase, Snapshot


@dataclass(frozen=True)
class Cards:
    """`entries`: card by method name; `datasets`: name by slug; `facts`: of the phase."""

    entries: Mapping[str, Mapping[str, Any]]
    datasets: Mapping[str, str]
    facts: Mapping[str, Any]

    def slug(self, method: str) -> str:
        slug: str = self.entries[method]["entry"]
        return slug

    @property
    def pool(self) -> list[str]:
        """The methods in competition, which are ranked against each other."""
        return [method for method, card in self.entries.items() if card["in_competition"]]


CARD = (
    "entry",
    "method",
    "team",
    "baseline",
    "organizers",
    "kind",
    "instance_specific",
    "in_competition",
    "submission",
)
FACTS = ("challenge", "phase", "rules", "scorer_version")


def cards_of(phase: Phase, evaluations: Sequence[Evaluation]) -> Cards:
    """The cards as they are now."""
    versions = sorted({evaluation.scorer_version for evaluation in evaluations})
    facts = {"challenge": phase.challenge.slug, "phase": phase.slug, "rules": phase.rules}
    organizing = Membership.objects.filter(
        challenge=phase.challenge_id, user__organized_challenges=phase.challenge_id
    )
    teams = set(organizing.values_list("team", flat=True))
    return Cards(
        entries={evaluation.submission.entry.name: _card(evaluation, teams) for evaluation in evaluations},
        datasets={dataset.slug: dataset.name for dataset in phase.datasets.all()},
        facts=facts | {"scorer_version": ", ".join(versions)},
    )


def cards_in(snapshot: Snapshot) -> Cards:
    """The cards as a snapshot has them."""
    payload = snapshot.payload
    return Cards(
        # A card of before does not tell whether it is an organizer's.
        entries={
            entry["method"]: {name: entry.get(name, False) for name in CARD} for entry in payload["entries"]
        },
        datasets={dataset["slug"]: dataset["name"] for dataset in payload["datasets"]},
        facts={name: payload[name] for name in FACTS},
    )


def _card(evaluation: Evaluation, organizing: Collection[int]) -> dict[str, Any]:
    """organizing: the teams with an organizer of the challenge in them."""
    entry = evaluation.submission.entry
    return {
        "entry": entry.slug,
        "method": entry.name,
        "team": {"slug": entry.team.slug, "name": entry.team.name, "affiliation": entry.team.affiliation},
        "baseline": entry.baseline,
        "organizers": entry.team_id in organizing,
        "kind": entry.kind,
        "instance_specific": entry.instance_specific,
        "in_competition": entry.in_competition,
        "submission": str(evaluation.submission_id),
    }
