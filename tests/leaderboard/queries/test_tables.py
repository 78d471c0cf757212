import pytest

from leaderboard.queries import boards, tables
from tests.leaderboard import make, payload
from tests.leaderboard.make import public

pytestmark = pytest.mark.django_db


@pytest.fixture
def board() -> boards.Board:
    whole = payload.board(4)
    whole["entries"][2]["metrics"]["HD95"] = {"mean": None, "std": None, "missing": 3, "best": False}
    phase = make.phase()
    payload.snapshot(phase, 4, payload=whole)
    found = boards.board_of(phase, public(phase))
    assert found is not None
    return found


def test_the_usual_columns_are_interval_and_metrics_and_others_can_be_chosen(board: boards.Board) -> None:
    assert [column.key for column in tables.arranged(board).columns] == ["interval", "DSC", "HD95", "NDV"]
    chosen = tables.arranged(board, columns=("score-DSC", "NDV", "nonsense"))
    assert [column.key for column in chosen.columns] == ["NDV", "score-DSC"]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("", [0, 1, 2, 3]),
        ("rank", [0, 1, 2, 3]),
        ("-rank", [3, 2, 1, 0]),
        ("method", [0, 1, 2, 3]),
        ("score", [0, 1, 2, 3]),
        ("-score", [3, 2, 1, 0]),
        ("NDV", [3, 0, 1, 2]),
        ("-DSC", [3, 2, 1, 0]),
        ("HD95", [0, 1, 3, 2]),
        ("-HD95", [3, 1, 0, 2]),
        ("nonsense", [0, 1, 2, 3]),
    ],
)
def test_rows_stand_best_first_and_a_missing_value_last(
    board: boards.Board, sort: str, order: list[int]
) -> None:
    shown = tables.arranged(board, sort=sort)
    assert [row.entry for row in shown.rows] == [payload.slug(number) for number in order]
    assert shown.grouped == (sort in {"", "rank", "nonsense"})


def test_a_lower_score_is_first_where_the_scheme_says_so(board: boards.Board) -> None:
    board.scheme["higher_is_better"] = False  # type: ignore[index]
    assert tables.arranged(board, sort="score").rows[0].entry == "entry-3"


def test_rows_hold_every_word(board: boards.Board) -> None:
    assert [row.entry for row in tables.arranged(board, words="METHOD 2").rows] == ["entry-2"]
    assert tables.arranged(board, words="method nobody").rows == ()
