"""Nothing is lost and nothing counts twice, wherever on the way a part of the site is killed.

One site runs for all of it; each test sends two files to a phase of its own, does its harm at a named point,
and expects what an undisturbed phase came to: values, board, attempts, one notice for each submission.
"""

import os
import shutil
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from leaderboard.domain import attempts, upload_tokens
from leaderboard.domain.evaluation.ground_truth import import_dataset
from leaderboard.domain.parts import part_path
from leaderboard.enums import SubmissionState
from leaderboard.models import (
    CaseResult,
    Challenge,
    Notification,
    Phase,
    Snapshot,
    Submission,
    Team,
    Worker,
)
from leaderboard.queries import ledger
from tests.leaderboard import make
from tests.leaderboard.rig import Broker, Gate, Rig, Sender, no_room, wait
from tests.scoring.files import gz, nifti

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
S = SubmissionState


class Site:
    """The rig, a team with two methods and a file for each."""

    def __init__(self, folder: Path, phantom: Path) -> None:
        given = connection.get_connection_params()
        self.gate = Gate({name: given[name] for name in given if name in ADDRESS})
        self.broker = Broker(folder / "broker")
        (folder / "logs").mkdir()
        url = os.environ["DATABASE_URL"].rpartition("/")[0]
        environment = os.environ | {
            "DATABASE_URL": f"{url}/{connection.settings_dict['NAME']}",
            "REDIS_URL": self.broker.url,
            "WEB_WORKERS": "1",
            "MAX_TRIES": str(TRIES),
        }
        self.challenge, self.team, self.token = entered(phantom)
        self.organizer = make.user()
        self.challenge.organizers.add(self.organizer)
        self.files = {
            "demons": (phantom / "submission.zip").read_bytes(),
            "still": still_zip(phantom, folder / "still").read_bytes(),
        }
        self.rig = Rig(folder / "logs", environment)

    def begin(self, phase: Phase, entry: str) -> Sender:
        where = f"{self.challenge.slug}/{phase.slug}"
        sender = Sender(self.rig.port, self.token, phase=where, entry=entry, filename=f"{entry}.zip")
        sender.begin(len(self.files[entry]))
        return sender

    def upload(self, phase: Phase, entry: str) -> Sender:
        sender = self.begin(phase, entry)
        sender.go_on(self.files[entry])
        return sender

    def held(self) -> tuple[int, str]:
        """Who has come to the gate."""
        found: tuple[int, str] = wait(self.gate.waiting, tell="come to the gate")
        return found

    def end(self) -> None:
        self.rig.end()
        self.broker.server.stop()
        self.gate.connection.close()


TRIES = 3
ADDRESS = {"dbname", "user", "password", "host", "port"}


def entered(phantom: Path) -> tuple[Challenge, Team, str]:
    challenge = make.challenge(slug="lumir")
    configs = [phantom / "segmentation.json", phantom / "landmark.json"]
    import_dataset(challenge, "phantom", configs, phantom, "lumir24", name="Phantom", group="in-domain")
    captain = make.user()
    team = make.team(challenge, captain)
    for name in ("Demons", "Still"):
        make.entry(team, name=name)
    return challenge, team, upload_tokens.token_for(captain)


def still_zip(phantom: Path, folder: Path) -> Path:
    """Fields of zeros for the same pairs."""
    folder.mkdir()
    for field in (phantom / "submission").iterdir():
        (folder / field.name).write_bytes(gz(nifti(np.zeros((18, 22, 20, 3), np.float32))))
    return Path(shutil.make_archive(str(folder), "zip", folder))


def new_phase(site: Site, name: str) -> Phase:
    phase = make.phase(challenge=site.challenge, slug=name, name=name, rules="lumir24")
    phase.datasets.set(site.challenge.datasets.all())
    return phase


def is_over(phase: Phase) -> bool:
    """Both submissions are final and the board is fresh; a database that is away is asked again."""
    try:
        # In this order: a board is stale from the moment on at which a submission is scored.
        states = list(Submission.objects.filter(phase=phase).values_list("state", flat=True))
        phase.refresh_from_db()
        complete = not phase.snapshots.filter(completion__isnull=False).exists()
    except OperationalError:
        connection.close()
        return False
    return states == [S.SCORED] * 2 and phase.board_stale_since is None and complete


def outcome(phase: Phase) -> dict[str, Any]:
    """All that must be as if nothing had happened."""
    results = CaseResult.objects.filter(evaluation__submission__phase=phase)
    keys = ("evaluation__submission__entry__slug", "case__key", "state", "values", "items")
    now = timezone.now()
    rows = ledger.ledger(phase, Team.objects.get(entries__slug="demons"))
    board = Snapshot.objects.filter(phase=phase).latest().payload
    del board["phase"]
    for entry in board["entries"]:
        del entry["submission"]
    pages = [row.submission.get_absolute_url() for row in rows if row.submission]
    told = Notification.objects.filter(url__in=pages)
    return {
        "cases": sorted(map(repr, results.values_list(*keys))),
        "current": results.filter(evaluation__current=True).count(),
        "board": board,
        "used": attempts.attempts(rows[0].submission.entry.team, phase, now).used,  # type: ignore[union-attr]
        "ledger": sorted((row.words, row.valid, row.invalid) for row in rows),
        "told": sorted(told.values_list("kind", flat=True)),
    }


def log_of(phase: Phase) -> list[str]:
    found = Submission.objects.filter(phase=phase).order_by("events__at", "events__pk")
    return [message for message in found.values_list("events__message", flat=True) if message]


@pytest.fixture
def _django_db_helper() -> None:
    """In place of pytest-django's, which would empty the database between tests, under the running site."""


@pytest.fixture(scope="module")
def site(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
    phantom_folder: Path,
) -> Iterator[Site]:
    with django_db_blocker.unblock():
        made = Site(tmp_path_factory.mktemp("site"), phantom_folder)
        try:
            wait(made.rig.answers)
            wait(lambda: Worker.objects.count() == 2)
            yield made
        finally:
            made.end()
            connection.close()
            call_command("flush", interactive=False, verbosity=0, inhibit_post_migrate=False)


@pytest.fixture(scope="module")
def undisturbed(site: Site) -> dict[str, Any]:
    phase = new_phase(site, "undisturbed")
    for entry in site.files:
        site.upload(phase, entry)
    wait(lambda: is_over(phase), tell=site.rig.log())
    found = outcome(phase)
    assert len(found["cases"]) == 16
    assert (found["used"], found["told"]) == (2, ["scored", "scored"])
    return found


@pytest.fixture
def phase(site: Site, request: pytest.FixtureRequest, undisturbed: dict[str, Any]) -> Iterator[Phase]:
    """A phase for one test; what becomes of it is held against the undisturbed one."""
    phase = new_phase(site, f"phase-{Phase.objects.count()}")
    yield phase
    if site.gate.table:
        site.gate.open()


def differences(found: Any, expected: Any, where: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Where two outcomes differ: place, what was found, what was expected."""
    if type(found) is not type(expected):
        yield where, found, expected
    elif isinstance(found, dict):
        for name in sorted(set(found) | set(expected)):
            yield from differences(found.get(name), expected.get(name), f"{where}/{name}")
    elif isinstance(found, list) and len(found) == len(expected):
        for number, pair in enumerate(zip(found, expected, strict=True)):
            yield from differences(*pair, f"{where}/{number}")
    elif found != expected:
        yield where, found, expected


def expect_all_as_undisturbed(site: Site, phase: Phase, undisturbed: dict[str, Any]) -> None:
    try:
        wait(lambda: is_over(phase), 60)
    except AssertionError:
        raise AssertionError(f"{log_of(phase)}\n{site.rig.log()}") from None
    found = outcome(phase)
    assert list(differences(found, undisturbed)) == []
    assert not any(part_path(pk).exists() for pk in Submission.objects.values_list("pk", flat=True))


# Point -> table, event, condition, whether at the commit; who is killed; whether the database still does
# what the dead one had asked for.
UPDATE = "UPDATE"
POINTS = {
    "the end of an upload, its file renamed but not committed": (
        ("submission", UPDATE, "NEW.state = 'received'", True), False,
    ),
    "between the end of an upload and sending for its check": (
        ("submission", UPDATE, "NEW.state = 'received'", True), True,
    ),
    "in the check": (("submission", UPDATE, "NEW.state = 'queued'", False), False),
    "between the check's commit and sending for its cases": (
        ("submission", UPDATE, "NEW.state = 'queued'", True), True,
    ),
    "in a case": (("caseresult", UPDATE, "NEW.state = 'done'", False), False),
    "between a case's commit and its acknowledgement": (
        ("caseresult", UPDATE, "NEW.state = 'done'", True), True,
    ),
    "between the last case and the end of the submission": (
        ("submission", UPDATE, "NEW.state = 'scored'", False), False,
    ),
    "in the making of the board": (("snapshot", "INSERT", "true", False), False),
    "between the board's commit and its acknowledgement": (("snapshot", "INSERT", "true", True), True),
}  # fmt: skip


@pytest.mark.parametrize("point", POINTS)
def test_a_process_is_killed(site: Site, phase: Phase, undisturbed: dict[str, Any], point: str) -> None:
    (table, event, when, commit), done_all_the_same = POINTS[point]
    site.gate.close(table, event, when, commit=commit)
    sending = in_background(lambda: site.upload(phase, "demons"))
    pid, who = site.held()
    assert who == ("web" if "upload" in point else who)
    site.rig.kill(who)
    if not done_all_the_same:
        site.gate.do(f"SELECT pg_terminate_backend({pid})")
    site.gate.open()
    sending.join()
    site.upload(phase, "still")
    expect_all_as_undisturbed(site, phase, undisturbed)
    if point in {"in the check", "in a case"}:
        assert any(line.startswith("A worker was lost while at work on") for line in log_of(phase))


def test_the_web_server_is_killed_in_the_middle_of_a_file(
    site: Site, phase: Phase, undisturbed: dict[str, Any]
) -> None:
    sender, data = site.begin(phase, "demons"), site.files["demons"]
    assert sender.send(data, 0, 70_000) == 204
    site.gate.close("upload", UPDATE)
    sending = in_background(lambda: sender.send(data, 70_000))
    pid, who = site.held()
    site.rig.kill(who)
    site.gate.do(f"SELECT pg_terminate_backend({pid})")
    site.gate.open()
    sending.join()
    wait(sender.offset, tell=site.rig.log())
    assert sender.offset() == 70_000
    sender.go_on(data)
    site.upload(phase, "still")
    expect_all_as_undisturbed(site, phase, undisturbed)


def test_an_idle_worker_is_killed(site: Site, phase: Phase, undisturbed: dict[str, Any]) -> None:
    site.rig.kill("worker-1")
    for entry in site.files:
        site.upload(phase, entry)
    expect_all_as_undisturbed(site, phase, undisturbed)


def test_the_broker_forgets_the_cases_that_wait(
    site: Site, phase: Phase, undisturbed: dict[str, Any]
) -> None:
    site.gate.close("caseresult", UPDATE, "NEW.state = 'done'")
    for entry in site.files:
        site.upload(phase, entry)
    site.held()
    site.broker.kill()
    site.gate.open()
    site.broker.start()
    expect_all_as_undisturbed(site, phase, undisturbed)


def test_the_broker_is_away_when_an_upload_ends_and_beat_is_killed(
    site: Site, phase: Phase, undisturbed: dict[str, Any]
) -> None:
    sender = site.begin(phase, "demons")
    site.broker.kill()
    sender.go_on(site.files["demons"])
    site.rig.kill("beat")
    site.broker.start()
    site.upload(phase, "still")
    expect_all_as_undisturbed(site, phase, undisturbed)


@pytest.mark.parametrize(
    "gate",
    [
        ("submission", UPDATE, "NEW.state = 'queued'", True),
        ("submission", UPDATE, "NEW.state = 'scored'", False),
    ],
    ids=["in the check's transaction", "in the transaction that ends a submission"],
)
def test_the_database_starts_anew(
    site: Site, phase: Phase, undisturbed: dict[str, Any], gate: tuple[str, str, str, bool]
) -> None:
    site.gate.close(*gate[:3], commit=gate[3])
    for entry in site.files:
        site.upload(phase, entry)
    pid, _ = site.held()
    # PostgreSQL ends all its processes and recovers from its log when one of them is killed.
    os.kill(pid, signal.SIGKILL)
    connection.close()
    wait(lambda: not answers(site.gate))
    wait(lambda: answers(site.gate))
    site.gate.open()
    expect_all_as_undisturbed(site, phase, undisturbed)


def test_a_case_that_always_kills_its_worker_fails_and_holds_up_nobody(site: Site, phase: Phase) -> None:
    poison = uuid.UUID(site.upload(phase, "demons").pk())
    results = CaseResult.objects.filter(evaluation__submission=poison)
    last = wait(lambda: results.order_by("-pk").first())
    site.gate.close("caseresult", UPDATE, f"NEW.state = 'done' AND NEW.id = {last.pk}")
    site.upload(phase, "still")
    deaths = 0
    while not Submission.objects.filter(pk=poison, state=S.FAILED).exists():
        found = site.gate.waiting()
        if found is not None:
            site.rig.kill(found[1])
            site.gate.do(f"SELECT pg_terminate_backend({found[0]})")
            deaths += 1
            assert deaths <= TRIES, log_of(phase)
        time.sleep(0.05)
    wait(lambda: Submission.objects.filter(phase=phase, state=S.SCORED).exists(), tell=site.rig.log())
    assert (deaths, results.get(pk=last.pk).tries) == (TRIES, TRIES)
    assert attempts.attempts(site.team, phase, timezone.now()).used == 1
    rows = ledger.ledger(phase, site.team)
    (failed,) = [row for row in rows if row.submission and row.submission.pk == poison]
    assert (failed.valid, failed.words) == (0, "Failed for a reason of ours: given back.")
    organizer = Notification.objects.filter(user=site.organizer, kind="failed", title__contains=phase.name)
    assert organizer.count() == 1


def test_a_disk_that_is_full_for_a_while_delays_the_board_and_loses_nothing(
    site: Site, phase: Phase, undisturbed: dict[str, Any]
) -> None:
    workers = [pid for name in ("worker-1", "worker-2") for pid in site.rig.pids(name)]
    with no_room(workers):
        for entry in site.files:
            site.upload(phase, entry)
        scored = Submission.objects.filter(phase=phase, state=S.SCORED)
        wait(lambda: scored.count() == 2, tell=site.rig.log())
        wait(lambda: Phase.objects.get(pk=phase.pk).tries > 0)
        assert not Snapshot.objects.filter(phase=phase).exists()
    expect_all_as_undisturbed(site, phase, undisturbed)


def answers(gate: Gate) -> bool:
    try:
        return bool(gate.do("SELECT 1"))
    except Exception:  # noqa: BLE001 whatever it says while it recovers
        gate.connection = None
        return False


def in_background(run: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread
