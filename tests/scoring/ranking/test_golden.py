"""Equality with the published Learn2Reg ranking code.

Provenance of golden/: scores of 22 simulated methods on 30 cases, and what ranking/ranking_utils.py of
MDL-UzL/L2R makes of them: items flattened case by case, the hardest 30 % by a stable sort of
ZeroDisplacement's values.
"""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from scoring.ranking import PRESETS, Ranking, rank, read_scores_csv
from scoring.ranking.table import CSV_COLUMNS

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="module")
def expected() -> Any:
    return json.loads((GOLDEN / "l2r-expected.json").read_text())


@pytest.fixture(scope="module")
def ranking(expected: Any, tmp_path_factory: pytest.TempPathFactory) -> Ranking:
    """The golden file has a column for each method; the program reads one value a row."""
    tidy = tmp_path_factory.mktemp("golden") / "scores.csv"
    with (GOLDEN / "l2r-scores.csv").open(newline="") as source, tidy.open("w", newline="") as target:
        writer = csv.writer(target)
        writer.writerow(CSV_COLUMNS)
        for row in csv.DictReader(source):
            for method in expected["methods"]:
                writer.writerow([method, "in-domain", row["case"], row["item"], row["metric"], row[method]])
    return rank(read_scores_csv(tidy), PRESETS["l2r-code"])


@pytest.mark.parametrize("metric", ["TRE", "TRE30", "DSC", "DSC30", "NDV"])
def test_losses_and_rank_scores_are_those_of_the_published_code(
    ranking: Ranking, expected: Any, metric: str
) -> None:
    found = [ranking.entry(method).metrics[metric] for method in expected["methods"]]
    assert [one.beaten_by for one in found] == expected["metrics"][metric]["beaten_by"]
    scores = expected["metrics"][metric]["rank_score"]
    assert [one.rank_score for one in found] == pytest.approx(scores, rel=1e-12)


def test_scores_are_those_of_the_published_code(ranking: Ranking, expected: Any) -> None:
    found = [ranking.entry(method).score for method in expected["methods"]]
    assert found == pytest.approx(expected["score"], rel=1e-12)
