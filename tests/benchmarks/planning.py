"""What 1,000 teams and 1,000,000 case scores a day take, from measured figures: writes docs/planning.md.

Bytes are measured here, on rows made for it; seconds and rates are read from results.md.
"""

import os
import re
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import django
from django.core.management import call_command

from leaderboard import embedded

ROOT = Path(__file__).resolve().parents[2]
RESULTS, PAGE = ROOT / "tests" / "benchmarks" / "results.md", ROOT / "docs" / "planning.md"
WORDS = Path(__file__).with_name("planning.in.md")
TEAMS, SCORES, CASES = 1_000, 1_000_000, 38
DAY = 86_400
# As docker-compose.yml has it; web and transfers run two processes each.
CONNECTIONS, WEB_THREADS = 300, 2 * (20 + 40)


def run() -> list[str]:
    """Markdown lines; the page is written beside them."""
    (ROOT / "var").mkdir(exist_ok=True)
    with TemporaryDirectory(dir=ROOT / "var") as folder, ProcessPoolExecutor(1, get_context("spawn")) as pool:
        measured = pool.submit(_measure, folder).result()
    written = page(measured, RESULTS.read_text(encoding="utf-8"))
    PAGE.write_text(written, encoding="utf-8")
    return ["## Planning", "", *(line for line in written.splitlines() if line.startswith("|"))]


def _measure(folder: str) -> dict[str, float]:
    os.environ |= {"DATA_DIR": folder, "EMAIL_URL": "dummymail://", "LOG_LEVEL": "WARNING"}
    with embedded.serving_this_process():
        django.setup()
        call_command("migrate", verbosity=0)
        # These need settings, which are this process's own.
        from tests.benchmarks import rows

        return rows.measured()


def number(results: str, pattern: str) -> float:
    """What the first group of a pattern finds in results.md."""
    found = re.search(pattern, results)
    if found is None:
        raise SystemExit(f"results.md has no {pattern!r}: run the benchmarks first")
    return float(found[1].replace(",", ""))


def figure(results: str, row: str, column: int = 1) -> float:
    """A number of results.md: of the first row that begins with these words, by the place of its column."""
    return number(results, rf"(?m)^\| {re.escape(row)}[^|]*\|(?:[^|]*\|){{{column - 1}}}\s*([\d,.]+)")


def page(measured: dict[str, float], results: str) -> str:
    """The whole page."""
    facts = _facts(measured, results)
    loads = {
        "uploads, onto one disk": facts["rate"] / facts["plain"],
        "workers, one process for each processor": facts["slots"] / facts["processors"],
        f"boards of {facts['board_entries']:.0f} entries, one for each submission": facts["submissions"]
        / facts["boards"],
        f"connections of the database, of {CONNECTIONS}": (WEB_THREADS + 2 * facts["slots"]) / CONNECTIONS,
        "database, results over one connection": SCORES / DAY / measured["rows_a_second"],
    }
    ordered = sorted(loads.items(), key=lambda part: -part[1])
    parts = "\n".join(f"| {name} | {load:.2f} |" for name, load in ordered)
    return WORDS.read_text(encoding="utf-8").format(**facts, parts=parts, first=ordered[0][0])


def _facts(measured: dict[str, float], results: str) -> dict[str, float]:
    submissions, field = SCORES / CASES, number(results, r"a field of (\d+) MiB")
    an_hour, ranks = figure(results, "one installation"), figure(results, "to the ranks")
    entries = number(results, r"\| (\d+) entries, \d+ cases, \d+ labels: from the last result")
    rate = submissions * CASES * field / DAY
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
        "connections": CONNECTIONS,
        "web_threads": WEB_THREADS,
        "slots": SCORES / 24 / an_hour,
        "boards": DAY / ranks,
        "large_board": (TEAMS / entries) ** 2 * ranks,
    }
