"""Leases: one holder at a time, given up by silence, kept by renewing."""

import threading
import time
import uuid

import pytest
from django.db import connection
from django.db.models import Q
from pytest_django import Settings

from leaderboard.domain import leases
from leaderboard.models import Submission
from tests.leaderboard import make
from tests.leaderboard.stack import wait

ANY = Q()


def in_threads(count: int, run: object) -> list[object]:
    barrier, results = threading.Barrier(count), []

    def one() -> None:
        barrier.wait()
        results.append(run())  # type: ignore[operator]
        connection.close()

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.django_db(transaction=True)
def test_of_eight_claims_at_once_one_is_granted() -> None:
    pk = make.submission().pk
    granted = [token for token in in_threads(8, lambda: leases.claim(Submission, pk, ANY)) if token]
    assert len(granted) == 1
    row = Submission.objects.get(pk=pk)
    assert (row.lease_token, row.tries) == (granted[0], 1)


@pytest.mark.django_db
def test_a_held_lease_is_refused_and_one_that_fell_free_is_granted(settings: Settings) -> None:
    settings.LEASE *= 30  # a minute
    pk = make.submission().pk
    assert leases.claim(Submission, pk, ANY)
    assert leases.claim(Submission, pk, ANY) is None
    Submission.objects.filter(pk=pk).update(lease_until="2000-01-01T00:00:00Z")
    assert leases.claim(Submission, pk, ANY)
    assert Submission.objects.get(pk=pk).tries == 2


@pytest.mark.django_db(transaction=True)
def test_a_lease_is_renewed_while_its_work_goes_on() -> None:
    pk = make.submission().pk
    token = leases.claim(Submission, pk, ANY)
    assert token is not None
    held = Submission.objects.filter(pk=pk)
    begun = held.get().lease_until
    with leases.kept(Submission, pk, token):
        wait(lambda: held.filter(lease_until__gt=begun).exists(), tell="the lease was not renewed")


@pytest.mark.django_db(transaction=True)
def test_a_lost_lease_is_not_renewed() -> None:
    pk = make.submission().pk
    assert leases.claim(Submission, pk, ANY)
    held = Submission.objects.get(pk=pk).lease_until
    with leases.kept(Submission, pk, uuid.uuid4()):
        time.sleep(0.8)
    assert Submission.objects.get(pk=pk).lease_until == held


@pytest.mark.django_db
def test_a_row_that_is_gone_or_not_allowed_is_not_claimed() -> None:
    submission = make.submission()
    assert leases.claim(Submission, uuid.uuid4(), ANY) is None
    assert leases.claim(Submission, submission.pk, Q(state="scored")) is None
