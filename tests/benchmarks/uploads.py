"""An upload of 8 GiB against the running web server: its memory, the copies on the disk, the time."""

import os
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import django
from django.core.management import call_command

from leaderboard import embedded

SIZE = 8 * 2**30
ROOT = Path(__file__).resolve().parents[2] / "var"


def run() -> list[str]:
    """Markdown lines."""
    ROOT.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=ROOT) as folder, ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(_measure, folder).result()


def _measure(folder: str) -> list[str]:
    os.environ |= {"DATA_DIR": folder, "EMAIL_URL": "dummymail://", "MAX_UPLOAD_BYTES": str(SIZE)}
    with embedded.serving_this_process():
        django.setup()
        call_command("migrate", verbosity=0)
        # These need settings, which are this process's own.
        from tests.leaderboard.stack import Stack
        from tests.leaderboard.tus import Site, files, peak_memory, send, warmed

        stack = Stack(Path(folder))
        try:
            site = Site(stack)
            before, already, begun = warmed(site), files(), time.perf_counter()
            send(site, SIZE)
            seconds = time.perf_counter() - begun
            grown = (sum(peak_memory(site.process)) - before) / 2**20
            new = [path.stat().st_size for path in files() - already]
        finally:
            stack.end()
    facts = (SIZE / 2**30, seconds, SIZE / 2**20 / seconds, grown, len(new), sum(new) / 2**30)
    return [
        "## Uploads",
        "",
        "| size | time | rate | growth of peak memory, all web processes | files | on the disk |",
        "| --- | --- | --- | --- | --- | --- |",
        "| {:.0f} GiB | {:.0f} s | {:.0f} MiB/s | {:.0f} MiB | {} | {:.2f} GiB |".format(*facts),
    ]
