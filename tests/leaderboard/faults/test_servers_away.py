"""Nothing is lost and nothing counts twice while broker, database or room on the disk are away."""

import os
import signal
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import pytest
import redis
from django.db import connection

from leaderboard.enums import SubmissionState
from leaderboard.models import Phase, Snapshot, Submission
from tests.leaderboard.faults.site import PASSWORD, Site, expect_all_as_undisturbed
from tests.leaderboard.rig import Gate, no_room
from tests.leaderboard.stack import wait

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
S = SubmissionState
PATIENCE = 20
"""Seconds; a broker that is waited for costs more."""


def test_the_broker_forgets_the_cases_that_wait(
    site: Site, phase: Phase, undisturbed: dict[str, Any]
) -> None:
    site.hold_at_a_case(phase)
    site.broker.kill()
    site.gate.open()
    site.broker.start()
    expect_all_as_undisturbed(site, phase, undisturbed)


def test_messages_that_come_twice_and_in_reverse_order_count_once(
    site: Site, phase: Phase, undisturbed: dict[str, Any]
) -> None:
    site.hold_at_a_case(phase)
    line = redis.Redis.from_url(site.broker.url)
    wait(lambda: line.llen("scoring") > 3, tell=site.rig.log)
    with line.pipeline() as pipe:
        pipe.lrange("scoring", 0, -1)
        pipe.delete("scoring")
        messages = pipe.execute()[0]
    line.lpush("scoring", *messages, *messages)
    site.gate.open()
    expect_all_as_undisturbed(site, phase, undisturbed)


def test_the_broker_is_away_when_an_upload_ends_and_beat_is_killed(
    site: Site, phase: Phase, undisturbed: dict[str, Any]
) -> None:
    with site.broker.stopped():
        expect_people_are_let_in(site)
        sender = site.begin(phase, "demons")
    site.broker.kill()
    expect_people_are_let_in(site)
    sender.go_on(site.files["demons"])
    site.rig.kill("beat")
    site.broker.start()
    site.upload(phase, "still")
    expect_all_as_undisturbed(site, phase, undisturbed)


@pytest.mark.parametrize(
    "gate",
    [
        ("submission", "UPDATE", "NEW.state = 'queued'", True),
        ("submission", "UPDATE", "NEW.state = 'scored'", False),
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


def test_a_disk_that_is_full_for_a_while_delays_the_board_and_loses_nothing(
    site: Site, phase: Phase, undisturbed: dict[str, Any]
) -> None:
    workers = [pid for name in ("worker-1", "worker-2") for pid in site.rig.pids(name)]
    with no_room(workers):
        for entry in site.files:
            site.upload(phase, entry)
        scored = Submission.objects.filter(phase=phase, state=S.SCORED)
        wait(lambda: scored.count() == 2, tell=site.rig.log)
        wait(lambda: Phase.objects.get(pk=phase.pk).tries > 0)
        assert not Snapshot.objects.filter(phase=phase).exists()
    expect_all_as_undisturbed(site, phase, undisturbed)


def test_clocks_that_are_set_back_lose_nothing(site: Site, phase: Phase, undisturbed: dict[str, Any]) -> None:
    """Of one worker while it is at a case, and of beat; then the messages are lost, too."""
    with site.rig.clocks_worn("worker-1", "worker-2", "beat"):
        who = site.hold_at_a_case(phase)
        for name in (who, "beat"):
            site.rig.clocks[name].jump(-2 * 86_400)
        # Started under its wrong clock, as on a machine that was set up so.
        site.rig.kill("beat")
        site.broker.kill()
        site.broker.start()
        site.gate.open()
        expect_all_as_undisturbed(site, phase, undisturbed)


def expect_people_are_let_in(site: Site) -> None:
    """A board and the log-in answer; they keep rendered parts and limits in the broker."""
    jar = CookieJar()
    browser = build_opener(HTTPCookieProcessor(jar))
    here = f"http://127.0.0.1:{site.rig.port}"
    log_in = f"{here}/accounts/login/"
    for address in (f"{here}/", f"{here}/challenges/lumir/phases/undisturbed/", log_in):
        assert browser.open(address, timeout=PATIENCE).status == 200
    token = next(cookie.value for cookie in jar if cookie.name == "csrftoken")
    form = {"csrfmiddlewaretoken": token, "login": site.organizer.username, "password": PASSWORD}
    answer = browser.open(log_in, urlencode(form).encode(), timeout=PATIENCE)
    assert answer.url == f"{here}/"
    assert "sessionid" in {cookie.name for cookie in jar}


def answers(gate: Gate) -> bool:
    try:
        return bool(gate.do("SELECT 1"))
    except Exception:  # noqa: BLE001 whatever it says while it recovers
        gate.connection = None
        return False
