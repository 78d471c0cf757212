import json
from typing import Any

import pytest
from django.core.cache import cache

from leaderboard.domain import ranking
from leaderboard.domain.ranking.what_if import AT_ONCE
from leaderboard.messages import Refused
from leaderboard.models import Snapshot, SnapshotPart
from tests.leaderboard.domain.ranking.conftest import KEYS


def part(snapshot: Snapshot, name: str) -> dict[str, Any]:
    payload: dict[str, Any] = SnapshotPart.objects.get(snapshot=snapshot, name=name).payload
    return payload


def test_a_snapshot_has_its_parts_and_the_board_alone_in_its_payload(snapshot: Snapshot) -> None:
    names = {"heatmap", "means", "agreement", "dataset/t2", "structures/t2"}
    names |= {"cases/t2", "matrix/t2/DSC", "matrix/t2/NDV"}
    names |= {f"values/t2/{entry}" for entry in ("best", "middle", "zerodisplacement")}
    names |= {f"scheme/{scheme['name']}" for scheme in ranking.schemes()}
    assert set(snapshot.parts.values_list("name", flat=True)) == names
    assert {"heatmap", "agreement"}.isdisjoint(snapshot.payload)
    assert all("datasets" not in entry for entry in snapshot.payload["entries"])


def test_structures_have_names_and_means_over_the_cases(snapshot: Snapshot) -> None:
    found = part(snapshot, "structures/t2")["metrics"]["DSC"]
    assert [(one["id"], one["name"], one["cases"]) for one in found["structures"]] == [
        (0, "Label 0", 8),
        (1, "Left amygdala", 8),
        (2, "Label 2", 8),
    ]
    # Best: 0.9 - 0.01 * mean(0..7) - 0.05 * label.
    assert found["means"]["best"] == pytest.approx([0.865, 0.815, 0.765])
    # Middle lacks label 1 on case 0: cases 1..7 have 0.75 - 0.013 * case, the last 0.2 more.
    assert found["means"]["middle"][1] == pytest.approx(0.75 - 0.013 * 4 + 0.2 / 7)
    assert found["missing"] == {"best": [0, 0, 0], "middle": [0, 1, 0], "zerodisplacement": [0, 0, 0]}


def test_means_are_those_of_the_case_values(snapshot: Snapshot) -> None:
    means = part(snapshot, "means")
    assert means["best"]["t2"]["DSC"]["mean"] == pytest.approx(0.815)


def test_another_correction_changes_p_and_keeps_the_effects(snapshot: Snapshot) -> None:
    stored = part(snapshot, "matrix/t2/DSC")
    holm = ranking.other_matrix(snapshot, "t2", "DSC", "holm")
    assert (stored["correction"], holm["correction"]) == ("bonferroni", "holm")
    for name in ("p", "rank_biserial", "rank_biserial_interval", "cohens_d_interval", "resamples"):
        assert json.loads(json.dumps(holm[name])) == stored[name]
    # 8 cases, Best better on all: p = 2 / 2^8. Holm's largest factor is that of Bonferroni, 3 pairs.
    assert stored["p"][0][2] == pytest.approx(2 / 256)
    assert stored["p_adjusted"][0][2] == pytest.approx(6 / 256)
    assert holm["p_adjusted"][0][2] <= stored["p_adjusted"][0][2]


def test_a_what_if_board_has_a_heatmap(snapshot: Snapshot) -> None:
    asked = ranking.WhatIf(scheme="mean-rank")
    board = ranking.what_if(snapshot, asked)
    assert board["official"] is False
    rows = ranking.what_if_heatmap(snapshot, asked)["rows"]
    assert rows == [entry["entry"] for entry in board["entries"]]


def test_an_explanation_is_kept_and_another_waits_while_too_many_compute(snapshot: Snapshot) -> None:
    first = ranking.explanation(snapshot, "best")
    assert first is not None
    assert (first["method"], len(first["pools"][0]["metrics"][0]["cases"])) == ("Best", len(KEYS))
    cache.set_many(dict.fromkeys([f"what-if/{number}" for number in range(AT_ONCE)], 1))
    assert ranking.explanation(snapshot, "best") == first
    with pytest.raises(Refused, match="Ask again in a few seconds"):
        ranking.explanation(snapshot, "middle")
    assert ranking.explanation(snapshot, "nobody") is None
