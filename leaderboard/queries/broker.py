"""How many messages wait in the broker; they are hints, the rows are what counts."""

from collections.abc import Iterable

from celery import current_app
from kombu.exceptions import ChannelError, OperationalError


def messages_in(queues: Iterable[str]) -> dict[str, int]:
    """Queue -> waiting messages; 0 where the broker has lost the queue. Raises OperationalError."""
    with current_app.connection_for_write() as connection:
        connection.ensure_connection(max_retries=1, timeout=3)
        return {queue: _count(connection, queue) for queue in queues}


def messages_or_none(queues: Iterable[str]) -> dict[str, int] | None:
    """As `messages_in`; None while the broker does not answer."""
    try:
        return messages_in(queues)
    except (OperationalError, OSError):
        return None


def _count(connection: object, queue: str) -> int:
    # A channel is closed by the error: each queue has one of its own.
    with connection.channel() as channel:  # type: ignore[attr-defined]
        try:
            return int(channel.queue_declare(queue=queue, passive=True).message_count)
        except ChannelError:
            return 0
