from typing import Any

import numpy as np
import pytest
from scipy.stats import wilcoxon

from leaderboard.domain.ranking import comparison
from leaderboard.domain.ranking.comparison import counted
from leaderboard.messages import Refused
from leaderboard.models import Snapshot
from tests.leaderboard.domain.ranking.conftest import KEYS, dice


@pytest.fixture
def found(snapshot: Snapshot) -> dict[str, Any]:
    return comparison(snapshot, "best", "middle")


def case_values(method: int) -> np.ndarray[Any, Any]:
    return np.array([np.nanmean(dice(method, case)) for case in range(len(KEYS))])


def test_differences_wins_and_p_are_those_of_the_case_values(found: dict[str, Any]) -> None:
    (dataset,) = found["datasets"]
    assert (dataset["dataset"], dataset["cases"]) == ("t2", list(KEYS))
    dsc = dataset["metrics"]["DSC"]
    expected = case_values(0) - case_values(1)
    assert dsc["differences"] == pytest.approx(expected.tolist())
    # Middle is better on the last case alone.
    assert (dsc["wins"], dsc["ties"], dsc["losses"]) == (7, 0, 1)
    assert dsc["p"] == pytest.approx(wilcoxon(expected, method="exact", zero_method="wilcox").pvalue)
    # The one loss is the smallest difference: only it or none has a sum of ranks so small, on either side.
    assert dsc["p"] == pytest.approx(2 * 2 / 2**8)
    # Ranks 2 to 8 against rank 1.
    assert (dsc["direction"], dsc["rank_biserial"]) == (1, pytest.approx((35 - 1) / 36))
    low, high = dsc["rank_biserial_interval"]
    assert low <= dsc["rank_biserial"] <= high


def test_equal_values_are_ties(found: dict[str, Any]) -> None:
    ndv = found["datasets"][0]["metrics"]["NDV"]
    assert (ndv["wins"], ndv["ties"], ndv["losses"], ndv["p"]) == (0, len(KEYS), 0, 1.0)


def test_structures_stand_by_the_mean_advantage_over_cases_that_both_have(found: dict[str, Any]) -> None:
    lines = found["datasets"][0]["structures"]["DSC"]
    # Labels 0 and 2: 0.1 + 0.003 * case, 0.2 less on the last case; label 1 lacks the first.
    whole = 8 * 0.1 + 0.003 * 28 - 0.2
    better = {line["name"]: line["better"] for line in lines}
    expected = {"Left amygdala": (whole - 0.1) / 7, "Label 0": whole / 8, "Label 2": whole / 8}
    assert better == pytest.approx(expected)
    assert lines[0]["name"] == "Left amygdala"
    assert {line["name"]: line["wins"] for line in lines} == {"Left amygdala": 6, "Label 0": 7, "Label 2": 7}


def test_turned_round_it_is_the_mirror_image(snapshot: Snapshot, found: dict[str, Any]) -> None:
    first = found["datasets"][0]["metrics"]["DSC"]
    second = comparison(snapshot, "middle", "best")["datasets"][0]["metrics"]["DSC"]
    assert (first["wins"], first["losses"]) == (second["losses"], second["wins"])
    assert first["rank_biserial"] == pytest.approx(-second["rank_biserial"])
    assert first["p"] == second["p"]


def test_wins_go_by_direction_and_a_gap_counts_for_nobody() -> None:
    differences = np.array([0.1, -0.1, 0.0, np.nan, np.inf])
    assert counted(differences, 1) == {"wins": 1, "ties": 1, "losses": 1}
    assert counted(np.array([0.1, 0.2, -0.1]), -1) == {"wins": 1, "ties": 0, "losses": 2}


def test_an_entry_that_is_not_on_the_board_is_refused(snapshot: Snapshot) -> None:
    with pytest.raises(Refused, match="No entry nobody"):
        comparison(snapshot, "best", "nobody")
