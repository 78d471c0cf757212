"""What is fuzzed: each target reads bytes and returns its outcome's code; anything else raised is a fault."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from scoring.archive import open_fields
from scoring.doctor import suspicions
from scoring.errors import InvalidArchive, InvalidField
from scoring.evaluate import check
from scoring.fields import read_field
from scoring.nifti import read_header
from tests.fuzz import mutate
from tests.scoring.hostile import FIELDS, FINE, SHAPE
from tests.scoring.hostile_archives import ARCHIVES, CONFIG, GOOD_NAME, SMALL, name_of, of

LARGE = 2**17


@dataclass(frozen=True)
class Target:
    """A reader, the files to begin with, and how what is inside of them is changed."""

    read: Callable[[bytes], str]
    seeds: tuple[bytes, ...]
    inside: Callable[..., bytes]


def field(data: bytes, name: str) -> str:
    """A field: of the right shape, or a code."""
    try:
        found = read_field(io.BytesIO(data), name, (*SHAPE, 3))
    except InvalidField as error:
        return error.code
    assert found.shape == (*SHAPE, 3)
    assert found.planes.flags.c_contiguous
    return "finite" if found.not_finite() == 0 else "not_finite"


def header(data: bytes) -> str:
    try:
        found = read_header(io.BytesIO(data), "a.nii.gz")
    except InvalidField as error:
        return error.code
    assert min(found.shape) >= 1
    return "read"


def archive(data: bytes) -> str:
    """A whole upload, and the convention doctor where it is in order."""
    with tempfile.NamedTemporaryFile(suffix=".zip") as file:
        file.write(data)
        file.flush()
        try:
            with open_fields(Path(file.name), SMALL) as fields:
                problems = check(fields, [CONFIG])
                problems += suspicions(fields, [CONFIG])
        except InvalidArchive as error:
            return error.told_of("fields.zip").code
    assert all(problem.message for problem in problems)
    return problems[0].code if problems else "fine"


def _small(files: Mapping[str, bytes]) -> tuple[bytes, ...]:
    return tuple(data for _, data in sorted(files.items()) if 0 < len(data) < LARGE)


_NIFTI = {name: data for name, (data, _) in FIELDS.items() if not name.startswith("npz")}
_NPZ = {name: data for name, (data, _) in FIELDS.items() if name.startswith("npz")}
_ZIPS = {name: data for name, (data, _) in ARCHIVES.items()} | {
    f"field {name}": of([name_of(name)], data) for name, (data, _) in FIELDS.items()
}

TARGETS: Mapping[str, Target] = {
    "nifti": Target(lambda data: field(data, "a.nii.gz"), (FINE, *_small(_NIFTI)), mutate.inside_gzip),
    "npz": Target(lambda data: field(data, "a.npz"), _small(_NPZ), mutate.inside_zip),
    "header": Target(header, (FINE, *_small(_NIFTI)), mutate.inside_gzip),
    "archive": Target(archive, (of([GOOD_NAME]), *_small(_ZIPS)), mutate.inside_zip),
}
