"""A submission's moves."""

import threading
from itertools import pairwise

import pytest
from django.db import connection

from leaderboard.domain import states
from leaderboard.enums import FINAL_STATES, TRANSITIONS, WORKING_STATES, SubmissionState
from leaderboard.models import Submission
from tests.leaderboard import make

S = SubmissionState


def test_every_state_stands_in_the_table() -> None:
    assert set(TRANSITIONS) == set(S)


def test_the_product_s_life_of_a_submission_is_legal() -> None:
    life = [S.UPLOADING, S.RECEIVED, S.CHECKING, S.QUEUED, S.SCORING, S.SCORED]
    assert all(after in TRANSITIONS[before] for before, after in pairwise(life))


def test_no_worker_touches_a_final_state() -> None:
    assert not FINAL_STATES & WORKING_STATES


@pytest.mark.django_db
@pytest.mark.parametrize("start", list(S))
@pytest.mark.parametrize("target", list(S))
def test_a_move_succeeds_exactly_where_the_table_has_it(start: S, target: S) -> None:
    submission = make.submission(state=start, problems=[{"message": "x"}])
    assert states.move(submission.pk, target) is (target in TRANSITIONS[start])
    submission.refresh_from_db()
    assert submission.state == (target if target in TRANSITIONS[start] else start)


@pytest.mark.django_db(transaction=True)
def test_of_eight_movers_at_once_one_moves() -> None:
    submission = make.submission(state=S.SCORING)
    barrier, moved = threading.Barrier(8), []

    def run() -> None:
        barrier.wait()
        moved.append(states.move(submission.pk, S.SCORED))
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(moved) == [False] * 7 + [True]
    assert Submission.objects.get().finished_at is not None
