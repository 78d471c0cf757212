import csv
import json
from pathlib import Path

import pytest

from scoring.__main__ import main
from scoring.ranking import PRESETS, Scheme

from .conftest import Simulated


@pytest.fixture
def scores_csv(simulated: Simulated, tmp_path: Path) -> Path:
    table = simulated()
    path = tmp_path / "scores.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["method", "dataset", "case", "item", "metric", "value"])
        for dataset in table.datasets:
            for metric, scores in dataset.metrics.items():
                for row, method in enumerate(table.methods):
                    for column, case in enumerate(dataset.cases):
                        where = [method, dataset.name, case]
                        items = [] if scores.items is None else scores.items[row, scores.item_case == column]
                        if scores.items is None:
                            writer.writerow([*where, "", metric, repr(float(scores.values[row, column]))])
                        writer.writerows([*where, i, metric, repr(float(v))] for i, v in enumerate(items))
    return path


def run(scores_csv: Path, *arguments: str) -> tuple[int, Path]:
    output = scores_csv.with_name("ranking.json")
    status = main(["rank", "--scores", str(scores_csv), "--output", str(output), *arguments])
    return status, output


def test_the_file_holds_the_ranking_and_what_belongs_to_it(
    simulated: Simulated, scores_csv: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, output = run(scores_csv, "--scheme", "l2r-code", "--bootstrap", "20", "--seed", "3")
    report = json.loads(output.read_text())
    assert status == 0
    assert report["entries"][0]["method"] == "m5"
    assert report["entries"][0]["metrics"]["DSC"]["beaten_by"] == 0
    assert {(m["dataset"], m["metric"]) for m in report["significance"]} == {
        ("t1", "DSC"), ("t1", "NDV"), ("t1", "TRE"), ("t2", "DSC"), ("t2", "NDV"),
        ("to-subject", "DSC"), ("to-subject", "NDV"), ("to-atlas", "DSC"), ("to-atlas", "NDV"),
    }  # fmt: skip
    assert report["schemes"]["names"] == list(PRESETS)
    assert report["without_dataset"]["names"] == ["t1", "t2", "to-subject", "to-atlas"]
    assert (report["stability"]["resamples"], report["stability"]["seed"]) == (20, 3)
    assert set(report["explanations"]) == set(simulated().methods)
    assert set(report["versions"]) == {"numpy", "scipy", "numba"}
    board = capsys.readouterr().out.splitlines()
    assert board[0] == "Learn2Reg, as its code runs it (l2r-code, version 1)"
    assert board[1].split()[0] == "1"
    assert board[1].split()[-1] == "m5"


def test_the_same_inputs_give_the_same_bytes(scores_csv: Path) -> None:
    first = run(scores_csv, "--bootstrap", "10")[1].read_bytes()
    assert run(scores_csv, "--bootstrap", "10")[1].read_bytes() == first


def test_a_scheme_may_come_from_a_file(scores_csv: Path, tmp_path: Path) -> None:
    scheme = Scheme.from_dict({**PRESETS["strict"].to_dict(), "name": "ours", "version": 7})
    path = tmp_path / "ours.json"
    path.write_text(json.dumps(scheme.to_dict()))
    status, output = run(scores_csv, "--scheme", str(path))
    report = json.loads(output.read_text())
    assert (status, report["scheme"]["name"], report["scheme"]["version"]) == (0, "ours", 7)
    assert report["stability"] is None


@pytest.mark.parametrize(
    ("content", "message"),
    [("{", "is no JSON"), ("[]", "does not hold a scheme"), ('{"unit": "case"}', "scheme:")],
)
def test_a_bad_scheme_is_refused_in_words(
    scores_csv: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, message: str
) -> None:
    path = tmp_path / "bad.json"
    path.write_text(content)
    assert run(scores_csv, "--scheme", str(path))[0] == 1
    assert message in capsys.readouterr().err


def test_unknown_names_and_files_are_refused_in_words(
    scores_csv: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(scores_csv, "--scheme", "best")[0] == 1
    assert "best is no file and no scheme; schemes: l2r-code" in capsys.readouterr().err
    assert run(scores_csv.with_name("other.csv"))[0] == 1
    assert "other.csv" in capsys.readouterr().err
    output = scores_csv.parent / "nowhere" / "ranking.json"
    assert main(["rank", "--scores", str(scores_csv), "--output", str(output)]) == 1
    assert "nowhere" in capsys.readouterr().err
    with pytest.raises(SystemExit) as left:
        run(scores_csv, "--bootstrap", "-1")
    assert left.value.code == 2
