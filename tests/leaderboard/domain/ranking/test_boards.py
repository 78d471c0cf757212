"""A board's life: ranks first, certainty after, one layout of today, and nothing made twice."""

from datetime import datetime, timedelta, tzinfo
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from leaderboard.domain import challenges, ranking
from leaderboard.domain.evaluation.scoring import means_of
from leaderboard.domain.ranking.standing import score_table, standing_evaluations
from leaderboard.models import (
    LAYOUT,
    CaseResult,
    Completion,
    Entry,
    Evaluation,
    Phase,
    Snapshot,
    SnapshotPart,
    Submission,
)
from leaderboard.queries import boards, snapshots
from tests.leaderboard import make
from tests.leaderboard.domain.ranking.conftest import score
from tests.leaderboard.make import public


def updated(phase: Phase) -> Snapshot:
    ranking.mark_stale(phase.pk)
    ranking.update_board(phase.pk)
    return Snapshot.objects.filter(phase=phase).latest()


def completed() -> None:
    for pk in ranking.to_complete():
        ranking.complete_board(pk)


def part_names(snapshot: Snapshot) -> set[str]:
    return set(snapshot.parts.values_list("name", flat=True))


def test_ranks_stand_before_anybody_knows_how_sure_they_are(phase: Phase) -> None:
    first = updated(phase)
    assert [entry["rank"] for entry in first.payload["entries"]] == [1, 2, 3]
    assert [entry["rank_interval"] for entry in first.payload["entries"]] == [None] * 3
    assert {"heatmap", "means", "dataset/t2"} <= part_names(first)
    assert "agreement" not in part_names(first)
    assert set(first.inputs["libraries"]) == {"numpy", "scipy", "numba"}
    assert (first.inputs["resamples"], first.inputs["seed"]) == (1000, 2024)
    assert first.inputs["datasets"] == [{"slug": "t2", "group": "in-domain", "task": "inter-subject"}]
    assert [one["in_competition"] for one in first.inputs["evaluations"]] == [True] * 3
    completed()
    second = Snapshot.objects.filter(phase=phase).latest()
    assert (second.completes, second.created_at) == (first.content_hash, first.created_at)
    assert [entry["rank"] for entry in second.payload["entries"]] == [1, 2, 3]
    assert all(entry["rank_interval"] for entry in second.payload["entries"])
    assert "agreement" in part_names(second)
    assert not Completion.objects.exists()
    kept = Snapshot.objects.get(pk=first.pk)
    assert (kept.payload, kept.content_hash) == (first.payload, first.content_hash)


class Behind(datetime):
    """The clock of a machine that was set back."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) - timedelta(days=2)


def test_a_worker_whose_clock_is_behind_makes_the_newest_board_all_the_same(
    phase: Phase, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = updated(phase)
    Submission.objects.filter(phase=phase).order_by("pk")[:1].get().delete()
    monkeypatch.setattr("django.utils.timezone.datetime", Behind)
    second = updated(phase)
    assert (len(first.payload["entries"]), len(second.payload["entries"])) == (3, 2)
    assert second.created_at > first.created_at


def test_a_board_that_stumbles_is_tried_again_later_each_time(
    phase: Phase, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "no-folder").touch()
    whole, settings.MEDIA_ROOT = settings.MEDIA_ROOT, tmp_path / "no-folder"
    ranking.mark_stale(phase.pk)
    waits = []
    for tries in (1, 2, 3):
        with pytest.raises(OSError, match="no-folder"):
            ranking.update_board(phase.pk)
        ranking.update_board(phase.pk)  # too early: not even tried
        phase.refresh_from_db()
        assert (phase.tries, phase.lease_token) == (tries, None)
        assert phase.lease_until is not None
        waits.append(phase.lease_until - timezone.now())
        Phase.objects.filter(pk=phase.pk).update(lease_until=None)
    assert [round(wait / settings.LEASE * 2) for wait in waits] == [1, 2, 4]
    settings.MEDIA_ROOT = whole
    updated(phase)
    phase.refresh_from_db()
    assert (phase.tries, phase.lease_until, phase.board_stale_since) == (0, None, None)


def test_the_same_results_make_the_same_bytes_and_no_second_snapshot(phase: Phase) -> None:
    first = updated(phase)
    completed()
    assert [one.content_hash for one in (updated(phase), Snapshot.objects.order_by("pk")[1])] == [
        Snapshot.objects.latest().content_hash
    ] * 2
    assert Snapshot.objects.count() == 2
    hashes = list(Snapshot.objects.order_by("pk").values_list("content_hash", flat=True))
    Snapshot.objects.all().delete()
    assert updated(phase).content_hash == first.content_hash
    completed()
    assert list(Snapshot.objects.order_by("pk").values_list("content_hash", flat=True)) == hashes


def test_certainty_is_not_computed_for_a_board_that_is_replaced(phase: Phase) -> None:
    first = updated(phase)
    entry = make.entry(Entry.objects.get(name="Best").team, name="Newcomer")
    score(phase, entry, 1)
    second = updated(phase)
    completed()
    assert list(Snapshot.objects.exclude(completes="").values_list("completes", flat=True)) == [
        second.content_hash
    ]
    assert first.content_hash != second.content_hash
    assert not Completion.objects.exists()


def test_a_frozen_board_gets_its_certainty_though_a_newer_one_is_held_back(phase: Phase) -> None:
    first = updated(phase)
    Snapshot.objects.update(created_at=timezone.now() - timedelta(hours=2))
    Phase.objects.update(freeze_at=timezone.now() - timedelta(hours=1))
    score(phase, make.entry(Entry.objects.get(name="Best").team, name="Newcomer"), 1)
    updated(phase)
    # Nor does it lose it with a dataset that leaves the phase, whose results it names.
    phase.datasets.clear()
    completed()
    phase.refresh_from_db()
    shown = boards.board_of(phase, public(phase))
    assert shown is not None
    assert (len(shown.rows), shown.is_certain) == (3, True)
    assert Snapshot.objects.get(pk=shown.pk).completes == first.content_hash


def test_a_board_says_which_teams_have_an_organizer_in_them(phase: Phase) -> None:
    updated(phase)
    superuser, challenge = make.user(is_superuser=True), phase.challenge
    challenge.organizers.add(superuser)
    member = Entry.objects.get(name="Best").team.members.get()

    def told() -> set[bool]:
        ranking.update_board(phase.pk)
        newest = Snapshot.objects.latest("pk").payload
        return {entry["organizers"] for entry in newest["entries"]}

    assert told() == {False}
    challenges.add_organizer(challenge, superuser, member.username)
    assert told() == {True}
    challenges.remove_organizer(challenge, superuser, member)
    assert told() == {False}


def test_nobody_ranked_leaves_nothing_to_complete(phase: Phase) -> None:
    Entry.objects.update(in_competition=False)
    updated(phase)
    assert ranking.to_complete() == []


def old(phase: Phase) -> Snapshot:
    """A snapshot as an earlier release left it: another layout, which no page can read."""
    planted = updated(phase)
    Completion.objects.all().delete()
    SnapshotPart.objects.all().delete()
    earlier = timezone.now() - timedelta(days=1)
    Snapshot.objects.update(layout=LAYOUT - 1, payload={"rows": ["of old"]}, created_at=earlier)
    return Snapshot.objects.get(pk=planted.pk)


def test_a_snapshot_of_an_old_layout_is_made_anew_by_itself(phase: Phase) -> None:
    planted = old(phase)
    assert boards.board_of(phase, public(phase)) is None
    assert snapshots.to_renew(phase) == planted
    completed()
    shown = boards.board_of(phase, public(phase))
    assert shown is not None
    assert (len(shown.rows), shown.created_at) == (3, planted.created_at)
    assert snapshots.to_renew(phase) is None
    assert ranking.to_complete() == []
    assert Snapshot.objects.get(pk=planted.pk).payload == {"rows": ["of old"]}


def test_an_old_snapshot_whose_results_are_gone_gives_way_to_a_board_of_now(
    phase: Phase, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    old(phase)
    Evaluation.objects.filter(submission__entry__name="Middle").delete()
    with django_capture_on_commit_callbacks():
        completed()
    assert ranking.to_complete() == []
    phase.refresh_from_db()
    assert phase.board_stale_since is not None
    ranking.update_board(phase.pk)
    shown = boards.board_of(phase, public(phase))
    assert shown is not None
    assert [row.method for row in shown.rows] == ["Best", "ZeroDisplacement"]


@pytest.mark.parametrize("days", [0, 1, 3])
def test_a_board_is_shown_as_of_a_date(phase: Phase, days: int) -> None:
    first = updated(phase)
    Snapshot.objects.update(created_at=timezone.now() - timedelta(days=2))
    score(phase, make.entry(Entry.objects.get(name="Best").team, name="Newcomer"), 1)
    second = updated(phase)
    shown = snapshots.shown(phase, public(phase), at=timezone.now() - timedelta(days=days))
    assert shown == {0: second, 1: first, 3: None}[days]


def test_of_two_metrics_of_a_kind_the_first_is_ranked(phase: Phase) -> None:
    dataset = phase.datasets.get()
    dataset.configs[0]["evaluation_methods"] += [{"name": "DSC_small", "metric": "dice", "labels": [2]}]
    dataset.save()
    for result in CaseResult.objects.all():
        result.values["DSC_small"], result.items["DSC_small"] = 0.1, [0.1]
        result.save()
    board = updated(phase)
    means = [entry["metrics"]["DSC"]["mean"] for entry in board.payload["entries"]]
    # Labels 0, 1, 2 of Best: 0.9 - 0.01 * mean(0..7) - 0.05 * label.
    assert (means[0], means[2]) == pytest.approx((0.815, 0.815 - 2 * (0.1 + 0.003 * 3.5)))
    structures = board.parts.get(name="structures/t2").payload["metrics"]["DSC"]["structures"]
    assert [one["id"] for one in structures] == [0, 1, 2]
    best = Evaluation.objects.get(submission__entry__name="Best")
    assert means_of(best)["dice"] == pytest.approx({"mean": 0.815, "missing": 0})


def test_datasets_stand_in_the_phases_order_whoever_was_scored_last(phase: Phase) -> None:
    later = make.dataset(phase.challenge, slug="t1", position=1)
    phase.datasets.add(later)
    score(phase, make.entry(Entry.objects.get(name="Best").team, name="Newcomer"), 1)
    CaseResult.objects.filter(evaluation=Evaluation.objects.latest("created_at")).exclude(
        case__dataset=later
    ).delete()
    table = score_table(phase, standing_evaluations(phase))
    assert [dataset.name for dataset in table.datasets] == ["t2", "t1"]
