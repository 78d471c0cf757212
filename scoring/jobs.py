"""What may be asked of a caged process: plain values in, plain values out, never an object.

A job is a function whose first argument tells of its progress, and whose others are named and fit into JSON.
It returns what ``scoring.frames`` can send.  Whatever opens a file that participants or organizers
sent belongs here, and is added to ``JOBS``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from scoring.archive import Limits, open_fields
from scoring.doctor import suspicions
from scoring.errors import ScoringError
from scoring.evaluate import check, load_field, score_case
from scoring.groundtruth import read_grid, read_points
from scoring.spec import RULES, read_config

Tell = Callable[[Any], None]
Config = Mapping[str, Any]


def check_fields(
    tell: Tell,
    fields: str,
    name: str,
    configs: Sequence[Config],
    trial_configs: Sequence[Config] = (),
    ground_truth: str | None = None,
    limits: Mapping[str, int] = MappingProxyType({}),
) -> list[dict[str, str]]:
    """Every problem of an archive of fields, as the parts of a ``Problem``; one in order is looked at by the
    convention doctor.

    What the doctor says are warnings here, even where it tried: a method may really be that bad.

    Args:
        tell: called with the number of fields read.
        fields: path of the zip or folder.
        name: what its sender calls it.
        configs: contents of the evaluation configs.
        trial_configs: of the configs whose first pairs the doctor looks at.
        ground_truth: folder of their ground truth, for the doctor to try on.
        limits: of ``scoring.archive.Limits``, where they shall differ.
    """
    try:
        with open_fields(fields, Limits(**limits)) as archive:
            found = check(archive, [read_config(config) for config in configs], tell)
            if not any(problem.severity == "error" for problem in found):
                folder = Path(ground_truth) if ground_truth else None
                tried = [read_config(config) for config in trial_configs]
                doubts = suspicions(archive, tried, [folder] * len(tried))
                found += [replace(doubt, severity="warning") for doubt in doubts]
    except ScoringError as error:
        found = [error.told_of(name)]
    return [asdict(problem) for problem in found]


def score_pair(
    tell: Tell,  # noqa: ARG001 every job is called alike
    fields: str,
    config: Config,
    key: str,
    ground_truth: str,
    rules: str,
    limits: Mapping[str, int] = MappingProxyType({}),
) -> dict[str, Any]:
    """Values, items and seconds of one pair, as ``CaseScores`` has them.  Raises ScoringError."""
    settings = read_config(config)
    pair = next(pair for pair in settings.pairs if pair.key == key)
    with open_fields(fields, Limits(**limits)) as archive:
        scores = score_case(archive, pair, settings, Path(ground_truth), RULES[rules])
    return {"values": dict(scores.values), "items": dict(scores.items), "seconds": scores.seconds}


def read_planes(
    tell: Tell,
    fields: str,
    config: Config,
    key: str,
    limits: Mapping[str, int] = MappingProxyType({}),
) -> dict[str, Any]:
    """A pair's field: tells its components x, y, z one by one, for together they may be too long a message.

    Returns the other arguments of ``scoring.fields.Field``.  Raises ScoringError.
    """
    settings = read_config(config)
    pair = next(pair for pair in settings.pairs if pair.key == key)
    with open_fields(fields, Limits(**limits)) as archive:
        field = load_field(archive, pair, settings)
    for plane in field.planes:
        tell(plane)
    return {"stored": field.stored, "from_npz": field.from_npz}


def check_volume(tell: Tell, folder: str, path: str) -> list[int]:  # noqa: ARG001
    """The shape (X, Y, Z) of a ground-truth volume.  Raises InvalidGroundTruth."""
    return list(read_grid(Path(folder), path)[0])


def check_points(tell: Tell, folder: str, path: str) -> int:  # noqa: ARG001
    """The number of landmarks of a ground-truth table.  Raises InvalidGroundTruth."""
    return len(read_points(Path(folder), path))


JOBS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {job.__name__: job for job in (check_fields, score_pair, read_planes, check_volume, check_points)}
)
