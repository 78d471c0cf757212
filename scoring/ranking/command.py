"""``python -m scoring rank``: the ranking of a tidy CSV, without the site."""

import argparse
import sys
from pathlib import Path
from typing import Any

from scoring.ranking.report import check_writable, ranking_report, read_scheme, write_json
from scoring.ranking.schemes import PRESETS
from scoring.ranking.table import read_scores_csv


def add_rank_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the program's."""
    parser = commands.add_parser("rank", help="rank methods by their scores")
    parser.add_argument(
        "--scores",
        required=True,
        type=Path,
        metavar="FILE",
        help="tidy CSV: method, dataset, case, item, metric, value",
    )
    parser.add_argument(
        "--scheme",
        default=next(iter(PRESETS)),
        metavar="NAME_OR_FILE",
        help=f"{', '.join(PRESETS)}, or a JSON file with a scheme (default %(default)s)",
    )
    parser.add_argument(
        "--output", required=True, type=Path, metavar="FILE", help="where to write ranking.json"
    )
    parser.add_argument(
        "--bootstrap",
        type=_not_negative,
        default=0,
        metavar="N",
        help="resamples of the subjects for rank intervals, tie groups and effect intervals (default none)",
    )
    parser.add_argument(
        "--seed", type=_not_negative, default=0, metavar="S", help="seed of the resamples (default 0)"
    )
    parser.set_defaults(run=run_rank)


def _not_negative(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return number


def run_rank(options: argparse.Namespace) -> int:
    """Read, rank, write; the board goes to standard output. Returns 1 for files that cannot be used."""
    try:
        check_writable(options.output)
        scheme = read_scheme(options.scheme)
        table = read_scores_csv(options.scores)
        report = ranking_report(table, scheme, resamples=options.bootstrap, seed=options.seed)
        write_json(options.output, report)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(_board(report)))
    return 0


def _board(report: dict[str, Any]) -> list[str]:
    stability = report["stability"] or {"entries": []}
    intervals = {e["method"]: e["rank_interval"] for e in stability["entries"]}
    lines = [
        f"{report['scheme']['title']} ({report['scheme']['name']}, version {report['scheme']['version']})"
    ]
    for entry in report["entries"]:
        low_high = intervals.get(entry["method"])
        interval = f"{low_high[0]}-{low_high[1]}" if low_high else ""
        score = "-" if entry["score"] is None else f"{entry['score']:.4f}"
        lines.append(f"{entry['rank']:>4} {interval:>7} {score:>8}  {entry['method']}")
    omitted = sorted({(o["metric"], o["reason"]) for o in report["omitted"]})
    return lines + [f"left out: {metric} ({reason})" for metric, reason in omitted]
