"""Leases: who holds a piece of work, told by the database's clock, given up by silence."""

import logging
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import F, Model, Q
from django.db.models.expressions import CombinedExpression, Value
from django.db.models.functions import Now

logger = logging.getLogger(__name__)
LONGEST_BACK_OFF = 4


def lease_end() -> CombinedExpression:
    """The moment, by the database's clock, at which a lease taken now falls free."""
    return Now() + Value(settings.LEASE)


def free() -> Q:
    return Q(lease_until__isnull=True) | Q(lease_until__lt=Now())


def claim(model: type[Model], pk: Any, allowed: Q, **changes: Any) -> uuid.UUID | None:
    """Take the lease of one row by one guarded UPDATE.

    Returns the token that proves the lease, or None where the row is gone, not `allowed`, or held.
    """
    token = uuid.uuid4()
    taken = model._default_manager.filter(free(), allowed, pk=pk).update(
        lease_token=token, lease_until=lease_end(), tries=F("tries") + 1, **changes
    )
    return token if taken else None


def back_off(tries: int) -> CombinedExpression:
    """When work that has stumbled `tries` times may be tried again: after twice as long each time."""
    return Now() + Value(settings.LEASE / 2 * 2 ** min(tries - 1, LONGEST_BACK_OFF))


RELEASED = {"lease_token": None, "lease_until": None}


def give_back(model: type[Model], pk: Any, token: uuid.UUID, **changes: Any) -> None:
    """End a lease as if it had not been taken: what was to be read is away for a while."""
    held = model._default_manager.filter(pk=pk, lease_token=token)
    held.update(tries=F("tries") - 1, **changes, **RELEASED)


@contextmanager
def kept(model: type[Model], pk: Any, token: uuid.UUID) -> Iterator[None]:
    """Renew a lease from a thread of this process while the body works.

    A process that is killed stops renewing, and the lease falls free for another worker.
    """
    done = threading.Event()
    renewer = threading.Thread(target=_renew, args=(model, pk, token, done), daemon=True)
    renewer.start()
    try:
        yield
    finally:
        done.set()
        renewer.join()


def _renew(model: type[Model], pk: Any, token: uuid.UUID, done: threading.Event) -> None:
    try:
        while not done.wait(settings.LEASE.total_seconds() / 4):
            try:
                model._default_manager.filter(pk=pk, lease_token=token).update(lease_until=lease_end())
            except Exception:  # a database that is away for a moment must not end the renewing
                logger.warning("A lease could not be renewed", exc_info=True)
                connection.close()
    finally:
        connection.close()
