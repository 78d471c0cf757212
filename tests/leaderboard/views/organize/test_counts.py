"""No page asks more of the database when there is more to show."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from leaderboard.domain import audit
from leaderboard.enums import ImportState, SubmissionState
from leaderboard.models import DatasetImport, Notification, Rescoring, TermsAcceptance, Worker
from tests.leaderboard import make, payload
from tests.leaderboard.views.organize.conftest import Place, done

PAGES = [
    "",
    "live/",
    "phases/",
    "phases/validation/",
    "datasets/",
    "submissions/",
    "participants/",
    "rescorings/",
    "log/",
    "downloads/",
    "downloads/submissions.csv",
    "downloads/results.csv",
    "downloads/participants.csv",
]


def add_one(place: Place) -> None:
    """One more of everything that a list shows."""
    challenge, now = place.challenge, timezone.now()
    phase = make.phase(challenge=challenge, slug=f"phase-{now.timestamp():.6f}".replace(".", "-"))
    phase.datasets.add(make.dataset(challenge))
    payload.snapshot(phase, 1)
    entry = make.entry(make.team(challenge))
    user = entry.team.members.get()
    TermsAcceptance.objects.get_or_create(challenge=challenge, user=user, version=1)
    for state in (SubmissionState.SCORED, SubmissionState.FAILED, SubmissionState.SCORING):
        old = now - timedelta(hours=1)
        made = make.submission(phase=place.phase, entry=entry, state=state, received_at=old)
        done(make.evaluation(made), place.dataset.cases.all()[0].pk, {"DSC": 0.5})
    decided = {"applied": True, "decided_at": now, "decided_by": user}
    rescoring = Rescoring.objects.create(phase=place.phase, by=user, reason="x", **decided)
    make.evaluation(made, rescoring=rescoring, current=False)
    Worker.objects.create(name=f"w{now}", pid=1, started_at=now, seen_at=now)
    Notification.objects.create(user=user, kind="scored", title="x", key="x", mail_error="refused")
    DatasetImport.objects.create(
        challenge=challenge, by=user, slug="x", facts={"name": "x"}, configs=[], state=ImportState.FAILED
    )
    audit.record(challenge, user, "x", phase=phase)


def queries(client: Client, address: str) -> list[str]:
    with CaptureQueriesContext(
        connection,
    ) as seen:
        answer = client.get(address)
        answer.getvalue()
    assert answer.status_code == 200
    return [query["sql"] for query in seen.captured_queries]


@pytest.mark.parametrize("address", PAGES)
def test_three_rows_take_as_many_queries_as_one(organizer: Client, place: Place, address: str) -> None:
    add_one(place)
    first = queries(organizer, f"/organize/lumir/{address}")
    add_one(place)
    add_one(place)
    third = queries(organizer, f"/organize/lumir/{address}")
    assert len(third) == len(first), "\n".join(third)
    assert len(first) <= 30
