"""Run a method on every pair of the demo and pack its displacement fields as a participant would."""

import gzip
import multiprocessing
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from zipfile import ZipFile, ZipInfo

import nibabel as nib
import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name its documentation uses
from numpy.typing import NDArray

from leaderboard.demo.datasets import DATASETS, DemoDataset, Progress, image_path
from leaderboard.demo.methods import DemoMethod, Volume

Pair = tuple[str, str]


def make_fields(
    method: DemoMethod,
    ground_truth_folder: Path,
    output_zip: Path,
    processes: int,
    progress: Progress,
    datasets: Sequence[DemoDataset] = DATASETS,
) -> None:
    """Write a zip of disp_<fixed>_<moving>.nii.gz, float32 (X, Y, Z, 3) in voxels, for all pairs.

    The zip appears whole or not at all, with the same bytes however many processes made it.
    """
    pairs = [pair for dataset in datasets for pair in dataset.pairs]
    part = output_zip.with_name(output_zip.name + ".part")
    with ZipFile(part, "w") as archive:
        packed = _packed_fields(method, ground_truth_folder, pairs, processes)
        for done, ((fixed, moving), content) in enumerate(zip(pairs, packed, strict=True), start=1):
            # a ZipInfo of its own carries no time stamp; .nii.gz is stored, being compressed already
            archive.writestr(ZipInfo(f"disp_{fixed}_{moving}.nii.gz"), content)
            progress(done, len(pairs), f"{method.name}, {fixed} from {moving}")
    part.replace(output_zip)


def _packed_fields(
    method: DemoMethod, folder: Path, pairs: Sequence[Pair], processes: int
) -> Iterator[bytes]:
    run = partial(_packed_field, method, folder)
    if processes == 1:
        yield from map(run, pairs)
        return
    # spawned, not forked: the caller may hold database connections and threads
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_end_with_parent) as pool:
        yield from pool.map(run, pairs)


def _end_with_parent() -> None:
    """Leave when the process that asked for the fields is gone, even if it was killed."""

    def follow() -> None:
        parent = multiprocessing.parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def _packed_field(method: DemoMethod, folder: Path, pair: Pair) -> bytes:
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    fixed, moving = (_read_image(folder, subject_id) for subject_id in pair)
    field = method.run(fixed, moving)
    return pack_field(field)


def _read_image(folder: Path, subject_id: str) -> Volume:
    volume = np.asarray(nib.load(image_path(folder, subject_id)).dataobj, dtype=np.float32)
    return np.asarray(volume / 255, dtype=np.float32)


def pack_field(field: NDArray[np.float32]) -> bytes:
    """A field as .nii.gz, rounded to 1/1024 voxel, which halves the file."""
    rounded = (np.round(field * 1024) / 1024).astype(np.float32)
    return gzip.compress(nib.Nifti1Image(rounded, np.eye(4)).to_bytes(), compresslevel=1, mtime=0)
