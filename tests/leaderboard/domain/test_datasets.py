"""Facts of a dataset, and their changes in the log."""

import pytest

from leaderboard.domain import datasets
from leaderboard.models import AuditEvent, Phase
from tests.leaderboard import make

pytestmark = pytest.mark.django_db


def test_a_change_is_logged_for_all() -> None:
    dataset, organizer = make.dataset(make.challenge(), name="In-domain"), make.user()
    phase, elsewhere = make.phase(challenge=dataset.challenge), make.phase()
    phase.datasets.add(dataset)
    changes = {"name": "In-domain T1w", "public": True, "contrast": ""}
    assert datasets.edit(dataset, organizer, changes, "Released.") == ["name", "public"]
    assert (dataset.name, dataset.public) == ("In-domain T1w", True)
    told = AuditEvent.objects.order_by("pk").values_list("what", "before", "after", "reason", "by", "public")
    assert list(told) == [
        ("In-domain: name", "In-domain", "In-domain T1w", "Released.", organizer.pk, True),
        ("In-domain: public", "no", "yes", "Released.", organizer.pk, True),
    ]
    stale = Phase.objects.exclude(board_stale_since=None)
    assert list(stale) == [phase], "names, groups and tasks stand on its board"
    stale.update(board_stale_since=None)
    assert datasets.edit(dataset, organizer, changes) == []
    assert not stale.exists()
    assert elsewhere.board_stale_since is None
