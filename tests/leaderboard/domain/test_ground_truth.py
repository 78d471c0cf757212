"""A dataset that is renewed while submissions are checked, scored and shown."""

import json
import threading
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from leaderboard.domain import ranking, rescoring
from leaderboard.domain.evaluation import checking, handouts, plan, scoring
from leaderboard.domain.evaluation.ground_truth import import_dataset
from leaderboard.models import Case, CaseResult, Dataset, Evaluation, Phase, Snapshot, Submission
from tests.leaderboard import make
from tests.leaderboard.domain.conftest import Score, receive, score_all
from tests.leaderboard.stack import wait


def renew(phase: Phase, phantom: Path, folder: Path) -> None:
    """The same files by one config only, with one label instead of all and the first pair left out."""
    config = json.loads((phantom / "segmentation.json").read_text())
    del config["eval_pairs"][0]
    for metric in config["evaluation_methods"]:
        if "labels" in metric:
            metric["labels"] = metric["labels"][:2]
    path = folder / "renewed.json"
    path.write_text(json.dumps(config))
    import_dataset(phase.challenge, "phantom", [path], phantom, phase.rules, name="Phantom")


def values_of(submission: Submission) -> dict[str, Any]:
    results = CaseResult.objects.filter(evaluation__submission=submission, evaluation__current=True)
    return dict(results.values_list("case__key", "values"))


def test_an_evaluation_is_scored_to_its_end_by_what_it_was_begun_with(
    phantom_phase: Phase, scored: Score, phantom_folder: Path, tmp_path: Path
) -> None:
    phase = phantom_phase
    before = scored(phase, make.entry(make.team(phase.challenge)))
    begun = receive(phantom_folder, phase, make.entry(make.team(phase.challenge)))
    checking.check_submission(str(begun.pk))
    first = CaseResult.objects.filter(evaluation__submission=begun).order_by("-pk").first()
    assert first is not None
    scoring.score_case(first.pk)
    old_version = Evaluation.objects.get(submission=begun).ground_truth_version

    renew(phase, phantom_folder, tmp_path)
    assert plan.ground_truth_version(phase) != old_version
    score_all(begun)
    begun.refresh_from_db()
    assert begun.state == "scored"
    assert json.dumps(values_of(begun), sort_keys=True) == json.dumps(values_of(before), sort_keys=True)
    means = [evaluation.means for evaluation in Evaluation.objects.all()]
    assert means[0] == means[1]
    assert "tre" in means[0]

    assert Case.everything.count() == 8
    assert len(plan.cases_of(phase)) == 5
    assert handouts.pairs_csv(phase).count("\n") == 1 + 5
    ranking.update_board(phase.pk)
    (of_board,) = Snapshot.objects.latest().payload["datasets"]
    assert of_board["cases"] == 5
    anew = rescoring.start(phase, make.user(), "The dataset was mended.")
    for submission in (before, begun):
        score_all(submission)
    assert rescoring.is_finished(anew)
    shadow = Evaluation.objects.filter(rescoring=anew).latest("pk")
    assert shadow.case_results.count() == 5
    assert set(shadow.means) < set(means[0])
    assert shadow.means["dice"] != means[0]["dice"]


def test_a_file_that_was_checked_for_other_cases_is_checked_again(
    phantom_phase: Phase, phantom_folder: Path
) -> None:
    sent = receive(phantom_folder, phantom_phase, make.entry(make.team(phantom_phase.challenge)))

    def check() -> None:
        checking.check_submission(str(sent.pk))
        connection.close()

    checker = threading.Thread(target=check)
    with transaction.atomic():
        plan.hold_ground_truth(phantom_phase)
        checker.start()
        wait(lambda: sent.events.filter(message="Checking the file.").exists())
        Dataset.objects.update(ground_truth_version="1" * 64)
    checker.join()
    sent.refresh_from_db()
    assert (sent.state, sent.lease_until, sent.evaluations.count()) == ("checking", None, 0)
    checking.check_submission(str(sent.pk))
    assert sent.evaluations.get().ground_truth_version == plan.ground_truth_version(phantom_phase)
