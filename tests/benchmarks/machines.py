"""Workers as two separate installations: how many cases they score together, against one alone.

One database, one broker and a bucket on the loopback are all that they share. Each has a copy of the code and
an empty folder of its own; what it needs comes out of the bucket into its scratch.
"""

import os
import shutil
import sys
import zipfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import django
from django.core.management import call_command

from leaderboard import embedded

ROOT = Path(__file__).resolve().parents[2]
CASES = 12


def run() -> list[str]:
    """Markdown lines."""
    (ROOT / "var").mkdir(exist_ok=True)
    with TemporaryDirectory(dir=ROOT / "var") as folder, ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(_measure, Path(folder)).result()


def _measure(folder: Path) -> list[str]:
    from tests.leaderboard import buckets

    data = {"DATA_DIR": str(folder / "web"), "SCRATCH_ROOT": str(folder / "web" / "scratch")}
    os.environ |= data | {"EMAIL_URL": "dummymail://", "LOG_LEVEL": "WARNING"}
    with buckets.serving() as server:
        keys = dict(zip(("S3_ACCESS_KEY", "S3_SECRET_KEY"), buckets.KEYS, strict=True))
        os.environ |= keys | {"STORAGE_URL": buckets.made(server)}
        with embedded.serving_this_process():
            django.setup()
            call_command("migrate", verbosity=0)
            # These need settings, which are this process's own.
            from tests.benchmarks import machines

            return machines.told(folder)


def told(folder: Path) -> list[str]:
    """One worker alone, then two, when they have had the chance to fetch what they need."""
    from tests.benchmarks.anatomy import write_pair
    from tests.leaderboard.stack import Stack

    write_pair(folder / "pair")
    phase, zipped = _phase(folder / "pair"), _zipped(folder)
    stack = Stack(folder)
    try:
        _worker(stack, folder, "first")
        _scored(stack, phase, zipped)
        alone = _scored(stack, phase, zipped)
        _worker(stack, folder, "second")
        for _ in range(2):
            _scored(stack, phase, zipped)
        both = _scored(stack, phase, zipped)
    finally:
        stack.end()
    fetched = sum(path.stat().st_size for path in (folder / "second" / "data").rglob("scratch/**/*.gz"))
    return [
        "## More than one machine",
        "",
        f"{CASES} full-size cases, a field of {zipped.stat().st_size / 2**20:.0f} MiB, out of a bucket; "
        f"{os.cpu_count()} processors, one process a worker.",
        "",
        "| workers | cases an hour | ratio |",
        "| --- | --- | --- |",
        f"| one installation | {alone:.0f} | 1 |",
        f"| two installations | {both:.0f} | {both / alone:.2f} |",
        "",
        f"The second fetched {fetched / 2**20:.0f} MiB of ground truth, once.",
    ]


def _phase(pair: Path) -> Any:
    from leaderboard.domain.evaluation.ground_truth import import_dataset
    from tests.leaderboard import make

    phase = make.phase(rules="lumir24", attempts_per_window=50)
    for number in range(CASES):
        facts = {"name": f"Set {number}", "group": "in-domain"}
        made = import_dataset(
            phase.challenge, f"set-{number}", [pair / "labels.json"], pair, phase.rules, **facts
        )
        phase.datasets.add(made.dataset)
    return phase


def _zipped(folder: Path) -> Path:
    zipped = folder / "fields.zip"
    (field,) = (folder / "pair" / "good").iterdir()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_STORED) as archive:
        archive.write(field, field.name)
    return zipped


def _worker(stack: Any, folder: Path, name: str) -> None:
    """An installation of its own: a copy of the code with what is compiled, and an empty folder."""
    place = folder / name
    for part in ("leaderboard", "scoring"):
        shutil.copytree(ROOT / part, place / part)
    data = {"DATA_DIR": str(place / "data"), "SCRATCH_ROOT": str(place / "data" / "scratch")}
    stack.environment |= data
    celery = [sys.executable, "-m", "celery", "--quiet", "-A", "leaderboard", "worker", "-n", f"{name}@bench"]
    stack.run(name, ["env", "-C", str(place), *celery, "-Q", "checking,scoring", "--concurrency", "1"])


def _scored(stack: Any, phase: Any, zipped: Path) -> float:
    """Cases an hour of one submission, from the end of its check to the end of its last case."""
    from django.core.files.uploadedfile import TemporaryUploadedFile
    from django.db.models import Max

    from leaderboard.domain import storing, submissions
    from leaderboard.models import CaseResult, Evaluation
    from tests.leaderboard import make
    from tests.leaderboard.stack import wait

    entry = make.entry(make.team(phase.challenge))
    sent = TemporaryUploadedFile("fields.zip", "application/zip", zipped.stat().st_size, None)
    shutil.copyfile(zipped, sent.temporary_file_path())
    made = submissions.receive(phase, entry, entry.team.memberships.get().user, sent)
    sent.close()
    storing.store(str(made.pk))
    ended = Evaluation.objects.filter(submission=made).exclude(finished_at=None)
    wait(ended.exists, 1800, tell=stack.log)
    cases = CaseResult.objects.filter(evaluation=ended.get())
    seconds = (cases.aggregate(at=Max("finished_at"))["at"] - ended.get().created_at).total_seconds()
    return 3600 * cases.count() / float(seconds)
