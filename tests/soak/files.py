"""A challenge of two tiny pairs, and zips for it: a dozen contents, each zip with a hash of its own."""

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np

from tests.scoring.files import gz, nifti
from tests.scoring.phantom import SHAPE, smooth, write_phantom

VARIANTS = 12
PAIRS = 2


@dataclass(frozen=True)
class File:
    """One submission to send: what it holds and how it must end."""

    entry: int
    variant: int | None
    """None: not in order."""
    data: bytes

    @property
    def state(self) -> str:
        return "invalid" if self.variant is None else "scored"


def write_challenge(folder: Path) -> Path:
    """The phantom with one config of two pairs; returns the config's path."""
    write_phantom(folder)
    config = json.loads((folder / "segmentation.json").read_text())
    config["eval_pairs"] = config["eval_pairs"][:PAIRS]
    path = folder / "two-pairs.json"
    path.write_text(json.dumps(config))
    return path


def fields(names: list[str]) -> list[dict[str, bytes]]:
    """For each variant the members of its zip."""
    made = []
    for variant in range(VARIANTS):
        rng = np.random.default_rng(variant)
        made.append({name: gz(nifti(smooth(rng, 3.0, 0.2 * variant).astype(np.float32))) for name in names})
    assert SHAPE == (18, 22, 20)
    return made


def zipped(members: dict[str, bytes], mark: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
        archive.comment = mark.encode()
    return buffer.getvalue()


def plan(names: list[str], submissions: int, entries: int, seed: int) -> list[File]:
    """What is sent, in order; one in five is not in order, the last of each entry is."""
    random, variants, made = Random(seed), fields(names), []
    for number in range(submissions):
        last = number >= submissions - entries
        variant = None if not last and random.random() < 0.2 else random.randrange(VARIANTS)
        members = variants[variant] if variant is not None else {names[0]: b"these are my notes"}
        made.append(File(number % entries, variant, zipped(members, f"{seed} {number}")))
    return made
