"""What participants are given: pairs, a sample, the scorer, configs, public ground truth, commands."""

import gzip
import io
import json
import shlex
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from django.conf import settings
from zipstream import ZipStream

from leaderboard.domain.evaluation import plan
from leaderboard.folder import store
from leaderboard.models import Dataset, Phase
from leaderboard.queries.exports import csv_lines
from scoring.archive import SUFFIXES, Limits
from scoring.errors import InvalidArchive, InvalidField
from scoring.nifti import MAX_OFFSET, TYPE_NAMES, TYPES

BLOCK = 2**18


def pairs_csv(phase: Phase) -> str:
    """The pairs of a phase as CSV: dataset, fixed, moving, and the field's file name."""
    lines = [["dataset", "fixed", "moving", "field", "shape"]]
    for dataset in phase.datasets.all():
        shapes = [config["expected_shape"] for config in dataset.configs]
        for case in dataset.cases.all():
            shape = "x".join(map(str, shapes[case.config_index]))
            lines.append([dataset.slug, case.fixed, case.moving, f"disp_{case.key}.nii.gz", shape])
    return "".join(csv_lines(lines))


def sample_zip(phase: Phase) -> ZipStream:
    """A zip, made while it is sent, with a field of zeros for every pair of a phase."""
    archive = ZipStream(sized=True)
    shapes = {pair.key: config.expected_shape for config in plan.configs_of(phase) for pair in config.pairs}
    for key, shape in shapes.items():
        archive.add(_zeros(tuple(shape)), f"disp_{key}.nii.gz")
    return archive


def configs_zip(phase: Phase) -> bytes:
    """A zip of the evaluation configs of a phase, as `check_command` names them."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, config in _configs(phase).items():
            archive.writestr(name, json.dumps(config, indent=2))
    return packed.getvalue()


def check_command(phase: Phase) -> str:
    """What a participant runs beside the unpacked `configs_zip` to check a file before uploading it."""
    configs = " ".join(f"--config {shlex.quote(name)}" for name in _configs(phase))
    return f"python -m scoring check {configs} --fields fields.zip"


def score_command(phase: Phase, filename: str = "fields.zip") -> str:
    """What gives the site's numbers for the public datasets of a phase; "" where none is public.

    It is run beside the unpacked `configs_zip` and `ground_truth_zip` of each of them.
    """
    given = [
        f"--config {shlex.quote(name)} --ground-truth {shlex.quote(dataset.slug)}"
        for dataset in phase.datasets.filter(public=True)
        for name in _configs_of(dataset)
    ]
    if not given:
        return ""
    rest = f"--rules {phase.rules} --fields {shlex.quote(filename)} --output metrics.json --csv scores.csv"
    return f"python -m scoring score {' '.join(given)} {rest}"


def ground_truth_zip(dataset: Dataset) -> ZipStream:
    """A zip, made while it is sent, of all files that score a public dataset, in a folder of its slug.

    It stands on no disk, so that no proxy can send it: ground truth would be kept twice.

    Raises PermissionError where the dataset is not public.
    """
    if not dataset.public:
        raise PermissionError(dataset.slug)
    archive = ZipStream(sized=True)
    for name, size in plan.ground_truth_names(dataset):
        archive.add(_content(f"{dataset.ground_truth}/{name}"), f"{dataset.slug}/{name}", size=size)
    return archive


def _content(name: str) -> Iterator[bytes]:
    """A file of the ground truth, opened when its turn has come."""
    with store("ground-truth").at_hand(name) as path, path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block


@cache
def scorer_zip() -> bytes:
    """The scoring package as this site runs it, for pip to install; it needs nothing of the site."""
    root = Path(settings.BASE_DIR)
    wanted = [root / "pyproject.toml", root / "README.md", *sorted((root / "scoring").rglob("*.py"))]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in [*wanted, *sorted((root / "scoring").rglob("*.md"))]:
            archive.writestr(f"scorer/{path.relative_to(root)}", path.read_bytes())
    return packed.getvalue()


def preflight(phase: Phase) -> dict[str, Any]:
    """What a browser needs to find what is wrong with a zip without uploading it: the engine's own words.

    `pairs` has the accepted names (without suffix), the subjects and the shape of every field in the
    order of the check; `words` the three sentences of each code.
    """
    wanted = {pair: config for config in plan.configs_of(phase) for pair in config.pairs}
    pairs = [
        {
            "names": pair.field_names,
            "subjects": [pair.fixed_subject, pair.moving_subject],
            "shape": config.expected_shape,
        }
        for pair, config in wanted.items()
    ]
    words = {code: asdict(words) for code, words in (InvalidArchive.family | InvalidField.family).items()}
    return {
        "pairs": pairs,
        "suffixes": SUFFIXES,
        "limits": asdict(Limits(**settings.FIELD_LIMITS)),
        "words": words,
        "types": sorted(TYPES),
        "type_names": TYPE_NAMES,
        "largest_offset": MAX_OFFSET,
    }


def _configs(phase: Phase) -> dict[str, Any]:
    """File name -> evaluation config, in the order of the phase."""
    return {name: config for dataset in phase.datasets.all() for name, config in _configs_of(dataset).items()}


def _configs_of(dataset: Dataset) -> dict[str, Any]:
    several = len(dataset.configs) > 1
    return {
        f"{dataset.slug}{f'-{number}' if several else ''}.json": config
        for number, config in enumerate(dataset.configs, 1)
    }


@lru_cache(maxsize=16)
def _zeros(shape: tuple[int, ...]) -> bytes:
    """A compressed field of zeros; it is asked for by anybody, and made once."""
    image = nib.Nifti1Image(np.zeros(shape, np.float32), np.eye(4))
    return gzip.compress(image.to_bytes(), 6, mtime=0)
