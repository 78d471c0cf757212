"""Uploading in the browser, through broken lines, a reload and a killed server."""

import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Browser, Page, Request, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from leaderboard.domain import uploads
from leaderboard.domain.evaluation.checking import check_submission
from leaderboard.domain.evaluation.ground_truth import import_dataset
from leaderboard.domain.parts import part_path
from leaderboard.enums import SubmissionState
from leaderboard.models import Phase, Submission, Upload
from tests.e2e.conftest import PATIENCE
from tests.leaderboard import make
from tests.leaderboard.stack import Stack, listens
from tests.scoring.files import gz, nifti
from tests.scoring.hostile import FIELDS

pytestmark = pytest.mark.browser
MIB = 2**20
PADDING = 300 * MIB


@pytest.fixture
def phase(phantom_folder: Path, transactional_db: None) -> Phase:
    phase = make.phase(challenge=make.challenge(slug="lumir"), rules="lumir24")
    configs = [phantom_folder / name for name in ("segmentation.json", "landmark.json")]
    facts = {"name": "Phantom", "group": "in-domain"}
    imported = import_dataset(phase.challenge, "phantom", configs, phantom_folder, phase.rules, **facts)
    phase.datasets.add(imported.dataset)
    return phase


@pytest.fixture
def captain(phase: Phase) -> User:
    user = make.user()
    make.team(phase.challenge, user, name="Warp speed")
    return user


def open_submit_page(page: Page, address: str, phase: Phase, user: User) -> Page:
    client = Client()
    client.force_login(user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": address}])
    page.goto(f"{address}{phase.get_absolute_url()}submit/")
    return page


@pytest.fixture
def submit_page(page: Page, live_server: LiveServer, settings: Settings, phase: Phase, captain: User) -> Page:
    """The page on a server in this process: quick, and without workers."""
    # It finds static files by their names in the sources, not by the manifest's.
    backend = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": backend}}
    return open_submit_page(page, live_server.url, phase, captain)


def choose(page: Page, file: Path) -> None:
    page.get_by_label("Zip of displacement fields").set_input_files(file)


def large_zip(path: Path, zipped: Path, padding: int = PADDING) -> str:
    """A correct zip behind noise that programs skip; returns its hash."""
    block = os.urandom(MIB)
    with path.open("wb") as file:
        file.write(b"PK")
        for number in range(padding // MIB):
            file.write(number.to_bytes(8, "big") + block)
        file.write(zipped.read_bytes())
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def offset() -> int:
    upload = Upload.objects.first()
    return upload.offset if upload else 0


def wait(page: Page, what: Callable[[], bool]) -> None:
    """Let the page go on until `what` is true."""
    for _ in range(PATIENCE // 50):
        if what():
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"not within {PATIENCE} ms")


@pytest.mark.slow
def test_300_megabytes_arrive_though_broken_off_three_times(
    page: Page,
    stack: Stack,
    site: str,
    phase: Phase,
    captain: User,
    phantom_folder: Path,
    tmp_path: Path,
) -> None:
    open_submit_page(page, site, phase, captain)
    file, context = tmp_path / "fields.zip", page.context
    digest = large_zip(file, phantom_folder / "submission.zip")
    choose(page, file)
    expect(page.locator("[data-findings]")).to_contain_text("All 8 fields are there")
    page.get_by_label("Name of the new method").fill("Patience")
    page.get_by_role("button", name="Upload and score").click()

    stack.wait(lambda: offset() > 20 * MIB)
    context.set_offline(True)
    expect(page.locator("[data-said]")).to_contain_text("The line is broken")
    cut = offset()
    context.set_offline(False)
    stack.wait(lambda: offset() > max(cut, 50 * MIB))

    page.reload()
    left = offset()
    assert left < PADDING
    expect(page.get_by_role("heading", name="Not finished yet")).to_be_visible()
    choose(page, file)
    expect(page.locator("[data-findings]")).to_contain_text("This file goes on with the upload for Patience")
    expect(page.get_by_label("Name of the new method")).to_be_hidden()
    page.get_by_role("button", name="Go on with the upload").click()
    stack.wait(lambda: offset() > max(left, 80 * MIB))

    port = urlsplit(site).port or 0
    stack.kill(stack.processes[0])
    stack.wait(lambda: not listens(port))
    assert offset() < PADDING
    expect(page.locator("[data-said]")).to_contain_text("The line is broken")
    stack.web(port)

    page.wait_for_url(re.compile(r"/submissions/"))
    expect(page.get_by_role("status").first).to_have_text("Scored")
    submission = Submission.objects.get()
    assert (submission.sha256, submission.size) == (digest, file.stat().st_size)
    assert submission.upload.declared_sha256 == digest
    assert submission.state == SubmissionState.SCORED


@pytest.fixture
def sent(submit_page: Page) -> list[str]:
    """Method and address of every request to the upload server."""
    asked: list[str] = []

    def note(request: Request) -> None:
        if "/uploads/" in request.url or request.method == "POST":
            asked.append(request.method)

    submit_page.on("request", note)
    return asked


def bad_zip(path: Path, fields: Path) -> Path:
    """A zip with a problem of each of five kinds."""
    with zipfile.ZipFile(path, "w") as archive:
        for field in sorted(fields.iterdir()):
            if field.name == "disp_3455_3454.nii.gz":
                continue
            if field.name == "disp_3456_3455.nii.gz":
                archive.write(field, "disp-3456-3455.nii.gz")
            elif field.name == "disp_3457_3456.nii.gz":
                archive.writestr(field.name, gz(nifti(np.zeros((6, 5, 4, 3)))))
            elif field.name == "disp_3458_3457.nii.gz":
                archive.writestr(field.name, FIELDS["type_complex"][0])
            else:
                archive.write(field, field.name)
        archive.writestr("results.txt", "Dice 0.99")
    return path


def test_problems_are_told_before_anything_is_sent(
    submit_page: Page, sent: list[str], phantom_folder: Path, tmp_path: Path
) -> None:
    page = submit_page
    choose(page, bad_zip(tmp_path / "bad.zip", phantom_folder / "submission"))
    findings = page.locator("[data-findings]")
    expect(findings.get_by_role("heading")).to_have_text("5 problems in bad.zip")
    for name, words in {
        "disp_3455_3454.nii.gz": "the file is missing",
        "disp-3456-3455.nii.gz": "Rename it to disp_3456_3455.nii.gz",
        "disp_3457_3456.nii.gz": "its shape is 6 x 5 x 4 x 3",
        "disp_3458_3457.nii.gz": "its values are stored as complex64",
        "results.txt": "no pair of this phase asks for this file",
    }.items():
        expect(findings.get_by_role("listitem").filter(has_text=name)).to_contain_text(words)
    page.get_by_label("Name of the new method").fill("Hasty")
    page.get_by_role("button", name="Upload and score").click()
    expect(page.get_by_role("button", name="Upload anyway")).to_be_enabled()
    assert sent == []

    page.get_by_role("button", name="Upload anyway").click()
    page.wait_for_url(re.compile(r"/submissions/"))
    check_submission(str(Submission.objects.get().pk))
    told = {(problem["file"], problem["code"]) for problem in Submission.objects.get().problems}
    assert told == {
        ("disp_3455_3454.nii.gz", "missing"),
        ("disp-3456-3455.nii.gz", "misnamed"),
        ("disp_3457_3456.nii.gz", "wrong_shape"),
        ("disp_3458_3457.nii.gz", "wrong_type"),
        ("results.txt", "unexpected"),
    }


def test_what_the_server_refuses_stands_at_its_field(
    submit_page: Page, phase: Phase, phantom_folder: Path
) -> None:
    page = submit_page
    choose(page, phantom_folder / "submission.zip")
    page.get_by_role("button", name="Upload and score").click()
    field = page.locator(".field").filter(has=page.get_by_label("Name of the new method"))
    expect(field.locator(".errorlist")).to_contain_text("name a new one here")
    make.entry(make.team(phase.challenge), name="Taken")
    page.get_by_label("Name of the new method").fill("Taken")
    page.get_by_role("button", name="Upload and score").click()
    expect(page.get_by_role("alert")).to_contain_text("Another entry of LUMIR is called")
    expect(field.locator(".errorlist")).to_have_count(0)
    Phase.objects.update(paused=True)
    page.get_by_label("Name of the new method").fill("Free")
    page.get_by_role("button", name="Upload and score").click()
    expect(page.get_by_role("alert")).to_contain_text("paused by the organizers")
    assert not Submission.objects.exists()


def test_an_upload_is_paused_gone_on_with_and_cancelled(
    submit_page: Page, phantom_folder: Path, tmp_path: Path
) -> None:
    page, file = submit_page, tmp_path / "fields.zip"
    large_zip(file, phantom_folder / "submission.zip", 150 * MIB)
    choose(page, file)
    page.get_by_label("Name of the new method").fill("Second thoughts")
    page.get_by_role("button", name="Upload and score").click()
    wait(page, lambda: offset() > 20 * MIB)
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("[data-said]")).to_contain_text("Paused")
    before = offset()
    # The server may still be writing what had arrived.
    page.wait_for_timeout(500)
    while (paused := offset()) != before:
        before = paused
        page.wait_for_timeout(500)
    assert paused < 150 * MIB
    page.get_by_role("button", name="Go on").click()
    wait(page, lambda: offset() > paused)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("alert")).to_contain_text("cancelled")
    submission = Submission.objects.get()
    wait(page, lambda: Submission.objects.get().state == SubmissionState.CANCELLED)
    wait(page, lambda: not part_path(submission.pk).exists())


def test_another_file_of_the_same_name_is_not_mixed_in(
    submit_page: Page, phase: Phase, captain: User, tmp_path: Path, phantom_folder: Path
) -> None:
    file = tmp_path / "submission.zip"
    file.write_bytes((phantom_folder / "submission.zip").read_bytes())
    entry = make.entry(captain.teams.get(), name="Twin")
    uploads.begin(phase, entry, captain, file.name, file.stat().st_size, "ab" * 32)
    page = submit_page
    page.reload()
    choose(page, file)
    page.get_by_role("button", name="Go on with the upload").click()
    expect(page.get_by_role("alert")).to_contain_text("This is another file")
    page.get_by_role("button", name="Discard").click()
    page.wait_for_url(re.compile(r"/submissions/"))
    assert Submission.objects.get().state == SubmissionState.CANCELLED


def test_without_script_the_form_uploads_in_one_go(
    browser: Browser, submit_page: Page, phase: Phase, captain: User, phantom_folder: Path
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = open_submit_page(context.new_page(), submit_page.url.split("/challenges")[0], phase, captain)
    choose(page, phantom_folder / "submission.zip")
    page.get_by_label("Name of the new method").fill("Plain")
    page.get_by_role("button", name="Upload and score").click()
    page.wait_for_url(re.compile(r"/submissions/"))
    assert Submission.objects.get().entry.name == "Plain"
    context.close()


def test_the_command_on_the_page_checks_the_sample_on_the_page(submit_page: Page, tmp_path: Path) -> None:
    page = submit_page
    for link, name in (("evaluation configs", "configs.zip"), ("Sample zip", "fields.zip")):
        with page.expect_download() as download:
            page.get_by_role("link", name=link).click()
        download.value.save_as(tmp_path / name)
    shutil.unpack_archive(tmp_path / "configs.zip", tmp_path)
    _, command = page.locator("pre.command", has_text="scoring check").inner_text().splitlines()
    words = shlex.split(command)
    assert words[:4] == ["python", "-m", "scoring", "check"]
    environment = os.environ | {"PYTHONPATH": str(settings.BASE_DIR)}
    done = subprocess.run(
        [sys.executable, *words[1:]], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_script_on_the_page_uploads(submit_page: Page, phantom_folder: Path, tmp_path: Path) -> None:
    page = submit_page
    page.get_by_text("From the command line").click()
    script = page.locator("pre.command", has_text="TusClient").inner_text()
    (tmp_path / "upload.py").write_text(script)
    shutil.copy(phantom_folder / "submission.zip", tmp_path / "fields.zip")
    done = subprocess.run([sys.executable, "upload.py"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    submission = Submission.objects.get()
    assert (submission.entry.name, submission.filename) == ("My method", "fields.zip")
    assert submission.state != SubmissionState.UPLOADING
