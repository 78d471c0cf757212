"""The cache and messages while the broker is away or silent; `faults` tries it on the whole site."""

import pickle
import socket
from collections.abc import Iterator
from typing import cast

import pytest
import redis
from django.conf import settings
from django.core.cache import cache

from leaderboard import broker, tasks
from tests.leaderboard.stack import free_port


@pytest.fixture
def _line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "LINE", broker.Line())
    monkeypatch.setattr(broker, "CACHE_LINE", broker.Line())


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def cache_at(port: int) -> broker.Cache:
    made = broker.Cache(f"redis://127.0.0.1:{port}/0", {})
    made.own.clear()
    return made


@pytest.mark.usefixtures("_line_of_its_own")
def test_without_the_broker_each_process_counts_by_itself() -> None:
    kept = cache_at(free_port())
    assert kept.get("a", "nothing") == "nothing"
    kept.set("a", [1.5, "b"])
    assert kept.get("a") == [1.5, "b"]
    assert [kept.add("turn", 1), kept.add("turn", 1)] == [True, False]
    assert (kept.add("n", 0), kept.incr("n"), kept.incr("n")) == (True, 1, 2)
    with pytest.raises(ValueError, match="not found"):
        kept.incr("never")


@pytest.mark.usefixtures("_line_of_its_own")
def test_a_silent_broker_is_asked_once_and_then_left_alone(silent: socket.socket) -> None:
    kept = cache_at(silent.getsockname()[1])
    assert [kept.get("a") for _ in range(3)] == [None] * 3
    silent.accept()[0].close()
    silent.setblocking(False)
    with pytest.raises(BlockingIOError):
        silent.accept()


def test_the_pause_over_one_finds_out_for_all() -> None:
    line = broker.Line(pause=0.0)
    answers = iter(["away", "there"])

    def ask() -> str:
        answer = next(answers)
        if answer != "there":
            raise ConnectionError
        return answer

    assert [line.asked(ask, lambda: "away") for _ in range(2)] == ["away", "there"]


def test_nothing_is_unpickled_that_another_put_there() -> None:
    cache.set("list", [1, "a", None, (0.1,)])
    assert cache.get("list") == [1, "a", None, (0.1,)]
    held = redis.Redis.from_url(settings.REDIS_URL)
    key = cache.make_key("list")
    own = cast("bytes", held.get(key))
    for planted in (pickle.dumps({"a": 1}), own[:32] + pickle.dumps({"a": 1}), own[:-1] + b"x", b""):
        held.set(key, planted)
        assert cache.get("list", "nothing") == "nothing"
    cache.set("list", [2])
    assert cache.get("list") == [2]


def test_messages_are_left_unsent_while_the_broker_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    line = broker.Line()
    monkeypatch.setattr("leaderboard.celery.LINE", line)
    assert tasks.sweep.delay().id
    assert line.asked(lambda: redis.Redis(port=free_port()).ping(), lambda: "away") == "away"
    assert tasks.sweep.delay() is None
