"""The command line as a participant uses it."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scoring.__main__ import main


def arguments(phantom: Path, *configs: str) -> list[str]:
    given = [part for name in configs for part in ("--config", str(phantom / f"{name}.json"))]
    return [*given, "--fields", str(phantom / "submission")]


def test_check_of_an_honest_submission_finds_nothing(
    phantom: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", *arguments(phantom, "segmentation", "landmark")]) == 0
    assert capsys.readouterr().out == "No problems found.\n"


def test_check_as_json_gives_code_file_found_expected_remedy(
    phantom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(phantom / "submission", tmp_path / "fields")
    (tmp_path / "fields" / "disp_3485_3484.nii.gz").unlink()
    config = ["--config", str(phantom / "landmark.json"), "--config", str(phantom / "segmentation.json")]
    assert main(["check", *config, "--fields", str(tmp_path / "fields"), "--json"]) == 1
    printed = json.loads(capsys.readouterr().out)
    assert printed["valid"] is False
    assert printed["problems"] == [
        {
            "code": "missing",
            "file": "disp_3485_3484.nii.gz",
            "found": "the file is missing",
            "expected": "a displacement field of this name",
            "remedy": "Add it; a phase is scored only when every pair is there.",
            "severity": "error",
            "message": "disp_3485_3484.nii.gz: the file is missing; expected a displacement field of this "
            "name. Add it; a phase is scored only when every pair is there.",
        }
    ]


def test_check_of_something_else_names_it(
    tmp_path: Path, phantom: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "fields.rar").write_bytes(b"Rar!")
    config = ["--config", str(phantom / "landmark.json")]
    assert main(["check", *config, "--fields", str(tmp_path / "fields.rar")]) == 1
    assert "fields.rar: this is not a zip file" in capsys.readouterr().out


def test_score_writes_json_and_csv_and_shows_progress_and_summary(
    phantom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = ["--output", str(tmp_path / "metrics.json"), "--csv", str(tmp_path / "values.csv")]
    command = ["score", *arguments(phantom, "landmark"), "--ground-truth", str(phantom), "--rules", "lumir25"]
    assert main([*command, *files]) == 0
    shown = capsys.readouterr()
    assert "2/2 3486_3485" in shown.err
    assert shown.out.splitlines()[0].split() == [
        "dataset", "cases", "Non-diffeomorphic", "Volumes", "↓", "TRE_lm", "↓",
    ]  # fmt: skip
    cases = json.loads((tmp_path / "metrics.json").read_text())["cases"]
    rows = list(csv.DictReader((tmp_path / "values.csv").read_text().splitlines()))
    first = next(row for row in rows if row["metric"] == "TRE" and row["item"] == "")
    assert float(first["value"]) == cases["3485_0000<--3484_0000"]["TRE_lm"]["mean"]
    errors = [float(row["value"]) for row in rows if row["case"] == "3485_3484" and row["item"]]
    assert sum(errors) / len(errors) == pytest.approx(float(first["value"]))


def test_the_tables_of_several_methods_can_be_ranked(phantom: Path, tmp_path: Path) -> None:
    shutil.copytree(phantom / "submission", tmp_path / "half")
    for field in (tmp_path / "half").iterdir():
        shutil.copyfile(phantom / "submission" / "disp_3456_3455.nii.gz", field)
    tables = []
    for method, fields in (("ZeroDisplacement", tmp_path / "half"), ("mine", phantom / "submission")):
        table = tmp_path / f"{method}.csv"
        config = ["--config", str(phantom / "segmentation.json"), "--fields", str(fields)]
        files = ["--ground-truth", str(phantom), "--csv", str(table), "--method", method]
        assert main(["score", *config, *files, "--rules", "lumir24"]) == 0
        tables.append(table.read_text().splitlines())
    (tmp_path / "all.csv").write_text("\n".join([*tables[0], *tables[1][1:]]) + "\n")
    output = ["--scores", str(tmp_path / "all.csv"), "--output", str(tmp_path / "ranking.json")]
    assert main(["rank", *output, "--scheme", "mean-rank"]) == 0
    ranking = json.loads((tmp_path / "ranking.json").read_text())
    assert {entry["method"] for entry in ranking["entries"]} == {"ZeroDisplacement", "mine"}
    assert ranking["pools"][0]["datasets"] == ["segmentation"]


def test_score_with_several_processes_gives_the_same_file(phantom: Path, tmp_path: Path) -> None:
    texts = []
    for jobs in ("1", "2"):
        output = tmp_path / f"{jobs}.json"
        command = ["score", *arguments(phantom, "landmark", "segmentation"), "--ground-truth", str(phantom)]
        assert main([*command, "--rules", "lumir25", "--output", str(output), "--jobs", jobs]) == 0
        texts.append(output.read_text())
    assert texts[0] == texts[1]


def test_score_of_an_incomplete_submission_lists_what_is_missing(
    phantom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other.nii.gz").write_bytes(b"")
    config = ["--config", str(phantom / "landmark.json"), "--fields", str(tmp_path)]
    assert main(["score", *config, "--ground-truth", str(phantom), "--rules", "lumir24"]) == 1
    shown = capsys.readouterr().err
    assert "disp_3485_3484.nii.gz" in shown
    assert "disp_3486_3485.nii.gz" in shown


def test_missing_ground_truth_is_said_by_name(
    phantom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [
        "score",
        *arguments(phantom, "landmark"),
        "--ground-truth",
        str(tmp_path),
        "--rules",
        "lumir24",
    ]
    assert main(command) == 1
    assert "imagesVal/PHANTOM_3485_0000.nii.gz: the file is missing" in capsys.readouterr().err


def test_the_engine_runs_without_the_site(phantom: Path) -> None:
    code = (
        "import sys\n"
        "from scoring.__main__ import main\n"
        f"status = main(['check', '--config', {str(phantom / 'landmark.json')!r},"
        f" '--fields', {str(phantom / 'submission')!r}])\n"
        "assert not {'django', 'celery', 'leaderboard'} & set(sys.modules)\n"
        "sys.exit(status)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    # the segmentation pairs' fields are in the folder, and no pair of this config asks for them
    assert done.returncode == 1, done.stderr
    assert done.stdout.count("[unexpected]") == 6


def test_each_config_may_have_a_ground_truth_of_its_own(
    phantom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(phantom, tmp_path / "there")
    shutil.rmtree(tmp_path / "there" / "labelsVal")  # the landmarks' folder needs no labels
    shutil.copytree(phantom, tmp_path / "here")
    shutil.rmtree(tmp_path / "here" / "landmarksVal")
    output = tmp_path / "metrics.json"
    rest = ["--rules", "lumir24", "--output", str(output)]
    both = ["--ground-truth", str(tmp_path / "here"), "--ground-truth", str(tmp_path / "there")]
    assert main(["score", *arguments(phantom, "segmentation", "landmark"), *both, *rest]) == 0
    apart = output.read_bytes()
    whole = ["--ground-truth", str(phantom)]
    assert main(["score", *arguments(phantom, "segmentation", "landmark"), *whole, *rest]) == 0
    assert apart == output.read_bytes()
    capsys.readouterr()


def test_a_number_of_ground_truths_that_fits_no_configs_is_told(
    phantom: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    two = ["--ground-truth", str(phantom)] * 2
    with pytest.raises(SystemExit) as left:
        main(["score", *arguments(phantom, "landmark"), *two, "--rules", "lumir24"])
    assert left.value.code == 2
    assert "--ground-truth is given 2 times: give one, or one for each of 1" in capsys.readouterr().err


def test_faults_are_told_of_the_file_that_has_them(
    phantom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fields = ["--fields", str(phantom / "submission")]
    assert main(["check", "--config", "nothere.json", *fields]) == 1
    assert capsys.readouterr().out.startswith("nothere.json: there is no such file")
    config = ["--config", str(phantom / "segmentation.json")]
    assert main(["check", *config, *fields, "--ground-truth", str(tmp_path / "nothere")]) == 1
    assert "the file is missing in the ground truth" in capsys.readouterr().out
    assert main(["check", *config, "--fields", str(tmp_path)]) == 1
    assert capsys.readouterr().out.startswith(f"{tmp_path.name}: it holds no files")


@pytest.mark.parametrize("option", ["--output", "--csv"])
def test_a_place_that_cannot_be_written_is_told_before_anything_is_scored(
    option: str, phantom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["score", *arguments(phantom, "landmark"), "--ground-truth", str(phantom), "--rules", "lumir24"]
    assert main([*command, option, str(tmp_path / "nowhere" / "file")]) == 1
    assert capsys.readouterr().err == f"{tmp_path / 'nowhere' / 'file'}: No such file or directory\n"
