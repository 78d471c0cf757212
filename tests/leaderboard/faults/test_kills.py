"""Nothing is lost and nothing counts twice, wherever on the way a process of the site is killed.

Each test does its harm at a named point, and expects what an undisturbed phase came to: values, board,
attempts, one notice for each submission.
"""

import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from leaderboard.domain import attempts
from leaderboard.enums import SubmissionState
from leaderboard.models import CaseResult, Notification, Phase, Submission
from leaderboard.queries import ledger
from tests.leaderboard.faults.site import (
    CAGE_MIB,
    TRIES,
    Site,
    expect_all_as_undisturbed,
    large_phase,
    log_of,
)
from tests.leaderboard.stack import wait

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
S = SubmissionState
UPDATE = "UPDATE"

# Point -> table, event, condition, whether at the commit; who is killed; whether the database still does
# what the dead one had asked for.
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
    wait(sender.offset, tell=site.rig.log)
    assert sender.offset() == 70_000
    sender.go_on(data)
    site.upload(phase, "still")
    expect_all_as_undisturbed(site, phase, undisturbed)


def test_an_idle_worker_is_killed(site: Site, phase: Phase, undisturbed: dict[str, Any]) -> None:
    site.rig.kill("worker-1")
    for entry in site.files:
        site.upload(phase, entry)
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
    wait(lambda: Submission.objects.filter(phase=phase, state=S.SCORED).exists(), tell=site.rig.log)
    assert (deaths, results.get(pk=last.pk).tries) == (TRIES, TRIES)
    expect_given_back(site, phase, poison)


def test_an_end_that_always_goes_wrong_fails_and_holds_up_nobody(site: Site, phase: Phase) -> None:
    site.gate.refuse("submission", "UPDATE", "NEW.state = 'scored' AND NEW.filename = 'demons.zip'")
    for entry in site.files:
        site.upload(phase, entry)
    ended = Submission.objects.filter(phase=phase, finished_at__isnull=False)
    wait(lambda: ended.count() == 2, tell=site.rig.log)
    assert dict(ended.values_list("filename", "state")) == {"demons.zip": S.FAILED, "still.zip": S.SCORED}
    assert ended.get(state=S.FAILED).tries == TRIES
    expect_given_back(site, phase, ended.get(state=S.FAILED).pk)


def test_a_case_that_needs_more_memory_than_the_cage_has_fails_and_holds_up_nobody(
    site: Site, phase: Phase, tmp_path: Path
) -> None:
    large, data = large_phase(site, tmp_path)
    site.upload(large, "demons", data)
    site.upload(phase, "still")
    wait(lambda: Submission.objects.filter(phase=phase, state=S.SCORED).exists(), tell=site.rig.log)
    wait(lambda: Submission.objects.filter(phase=large, state=S.FAILED).exists(), tell=site.rig.log)
    # The cage tried it twice: that is enough for a limit.
    words = f"given up: it needed more than the {CAGE_MIB} MiB"
    assert len([line for line in log_of(large) if words in line]) == 1, log_of(large)
    expect_given_back(site, large, Submission.objects.get(phase=large).pk, used=0)
    assert attempts.attempts(site.team, phase, timezone.now()).used == 1


def expect_given_back(site: Site, phase: Phase, pk: uuid.UUID, used: int = 1) -> None:
    """A submission is a failure of ours: it costs no attempt, and the organizers know."""
    assert attempts.attempts(site.team, phase, timezone.now()).used == used
    rows = ledger.ledger(phase, site.team)
    (failed,) = [row for row in rows if row.submission and row.submission.pk == pk]
    assert (failed.valid, failed.words) == (0, "Failed for a reason of ours: given back.")
    organizer = Notification.objects.filter(user=site.organizer, kind="failed", title__contains=phase.name)
    assert organizer.count() == 1


def in_background(run: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread
