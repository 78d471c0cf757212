"""The doctor's findings: each of a fault that is really made, and none of a site in order."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from celery import current_app
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from leaderboard.domain import doctor
from leaderboard.domain.evaluation import plan
from leaderboard.domain.evaluation.ground_truth import import_dataset
from leaderboard.enums import SubmissionState
from leaderboard.models import Dataset, Letter, Submission, Worker
from leaderboard.queries import health
from tests.leaderboard import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def waiting(phantom_folder: Path, settings: Settings, tmp_path: Path) -> Submission:
    """A site in order: a dataset with its files, a worker, a sweeper that came, a submission that waits."""
    settings.UPLOADS_ROOT, settings.FILE_UPLOAD_TEMP_DIR = tmp_path, tmp_path / "incoming"
    phase = make.phase()
    configs = [phantom_folder / "landmark.json"]
    facts = {"name": "Set", "group": "in-domain"}
    imported = import_dataset(phase.challenge, "set", configs, phantom_folder, phase.rules, **facts)
    phase.datasets.add(imported.dataset)
    now = timezone.now()
    Worker.objects.create(name="w@t", pid=1, started_at=now, seen_at=now)
    cache.set(health.SWEPT, time.time(), None)
    made = make.submission(phase=phase, state=SubmissionState.RECEIVED)
    plan.upload_path(made).write_bytes(b"zip")
    return made


def wrong() -> dict[str, str]:
    """Name -> words of what is wrong; each has a way to mend it."""
    found = doctor.examine(with_cage=False)
    assert all(finding.mend for finding in found if not finding.ok)
    return {finding.name: finding.words for finding in found if not finding.ok}


def test_nothing_is_wrong_with_a_site_in_order(waiting: Submission) -> None:
    assert wrong() == {}
    assert not any(finding.mend for finding in doctor.examine(with_cage=False))


def _no_worker(one: Submission, settings: Settings) -> None:
    Worker.objects.update(seen_at=timezone.now() - timedelta(minutes=5))


def _no_beat(one: Submission, settings: Settings) -> None:
    cache.set(health.SWEPT, time.time() - 600, None)


def _never_swept(one: Submission, settings: Settings) -> None:
    cache.delete(health.SWEPT)


def _no_room(one: Submission, settings: Settings) -> None:
    settings.MIN_FREE_BYTES = 2**60


def _not_writable(one: Submission, settings: Settings) -> None:
    settings.MEDIA_ROOT = Path("/proc/media")


def _another_disk(one: Submission, settings: Settings) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = Path("/proc")


def _collected(settings: Settings, names: dict[str, str]) -> Path:
    """A folder of static files that knows these names, and has none of them."""
    folder = Path(settings.UPLOADS_ROOT) / "static"
    folder.mkdir()
    told = {"version": "1.1", "paths": names, "hash": ""}
    (folder / "staticfiles.json").write_text(json.dumps(told))
    settings.STATIC_ROOT = folder
    return folder


def _no_static(one: Submission, settings: Settings) -> None:
    settings.STATIC_ROOT = Path("/nowhere/at/all")


def _static_gone(one: Submission, settings: Settings) -> None:
    _collected(settings, {"css/tokens.css": "css/tokens.abc.css"})


def _static_old(one: Submission, settings: Settings) -> None:
    (_collected(settings, {"old.css": "old.abc.css"}) / "old.abc.css").touch()


def _no_cache(one: Submission, settings: Settings) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:9/0"}}


def _no_mail_server(one: Submission, settings: Settings) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        settings.EMAIL_PORT = closed.getsockname()[1]
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_USE_TLS = "127.0.0.1", False


def _failed_mail(one: Submission, settings: Settings) -> None:
    Letter.objects.create(to="a@example.org", subject="s", text="t", mail_error="refused")


def _stuck(one: Submission, settings: Settings) -> None:
    settings.QUEUE_LIMIT = timedelta(days=2)
    Submission.objects.update(received_at=timezone.now() - timedelta(days=1))


def _no_file(one: Submission, settings: Settings) -> None:
    plan.upload_path(one).unlink()


def _no_truth(one: Submission, settings: Settings) -> None:
    folder = plan.ground_truth_folder(Dataset.objects.get())
    shutil.rmtree(folder / "landmarksVal")


def _no_cache_folder(one: Submission, settings: Settings) -> None:
    os.environ["NUMBA_CACHE_DIR"] = "/nowhere/at/all"


def _unsafe(one: Submission, settings: Settings) -> None:
    settings.PRODUCTION = settings.DEBUG = True
    settings.SITE_URL = "http://127.0.0.1:9"


FAULTS: list[tuple[str, Callable[[Submission, Settings], None], str]] = [
    ("workers", _no_worker, "no worker was heard of in the last 60 s"),
    ("beat", _no_beat, "the sweeper has not been heard of for 600 s"),
    ("beat", _never_swept, "the sweeper has not been heard of"),
    ("storage", _no_room, "uploads are refused below"),
    ("files", _not_writable, "pictures cannot be written"),
    ("files", _another_disk, "/proc lies on another file system than"),
    ("static files", _no_static, "none are collected"),
    ("static files", _static_gone, "1 file missing: css/tokens.abc.css"),
    ("static files", _static_old, "of an older version, without css/"),
    ("cache", _no_cache, "does not answer (ConnectionError)"),
    ("mail server", _no_mail_server, "does not take mails (ConnectionRefusedError)"),
    ("mails", _failed_mail, "1 mail did not go out so far"),
    ("stuck", _stuck, "1 submission without a sign of life"),
    ("uploaded files", _no_file, "1 file of waiting submissions missing"),
    ("ground truth", _no_truth, "files missing: set/"),
    ("kernels", _no_cache_folder, "cannot be written (No such file or directory)"),
    ("settings", _unsafe, "leaderboard.E001: DEBUG shows code"),
]


@pytest.mark.parametrize(
    ("name", "fault", "words"), FAULTS, ids=[fault.__name__[1:] for _, fault, _ in FAULTS]
)
def test_each_fault_is_found_and_nothing_else(
    waiting: Submission,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    fault: Callable[[Submission, Settings], None],
    words: str,
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")
    fault(waiting, settings)
    found = wrong()
    assert list(found) == [name]
    assert words in found[name]


def test_a_broker_that_is_away(waiting: Submission, monkeypatch: pytest.MonkeyPatch) -> None:
    # In this order: the second is read from the first where it is not set.
    for name in ("broker_write_url", "broker_url"):
        monkeypatch.setattr(current_app.conf, name, "redis://127.0.0.1:9/0")
    assert list(wrong()) == ["broker"]


def test_tables_that_are_not_up_to_date(waiting: Submission) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'leaderboard' AND name > '0008'")
    assert wrong()["tables"].endswith("not applied")


def test_a_database_with_hardly_a_connection_left(
    waiting: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "LARGEST_SHARE", 0.0)
    assert re.fullmatch(r"\d+ of \d+ in use", wrong()["connections"])


def test_a_clock_that_is_wrong(waiting: Submission, monkeypatch: pytest.MonkeyPatch) -> None:
    real = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: real() + timedelta(minutes=3))
    assert wrong()["clock"] == "this machine and the database differ by 180 s"


# In a namespace of its own that may make no network; where none may be made, this is so already.
BARRED = """
import contextlib, ctypes, os
from pathlib import Path
user = os.getuid()
with contextlib.suppress(OSError):
    ctypes.CDLL(None).unshare(0x10000000)
    Path("/proc/self/uid_map").write_text(f"0 {user} 1")
    Path("/proc/sys/user/max_net_namespaces").write_text("0")
import django
django.setup()
from leaderboard.domain import doctor
found = doctor._looked("cage", doctor._cage)
print(found.ok, found.words, found.mend, sep="|")
"""


def test_a_cage_that_cannot_leave_the_network_is_a_warning_with_a_way_to_mend_it() -> None:
    ran = subprocess.run([sys.executable, "-c", BARRED], capture_output=True, text=True, check=True)
    words, mend = "with its limits, but this system does not let it leave the network", doctor.MEND_NETWORK
    assert ran.stdout.strip() == f"True|{words}|{mend}"


def test_the_command_tells_and_fails(waiting: Submission, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("doctor")
    told = capsys.readouterr().out
    assert "WRONG" not in told
    assert "cage: with" in told
    plan.upload_path(waiting).unlink()
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", "--json")
    assert ended.value.code == 1
    found = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert not found["uploaded files"]["ok"]
    assert found["uploaded files"]["mend"] == doctor.MEND["uploaded files"]
    with pytest.raises(SystemExit):
        call_command("doctor")
    assert "WRONG uploaded files: 1 file of" in capsys.readouterr().out
