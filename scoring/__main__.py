"""Command line: ``python -m scoring score | rank``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from scoring.archive import open_fields
from scoring.errors import ScoringError
from scoring.evaluate import score
from scoring.ranking.command import add_rank_command
from scoring.report import metrics_json, tidy_csv
from scoring.spec import RULES, read_config


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 fine, 1 a problem with the files given, 2 wrong usage."""
    parser = argparse.ArgumentParser(
        prog="python -m scoring", description="Score displacement fields and rank methods."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_score(commands)
    add_rank_command(commands)
    options = parser.parse_args(arguments)
    try:
        status: int = options.run(options)
    except ScoringError as error:
        print(error.problem().message, file=sys.stderr)
        return 1
    return status


def _add_score(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("score", help="score a submission and write metrics.json")
    parser.add_argument(
        "--config",
        action="append",
        required=True,
        type=Path,
        metavar="FILE",
        help="evaluation config; repeat for several",
    )
    parser.add_argument(
        "--ground-truth", required=True, type=Path, metavar="DIR", help="folder with imagesVal, labelsVal ..."
    )
    parser.add_argument("--fields", required=True, type=Path, metavar="ZIP_OR_DIR", help="the submission")
    parser.add_argument("--rules", required=True, choices=sorted(RULES), help="whose evaluator to follow")
    parser.add_argument("--output", type=Path, metavar="FILE", help="where to write metrics.json")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="where to write the tidy table")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes (default 1)")
    parser.set_defaults(run=run_score)


def run_score(options: argparse.Namespace) -> int:
    """Check, score, write."""
    configs = [read_config(path) for path in options.config]
    with open_fields(options.fields) as fields:
        result = score(fields, configs, options.ground_truth, RULES[options.rules], options.jobs)
    if options.output:
        options.output.write_text(metrics_json(result), encoding="utf-8")
    if options.csv:
        options.csv.write_text(tidy_csv(result), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
