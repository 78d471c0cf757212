"""What participants are given: the list of pairs and a correct sample submission."""

import csv
import gzip
import io
import tempfile
import zipfile
from typing import IO

import nibabel as nib
import numpy as np

from leaderboard.domain.evaluation import plan
from leaderboard.models import Phase
from scoring.spec import EvaluationConfig


def pairs_csv(phase: Phase) -> str:
    """The pairs of a phase as CSV: dataset, fixed, moving, and the field's file name."""
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(["dataset", "fixed", "moving", "field", "shape"])
    for dataset in phase.datasets.all():
        shapes = [config["expected_shape"] for config in dataset.configs]
        for case in dataset.cases.all():
            shape = "x".join(map(str, shapes[case.config_index]))
            writer.writerow([dataset.slug, case.fixed, case.moving, f"disp_{case.key}.nii.gz", shape])
    return table.getvalue()


def sample_zip(phase: Phase) -> IO[bytes]:
    """A zip with a field of zeros for every pair of a phase, rewound to its start."""
    # Zero fields compress a thousandfold: at full size, too, this stays on disk and small.
    file = tempfile.TemporaryFile()  # noqa: SIM115 the response closes it
    packed: dict[tuple[int, ...], bytes] = {}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for config in plan.configs_of(phase):
            for pair in config.pairs:
                name = f"disp_{pair.key}.nii.gz"
                if name not in archive.namelist():
                    archive.writestr(name, packed.setdefault(config.expected_shape, _zeros(config)))
    file.seek(0)
    return file


def _zeros(config: EvaluationConfig) -> bytes:
    image = nib.Nifti1Image(np.zeros(config.expected_shape, np.float32), np.eye(4))
    return gzip.compress(image.to_bytes(), 6, mtime=0)
