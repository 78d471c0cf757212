import pytest
from pytest_django import DjangoAssertNumQueries

from leaderboard.queries import boards, entries
from tests.leaderboard import make, payload
from tests.leaderboard.make import public

pytestmark = pytest.mark.django_db


@pytest.fixture
def board() -> boards.Board:
    phase = make.phase()
    payload.snapshot(phase)
    found = boards.board_of(phase, public(phase))
    assert found is not None
    return found


def test_an_entrys_cases_are_one_query(
    board: boards.Board, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        cases = entries.cases_of(board, "entry-1")
    values = {name: payload.case_values(name, 1, 3) for name in ("DSC", "HD95", "NDV")}
    assert cases == {slug: {"cases": payload.CASES, "values": values} for slug in payload.DATASETS}


def test_the_worst_case_is_the_last_by_the_formula(board: boards.Board) -> None:
    # DSC falls from case to case, HD95 and NDV are the same on all: the last case is the worst.
    rows = entries.worst_first(board, entries.cases_of(board, "entry-0"))
    assert [row.case for row in rows] == [case for case in reversed(payload.CASES) for _ in range(2)]
    assert [row.badness for row in rows[::2]] == [pytest.approx(share / 3) for share in (1.0, 0.5, 0.0)]


def test_a_missing_value_is_the_worst(board: boards.Board) -> None:
    cases = {"t2-like": {"cases": payload.CASES, "values": {"DSC": [None, 0.2, 0.1]}}}
    rows = entries.worst_first(board, cases)
    assert [(row.case, row.badness) for row in rows] == [
        (payload.CASES[0], 1.0),
        (payload.CASES[2], 0.5),
        (payload.CASES[1], 0.0),
    ]
    assert [value for _, value in rows[0].cells] == [None, None, None]
