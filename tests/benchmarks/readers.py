"""Fifty readers at once, and how long a page takes until its plots are drawn.

The web server runs as the product runs it, on a board of the demo's size; readers, browser, database and
server share the machine.
"""

import asyncio
import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory

import django
from django.core.management import call_command

from leaderboard import embedded

ROOT = Path(__file__).resolve().parents[2] / "var"
READERS, SECONDS, RUNS = 50, 10.0, 3
DEMO, LARGE = (7, 7, 74), (200, 20, 4000)  # entries, datasets, cases
# Notes when every figure of the page has its marks; milliseconds since the navigation began.
WATCH = """addEventListener("DOMContentLoaded", () => {
  const look = () => {
    const plots = [...document.querySelectorAll("[data-plot]")];
    const marks = ".trace path, .points path, .hm image, .slice path";
    if (plots.every(plot => plot.querySelector(marks))) window.drawnAfter = performance.now();
    else requestAnimationFrame(look);
  };
  look();
});"""


@dataclass(frozen=True)
class Load:
    """What readers got: answers, failures, seconds of each answer, bytes of the last one."""

    answers: int
    errors: int
    taken: Sequence[float]
    size: int
    seconds: float

    @property
    def rate(self) -> float:
        return self.answers / self.seconds

    def row(self, name: str, plain: "Load") -> str:
        slow = quantiles(self.taken, n=20)[-1]
        facts = f"{self.rate:.0f} | {1000 * median(self.taken):.0f} | {1000 * slow:.0f} | {self.errors}"
        return f"| {name}, {self.size / 1000:.0f} kB | {facts} | {self.rate / plain.rate:.2f} |"


def run() -> list[str]:
    """Markdown lines."""
    ROOT.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=ROOT) as folder, ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(_measure, folder).result()


def _measure(folder: str) -> list[str]:
    os.environ |= {"DATA_DIR": folder, "EMAIL_URL": "dummymail://"}
    with embedded.serving_this_process():
        django.setup()
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        # These need settings, which are this process's own.
        from django.templatetags.static import static

        from leaderboard.domain import ranking
        from tests.leaderboard import large, make
        from tests.leaderboard.stack import Stack, free_port, listens

        boards = {}
        for name, size in (("demo", DEMO), ("large", LARGE)):
            phase = make.phase(slug=name, scheme=ranking.preset(large.SCHEME.name))
            large.snapshot(phase, *size)
            boards[name] = phase.get_absolute_url()
        stack, port = Stack(Path(folder)), free_port()
        try:
            stack.web(port)
            stack.wait(lambda: listens(port))
            loads = _loads(port, boards["demo"], static("css/board.css"))
            drawn = {
                name: _drawn(f"http://localhost:{port}", _pages(board)) for name, board in boards.items()
            }
        finally:
            stack.end()
    return _lines(loads, drawn)


def _pages(board: str) -> dict[str, str]:
    """The pages with plots, by what they are called."""
    home = board.partition("phases/")[0]
    phase = board.rstrip("/").rpartition("/")[2]
    return {
        "leaderboard": board,
        "dataset": f"{home}datasets/d00/?phase={phase}",
        "entry": f"{home}entries/zerodisplacement/?phase={phase}",
        "significance": f"{board}significance/",
        "stability": f"{board}stability/",
        "comparison": f"{home}compare/?a=m001&b=m002&phase={phase}",
        "data": f"{home}data/",
    }


def _loads(port: int, board: str, plain: str) -> dict[str, Load]:
    pages = _pages(board)
    wanted = {"plain static file": [plain], "leaderboard": [board], "all pages in turn": [*pages.values()]}
    found = {}
    for name, addresses in wanted.items():
        asyncio.run(_read(port, addresses, 1.0))  # warmed: each page's HTML is kept
        found[name] = asyncio.run(_read(port, addresses, SECONDS))
    return found


async def _read(port: int, addresses: Sequence[str], seconds: float) -> Load:
    taken: list[float] = []
    errors = [0]
    begun = time.perf_counter()
    readers = [
        _reader(
            port,
            [*addresses[at % len(addresses) :], *addresses[: at % len(addresses)]],
            begun + seconds,
            taken,
            errors,
        )
        for at in range(READERS)
    ]
    sizes = await asyncio.gather(*readers)
    return Load(len(taken), errors[0], taken, max(sizes), time.perf_counter() - begun)


async def _reader(
    port: int, addresses: Sequence[str], until: float, taken: list[float], errors: list[int]
) -> int:
    """Asks for one page after the other on a connection that is kept; the largest answer's bytes."""
    line, largest, number = None, 0, 0
    while time.perf_counter() < until:
        begun = time.perf_counter()
        try:
            line = line or await asyncio.open_connection("localhost", port)
            status, size, stays = await _answer(*line, addresses[number % len(addresses)])
        except (OSError, asyncio.IncompleteReadError):
            status, size, stays = 0, 0, False
        if status == 200:
            taken.append(time.perf_counter() - begun)
        else:
            errors[0] += 1
        if not stays and line is not None:
            line[1].close()
            line = None
        largest, number = max(largest, size), number + 1
    if line is not None:
        line[1].close()
    return largest


async def _answer(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str
) -> tuple[int, int, bool]:
    """Status, bytes of the body, and whether the connection stays."""
    writer.write(f"GET {address} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    told = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
    size = int(told["content-length"])
    await reader.readexactly(size)
    return int(head.split()[1]), size, told.get("connection") != "close"


def _drawn(site: str, pages: dict[str, str]) -> dict[str, float]:
    """Median seconds from the navigation until every plot of a page is drawn, each time in a new browser."""
    from playwright.sync_api import sync_playwright

    from tests.e2e.conftest import FLAGS, chromium
    from tests.leaderboard.stack import wait

    found = {}
    with sync_playwright() as playwright:
        for name, address in pages.items():
            taken = []
            for _ in range(RUNS):
                browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
                page = browser.new_page(viewport={"width": 1280, "height": 900})
                page.add_init_script(WATCH)
                answer = page.goto(f"{site}{address}")
                assert answer is not None, address
                assert answer.status == 200, (address, answer.status)
                wait(lambda page=page: page.evaluate("window.drawnAfter"), every=0.02, tell=address)  # type: ignore[misc]
                taken.append(page.evaluate("window.drawnAfter") / 1000)
                browser.close()
            found[name] = median(taken)
    return found


def _lines(loads: dict[str, Load], drawn: dict[str, dict[str, float]]) -> list[str]:
    plain = loads["plain static file"]
    return [
        "## Readers",
        "",
        f"{os.cpu_count()} processors, shared by server, database and readers; answers as gunicorn sends "
        "them, before the proxy compresses.",
        "",
        f"| {READERS} readers at once, board of {DEMO[0]} entries | answers a second | median (ms) "
        "| 95 % (ms) | errors | over a static file |",
        "| --- | --- | --- | --- | --- | --- |",
        *(load.row(name, plain) for name, load in loads.items()),
        "",
        f"| until all plots are drawn, Chromium without a cache, median of {RUNS} (at most 2 s) "
        f"| {DEMO[0]} entries (s) | {LARGE[0]} entries (s) |",
        "| --- | --- | --- |",
        *(f"| {name} | {drawn['demo'][name]:.2f} | {drawn['large'][name]:.2f} |" for name in drawn["demo"]),
    ]
