"""The end of a submission for a reason of ours."""

import logging
import uuid

from django.db import OperationalError, transaction
from django.db.models import Q

from leaderboard.domain import leases, notifications, states
from leaderboard.enums import SubmissionState

logger = logging.getLogger(__name__)


def fail(pk: uuid.UUID, *guards: Q) -> bool:
    """End a submission that `guards` hold of as failed: the attempt is given back, team and organizers told.

    Returns whether this call ended it.
    """
    with transaction.atomic():
        if not states.move(pk, SubmissionState.FAILED, *guards, **leases.RELEASED):
            return False
        states.log(pk, "failed")
        _tell(pk)
    return True


def _tell(pk: uuid.UUID) -> None:
    """Telling may be what is broken: it must not keep a submission from its end."""
    try:
        with transaction.atomic():
            notifications.submission_ended(pk)
    except OperationalError:  # the database is away, and the end with it
        raise
    except Exception:
        logger.exception("Nobody could be told that submission %s has failed", pk)
