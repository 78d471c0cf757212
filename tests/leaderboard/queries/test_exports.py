import csv
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from leaderboard.queries import boards, exports, tables
from tests.leaderboard import make, payload
from tests.leaderboard.make import public

pytestmark = pytest.mark.django_db


# All that a row of the page can say beside its numbers.
MARKED = {
    "kind": "optimisation",
    "instance_specific": True,
    "organizers": True,
    "in_competition": False,
    "team": {"slug": "team-0", "name": "Team 0", "affiliation": "Aix"},
    "imputations": {"HD95": [{"dataset": "t2-like", "state": "infinite", "count": 2, "stand_in": 56.25}]},
}
NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)


def shown(whole: dict[str, Any], **asked: Any) -> tables.Shown:
    phase = make.phase(challenge=make.challenge(slug="lumir"))
    payload.snapshot(phase, payload=whole, created_at=NOON)
    found = boards.board_of(phase, public(phase))
    assert found is not None
    return tables.arranged(found, **asked)


def test_csv_has_full_precision_and_no_formula() -> None:
    whole = payload.board(1)
    whole["entries"][0] |= {"method": "=1+1", "rank_interval": [1, 2], "score": 0.1 + 0.2} | MARKED
    whole["entries"][0]["metrics"]["HD95"] = {"mean": None, "std": None, "missing": 3, "best": False}
    head, line = csv.reader(exports.csv_lines(exports.board_csv(shown(whole))))
    assert dict(zip(head, line, strict=True)) == {
        "rank": "1",
        "rank_low": "1",
        "rank_high": "2",
        "score": "0.30000000000000004",
        "entry": "entry-0",
        "method": "'=1+1",
        "team": "Team 0",
        "baseline": "yes",
        "DSC_mean": "0.79",
        "DSC_std": "0.00816",
        "DSC_missing": "0",
        "HD95_mean": "",
        "HD95_std": "",
        "HD95_missing": "3",
        "NDV_mean": "0.0",
        "NDV_std": "0.0",
        "NDV_missing": "0",
        "affiliation": "Aix",
        "kind": "optimisation",
        "instance_specific": "yes",
        "organizers": "yes",
        "in_competition": "no",
        "tie_group": "0",
        "stand_ins": "2",
        "scheme": "l2r-code",
        "official": "yes",
        "as_of": "2026-03-05T12:00:00Z",
    }


def test_downloads_have_the_columns_and_rows_that_are_shown() -> None:
    table = shown(payload.board(3), columns=("NDV", "score-DSC"), sort="-NDV", words="method team")
    lines = exports.board_csv(table)
    # No interval: it was not chosen.
    assert lines[0][:3] == ["rank", "score", "entry"]
    assert lines[0][6:10] == ["NDV_mean", "NDV_std", "NDV_missing", "DSC_rank_score"]
    assert [line[2] for line in lines[1:]] == ["entry-1", "entry-0", "entry-2"]
    entries = exports.board_json(table.board.phase, table)["entries"]
    assert [(one["entry"], list(one["metrics"]), one["rank_scores"]) for one in entries] == [
        ("entry-1", ["NDV"], {"DSC": 0.9}),
        ("entry-0", ["NDV"], {"DSC": 1.0}),
        ("entry-2", ["NDV"], {"DSC": 0.8}),
    ]


def test_an_unofficial_board_says_so_in_every_format() -> None:
    table = shown(payload.board(2) | {"official": False})
    content = exports.board_json(table.board.phase, table)
    assert content["official"] is False
    assert content["what_if"] == {
        "scheme": "Learn2Reg",
        "weights": {"DSC": 1.0},
        "datasets": list(payload.DATASETS),
    }
    assert [line[-1] for line in exports.board_csv(table)] == ["as_of", *["2026-03-05T12:00:00Z"] * 2]
    assert [line[-2] for line in exports.board_csv(table)] == ["official", "no", "no"]
    text = exports.board_latex(table, "https://example.org/")
    assert "UNOFFICIAL" in text
    assert "Unofficial ranking." in text
    json.dumps(content, allow_nan=False)


def test_latex_prints_participants_words_as_they_are_and_rules_between_tie_groups() -> None:
    whole = payload.board(3)
    whole["entries"][0]["method"] = "50%_of $\\alpha$ & {x}"
    text = exports.board_latex(shown(whole), "https://example.org/board")
    rows = text[text.index("\\midrule") : text.index("\\bottomrule")].splitlines()
    assert rows[1].startswith("1 & 50\\%\\_of \\$\\textbackslash{}alpha\\$ \\& \\{x\\} & Team 0 & 1--2 & ")
    assert "\\textbf{0.7900} $\\pm$ 0.0082" in rows[1]
    # Entries 0 and 1 are one tie group, entry 2 the next.
    assert [row == "\\midrule" for row in rows] == [True, False, False, True, False]
    assert "% https://example.org/board" in text


def test_latex_marks_what_the_page_marks_and_says_what_it_means() -> None:
    whole = payload.board(2)
    whole["entries"][0] |= MARKED
    whole["entries"][0]["metrics"]["HD95"]["missing"] = 3
    text = exports.board_latex(shown(whole), "")
    row = next(line for line in text.splitlines() if "Method 0" in line)
    assert "Method 0\\textsuperscript{o,x,p,i} & Team 0 & " in row
    assert "\\textbf{2.000}$^{*}$ $\\pm$" in row
    assert row.endswith("1.000$^{\\dagger}$ \\\\")
    caption = next(line for line in text.splitlines() if "\\caption" in line)
    assert "as of 2026-03-05T12:00:00Z" in caption
    for words in (
        "{b}baseline",
        "{o}organizers",
        "{x}out of competition",
        "{i}instance-specific",
        "$^{*}$cases",
    ):
        assert words in caption


def test_latex_without_a_score_or_an_interval_prints_dashes() -> None:
    whole = payload.board(1)
    whole["entries"][0] |= {"rank": None, "score": None, "rank_interval": None}
    line = next(row for row in exports.board_latex(shown(whole), "").splitlines() if "Method 0" in row)
    assert (line.split(" & ")[0], line.split(" & ")[-1]) == ("--", "-- \\\\")
