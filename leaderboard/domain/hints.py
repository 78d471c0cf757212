"""Messages to workers that there is work; the rows are what counts, and the sweeper speaks of the rest."""

from collections.abc import Iterable
from functools import partial
from itertools import islice

from django.db import transaction

from leaderboard import tasks

AT_ONCE = 500


def to_score(cases: Iterable[int]) -> None:
    """Send for some of the case results of these primary keys when the transaction commits."""
    for pk in islice(cases, AT_ONCE):
        transaction.on_commit(partial(tasks.score_case.delay, pk), robust=True)
