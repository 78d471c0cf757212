"""Files that nobody should have sent, by the resumable way to the running site: each told by its code."""

import io
from dataclasses import asdict
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from leaderboard.domain import attempts, uploads
from leaderboard.enums import SubmissionState
from leaderboard.messages import Refused
from leaderboard.models import Phase, Submission, Team
from tests.leaderboard import make
from tests.leaderboard.rig import with_children
from tests.leaderboard.stack import Process, Stack
from tests.leaderboard.tus import MIB, Site
from tests.scoring.hostile import SHAPE
from tests.scoring.hostile_archives import GOOD_NAME, SMALL, corpus, of

CORPUS = {name: found for name, found in corpus().items() if found[0]}
# Sent by the form, as browsers without scripts do.
BY_FORM = ("archive zeros_packed_well", "archive markup_for_a_name", "nan_flood")


@pytest.fixture
def site(stack: Stack) -> Site:
    """A web server and a worker that checks files, for a phase of one small pair."""
    limits = {f"FIELDS_{name.upper()}": str(limit) for name, limit in asdict(SMALL).items()}
    stack.environment |= limits | {"CAGE_JOBS": "1000", "UPLOADS_PER_HOUR": "1000"}
    site = Site(stack)
    free = {"invalid_per_window": 1000, "concurrent_submissions": 1000}
    Phase.objects.update(attempts_per_window=1000, **free)
    phase = Phase.objects.get()
    dataset = make.dataset(phase.challenge, ("0001_0002",), has_labels=False)
    dataset.configs[0]["expected_shape"] = [*SHAPE, 3]
    dataset.save()
    phase.datasets.add(dataset)
    return site


def checked(stack: Stack, filename: str) -> Submission:
    found = Submission.objects.filter(filename=filename, state__in=("invalid", "queued"))
    stack.wait(found.exists)
    return found.get()


def sent_by_form(site: Site, name: str, data: bytes) -> None:
    client, team = Client(), Team.objects.get()
    client.force_login(team.members.get())
    file = io.BytesIO(data)
    file.name = f"{name} by form.zip"
    told = {"entry": "demons", "kind": "learning", "file": file}
    assert client.post(reverse("submit", args=["lumir", "validation"]), told).status_code == 302, name


def peaks(worker: Process) -> tuple[int, dict[int, int]]:
    """The cage's process, and the highest resident memory that it and each of the worker's had, in bytes."""
    peaks, caged = {}, 0
    for pid in with_children(worker.pid):
        peaks[pid] = int(Path(f"/proc/{pid}/status").read_text().split("VmHWM:")[1].split()[0]) * 1024
        if b"scoring.cage" in Path(f"/proc/{pid}/cmdline").read_bytes():
            caged = pid
    return caged, peaks


def test_the_corpus_is_long_enough() -> None:
    assert len(CORPUS) >= 200


@pytest.mark.slow
def test_every_hostile_file_is_invalid_by_its_code_costs_no_attempt_and_harms_nobody(site: Site) -> None:
    worker = site.stack.start("worker", "-Q", "checking", "--concurrency", "1", "--loglevel", "INFO")
    site.send_whole("first.zip", of([GOOD_NAME]))
    assert checked(site.stack, "first.zip").state == SubmissionState.QUEUED
    caged, before = peaks(worker)
    assert caged

    expected = {f"{name}.zip": sorted(codes) for name, (_, codes) in CORPUS.items()}
    for name, (data, _) in CORPUS.items():
        site.send_whole(f"{name}.zip", data)
    for name in BY_FORM:
        sent_by_form(site, name, CORPUS[name][0])
        expected[f"{name} by form.zip"] = sorted(CORPUS[name][1])
    open_ones = Submission.objects.filter(state__in=("uploading", "received", "checking"))
    site.stack.wait(lambda: not open_ones.exists())
    site.send_whole("last.zip", of([GOOD_NAME, "notes.txt"]))
    assert checked(site.stack, "last.zip").state == SubmissionState.INVALID

    told = {one.filename: one for one in Submission.objects.exclude(filename__in=("first.zip", "last.zip"))}
    found = {name: sorted(problem["code"] for problem in one.problems) for name, one in told.items()}
    assert found == expected
    assert {one.state for one in told.values()} == {SubmissionState.INVALID}
    assert attempts.attempts(Team.objects.get(), Phase.objects.get(), timezone.now()).used == 1

    after, grown = peaks(worker)
    assert after == caged, "a file has cost the cage its life"
    assert set(grown) == set(before), "a file has cost a worker its life"
    assert max(grown[pid] - before[pid] for pid in before) < 32 * MIB
    assert "Traceback" not in site.stack.log()

    known = {"archive tar.zip": "archive tar.zip", "archive parent_folder.zip": f"../../{GOOD_NAME}"}
    for name in ("archive tar.zip", "archive parent_folder.zip", "archive wrong_checksum.zip", "nan.zip"):
        [problem] = told[name].problems
        assert problem["file"] == known.get(name, GOOD_NAME)
        assert problem["message"].startswith(problem["file"])
    member = Client()
    member.force_login(Team.objects.get().members.get())
    page = member.get(told["archive markup_for_a_name.zip"].get_absolute_url()).content.decode()
    assert "&lt;img src=x onerror=alert(1)&gt;.gz" in page
    assert "<img src=x" not in page


def test_an_empty_file_is_not_taken_at_all(db: None) -> None:
    phase = make.phase()
    entry = make.entry(make.team(phase.challenge))
    with pytest.raises(Refused) as caught:
        uploads.begin(phase, entry, entry.team.members.get(), "fields.zip", 0)
    assert caught.value.code == "file_empty"
