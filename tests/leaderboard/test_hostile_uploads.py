"""Files that nobody should have sent, through the upload: told by their codes, and no attempt used."""

import io
import resource
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from leaderboard.domain import attempts, submissions, uploads
from leaderboard.domain.evaluation import cage, checking
from leaderboard.enums import SubmissionState
from leaderboard.messages import Refused
from leaderboard.models import Entry, Phase, Submission, Team
from tests.leaderboard import make
from tests.leaderboard.stack import Stack
from tests.scoring.hostile import FIELDS, FINE, SHAPE
from tests.scoring.hostile_archives import GOOD_NAME, SMALL, corpus, name_of, of, zipped

MIB = 2**20
CORPUS = {name: found for name, found in corpus().items() if found[0]}
# One of each kind, for the whole way with a browser's form and a worker.
DOZEN = [
    "archive picture_and_zip", "archive directory_cut_off", "archive zip64_size_of_a_petabyte",
    "archive zeros_packed_well", "archive quoted_headers", "archive nul_in_a_name",
    "archive the_same_by_another_way", "archive strongly_encrypted", "archive symbolic_link",
    "archive wrong_checksum", "bomb", "absurd_sizes", "nan_flood", "npz_pickle", "npz_header_bomb",
]  # fmt: skip


@pytest.fixture
def phase(transactional_db: None, settings: Settings) -> Phase:
    settings.FIELD_LIMITS, settings.CAGE_JOBS = asdict(SMALL), 1000
    phase = make.phase(attempts_per_window=1, invalid_per_window=1000, concurrent_submissions=1000)
    dataset = make.dataset(phase.challenge, ("0001_0002",), has_labels=False)
    dataset.configs[0]["expected_shape"] = [*SHAPE, 3]
    dataset.save()
    phase.datasets.add(dataset)
    return phase


@pytest.fixture
def entry(phase: Phase) -> Entry:
    return make.entry(make.team(phase.challenge), name="Warp")


@pytest.fixture
def fresh_cage() -> Iterator[None]:
    cage.close()
    yield
    cage.close()


def captain(entry: Entry) -> User:
    return entry.team.memberships.get(role="captain").user


def sent(phase: Phase, entry: Entry, data: bytes) -> Submission:
    """Upload a file by the resumable way."""
    upload = uploads.begin(phase, entry, captain(entry), "fields.zip", len(data))
    uploads.append(upload.pk, 0, io.BytesIO(data))
    uploads.finish(upload.pk)
    return upload.submission


def sent_by_form(phase: Phase, entry: Entry, data: bytes) -> Submission:
    """Upload a file in one piece, as a browser without scripts does."""
    file = TemporaryUploadedFile("fields.zip", "application/zip", len(data), None)
    file.write(data)
    file.flush()
    submission = submissions.receive(phase, entry, captain(entry), file)
    file.close()
    return submission


def told(submission: Submission) -> list[str]:
    submission.refresh_from_db()
    return sorted(problem["code"] for problem in submission.problems)


def peak_memory(pid: int) -> int:
    return int(Path(f"/proc/{pid}/status").read_text().split("VmHWM:")[1].split()[0]) * 1024


def test_the_corpus_is_long_enough() -> None:
    assert len(CORPUS) >= 150


def test_every_hostile_archive_is_invalid_by_its_code_and_costs_no_attempt(
    phase: Phase, entry: Entry, fresh_cage: None
) -> None:
    fine = sent(phase, entry, of([GOOD_NAME]))
    checking.check_submission(str(fine.pk))
    fine.refresh_from_db()
    assert (fine.state, fine.problems) == (SubmissionState.QUEUED, [])
    fine.delete()
    process, begin = cage._kept[0].process, peak_memory(cage._kept[0].process.pid)
    ours = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    sent_alone = {name: found for name, found in CORPUS.items() if name not in FIELDS}
    for number, (name, (data, codes)) in enumerate(sent_alone.items()):
        if number % 20 == 0:  # what a team has sent is counted anew with every upload
            entry = make.entry(make.team(phase.challenge))
        submission = sent_by_form(phase, entry, data)
        checking.check_submission(str(submission.pk))
        assert (told(submission), submission.state) == (sorted(codes), SubmissionState.INVALID), name

    assert cage._kept[0].process is process, "a file has cost the cage its life"
    assert cage._kept[0].jobs == len(sent_alone) + 1
    assert peak_memory(process.pid) - begin < 24 * MIB
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - ours) * 1024 < 48 * MIB
    assert all(attempts.attempts(team, phase, timezone.now()).left == 1 for team in Team.objects.all())


def test_every_hostile_field_of_one_upload_is_told_by_its_code(
    phase: Phase, entry: Entry, settings: Settings, tmp_path: Path
) -> None:
    settings.FIELD_LIMITS = {}
    dataset = phase.datasets.get()
    [pair] = dataset.configs[0]["eval_pairs"]
    subjects = {name: f"{number:04}" for number, name in enumerate(FIELDS, 1001)}
    dataset.configs[0]["eval_pairs"] = [
        pair | {"fixed": pair["fixed"].replace("0001_", f"{subject}_")} for subject in subjects.values()
    ]
    dataset.save()
    members = {name_of(name).replace("0001", subjects[name]): FIELDS[name] for name in FIELDS}
    path = zipped(tmp_path / "all.zip", {file: data for file, (data, _) in members.items()})
    submission = sent(phase, entry, path.read_bytes())
    checking.check_submission(str(submission.pk))
    submission.refresh_from_db()
    assert submission.state == SubmissionState.INVALID
    assert {problem["file"]: problem["code"] for problem in submission.problems} == {
        file: code for file, (_, code) in members.items()
    }
    assert attempts.attempts(entry.team, phase, timezone.now()).left == 1


def test_words_of_every_problem_name_the_file_as_its_sender_knows_it(phase: Phase, entry: Entry) -> None:
    for name in ("archive tar", "archive parent_folder", "archive wrong_checksum", "nan"):
        submission = sent(phase, entry, CORPUS[name][0])
        checking.check_submission(str(submission.pk))
        submission.refresh_from_db()
        [problem] = submission.problems
        known = {"archive tar": "fields.zip", "archive parent_folder": f"../../{GOOD_NAME}"}
        assert problem["file"] == known.get(name, GOOD_NAME)
        assert problem["message"].startswith(problem["file"])


def test_an_empty_file_is_not_taken_at_all(phase: Phase, entry: Entry) -> None:
    with pytest.raises(Refused) as caught:
        uploads.begin(phase, entry, captain(entry), "fields.zip", 0)
    assert caught.value.code == "file_empty"


def test_a_worker_outlives_one_of_each_kind_and_scores_on(stack: Stack, phase: Phase, entry: Entry) -> None:
    stack.environment |= {f"FIELDS_{name.upper()}": str(limit) for name, limit in asdict(SMALL).items()}
    Phase.objects.update(attempts_per_window=len(DOZEN) + 1)  # a file that is at work has one for the time
    worker = stack.worker()
    client = Client()
    client.force_login(captain(entry))
    address = reverse("submit", args=[phase.challenge.slug, phase.slug])
    expected = {}
    for name in DOZEN:
        data, codes = CORPUS[name]
        file = io.BytesIO(data)
        file.name = f"{name}.zip"
        answer = client.post(address, {"name": entry.name, "kind": "learning", "file": file})
        assert answer.status_code == 302, (name, answer.context["form"].errors)
        expected[f"{name}.zip"] = sorted(codes)
    waiting = Submission.objects.exclude(state=SubmissionState.INVALID)
    stack.wait(lambda: not waiting.exists())
    assert {one.filename: told(one) for one in Submission.objects.all()} == expected
    assert worker.poll() is None
    log = stack.log()
    assert "Traceback" not in log
    assert "exited with" not in log

    fine = io.BytesIO(of([GOOD_NAME], FINE, zipfile.ZIP_DEFLATED))
    fine.name = "fine.zip"
    client.post(address, {"name": entry.name, "kind": "learning", "file": fine})
    checked = Submission.objects.get(filename="fine.zip")
    stack.wait(lambda: told(checked) == [] and checked.state != SubmissionState.RECEIVED)
    page = client.get(Submission.objects.get(filename="bomb.zip").get_absolute_url()).content.decode()
    assert "there are data behind the last value" in page
