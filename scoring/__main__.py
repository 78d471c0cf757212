"""Command line: ``python -m scoring check | score | rank``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from scoring.commands import add_check_command, add_score_command
from scoring.errors import ScoringError
from scoring.ranking.command import add_rank_command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 fine, 1 a problem with the files given, 2 wrong usage."""
    parser = argparse.ArgumentParser(
        prog="python -m scoring", description="Check and score displacement fields, and rank methods."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add_check_command(commands)
    add_score_command(commands)
    add_rank_command(commands)
    options = parser.parse_args(arguments)
    try:
        status: int = options.run(options)
    except ScoringError as error:
        print(error.problem().message, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
