"""The broker, which may be away or silent: it is a hint and a cache, so nobody waits for it.

Who finds it away finds that out for all threads of the process; nobody asks again before a pause is over.
"""

import hmac
import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from django.conf import settings
from django.core.cache import cache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache, RedisSerializer
from django.core.signing import BadSignature
from django.utils.crypto import salted_hmac
from kombu.exceptions import OperationalError
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as LineBroken
from redis.exceptions import RedisError
from redis.retry import Retry

logger = logging.getLogger(__name__)
T = TypeVar("T")
PATIENCE: dict[str, Any] = {"socket_connect_timeout": 1, "socket_timeout": 1}
"""Seconds that a page, a limit or a message waits for the broker."""
PAUSE = 5.0
SIGNATURE_BYTES = 32
OWN_ENTRIES = 1000
AWAY = (RedisError, OperationalError, OSError)


class Line:
    """The way to a server that may be away."""

    def __init__(self, pause: float = PAUSE) -> None:
        self.pause = pause
        self._lock = threading.Lock()
        self._silent_until: float | None = None

    def asked(self, ask: Callable[[], T], otherwise: Callable[[], T]) -> T:
        """What `ask` returns; what `otherwise` does while the server is away."""
        if not self._is_open():
            return otherwise()
        try:
            answer = ask()
        except AWAY as error:
            self._silent_until = time.monotonic() + self.pause
            logger.warning("The broker does not answer (%s); it is left alone", type(error).__name__)
            return otherwise()
        self._silent_until = None
        return answer

    def _is_open(self) -> bool:
        with self._lock:
            now = time.monotonic()
            if self._silent_until is None:
                return True
            if now < self._silent_until:
                return False
            # One finds out; the others do not wait with it.
            self._silent_until = now + self.pause
            return True


LINE = Line()
# A cache of its own that is away keeps no message from being sent.
CACHE_LINE = Line()


class Signed(RedisSerializer):
    """Only what this site put there is unpickled: who else writes to the broker lacks SECRET_KEY."""

    def dumps(self, obj: Any) -> Any:
        # A bare number can be counted up by the server.
        data = super().dumps(obj)
        return data if type(obj) is int else _signature(data) + data

    def loads(self, data: Any) -> Any:
        with suppress(ValueError):
            return int(data)
        signature, content = data[:SIGNATURE_BYTES], data[SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, _signature(content)):
            raise BadSignature("What the broker holds is not of this site.")
        return super().loads(content)


def _signature(data: bytes) -> bytes:
    return salted_hmac(__name__, data, algorithm="sha256").digest()


def _either(name: str) -> Callable[..., Any]:
    """A method of the shared cache; of the process's own one while that is away."""

    def method(self: "Cache", *args: Any, **kwargs: Any) -> Any:
        shared, own = getattr(super(Cache, self), name), getattr(self.own, name)
        try:
            return self.line.asked(partial(shared, *args, **kwargs), partial(own, *args, **kwargs))
        except BadSignature:  # of before SECRET_KEY was changed, or of a stranger: as if nothing stood there
            return own(*args, **kwargs)

    return method


class Cache(RedisCache):
    """Django's, which is never waited for: without the broker each process keeps a small one of its own.

    Limits of log-ins and uploads then hold by web process, not over all of them: rather a few times as many
    tries than nobody let in, or everybody as often as they like.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        # A line that went stale meanwhile is tried anew, silence is not.
        again = Retry(NoBackoff(), 1, (LineBroken,))
        options = {**PATIENCE, "retry": again, "serializer": Signed, **params.get("OPTIONS", {})}
        super().__init__(server, params | {"OPTIONS": options})
        self._with_messages = server == settings.REDIS_URL
        self.own = LocMemCache("without the broker", {"OPTIONS": {"MAX_ENTRIES": OWN_ENTRIES}})

    @property
    def line(self) -> Line:
        return LINE if self._with_messages else CACHE_LINE

    def require(self) -> None:
        """Raise what tells of it where the shared one cannot be written."""
        self._cache.get_client(write=True).set("asked", 1, ex=60)

    add = _either("add")
    get = _either("get")
    set = _either("set")
    touch = _either("touch")
    delete = _either("delete")
    get_many = _either("get_many")
    has_key = _either("has_key")
    incr = _either("incr")
    set_many = _either("set_many")
    delete_many = _either("delete_many")
    clear = _either("clear")


def counted(key: str, seconds: int) -> int:
    """How often this was called for a key, this time included, since `seconds` began with the first."""
    cache.add(key, 0, seconds)
    try:
        return cache.incr(key)
    except ValueError:  # they are just over, or the broker went away in between
        return 1
