"""A warm process compiles nothing more: nobody waits for a compiler."""

import subprocess
import sys

PROGRAM = """
from numba.core.dispatcher import Dispatcher
import numpy as np
import io
from scoring.kernels import exact, jacobians, once, resampled, surfaces, volumes
from scoring.warmup import warm_up

def compiled():
    found = {}
    for module in (exact, jacobians, once, resampled, surfaces, volumes):
        for name, one in vars(module).items():
            if isinstance(one, Dispatcher) and not name.startswith("_"):
                found[name] = set(one.signatures)
    return found

warm_up()
before = compiled()
assert all(before.values()), before

from scoring.fields import read_field
from scoring.metrics.surface import hd95
from tests.scoring.files import gz, nifti

axis = np.arange(40) - 20
ball = (axis[:, None, None] ** 2 + axis[:, None] ** 2 + axis**2 < 150).astype(np.uint8)
hd95(ball, np.roll(ball, 2, 0), np.array([True, True]))  # more than 1000 surface elements
for values in (np.zeros((4, 4, 4, 3), np.float32), np.zeros((4, 4, 4, 3))):
    read_field(io.BytesIO(gz(nifti(values, values.dtype.str[1:]))), "a.nii.gz", values.shape)

from scoring.ranking import PRESETS, ScoreTable, rank, significance, stability

rng = np.random.default_rng(0)
rows = [
    (method, dataset, f"{case + 1}_{case}", metric, float(values.mean()), values.tolist())
    for method in ("ZeroDisplacement", "a", "b")
    for dataset, cases in (("small", 9), ("large", 60))
    for case in range(cases)
    for metric in ("DSC", "TRE", "HD95", "NDV")
    for values in [np.round(rng.random(3), 2)]
]
table = ScoreTable.from_rows(rows)
for scheme in PRESETS.values():
    rank(table, scheme)
    stability(table, scheme, resamples=300)
for dataset in table.datasets:
    significance(table, dataset.name, "DSC", resamples=20)
after = compiled()
assert after == before, {name: after[name] - before[name] for name in after if after[name] != before[name]}
"""


def test_no_case_and_no_board_waits_for_a_compiler() -> None:
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
