"""Full-size LUMIR pairs: the whole of a pair and its parts, against the plain oracles and the official
program.

The environment variable LUMIR_OFFICIAL may name the folder of an official evaluator (L2R_LUMIR_Eval).  CPU
seconds, each process on one core; what is compared runs in turns in the same run.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from numpy.typing import NDArray

from scoring import kernels
from scoring.archive import open_fields
from scoring.case import Case
from scoring.evaluate import load_field, score_case
from scoring.groundtruth import read_volume
from scoring.metrics.landmarks import volume_errors
from scoring.metrics.overlap import dice, present
from scoring.metrics.regularity import non_diffeomorphic_volume
from scoring.metrics.surface import hd95
from scoring.spec import RULES, read_config
from scoring.warmup import warm_up_to_score
from scoring.warp import label_ids, sample_index, warp_ids
from tests.benchmarks.anatomy import LABELS, write_pair
from tests.scoring import oracle

REPEATS = 5
Row = tuple[str, float, float]


def run() -> list[str]:
    """Markdown lines."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        alone(write_pair, folder)
        lines = [
            "## Scoring one full-size pair (160 x 224 x 192, 133 labels, 30 landmarks, from .nii.gz)",
            "",
        ]
        lines += [*whole(folder), "", *parts(folder), "", *growth(folder)]
    return lines


def alone(work: Callable[..., Any], *arguments: Any) -> Any:
    """The result of a function in a new process, so that its peak memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def whole(folder: Path) -> list[str]:
    """Everything of a pair, ours and the official program's."""
    official = os.environ.get("LUMIR_OFFICIAL")
    lines = [
        "| field | official (s) | here (s) | ratio | official (MiB) | here (MiB) | Dice |",
        "|" + " --- |" * 7,
    ]
    for quality in ("good", "poor"):
        before, memory, mean_dice = alone(ours, folder, quality, "all")
        theirs, their_memory = run_official(official, folder, quality) if official else (np.nan, np.nan)
        after, _, _ = alone(ours, folder, quality, "all")
        mine = float(np.median(before + after))
        lines.append(
            f"| {quality} | {theirs:.1f} | {mine:.3f} | {theirs / mine:.0f} "
            f"| {their_memory:.0f} | {memory:.0f} | {mean_dice:.2f} |"
        )
    return lines


def ours(folder: Path, quality: str, config: str) -> tuple[list[float], float, float]:
    """CPU seconds of some scorings as a worker does them, its peak memory (MiB) and the mean Dice."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    warm_up_to_score()
    settings, seconds = read_config(folder / f"{config}.json"), []
    with open_fields(folder / quality) as fields:
        for _ in range(REPEATS):
            begin = time.process_time()
            case = score_case(fields, settings.pairs[0], settings, folder, RULES["lumir24"])
            seconds.append(time.process_time() - begin)
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, case.values.get("DSC", np.nan)


def run_official(official: str, folder: Path, quality: str) -> tuple[float, float]:
    """CPU seconds and peak memory (MiB) of the official program for the same pair."""
    script = Path(__file__).with_name("official.py")
    places = [folder / "all.json", folder, folder / quality, folder / "metrics.json"]
    command = [sys.executable, str(script), official, *map(str, places)]
    core = str(min(os.sched_getaffinity(0)))
    printed = subprocess.run(
        command,
        check=True,
        capture_output=True,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {int(core)}),
    ).stdout
    seconds, memory = printed.splitlines()[-1].split()
    return float(seconds), float(memory)


def parts(folder: Path) -> list[str]:
    """The parts of the good pair, against the plain oracles."""
    lines = ["| part | plain numpy and scipy (s) | here (s) | ratio |", "|" + " --- |" * 4]
    for name, plain, mine in alone(part_rows, folder):
        lines.append(f"| {name} | {plain:.2f} | {mine:.3f} | {plain / mine:.0f} |")
    return lines


def part_rows(folder: Path) -> list[Row]:
    """(part, seconds of the oracle, seconds here), the two run one after the other."""
    warm_up_to_score()
    config = read_config(folder / "all.json")
    with open_fields(folder / "good") as fields:
        field, read = timed(lambda: load_field(fields, config.pairs[0], config))
    u, plain_read = timed(lambda: _plain_field(folder / "good" / "disp_3455_3454.nii.gz"), 1)
    names = ("labelsVal", "landmarksVal", "imagesVal")
    volumes = {
        n: [read_volume(folder, f"{n}/LUMIRMRI_{s}_0000.nii.gz").array for s in ("3455", "3454")]
        for n in names
    }
    fixed, moving = volumes["labelsVal"]
    ids = label_ids(LABELS)
    f, m = ids.encode(fixed), ids.encode(moving)
    warped, warp = timed(lambda: warp_ids(sample_index(field, m.shape), m, ids.outside))
    plain, plain_warp = timed(lambda: oracle.warp(moving.T, u), 1)
    wanted = present(kernels.count_ids(f, ids.count), m, ids.count)
    wanted[ids.rest] = False
    lands = [label_ids(range(1, 31)).encode(v) for v in volumes["landmarksVal"]]
    moved = oracle.warp(volumes["landmarksVal"][1].T, u)
    mask = volumes["imagesVal"][1] > 0
    return [
        ("reading", plain_read, read),
        ("warp", plain_warp, warp),
        _row(
            "DSC",
            lambda: oracle.dice(fixed.T, moving.T, plain, LABELS),
            lambda: dice(f, m, warped, ids.count),
        ),
        _row("HD95", lambda: oracle.hd95(fixed.T, moving.T, plain, LABELS), lambda: hd95(f, warped, wanted)),
        _row("NDV", lambda: oracle.ndv(u, mask.T), lambda: non_diffeomorphic_volume(field, mask)),
        _row(
            "TRE",
            lambda: oracle.landmark_errors(volumes["landmarksVal"][0].T, moved),
            lambda: volume_errors(lands[0], warp_ids(sample_index(field, m.shape), lands[1], 30), 31),
        ),
    ]


def _row(name: str, plain: Callable[[], Any], mine: Callable[[], Any]) -> Row:
    return name, timed(plain, 1)[1], timed(mine)[1]


def timed(work: Callable[[], Any], repeats: int = REPEATS) -> tuple[Any, float]:
    """The result and the median CPU seconds."""
    seconds = []
    for _ in range(repeats):
        begin = time.process_time()
        result = work()
        seconds.append(time.process_time() - begin)
    return result, float(np.median(seconds))


def _plain_field(path: Path) -> NDArray[np.float64]:
    image: Any = nibabel.load(path)
    values: NDArray[np.float64] = image.get_fdata()
    return values


def growth(folder: Path) -> list[str]:
    """How time and memory grow with labels, pairs and processes."""
    many, few = (alone(after_reading, folder, config) for config in ("labels", "few"))
    first, memory, _ = alone(ours, folder, "good", "all")
    one = float(np.median([alone(pairs_alone, folder) for _ in range(3)]))
    both = [pairs_together(folder) for _ in range(3)]
    return [
        "| growth | |",
        "| --- | --- |",
        f"| 133 labels over 2 labels, after reading the field | {many / few:.2f} times |",
        f"| last of {REPEATS} pairs over the first | {first[-1] / first[0]:.2f} times |",
        f"| peak memory after {REPEATS} pairs | {memory:.0f} MiB |",
        f"| two processes over one, pairs per second | {2 * one / float(np.median(both)):.2f} times |",
    ]


def after_reading(folder: Path, config: str) -> float:
    """CPU seconds of a pair whose field is in memory."""
    warm_up_to_score()
    settings = read_config(folder / f"{config}.json")
    pair = settings.pairs[0]
    with open_fields(folder / "good") as fields:
        field = load_field(fields, pair, settings)
    return timed(lambda: Case(field, pair, settings, folder, RULES["lumir24"]).items())[1]


def pairs_alone(folder: Path, core: int = 0) -> float:
    """CPU seconds of some pairs after warming up, on one of the machine's cores."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[core % len(cores)]})
    warm_up_to_score()
    settings = read_config(folder / "all.json")
    with open_fields(folder / "good") as fields:
        score_case(fields, settings.pairs[0], settings, folder, RULES["lumir24"])
        begin = time.process_time()
        for _ in range(2 * REPEATS):
            score_case(fields, settings.pairs[0], settings, folder, RULES["lumir24"])
    return time.process_time() - begin


def pairs_together(folder: Path) -> float:
    """The same in two processes at once on two cores, the slower of the two."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        return max(pool.map(pairs_alone, [folder, folder], [0, 1]))
