"""What 1,000 teams and 1,000,000 case scores a day take, from measured figures: writes docs/planning.md.

Bytes are measured here, on rows made for it; seconds and rates are read from results.md.
"""

import math
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.benchmarks import apart

ROOT = Path(__file__).resolve().parents[2]
RESULTS, PAGE = ROOT / "tests" / "benchmarks" / "results.md", ROOT / "docs" / "planning.md"
WORDS = Path(__file__).with_name("planning.in.md")
TEAMS, SCORES, CASES = 1_000, 1_000_000, 38
DAY = 86_400
COMPOSE, SERVING = ROOT / "docker-compose.yml", ROOT / "leaderboard" / "serving.py"


def run() -> list[str]:
    """Markdown lines; the figures are the page's, which is written beside them, and not results.md's."""
    written = page(apart.in_a_site("rows:measured"), RESULTS.read_text(encoding="utf-8"))
    PAGE.write_text(written, encoding="utf-8")
    return [line for line in written.splitlines() if line.startswith("|")]


def number(results: str, pattern: str) -> float:
    """What the first group of a pattern finds in results.md."""
    found = re.search(pattern, results)
    if found is None:
        raise SystemExit(f"results.md has no {pattern!r}: run the benchmarks first")
    return float(found[1].replace(",", ""))


def figure(results: str, row: str, column: int = 1) -> float:
    """A number of results.md: of the first row that begins with these words, by the place of its column."""
    return number(results, rf"(?m)^\| {re.escape(row)}[^|]*\|(?:[^|]*\|){{{column - 1}}}\s*([\d,.]+)")


def connections_allowed(compose: Mapping[str, Any]) -> int:
    """How many connections the database of a compose file takes."""
    return int(re.findall(r"max_connections=(\d+)", compose["services"]["postgres"]["command"])[0])


def web_threads(compose: Mapping[str, Any]) -> int:
    """Each keeps a connection: those of all web processes, which WEB_WORKERS and WEB_THREADS count."""
    usual = dict(re.findall(r'"WEB_(\w+)", (\d+)', SERVING.read_text(encoding="utf-8")))
    given = [usual | _web(compose["services"][name]["environment"]) for name in ("web", "transfers")]
    return sum(int(one["WORKERS"]) * int(one["THREADS"]) for one in given)


def _web(environment: Mapping[str, Any]) -> dict[str, str]:
    found = {name: str(value) for name, value in environment.items() if name.startswith("WEB_")}
    return {name.removeprefix("WEB_"): value for name, value in found.items()}


def connections_of_workers(processes: Sequence[int]) -> int:
    """Of services with so many processes: each has two, one renews its lease; a main process has one."""
    return sum(2 * number + 1 for number in processes)


def page(measured: dict[str, float], results: str) -> str:
    """The whole page."""
    facts = _facts(measured, results)
    loads = {
        "uploads, onto one disk": facts["rate"] / facts["plain"],
        "workers, one process for each processor": facts["slots"] / facts["processors"],
        f"boards of {facts['board_entries']:.0f} entries, one for each submission": facts["submissions"]
        / facts["boards"],
        f"connections of the database, of {facts['connections']}": facts["held"] / facts["connections"],
        "database, results over one connection": SCORES / DAY / measured["rows_a_second"],
    }
    ordered = sorted(loads.items(), key=lambda part: -part[1])
    parts = "\n".join(f"| {name} | {load:.2f} |" for name, load in ordered)
    return WORDS.read_text(encoding="utf-8").format(**facts, parts=parts, first=ordered[0][0])


def _facts(measured: dict[str, float], results: str) -> dict[str, float]:
    submissions, field = SCORES / CASES, number(results, r"a field of (\d+) MiB")
    an_hour, ranks = figure(results, "one installation"), figure(results, "to the ranks")
    entries = number(results, r"\| (\d+) entries, \d+ cases, \d+ labels: from the last result")
    rate, slots = submissions * CASES * field / DAY, SCORES / 24 / an_hour
    compose = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    database = (SCORES * measured["case"] + submissions * measured["submission"]) / 2**30
    return measured | {
        "teams": TEAMS,
        "scores": SCORES,
        "cases": CASES,
        "processors": os.cpu_count() or 1,
        "submissions": submissions,
        "each": submissions / TEAMS,
        "engine": figure(results, "good", 2),
        "an_hour": an_hour,
        "board_entries": entries,
        "ranks": ranks,
        "certainty": figure(results, "then, in another task"),
        "field": int(field),
        "plain": measured["disk"] / 2**20,
        "database": database,
        "year": 365 * database / 1024,
        "uploads": rate * DAY / 2**20,
        "rate": rate,
        "connections": connections_allowed(compose),
        "web_threads": web_threads(compose),
        "held": web_threads(compose) + connections_of_workers([math.ceil(slots)]),
        "slots": slots,
        "boards": DAY / ranks,
        "kept_boards": min(submissions, DAY / ranks) * measured["kept_days"] * measured["board"] / 2**30,
        "large_board": (TEAMS / entries) ** 2 * ranks,
    }
