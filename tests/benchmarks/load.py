"""What one machine takes in: bytes by tus against a plain file, submissions an hour, how long each waits."""

import os
import shutil
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Any

import django
from django.core.management import call_command

from leaderboard import embedded
from scoring.archive import open_fields
from scoring.evaluate import score
from scoring.spec import RULES, read_config
from tests.scoring.phantom import write_phantom

ROOT = Path(__file__).resolve().parents[2] / "var"
MIB = 2**20
CONFIGS = ("segmentation.json", "landmark.json")
SIZES = (MIB, 32 * MIB, 512 * MIB)
RUNS, ALONE, AT_ONCE, CASES = 3, 8, 40, 8


@dataclass(frozen=True)
class Waits:
    """Seconds of each submission from its last byte on, and of all from the first byte to the last result."""

    begun: Sequence[float]
    scored: Sequence[float]
    whole: float

    def row(self, name: str, engine: float) -> str:
        """`engine`: cases that it scores in a second."""
        each = self.whole / len(self.scored)
        waits = " | ".join(
            f"{cut[9]:.2f} | {cut[-1]:.2f}"
            for cut in (quantiles(of, n=20, method="inclusive") for of in (self.begun, self.scored))
        )
        return f"| {name} | {3600 / each:.0f} | {CASES / each / engine:.2f} | {waits} |"


def run() -> list[str]:
    """Markdown lines."""
    ROOT.mkdir(exist_ok=True)
    lines = ["## Load", "", f"{os.cpu_count()} processors for server, workers, database, broker and sender."]
    for part in (_bytes, _submissions):
        with TemporaryDirectory(dir=ROOT) as folder, ProcessPoolExecutor(1, get_context("spawn")) as pool:
            lines += ["", *pool.submit(part, Path(folder)).result()]
    return lines


@contextmanager
def _served(folder: Path) -> Iterator[Any]:
    """The site's servers; yields a stack, which needs settings of this process's own."""
    os.environ |= {"DATA_DIR": str(folder), "EMAIL_URL": "dummymail://", "UPLOADS_PER_HOUR": "1000"}
    with embedded.serving_this_process():
        django.setup()
        call_command("migrate", verbosity=0)
        from tests.leaderboard.stack import Stack

        stack = Stack(folder)
        try:
            yield stack
        finally:
            stack.end()


def _bytes(folder: Path) -> list[str]:
    """One sender's bytes; each block of the server's size is on the disk before the next comes, both ways."""
    rows = []
    with _served(folder) as stack:
        from leaderboard.domain.uploads import BLOCK
        from tests.leaderboard.tus import Site, send, warmed

        site = Site(stack)
        warmed(site)
        for size in SIZES:
            plain = _best(_write, folder / "plain", size, BLOCK)
            tus = _best(send, site, size)
            facts = (size / MIB, size / MIB / plain, size / MIB / tus, plain / tus)
            rows.append("| {:.0f} MiB | {:.0f} | {:.0f} | {:.2f} |".format(*facts))
    return [
        f"| one upload, best of {RUNS} | plain file (MiB/s) | tus (MiB/s) | tus over plain |",
        "| --- | --- | --- | --- |",
        *rows,
    ]


def _best(what: Callable[..., object], *given: object) -> float:
    taken = []
    for _ in range(RUNS):
        begun = time.perf_counter()
        what(*given)
        taken.append(time.perf_counter() - begun)
    return min(taken)


def _write(path: Path, size: int, block: int) -> None:
    with path.open("wb", buffering=0) as file:
        for start in range(0, size, block):
            file.write(bytes(min(block, size - start)))
            os.fdatasync(file.fileno())


def _submissions(folder: Path) -> list[str]:
    """Small submissions the whole way: sent by tus, checked, scored; one by one, then many at once."""
    phantom = folder / "phantom"
    write_phantom(phantom)
    zipped = Path(shutil.make_archive(str(folder / "fields"), "zip", phantom / "submission"))
    engine = _engine(phantom, zipped)
    with _served(folder) as stack:
        site = _site(stack, phantom)
        stack.worker()
        stack.beat()
        _sent(site, zipped, 2)  # kernels are loaded by the first
        alone = [_sent(site, zipped, 1) for _ in range(ALONE)]
        begun, scored = ([wait for one in alone for wait in getattr(one, of)] for of in ("begun", "scored"))
        joined = Waits(begun, scored, sum(one.whole for one in alone))
        rows = [joined.row(f"{ALONE} one after the other, one worker process", engine)]
        rows.append(_sent(site, zipped, AT_ONCE).row(f"{AT_ONCE} at once, one worker process", engine))
        stack.worker()
        _sent(site, zipped, 4)
        rows.append(_sent(site, zipped, AT_ONCE).row(f"{AT_ONCE} at once, two worker processes", engine))
    return [
        f"The engine alone scores {engine:.0f} such cases a second in one process.",
        "",
        f"| submissions of {CASES} small cases | an hour | cases over the engine alone "
        "| last byte to first case: median (s) | 95 % (s) | last byte to scored: median (s) | 95 % (s) |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *rows,
    ]


def _engine(phantom: Path, zipped: Path) -> float:
    """Cases a second without the site, in one process."""
    configs = [read_config(phantom / name) for name in CONFIGS]
    with open_fields(zipped) as fields:
        given = (fields, configs, [phantom] * len(configs), RULES["lumir24"])
        score(*given)
        return CASES / _best(score, *given)


def _site(stack: Any, phantom: Path) -> Any:
    from leaderboard.domain.evaluation.ground_truth import import_dataset
    from leaderboard.models import Phase
    from tests.leaderboard.tus import Site

    site, phase = Site(stack), Phase.objects.get()
    configs, facts = [phantom / name for name in CONFIGS], {"name": "Phantom", "group": "in-domain"}
    imported = import_dataset(phase.challenge, "phantom", configs, phantom, "lumir24", **facts)
    assert imported.dataset.cases.count() == CASES
    phase.datasets.set([imported.dataset])
    free = {"attempts_per_window": 1000, "concurrent_submissions": 1000}
    Phase.objects.update(rules="lumir24", **free)
    return site


def _sent(site: Any, zipped: Path, count: int) -> Waits:
    """Send so many files, each with a comment of its own, and wait until they are scored."""
    from leaderboard.enums import SubmissionState
    from leaderboard.models import Submission

    known, begun = Submission.objects.count(), time.perf_counter()
    for number in range(known, known + count):
        with zipfile.ZipFile(zipped, "a") as archive:
            archive.comment = f"number {number}".encode()
        site.send_whole(f"{number}.zip", zipped.read_bytes())
    names = [f"{number}.zip" for number in range(known, known + count)]
    ours = Submission.objects.filter(filename__in=names)
    site.stack.wait(lambda: not ours.exclude(state=SubmissionState.SCORED).exists())
    whole = time.perf_counter() - begun
    told = ours.values_list("pk", "received_at", "finished_at")
    rows = [(pk, received, finished) for pk, received, finished in told if received and finished]
    first = _first_cases([pk for pk, _, _ in rows])
    return Waits(
        [(first[pk] - received).total_seconds() for pk, received, _ in rows],
        [(finished - received).total_seconds() for _, received, finished in rows],
        whole,
    )


def _first_cases(pks: list[Any]) -> dict[Any, Any]:
    """When each submission's first case was begun."""
    from leaderboard.models import SubmissionEvent

    lines = SubmissionEvent.objects.filter(submission__in=pks, message="Scoring has begun.")
    return dict(lines.values_list("submission", "at"))
