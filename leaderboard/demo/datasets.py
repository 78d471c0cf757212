"""The demo challenge as data, and its ground truth as a Learn2Reg folder with official configs."""

import gzip
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from leaderboard.demo import subjects
from leaderboard.demo.anatomy import LABELS, SHAPE, grid_affine, label_names
from leaderboard.demo.subjects import Look, Subject, make_atlas, make_subject
from leaderboard.enums import NAMES_FILE

Progress = Callable[[int, int, str], None]
"""Called with (done, total, what was just done)."""

ATLAS_ID = "4100"


@dataclass(frozen=True)
class DemoDataset:
    """One dataset: what the site says about it, and its pairs (fixed id, moving id)."""

    slug: str
    name: str
    group: Literal["in-domain", "zero-shot"]
    task: Literal["inter-subject", "atlas-to-subject", "subject-to-atlas"]
    contrast: str
    population: str
    description: str
    pairs: tuple[tuple[str, str], ...]
    look: Look
    landmarks: bool = False
    species: str = "human (simulated)"
    resolution: str = "4 mm isotropic"
    source: str = "MNI152 template and neuromorphometrics atlas, deformed at random"
    public: bool = True

    @property
    def config_name(self) -> str:
        """File name of its evaluation config in the ground-truth folder."""
        return f"LUMIR_VAL_{self.slug}_evaluation_config.json"

    @property
    def subject_ids(self) -> tuple[str, ...]:
        """Every image of its pairs, once."""
        return tuple(sorted({subject_id for pair in self.pairs for subject_id in pair}))


def _chain(first_fixed: int, count: int) -> tuple[tuple[str, str], ...]:
    """Subject n+1 fixed and n moving, so that neighbouring pairs share a subject."""
    return tuple((str(n), str(n - 1)) for n in range(first_fixed, first_fixed + count))


_HIGH_FIELD = _chain(4055, 10)

DATASETS: tuple[DemoDataset, ...] = (
    DemoDataset(
        slug="in-domain-labels",
        name="In-domain T1w, labels",
        group="in-domain",
        task="inter-subject",
        contrast="T1w",
        population="simulated healthy adults",
        description="Simulated subjects with T1 contrast, compared by the labels of 133 structures.",
        pairs=_chain(3455, 12),
        look=subjects.T1,
    ),
    DemoDataset(
        slug="in-domain-landmarks",
        name="In-domain T1w, landmarks",
        group="in-domain",
        task="inter-subject",
        contrast="T1w",
        population="simulated healthy adults",
        description="Simulated subjects with T1 contrast, compared by 24 anatomical landmarks.",
        pairs=_chain(3485, 12),
        look=subjects.T1,
        landmarks=True,
    ),
    DemoDataset(
        slug="t2",
        name="T2-like contrast",
        group="zero-shot",
        task="inter-subject",
        contrast="T2w",
        population="simulated healthy adults",
        description="Simulated subjects with bright fluid and dark white matter.",
        pairs=_chain(4015, 10),
        look=subjects.T2,
    ),
    DemoDataset(
        slug="atrophy",
        name="Atrophy",
        group="zero-shot",
        task="inter-subject",
        contrast="T1w",
        population="simulated patients with atrophy",
        description="Simulated subjects with enlarged ventricles and a thinned cortex, differently severe.",
        pairs=_chain(4035, 10),
        look=subjects.ATROPHY,
    ),
    DemoDataset(
        slug="high-field",
        name="High field, inter-subject",
        group="zero-shot",
        task="inter-subject",
        contrast="T1w, like 9.4 T",
        population="simulated healthy adults",
        description="Simulated subjects with sharp contrast, strong shading and more noise.",
        pairs=_HIGH_FIELD,
        look=subjects.HIGH_FIELD,
    ),
    DemoDataset(
        slug="atlas-to-subject",
        name="High field, atlas to subject",
        group="zero-shot",
        task="atlas-to-subject",
        contrast="T1w, like 9.4 T",
        population="simulated healthy adults",
        description="One atlas moved onto the subjects with sharp contrast, strong shading and more noise.",
        pairs=tuple((fixed, ATLAS_ID) for fixed, _ in _HIGH_FIELD),
        look=subjects.HIGH_FIELD,
    ),
    DemoDataset(
        slug="subject-to-atlas",
        name="High field, subject to atlas",
        group="zero-shot",
        task="subject-to-atlas",
        contrast="T1w, like 9.4 T",
        population="simulated healthy adults",
        description="The subjects with sharp contrast, strong shading and more noise, moved onto one atlas.",
        pairs=tuple((ATLAS_ID, fixed) for fixed, _ in _HIGH_FIELD),
        look=subjects.HIGH_FIELD,
    ),
)


def image_path(folder: Path, subject_id: str, kind: str = "images") -> Path:
    """Path of a subject's volume; kind is "images", "labels" or "landmarks"."""
    return folder / f"{kind}Val" / f"LUMIRMRI_{subject_id}_0000.nii.gz"


def build(folder: Path, progress: Progress, datasets: Sequence[DemoDataset] = DATASETS) -> None:
    """Write images, labels, landmarks and one evaluation config per dataset; nothing when `folder` exists.

    Everything is written beside it first: `folder` is there whole or not at all. The same bytes every time.
    """
    if folder.exists():
        return
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    for kind in ("images", "labels", "landmarks"):
        (part / f"{kind}Val").mkdir(parents=True)
    looks = {subject_id: dataset for dataset in datasets for subject_id in dataset.subject_ids}
    for done, (subject_id, dataset) in enumerate(looks.items(), start=1):
        _write_subject(part, subject_id, dataset)
        progress(done, len(looks), f"subject {subject_id}, {dataset.name}")
    for dataset in datasets:
        config = json.dumps(evaluation_config(dataset), indent=1)
        (part / dataset.config_name).write_text(config, encoding="utf-8")
    lines = [f"{label},{name}\n" for label, name in label_names().items()]
    (part / NAMES_FILE).write_text("label,name\n" + "".join(lines), encoding="utf-8")
    part.rename(folder)


def evaluation_config(dataset: DemoDataset) -> dict[str, object]:
    """The dataset's evaluation config as Learn2Reg writes them."""
    labels = list(LABELS)
    methods: list[dict[str, object]] = [{"name": "Non-diffeomorphic Volumes", "metric": "ndv"}]
    if dataset.landmarks:
        methods.append({"name": "TRE_lm", "metric": "tre", "dest": "landmarks"})
    else:
        methods.append({"name": "DSC", "metric": "dice", "labels": labels})
        methods.append({"name": "HD95", "metric": "hd95", "labels": labels})
    return {
        "name": "LUMIR",
        "evaluation_methods": methods,
        "expected_shape": [*SHAPE, 3],
        "eval_config_version": 0.0,
        "masked_evaluation": False,
        "eval_pairs": [{"fixed": _named(fixed), "moving": _named(moving)} for fixed, moving in dataset.pairs],
    }


def _named(subject_id: str) -> str:
    return f"./{image_path(Path(), subject_id)}"


def _write_subject(folder: Path, subject_id: str, dataset: DemoDataset) -> None:
    subject = _subject(subject_id, dataset)
    write_volume(image_path(folder, subject_id), subject.image)
    if dataset.landmarks:
        write_volume(image_path(folder, subject_id, "landmarks"), subject.landmarks)
    else:
        write_volume(image_path(folder, subject_id, "labels"), subject.labels)


def _subject(subject_id: str, dataset: DemoDataset) -> Subject:
    if subject_id == ATLAS_ID:
        return make_atlas()
    return make_subject(int(subject_id), dataset.look)


def write_volume(path: Path, volume: NDArray[np.uint8]) -> None:
    """Write a volume on the demo grid as .nii.gz without a time stamp."""
    image = nib.Nifti1Image(volume, grid_affine())
    path.write_bytes(gzip.compress(image.to_bytes(), compresslevel=6, mtime=0))
