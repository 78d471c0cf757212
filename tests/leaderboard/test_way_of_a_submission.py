"""A file's way from the browser's form to the board, with real workers, broker and database."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import Sum
from django.test import Client
from django.urls import reverse

from leaderboard.domain import attempts
from leaderboard.domain.evaluation.ground_truth import import_dataset
from leaderboard.enums import CaseState, SubmissionState
from leaderboard.models import CaseResult, Entry, Phase, Snapshot, Submission
from scoring.archive import open_fields
from scoring.evaluate import score_case
from scoring.spec import RULES, read_config
from tests.leaderboard import make
from tests.leaderboard.buckets import environment_of
from tests.leaderboard.stack import Stack

Client_ = Callable[[], Client]
DATASETS = 3


@pytest.fixture
def entered(phantom_folder: Path, storage: str, transactional_db: None) -> tuple[Phase, User]:
    """A phase over the phantom, imported several times as datasets of their own, and a captain of a team."""
    phase = make.phase(rules="lumir24")
    for number in range(DATASETS):
        imported = import_dataset(
            phase.challenge,
            f"set-{number}",
            [phantom_folder / "segmentation.json", phantom_folder / "landmark.json"],
            phantom_folder,
            phase.rules,
            name=f"Set {number}",
            group="in-domain" if number % 2 else "zero-shot",
            position=number,
        )
        phase.datasets.add(imported.dataset)
    captain = make.user()
    make.team(phase.challenge, captain, name="Warp speed")
    return phase, captain


def upload(phase: Phase, captain: User, zipped: Path, name: str = "My method") -> Submission:
    """Send a file through the form, as a browser does."""
    client = Client()
    client.force_login(captain)
    address = reverse("submit", args=[phase.challenge.slug, phase.slug])
    with zipped.open("rb") as file:
        known = Entry.objects.filter(name=name).first()
        entry: dict[str, Any] = {"entry": known.slug} if known else {"name": name, "kind": "learning"}
        answer = client.post(address, entry | {"file": file})
    assert answer.status_code == 302, answer.content.decode()
    return Submission.objects.latest("created_at")


def state(submission: Submission) -> str:
    submission.refresh_from_db()
    return submission.state


def direct_values(folder: Path) -> dict[str, dict[str, float]]:
    """What the engine says of every case without the site: key -> metric -> value."""
    values = {}
    with open_fields(folder / "submission.zip") as fields:
        for name in ("segmentation.json", "landmark.json"):
            config = read_config(folder / name)
            for pair in config.pairs:
                scores = score_case(fields, pair, config, folder, RULES["lumir24"])
                values[pair.key] = {metric: float(value) for metric, value in scores.values.items()}
    return values


def board_of(phase: Phase) -> dict[str, Any]:
    payload: dict[str, Any] = Snapshot.objects.filter(phase=phase).latest().payload
    return payload


def fresh(phase: Phase) -> bool:
    phase.refresh_from_db()
    return phase.board_stale_since is None and Snapshot.objects.filter(phase=phase).exists()


@pytest.mark.slow
def test_a_killed_worker_loses_nothing_and_counts_nothing_twice(
    stack: Stack, entered: tuple[Phase, User], phantom_folder: Path
) -> None:
    phase, captain = entered
    submission = upload(phase, captain, phantom_folder / "submission.zip")
    cases = CaseResult.objects.filter(evaluation__submission=submission)
    done = cases.filter(state=CaseState.DONE)

    first = stack.worker()
    stack.wait(lambda: done.count() >= 3, every=0.002)
    stack.kill(first)
    done_then = set(done.values_list("pk", "finished_at"))
    assert 3 <= len(done_then) < cases.count(), "the worker was not killed in the middle"
    assert state(submission) == SubmissionState.SCORING

    stack.worker()
    stack.beat()
    stack.wait(lambda: state(submission) == SubmissionState.SCORED)
    stack.wait(lambda: fresh(phase))

    assert done.count() == cases.count() == DATASETS * 8
    assert done_then <= set(done.values_list("pk", "finished_at")), "finished cases are kept"
    tries = cases.aggregate(Sum("tries"))["tries__sum"]
    assert tries - cases.count() <= 1, "only the case that the dead worker held was begun again"
    scored = [event.message for event in submission.events.all() if "are scored" in event.message]
    assert scored == [f"All {DATASETS * 8} cases are scored. The board is being computed anew."]
    expected = direct_values(phantom_folder)
    for result in done.select_related("case"):
        assert repr(sorted(result.values.items())) == repr(sorted(expected[result.case.key].items()))
    entries = board_of(phase)["entries"]
    assert [entry["method"] for entry in entries] == ["My method"]


def test_every_problem_of_a_bad_zip_is_told_at_once_and_costs_nothing(
    stack: Stack, entered: tuple[Phase, User], phantom_folder: Path, tmp_path: Path
) -> None:
    phase, captain = entered
    zipped = tmp_path / "bad.zip"
    with zipfile.ZipFile(zipped, "w") as archive:
        for field in sorted((phantom_folder / "submission").iterdir()):
            if field.name == "disp_3455_3454.nii.gz":
                continue
            if field.name == "disp_3456_3455.nii.gz":
                image = next((phantom_folder / "imagesVal").glob("*_3455_0000.nii.gz"))
                archive.write(image, field.name)
            elif field.name == "disp_3457_3456.nii.gz":
                archive.writestr(field.name, "these are my notes")
            else:
                archive.write(field, field.name)
        archive.writestr("results.txt", "Dice 0.99")
    submission = upload(phase, captain, zipped)
    stack.worker()
    stack.wait(lambda: state(submission) == SubmissionState.INVALID)

    told = {(problem["file"], problem["code"]) for problem in submission.problems}
    assert told == {
        ("disp_3455_3454.nii.gz", "missing"),
        ("disp_3456_3455.nii.gz", "wrong_shape"),
        ("disp_3457_3456.nii.gz", "not_gzip"),
        ("results.txt", "unexpected"),
    }
    used = attempts.attempts(submission.entry.team, phase, submission.created_at)
    assert used.left == phase.attempts_per_window
    page = Client()
    page.force_login(captain)
    text = page.get(submission.get_absolute_url()).content.decode()
    for name, _ in told:
        assert name in text
    assert Snapshot.objects.count() == 0


@pytest.mark.parametrize("storage", ["folders", "bucket"], indirect=True)
def test_a_lost_broker_message_is_made_up_for_by_the_sweeper(
    stack: Stack, entered: tuple[Phase, User], phantom_folder: Path, storage: str
) -> None:
    phase, captain = entered
    stack.environment |= environment_of(storage)
    submission = upload(phase, captain, phantom_folder / "submission.zip")
    assert submission.stored is (storage == "folders")
    stack.__class__(stack.logs)  # empties the broker: the message that spoke of the upload is gone
    stack.worker()
    stack.beat()
    stack.wait(lambda: state(submission) == SubmissionState.SCORED)
    stack.wait(lambda: fresh(phase))
    assert [entry["method"] for entry in board_of(phase)["entries"]] == ["My method"]
