"""The fuzzer: a process with limits reads changed files, another one watches it.

What is to be read is written to a place that outlives the process before it is read: whatever ends it, the
file that did is known and kept.
"""

from __future__ import annotations

import hashlib
import mmap
import multiprocessing
import random
import resource
import struct
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from scoring.warmup import warm_up_to_score
from tests.fuzz import mutate
from tests.fuzz.targets import TARGETS

MIB = 2**20
ROOM = 64 * MIB
"""More than it has at its beginning; a field of the corpus takes 1.4 KiB, what is read at once 4 MiB."""
BATCH = 100
HANG_SECONDS = 20
STARTING_SECONDS = 60
NAMES = sorted(TARGETS)
_PLACE = struct.Struct("<BI")


@dataclass
class Report:
    """What came of it."""

    seed: int
    executions: int = 0
    seconds: float = 0.0
    codes: Counter[str] = field(default_factory=Counter)
    grown_bytes: int = 0
    slowest_seconds: float = 0.0
    faults: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The report in words."""
        by_code = ", ".join(f"{code} {count}" for code, count in sorted(self.codes.items()))
        return [
            f"seed {self.seed}: {self.executions} files in {self.seconds:.0f} s "
            f"({self.executions / max(self.seconds, 1e-9):.0f} a second)",
            f"{len(self.codes)} outcomes: {by_code}",
            f"memory grew by {self.grown_bytes / MIB:.1f} MiB (cap {ROOM // MIB}), "
            f"slowest file {self.slowest_seconds:.2f} s (cap {HANG_SECONDS})",
            *(self.faults or ["no crash, no hang, no fault"]),
        ]


def fuzz(seconds: float, seed: int, kept: Path) -> Report:
    """Fuzz for so long; files at fault are written to the folder ``kept``."""
    report, begin, start = Report(seed), time.monotonic(), 0
    with tempfile.TemporaryFile() as file:
        file.truncate(2 * mutate.LONGEST)
        with mmap.mmap(file.fileno(), 0) as place:
            while (left := begin + seconds - time.monotonic()) > 0:
                start = _watch(report, place, file.fileno(), start, left, kept)
    report.seconds = time.monotonic() - begin
    return report


def _watch(report: Report, place: mmap.mmap, file: int, start: int, seconds: float, kept: Path) -> int:
    """Run one process to its end; returns where the next one shall go on."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, place, report.seed, start, seconds))
    process.start()
    theirs.close()
    fault = ""
    try:
        while ours.poll(HANG_SECONDS + STARTING_SECONDS * (report.executions == 0)):
            done, codes, grown, slowest, fault = ours.recv()
            start += done
            report.executions += done
            report.codes.update(codes)
            report.grown_bytes = max(report.grown_bytes, grown)
            report.slowest_seconds = max(report.slowest_seconds, slowest)
            if fault:
                break
        else:
            fault = f"nothing for {HANG_SECONDS} s"
    except EOFError:
        process.join()
        fault = f"the process ended with {process.exitcode}" if process.exitcode else ""
    process.kill()
    process.join()
    ours.close()
    if fault:
        report.faults.append(f"{_keep(place, kept)}: {fault}")
        start += BATCH
    return start


def _keep(place: mmap.mmap, kept: Path) -> Path:
    number, size = _PLACE.unpack_from(place)
    data = bytes(place[_PLACE.size : _PLACE.size + size])
    kept.mkdir(parents=True, exist_ok=True)
    path = kept / f"{NAMES[number]}-{hashlib.sha256(data).hexdigest()[:12]}.bin"
    path.write_bytes(data)
    return path


def _work(line: Connection, place: mmap.mmap, seed: int, start: int, seconds: float) -> None:
    warm_up_to_score()
    for name in NAMES:
        TARGETS[name].read(TARGETS[name].seeds[0])
    base = _peak()
    limit = _data_size() + ROOM
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    deadline, number, pools = time.monotonic() + seconds, start, {n: list(TARGETS[n].seeds) for n in NAMES}
    seen: set[tuple[str, str]] = set()
    while time.monotonic() < deadline:
        codes: Counter[str] = Counter()
        slowest, fault = 0.0, ""
        for _ in range(BATCH):
            rng = random.Random(f"{seed} {number}")
            number += 1
            name = rng.choice(NAMES)
            data = made(rng, name, pools[name])
            _PLACE.pack_into(place, 0, NAMES.index(name), len(data))
            place[_PLACE.size : _PLACE.size + len(data)] = data
            begin = time.monotonic()
            try:
                code = TARGETS[name].read(data)
            except BaseException:  # noqa: BLE001 whatever it is, it is a fault
                fault = traceback.format_exc()
                break
            slowest = max(slowest, time.monotonic() - begin)
            codes[code] += 1
            if (name, code) not in seen and len(data) < mutate.LONGEST // 4:
                seen.add((name, code))
                pools[name].append(data)
        line.send((codes.total() + bool(fault), codes, _peak() - base, slowest, fault))
        if fault:
            return


def made(rng: random.Random, name: str, pool: list[bytes]) -> bytes:
    """A changed file for a target."""
    data = rng.choice(pool)
    way = rng.random()
    if way < 0.1:
        data = mutate.spliced(rng, data, rng.choice(pool))
    elif way < 0.4:
        data = mutate.changed(rng, data)
    else:
        data = TARGETS[name].inside(rng, data)
    return data[: mutate.LONGEST]


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _data_size() -> int:
    return int(Path("/proc/self/status").read_text().split("VmData:")[1].split()[0]) * 1024
