"""The commands ``check`` and ``score``: what a participant runs before uploading."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from scoring.archive import open_fields
from scoring.doctor import CASES, suspicions
from scoring.errors import Problem, ScoringError
from scoring.evaluate import CaseScores, SubmissionScores, check, name_problems, score
from scoring.groundtruth import read_grid
from scoring.metrics import METRICS
from scoring.ranking.report import check_writable
from scoring.report import aggregate, metrics_json, tidy_csv
from scoring.spec import RULES, EvaluationConfig, ground_truth_files, read_config
from scoring.warmup import warm_up_to_score

Commands = Any  # argparse has no public name for what add_subparsers returns


def add_check_command(commands: Commands) -> None:
    """``check``: every problem of a submission at once."""
    parser = commands.add_parser("check", help="list every problem of a submission, without scoring it")
    _add_inputs(parser)
    _add_ground_truth(parser, required=False)
    parser.add_argument("--json", action="store_true", help="print the problems as JSON")
    parser.set_defaults(run=run_check, misused=parser.error)


def add_score_command(commands: Commands) -> None:
    """``score``: the official numbers."""
    parser = commands.add_parser("score", help="score a submission and write metrics.json")
    _add_inputs(parser)
    _add_ground_truth(parser, required=True)
    parser.add_argument("--rules", required=True, choices=sorted(RULES), help="whose evaluator to follow")
    parser.add_argument("--output", type=Path, metavar="FILE", help="where to write metrics.json")
    parser.add_argument(
        "--csv", type=Path, metavar="FILE", help="where to write every number as a table, which rank reads"
    )
    parser.add_argument(
        "--method", metavar="NAME", help="the method's name there (default: the fields' name)"
    )
    parser.add_argument("--jobs", type=_positive, default=1, metavar="N", help="processes (default 1)")
    parser.set_defaults(run=run_score, misused=parser.error)


def _add_inputs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        action="append",
        required=True,
        type=Path,
        metavar="FILE",
        help="evaluation config; repeat for several",
    )
    parser.add_argument("--fields", required=True, type=Path, metavar="ZIP_OR_DIR", help="the submission")


def _add_ground_truth(parser: argparse.ArgumentParser, *, required: bool) -> None:
    parser.add_argument(
        "--ground-truth",
        action="append",
        required=required,
        type=Path,
        metavar="DIR",
        help="folder with imagesVal, labelsVal ...: one for all configs, or one for each in their order"
        + ("" if required else "; with it, mistakes of convention are tried out"),
    )


def _folders(options: argparse.Namespace) -> list[Path]:
    """The ground-truth folder of each config."""
    given, wanted = options.ground_truth, len(options.config)
    if len(given) == 1:
        return given * wanted  # type: ignore[no-any-return]
    if len(given) != wanted:
        options.misused(
            f"--ground-truth is given {len(given)} times: give one, or one for each of {wanted} --config"
        )
    return list(given)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def run_check(options: argparse.Namespace) -> int:
    """Print every problem; 1 if any of them keeps the submission from being scored as it is meant."""
    try:
        problems = find_problems(options)
    except ScoringError as error:
        problems = [error.told_of(options.fields.name)]
    valid = all(p.severity == "warning" for p in problems)
    if options.json:
        print(json.dumps({"valid": valid, "problems": [p.to_dict() for p in problems]}, indent=2))
    else:
        print_problems(problems, sys.stdout)
        print(f"{len(problems)} found." if problems else "No problems found.")
    return 0 if valid else 1


def find_problems(options: argparse.Namespace) -> list[Problem]:
    """What ``check`` and the convention doctor say."""
    configs = [read_config(path) for path in options.config]
    with open_fields(options.fields) as fields:
        folders = _folders(options) if options.ground_truth else None
        for config, folder in zip(configs, folders or [], strict=False):
            _look_into(folder, config)
        return check(fields, configs) + suspicions(fields, configs, folders)


def _look_into(folder: Path, config: EvaluationConfig) -> None:
    """Raise InvalidGroundTruth where the folder has not what the doctor tries first."""
    for pair in config.pairs[:CASES]:
        files = ground_truth_files(pair, config)
        for role in ("fixed_image", "fixed_labels", "moving_labels"):
            if role in files:
                read_grid(folder, files[role])


def print_problems(problems: Sequence[Problem], out: TextIO) -> None:
    """One line each, warnings marked as such."""
    for found in problems:
        mark = "warning: " if found.severity == "warning" else ""
        print(f"{mark}{found.message} [{found.code}]", file=out)


def run_score(options: argparse.Namespace) -> int:
    """Score, show a summary, write the files asked for."""
    for path in filter(None, (options.output, options.csv)):
        check_writable(path)
    configs, folders = [read_config(path) for path in options.config], _folders(options)
    pairs = [pair for config in configs for pair in config.pairs]
    with open_fields(options.fields) as fields:
        # further files are none of this command's business: one may score some of the configs only
        problems = [p for p in name_problems(fields, pairs) if p.code != "unexpected"]
        if problems:
            print_problems(problems, sys.stderr)
            return 1
        warm_up_to_score()
        bar = ProgressBar(sys.stderr)
        result = score(fields, configs, folders, RULES[options.rules], options.jobs, bar.show)
    if options.output:
        options.output.write_text(metrics_json(result), encoding="utf-8")
    if options.csv:
        method = options.method or options.fields.name.removesuffix(".zip")
        options.csv.write_text(tidy_csv(result, method), encoding="utf-8")
    print(summary_table(result))
    return 0


class ProgressBar:
    """One line that is written again after every case; on anything but a terminal, one line per case."""

    def __init__(self, out: TextIO) -> None:
        self._out, self._begin = out, time.monotonic()

    def show(self, done: int, total: int, case: CaseScores) -> None:
        """Called by ``score`` after each case."""
        left = (time.monotonic() - self._begin) / done * (total - done)
        full = 30 * done // total
        text = f"[{'#' * full}{'.' * (30 - full)}] {done}/{total} {case.key} {left:.0f} s left"
        if self._out.isatty():
            end = "\n" if done == total else ""
            print(f"\r{text:<78}", end=end, file=self._out, flush=True)
        else:
            print(text, file=self._out, flush=True)


def summary_table(scores: SubmissionScores) -> str:
    """Mean ± standard deviation over the cases, one row per config and one column per metric."""
    names = list(dict.fromkeys(name for config in scores.configs for name in config.kinds))
    kinds = {name: kind for config in scores.configs for name, kind in config.kinds.items()}
    arrows = {"higher": "↑", "lower": "↓"}
    head = ["dataset", "cases", *(f"{name} {arrows[METRICS[kinds[name]].direction]}" for name in names)]
    rows = [
        [config.source or config.name, str(len(group)), *(_cell(group, name, kinds[name]) for name in names)]
        for config, group in zip(scores.configs, scores.groups, strict=True)
    ]
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in [head, *rows]
    ]
    note = f"rules {scores.rules.name} {scores.rules.version}, scorer {scores.scorer_version}"
    return "\n".join([*(line.rstrip() for line in lines), note])


def _cell(group: Sequence[CaseScores], name: str, kind: str) -> str:
    values = [case.values[name] for case in group if name in case.values]
    if not values:
        return "-"
    found, decimals = aggregate(values, 0.3), METRICS[kind].decimals
    return f"{found['mean']:.{decimals}f} ± {found['std']:.{decimals}f}"
