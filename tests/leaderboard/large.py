"""A board of the size that pages must bear: 200 entries on 20 datasets of 200 cases, 133 labels."""

from leaderboard.domain.ranking.cards import Cards
from leaderboard.domain.ranking.parts import dataset_part, heatmap_part, means_part, stored
from leaderboard.domain.ranking.payload import board_of
from leaderboard.domain.ranking.tables import keep_table
from leaderboard.models import LAYOUT, Phase, Snapshot, SnapshotPart
from scoring.ranking import PRESETS, ScoreTable, rank
from tests.benchmarks.ranking import simulated_table
from tests.leaderboard import make, payload

ENTRIES, DATASETS, CASES, LABELS = 200, 20, 4000, 133
SCHEME = PRESETS["mean-then-rank"]


def snapshot(
    phase: Phase,
    entries: int = ENTRIES,
    datasets: int = DATASETS,
    cases: int = CASES,
    labels: int = 1,
    *,
    certain: bool = False,
) -> Snapshot:
    """Ranked by means, which is quick; one dataset's matrices stand for those of all.

    labels: how many values a case and metric has; all 133 of 200 entries would fill the memory. certain:
    whether it says how sure its order is, which takes longer.
    """
    table = simulated_table(entries, datasets, cases, labels)
    content_hash = f"{entries:064x}"
    keep_table(content_hash, table)
    for scores in table.datasets:
        phase.datasets.add(make.dataset(phase.challenge, slug=scores.name, name=f"Dataset {scores.name}"))
    cards = _cards(phase, table)
    order = [entry.method for entry in rank(table, SCHEME, pool=cards.pool).entries]
    parts = {
        "heatmap": heatmap_part(table, SCHEME, order, cards),
        "means": means_part(table, cards),
        "agreement": payload.agreement(entries),
        "scheme/mean-rank": board_of(table, PRESETS["mean-rank"], cards, official=False),
    }
    if certain:
        zero_shot = table.select(datasets=[one.name for one in table.datasets if one.group == "zero-shot"])
        parts["group/zero-shot"] = board_of(zero_shot, SCHEME, cards, official=False)
        parts["group/zero-shot/strict"] = board_of(zero_shot, PRESETS["strict"], cards, official=False)
    parts["agreement"]["schemes"]["entries"] = parts["agreement"]["without_dataset"]["entries"] = [
        cards.slug(method) for method in order
    ]
    parts["agreement"]["without_dataset"]["names"] = [scores.name for scores in table.datasets][:2]
    one = dataset_part(table, table.datasets[0].name, order, cards, resamples=20)
    for scores in table.datasets:
        parts[f"dataset/{scores.name}"] = one | {"dataset": scores.name}
        parts[f"structures/{scores.name}"] = _structures(scores.name, order, cards)
    made = Snapshot.objects.create(
        phase=phase,
        scheme=phase.scheme,
        layout=LAYOUT,
        content_hash=content_hash,
        inputs={},
        payload=board_of(table, SCHEME, cards, official=True, certain=certain),
    )
    SnapshotPart.objects.bulk_create(
        (SnapshotPart(snapshot=made, name=name, payload=part) for name, part in stored(parts)),
        batch_size=500,
    )
    return made


def _cards(phase: Phase, table: ScoreTable) -> Cards:
    first = make.entry(make.team(phase.challenge), name=table.methods[0])
    slugs = {method: f"team-{method}" for method in table.methods} | {first.name: first.team.slug}
    return Cards(
        entries={
            method: {
                "entry": method.lower(),
                "method": method,
                "team": {"slug": slugs[method], "name": f"Team of {method}", "affiliation": "University"},
                "baseline": method == table.methods[0],
                "organizers": False,
                "kind": "learning",
                "instance_specific": False,
                "in_competition": True,
                "submission": "",
            }
            for method in table.methods
        },
        datasets={scores.name: f"Dataset {scores.name}" for scores in table.datasets},
        facts={
            "challenge": phase.challenge.slug,
            "phase": phase.slug,
            "rules": phase.rules,
            "scorer_version": "1.0",
        },
    )


def _structures(dataset: str, order: list[str], cards: Cards) -> dict[str, object]:
    """Means that differ in every digit, as measured ones do."""
    entries = [cards.slug(method) for method in order]
    means = {
        entry: [round((0.31 * at + 0.173 * label) % 1, 6) for label in range(LABELS)]
        for at, entry in enumerate(entries)
    }
    found = {
        "structures": [{"id": n, "name": f"Structure number {n}", "cases": 200} for n in range(LABELS)],
        "means": means,
        "missing": {entry: [0] * LABELS for entry in entries},
    }
    return {"dataset": dataset, "metrics": {"DSC": found, "HD95": found}}
