import gzip
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import nibabel as nib
import numpy as np
import pytest

from leaderboard.demo.anatomy import SHAPE
from leaderboard.demo.datasets import DATASETS, build
from leaderboard.demo.fields import make_fields, pack_field
from leaderboard.demo.methods import METHODS

BY_SLUG = {method.slug: method for method in METHODS}
SMALL = tuple(replace(dataset, pairs=dataset.pairs[:2]) for dataset in DATASETS[:2])


def silent(done: int, total: int, what: str) -> None:
    pass


@pytest.fixture(scope="module")
def ground_truth(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "ground-truth"
    build(folder, silent, SMALL)
    return folder


def test_a_zip_holds_one_field_a_pair_whatever_made_it(ground_truth: Path, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    one, two = tmp_path / "one.zip", tmp_path / "two.zip"
    affine = BY_SLUG["affine"]
    make_fields(affine, ground_truth, one, 1, lambda done, total, _: steps.append((done, total)), SMALL)
    make_fields(affine, ground_truth, two, 2, silent, SMALL)
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert one.read_bytes() == two.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.zip", "two.zip"]
    with ZipFile(one) as archive:
        assert archive.namelist() == [f"disp_{n}_{n - 1}.nii.gz" for n in (3455, 3456, 3485, 3486)]
        (tmp_path / "field.nii.gz").write_bytes(archive.read("disp_3455_3454.nii.gz"))
    image = nib.load(tmp_path / "field.nii.gz")
    assert image.shape == (*SHAPE, 3)
    assert image.get_data_dtype() == np.float32


def test_a_packed_field_is_rounded_by_less_than_a_thousandth_voxel() -> None:
    field = np.random.default_rng(0).normal(0, 3, (4, 5, 6, 3)).astype(np.float32)
    packed = pack_field(field)
    read = nib.Nifti1Image.from_bytes(gzip.decompress(packed)).get_fdata()
    # half of 1/1024, and the last bit of a float32
    assert np.abs(read - field).max() <= 0.5 / 1024 + 1e-6


KILLED = """
import os, multiprocessing, sys
from dataclasses import replace
from pathlib import Path
from leaderboard.demo.datasets import DATASETS
from leaderboard.demo.fields import make_fields
from leaderboard.demo.methods import METHODS

def report(done, total, what):
    print(*[child.pid for child in multiprocessing.active_children()], flush=True)

if __name__ == "__main__":
    rough = next(method for method in METHODS if method.slug == "demons-rough")
    datasets = [replace(DATASETS[0], pairs=DATASETS[0].pairs[:1] * 1000)]
    make_fields(rough, Path(sys.argv[1]), Path(sys.argv[2]), 2, report, datasets)
"""


def test_no_process_outlives_a_killed_parent(ground_truth: Path, tmp_path: Path) -> None:
    script = tmp_path / "killed.py"
    script.write_text(KILLED, encoding="utf-8")
    command = [sys.executable, str(script), str(ground_truth), str(tmp_path / "never.zip")]
    env = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[3])}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=env, text=True) as parent:
        assert parent.stdout is not None
        children = [int(pid) for pid in parent.stdout.readline().split()]
        parent.send_signal(signal.SIGKILL)
    assert len(children) == 2
    deadline = time.monotonic() + 20
    while any(is_running(pid) for pid in children):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def is_running(pid: int) -> bool:
    """Neither gone nor a zombie that nobody waits for."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
