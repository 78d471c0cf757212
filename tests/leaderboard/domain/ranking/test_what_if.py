"""What-if boards: equal to a ranking from scratch, and bounded in what they may cost."""

from dataclasses import asdict
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import pytest
from django.core.cache import cache
from pytest_django import Settings

from leaderboard.domain import ranking
from leaderboard.domain.ranking.cards import Cards, cards_in
from leaderboard.domain.ranking.parts import certainty_parts
from leaderboard.domain.ranking.payload import board_of
from leaderboard.domain.ranking.what_if import AT_ONCE, WhatIf, scheme_of, table_of
from leaderboard.folder import files
from leaderboard.messages import Refused
from leaderboard.models import CaseResult, Snapshot
from scoring.ranking import PRESETS
from tests.benchmarks.ranking import simulated_table
from tests.leaderboard import large, make

WEIGHTS = ((("DSC", 3.0),), (("DSC", 0.25), ("NDV", 7.0)), (("NDV", 0.0),))


@pytest.mark.parametrize("weights", [(), *WEIGHTS])
@pytest.mark.parametrize("name", ["", *PRESETS])
def test_a_board_combined_anew_is_the_one_ranked_from_scratch(
    snapshot: Snapshot, name: str, weights: tuple[tuple[str, float], ...]
) -> None:
    asked = WhatIf(scheme=name, weights=weights)
    found = ranking.what_if(snapshot, asked)
    scheme = scheme_of(snapshot, asked)
    table = table_of(snapshot)
    assert found == board_of(table, scheme, cards_in(snapshot), official=False)


def test_other_weights_are_ranked_without_the_results(snapshot: Snapshot) -> None:
    Path(files("tables").path(f"{snapshot.completes}.npz")).unlink()
    CaseResult.objects.all().delete()
    board = ranking.what_if(snapshot, WhatIf(scheme="l2r-text", weights=(("DSC", 2.0),)))
    assert [entry["rank"] for entry in board["entries"]] == [1, 2, 3]


def test_a_choice_of_datasets_waits_while_too_many_compute(snapshot: Snapshot) -> None:
    asked = WhatIf(datasets=("t2",))
    taken = [f"what-if/{number}" for number in range(AT_ONCE)]
    cache.set_many(dict.fromkeys(taken, 1))
    with pytest.raises(Refused, match="Ask again in a few seconds"):
        ranking.what_if(snapshot, asked)
    with pytest.raises(Refused, match="Ask again in a few seconds"):
        ranking.comparison(snapshot, *(entry["entry"] for entry in snapshot.payload["entries"][:2]))
    cache.delete(taken[0])
    first = ranking.what_if(snapshot, asked)
    assert cache.get(taken[0]) is None
    # What is kept for some minutes costs no turn.
    cache.set_many(dict.fromkeys(taken, 1))
    assert ranking.what_if(snapshot, asked) == first


@pytest.mark.parametrize("scheme", ["", "strict"])
def test_a_group_of_datasets_is_ranked_without_the_results(
    db: None, settings: Settings, tmp_path: Path, scheme: str
) -> None:
    settings.MEDIA_ROOT = tmp_path
    snapshot = large.snapshot(make.phase(), entries=3, datasets=3, cases=12, certain=True)
    asked = WhatIf(scheme=scheme, datasets=("d01", "d02"))
    table = table_of(snapshot, asked.datasets)
    expected = board_of(table, scheme_of(snapshot, asked), cards_in(snapshot), official=False)
    Path(files("tables").path(f"{snapshot.content_hash}.npz")).unlink()
    assert ranking.what_if(snapshot, asked) == expected


def test_boards_of_all_groups_are_kept() -> None:
    table = simulated_table(methods=3, datasets=3, cases=12, labels=2)
    entries = {name: {"entry": name, "in_competition": True} for name in table.methods}
    datasets = {scores.name: scores.name for scores in table.datasets}
    parts = certainty_parts(table, PRESETS["strict"], Cards(entries, datasets, {"rules": "lumir25"}))
    groups = {"in-domain": ["d00"], "zero-shot": ["d01", "d02"]}
    names = {f"group/{group}{name}" for group in groups for name in ("", *(f"/{one}" for one in PRESETS))}
    assert {name for name in parts if name.startswith("group/")} == names
    for group, slugs in groups.items():
        assert [dataset["slug"] for dataset in parts[f"group/{group}"]["datasets"]] == slugs
        assert parts[f"group/{group}/strict"] == parts[f"group/{group}"]
        assert parts[f"group/{group}/mean-rank"]["scheme"]["name"] == "mean-rank"


def test_a_part_of_a_table_is_read_as_it_is_in_the_whole(snapshot: Snapshot) -> None:
    whole = table_of(snapshot)
    methods, datasets = [whole.methods[2], whole.methods[0]], [whole.datasets[0].name]
    part = table_of(snapshot, datasets, methods)
    np.testing.assert_equal(asdict(part), asdict(whole.select(methods=methods, datasets=datasets)))
    light = table_of(snapshot, items=False).datasets[0].metrics["DSC"]
    np.testing.assert_equal(light.values, whole.datasets[0].metrics["DSC"].values)
    assert (light.items, light.item_case, light.values.flags.aligned) == (None, None, True)


def test_a_failure_gives_its_turn_back(snapshot: Snapshot) -> None:
    Path(files("tables").path(f"{snapshot.completes}.npz")).write_bytes(b"no table")
    with pytest.raises(BadZipFile):
        ranking.what_if(snapshot, WhatIf(datasets=("t2",)))
    assert cache.get("what-if/0") is None
