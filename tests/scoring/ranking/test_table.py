import math
from pathlib import Path

import numpy as np
import pytest

from scoring.ranking import DatasetFacts, Row, ScoreTable, State, read_scores_csv
from scoring.ranking.table import natural_key, subjects_of_case

from .conftest import Simulated, known

NAN = math.nan


def test_rows_become_arrays_with_cases_in_natural_order() -> None:
    table = ScoreTable.from_rows(
        [
            ("b", "d", "10_9", "DSC", 0.5, [0.4, 0.6]),
            ("a", "d", "2_1", "DSC", 0.7, [0.7, None]),
            ("b", "d", "2_1", "DSC", 0.6, [0.6, None]),
        ]
    )
    scores = table.dataset("d").metrics["DSC"]
    assert table.methods == ("b", "a")
    assert table.dataset("d").cases == ("2_1", "10_9")
    np.testing.assert_array_equal(scores.values, [[0.6, 0.5], [0.7, NAN]])
    np.testing.assert_array_equal(scores.items, [[0.6, NAN, 0.4, 0.6], [0.7, NAN, NAN, NAN]])
    assert known(scores.item_case).tolist() == [0, 0, 1, 1]


def test_what_is_not_a_number_keeps_its_kind() -> None:
    table = ScoreTable.from_rows(
        [
            ("a", "d", "1", "HD95", math.inf, None),
            ("a", "d", "2", "HD95", None, None),
            ("a", "d", "3", "HD95", 1.0, None),
            ("b", "d", "3", "HD95", 1.0, None),
        ]
    )
    state = table.dataset("d").metrics["HD95"].state
    assert state.tolist() == [
        [State.INFINITE, State.NAN, State.FINITE],
        [State.ABSENT, State.ABSENT, State.FINITE],
    ]


def test_landmarks_may_differ_in_number_from_case_to_case() -> None:
    table = ScoreTable.from_rows(
        [("a", "d", "1", "TRE", 2.0, [2.0]), ("a", "d", "2", "TRE", 3.0, [2.0, 4.0])]
    )
    assert known(table.dataset("d").metrics["TRE"].item_case).tolist() == [0, 1, 1]


def test_a_case_without_items_counts_as_one_item() -> None:
    table = ScoreTable.from_rows([("a", "d", "1", "TRE", 2.0, None), ("a", "d", "2", "TRE", 3.0, [2.0, 4.0])])
    assert known(table.dataset("d").metrics["TRE"].items).tolist() == [[2.0, 2.0, 4.0]]


def test_a_method_without_rows_is_kept_when_it_is_named() -> None:
    table = ScoreTable.from_rows([("a", "d", "1", "NDV", 0.0, None)], methods=["z", "a"])
    assert table.dataset("d").metrics["NDV"].absent.tolist() == [[True], [False]]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("a", "d", "1", "NDV", 0.0, None)] * 2, "two rows for a, d, 1, NDV"),
        ([("a", "d", "1", "DSC", 0, [0.1]), ("b", "d", "1", "DSC", 0, [0.1, 0.2])], "2 items beside 1"),
    ],
)
def test_contradictory_rows_are_refused(rows: list[Row], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ScoreTable.from_rows(rows)


def test_an_unlisted_method_is_refused() -> None:
    with pytest.raises(ValueError, match="'b'"):
        ScoreTable.from_rows([("b", "d", "1", "NDV", 0.0, None)], methods=["a"])


def test_selecting_takes_methods_in_the_given_order(simulated: Simulated) -> None:
    table = simulated()
    chosen = table.select(methods=["m3", "m1"], datasets=["t1"])
    assert chosen.methods == ("m3", "m1")
    assert [d.name for d in chosen.datasets] == ["t1"]
    np.testing.assert_array_equal(
        known(chosen.dataset("t1").metrics["DSC"].items),
        known(table.dataset("t1").metrics["DSC"].items)[[3, 1]],
    )
    with pytest.raises(KeyError, match="t9"):
        table.select(datasets=["t9"])
    with pytest.raises(KeyError, match="m9"):
        table.select(methods=["m9"])


def test_subjects_are_read_from_the_key_unless_they_are_given() -> None:
    facts = {"d": DatasetFacts(subjects={"x": ("s1", "s2")})}
    table = ScoreTable.from_rows([("a", "d", c, "NDV", 0.0, None) for c in ("x", "7_6")], facts)
    assert dict(zip(table.dataset("d").cases, table.dataset("d").subjects, strict=True)) == {
        "x": ("s1", "s2"),
        "7_6": ("7", "6"),
    }
    assert subjects_of_case("3455_0000_3454_0001") == ("3455", "3454")
    assert subjects_of_case("0007") == ("0007", "0007")


def test_numbers_in_names_sort_by_size() -> None:
    assert sorted(["c10", "c9", "b", "c"], key=natural_key) == ["b", "c", "c9", "c10"]


def test_facts_out_of_the_list_are_refused() -> None:
    with pytest.raises(ValueError, match="elsewhere"):
        DatasetFacts(group="elsewhere")
    with pytest.raises(ValueError, match="atlas"):
        DatasetFacts(task="atlas")


def write(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "scores.csv"
    path.write_text("\n".join(("method,dataset,case,item,metric,value", *lines)) + "\n")
    return path


def test_csv_items_make_the_case_value_as_the_scorer_does(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "a,d,1,l2,DSC,0.5",
        "a,d,1,l10,DSC,nan",
        "a,d,1,l1,DSC,0.7",
        "a,d,1,p1,TRE,2",
        "a,d,1,p2,TRE,",
        "a,d,1,,NDV,0.25",
        "a,d,1,l1,HD95,inf",
        "a,d,1,l2,HD95,1",
    )
    metrics = read_scores_csv(path).dataset("d").metrics
    np.testing.assert_array_equal(metrics["DSC"].items, [[0.7, 0.5, NAN]])
    assert metrics["DSC"].values[0, 0] == pytest.approx(0.6)
    assert math.isnan(metrics["TRE"].values[0, 0])
    assert (metrics["NDV"].values[0, 0], metrics["HD95"].values[0, 0]) == (0.25, math.inf)


def test_csv_case_value_wins_over_the_mean_of_the_items(tmp_path: Path) -> None:
    path = write(tmp_path, "a,d,1,l1,DSC,0.5", "a,d,1,,DSC,0.9")
    assert read_scores_csv(path).dataset("d").metrics["DSC"].values.tolist() == [[0.9]]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a,d,1,,DSC,high", "line 3"),
        ("a,d,1,,Dice,1", "line 3: no metric Dice; metrics: DSC, HD95, TRE, NDV, SDlogJ"),
        ("a,d,1,,NDV,1", "line 3: a second value for a, d, 1, NDV"),
        ("a,,1,,DSC,1", "line 3: method, dataset"),
    ],
)
def test_csv_mistakes_are_named_by_line(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_scores_csv(write(tmp_path, "a,d,1,,NDV,1", line))


def test_csv_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = write(tmp_path, "a,d,1,,NDV,1")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_scores_csv(path).methods == ("a",)


def test_csv_without_a_column_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text("method,case,value\n")
    with pytest.raises(ValueError, match="no column dataset, item, metric"):
        read_scores_csv(path)
