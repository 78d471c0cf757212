"""Heartbeats of workers: of one in a thread here, and of a real one that leaves and one that is killed."""

import os
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from leaderboard.demo.stage import QUEUES
from leaderboard.domain import workers
from leaderboard.models import Worker
from tests.leaderboard.stack import Stack


def wait_for(what: str) -> Worker:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found = Worker.objects.filter(name=what).first()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError("no heartbeat within 10 s")


def test_a_heart_beats_until_it_stops(transactional_db: None) -> None:
    heart = workers.Heartbeat("here", timedelta(seconds=0.02))
    heart.start()
    first = wait_for("here")
    assert first.pid == os.getpid()
    deadline = time.monotonic() + 10
    while Worker.objects.get(name="here").seen_at == first.seen_at and time.monotonic() < deadline:
        time.sleep(0.01)
    later = Worker.objects.get(name="here")
    assert later.seen_at > first.seen_at
    assert later.started_at == first.started_at
    heart.stop()
    assert not Worker.objects.exists()


@pytest.mark.django_db
def test_a_worker_started_again_takes_its_row_over() -> None:
    before = timezone.now() - timedelta(hours=2)
    Worker.objects.create(name="celery@one", pid=1, started_at=before, seen_at=before)
    workers.seen("celery@one", timezone.now())
    row = Worker.objects.get()
    assert row.pid == os.getpid()
    assert row.started_at > before


@pytest.mark.django_db
def test_who_was_silent_for_a_day_is_forgotten() -> None:
    for name, silent in (("lost", timedelta(hours=23)), ("long lost", timedelta(hours=25))):
        at = timezone.now() - silent
        Worker.objects.create(name=name, pid=1, started_at=at, seen_at=at)
    workers.forget_the_lost()
    assert Worker.objects.get().name == "lost"


@pytest.mark.slow
def test_a_real_worker_is_seen_leaves_in_order_and_is_missed_when_killed(stack: Stack) -> None:
    process = stack.worker()
    stack.wait(lambda: Worker.objects.filter(pid=process.pid).exists())
    assert set(Worker.objects.get().queues.split(",")) == set(QUEUES.split(","))
    process.terminate()
    stack.wait(lambda: not Worker.objects.exists())
    killed = stack.worker()
    stack.wait(lambda: Worker.objects.filter(pid=killed.pid).exists())
    stack.kill(killed)
    assert Worker.objects.get().pid == killed.pid
