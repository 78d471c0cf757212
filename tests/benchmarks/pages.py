"""The board of a long phase: from a new result to its ranks, and what pages take.

By the site's own code, database and cache, without the network.
"""

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import django
from django.core.management import call_command

from leaderboard import embedded

ROOT = Path(__file__).resolve().parents[2] / "var"
TIMES = 20


def run() -> list[str]:
    """Markdown lines."""
    ROOT.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=ROOT) as folder, ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(_measure, folder).result()


def _measure(folder: str) -> list[str]:
    os.environ |= {"DATA_DIR": folder, "EMAIL_URL": "dummymail://", "ALLOWED_HOSTS": "testserver"}
    with embedded.serving_this_process():
        django.setup()
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        # These need settings, which are this process's own.
        from tests.benchmarks import boards

        new = boards.new_result()
        phase = boards.large_phase()
        pages = boards.page_seconds(phase, TIMES)
        first = boards.first_page_seconds(phase)
        figure, size = boards.heaviest_figure(phase)
    words = pages.pop("page of words")
    lines = [f"| {name} | {1000 * taken:.0f} | {taken / words:.1f} |" for name, taken in pages.items()]
    return [
        "## Boards and pages",
        "",
        "| 200 entries, 38 cases, 133 labels: from the last result | seconds |",
        "| --- | --- |",
        f"| to the ranks, figures' data included (at most 10) | {new['ranks']:.1f} |",
        f"| then, in another task, to intervals, agreement and other schemes | {new['certainty']:.1f} |",
        "",
        "| 200 entries, 20 datasets, 4,000 cases | milliseconds of the server | over a page of words |",
        "| --- | --- | --- |",
        f"| page of words (log-in) | {1000 * words:.0f} | 1 |",
        *lines,
        f"| leaderboard, the first time of a snapshot | {1000 * first:.0f} | {first / words:.1f} |",
        "",
        f"Heaviest figure: {figure}, {size / 1000:.0f} kB compressed (at most 300).",
    ]
