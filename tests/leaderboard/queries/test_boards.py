from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from leaderboard.queries import boards, snapshots, summaries
from leaderboard.queries.boards import Metric
from tests.leaderboard import make, payload
from tests.leaderboard.make import public

pytestmark = pytest.mark.django_db
NOW = timezone.now()
DSC = Metric(**payload.METRICS[0])
HD95 = Metric(**payload.METRICS[1])


def board(entries: int = 3) -> boards.Board:
    phase = make.phase(challenge=make.challenge(slug="lumir"))
    payload.snapshot(phase, entries)
    found = boards.board_of(phase, public(phase))
    assert found is not None
    return found


def test_there_is_no_board_before_the_first_snapshot() -> None:
    phase = make.phase()
    assert boards.board_of(phase, public(phase)) is None


def test_the_newest_snapshot_is_the_board() -> None:
    phase = make.phase()
    payload.snapshot(phase, created_at=NOW - timedelta(hours=1), content_hash="old")
    payload.snapshot(phase, created_at=NOW, content_hash="new")
    payload.snapshot(make.phase(), created_at=NOW, content_hash="of another phase")
    found = boards.board_of(phase, public(phase))
    assert found is not None
    assert found.snapshot == "new"


def test_a_frozen_board_holds_newer_results_back_until_they_are_published() -> None:
    phase = make.phase(freeze_at=NOW - timedelta(hours=1), publish_at=NOW + timedelta(hours=1))
    payload.snapshot(phase, created_at=NOW - timedelta(hours=2), content_hash="before")
    payload.snapshot(phase, created_at=NOW, content_hash="after")
    frozen = boards.board_of(phase, public(phase))
    assert frozen is not None
    assert (frozen.snapshot, snapshots.is_frozen(phase)) == ("before", True)
    phase.publish_at = NOW - timedelta(minutes=1)
    published = boards.board_of(phase, public(phase))
    assert published is not None
    assert (published.snapshot, snapshots.is_frozen(phase)) == ("after", False)


def test_results_to_be_published_later_are_withheld_wholly() -> None:
    phase = make.phase(publish_at=NOW + timedelta(hours=1))
    payload.snapshot(phase)
    assert snapshots.is_withheld(phase)
    assert boards.board_of(phase, public(phase)) is None


@pytest.mark.parametrize("entries", [1, 3, 200])
def test_a_board_is_one_query(entries: int, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    phase = make.phase()
    payload.snapshot(phase, entries)
    with django_assert_num_queries(1):
        found = boards.board_of(phase, public(phase))
    assert found is not None
    assert len(found.rows) == entries


def test_rows_carry_the_snapshots_numbers() -> None:
    row = board().rows[1]
    assert (row.rank, row.score, row.entry, row.method, row.team) == (2, 0.9, "entry-1", "Method 1", "Team 1")
    assert [(cell.metric.name, cell.mean, cell.best) for cell in row.cells] == [
        ("DSC", 0.74, False),
        ("HD95", 3.0, False),
        ("NDV", 0.02, False),
    ]
    assert row.steps == (boards.Step("DSC", beaten_by=1, rank_score=0.9),)


def test_an_unmeasured_metric_is_an_empty_cell() -> None:
    (cell,) = boards.cells_of({}, [DSC])
    assert (cell.mean, cell.std, cell.best) == (None, None, False)


@pytest.mark.parametrize(("metric", "expected"), [(DSC, 0.7), (HD95, 0.6)])
def test_the_best_mean_goes_by_direction_and_never_to_one_with_missing_cases(
    metric: Metric, expected: float
) -> None:
    means: list[dict[str, Any]] = [{"mean": value, "missing": 0} for value in (0.6, 0.7)]
    partial = [{"mean": value, "missing": 1} for value in (0.1, 0.9)]
    assert summaries.best_mean([*means, *partial, {"mean": None, "missing": 3}, {}], metric) == expected


def test_nothing_is_best_where_nobody_is_complete() -> None:
    assert summaries.best_mean([{"mean": 0.9, "missing": 1}], DSC) is None


def test_a_datasets_rows_stand_in_board_order_with_the_best_marked() -> None:
    found = board()
    part = boards.part_of(found, "dataset/t2-like")
    assert part is not None
    rows = summaries.dataset_rows(found, part)
    assert [row.name for row in rows] == ["Method 0", "Method 1", "Method 2"]
    assert [[cell.best for cell in row.cells] for row in rows] == [
        [True, True, False],
        [False, False, False],
        [False, False, True],
    ]


def test_an_entrys_rows_are_the_datasets() -> None:
    found = board()
    rows = summaries.entry_rows(found, "entry-0", boards.part_of(found, "means"))
    assert [(row.name, row.cells[0].mean, row.cells[0].best, row.cells[2].best) for row in rows] == [
        ("In-domain", 0.79, True, False),
        ("T2-like contrast", 0.79, True, False),
    ]


def test_one_matrix_is_picked_inside_the_database(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    found = board()
    with django_assert_num_queries(1):
        assert boards.matrix_of(found, "t2-like", "HD95") == payload.matrix("HD95")
    assert boards.matrix_of(found, "t2-like", "TRE") is None
    assert boards.matrix_of(found, "nothing", "DSC") is None


def test_matrices_of_several_datasets_are_one_query(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    found = board()
    with django_assert_num_queries(1):
        matrices = boards.matrices_of(found, list(payload.DATASETS), ["DSC", "TRE"])
    assert matrices == {slug: {"DSC": payload.matrix("DSC")} for slug in payload.DATASETS}


def test_a_snapshot_is_found_without_reading_its_content(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    phase = make.phase()
    payload.snapshot(phase)
    with django_assert_num_queries(1) as queries:
        assert snapshots.shown(phase, public(phase)) is not None
    assert "payload" not in queries.captured_queries[0]["sql"]
