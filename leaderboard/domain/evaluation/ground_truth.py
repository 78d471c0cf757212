"""Taking ground truth in: official evaluation configs and a folder in the Learn2Reg layout."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from leaderboard.domain import datasets, ranking
from leaderboard.domain.evaluation import cage
from leaderboard.enums import NAMES_FILE
from leaderboard.folder import store
from leaderboard.models import Case, Challenge, Dataset
from scoring.errors import Problem, ScoringError, problem
from scoring.spec import RULES, EvaluationConfig, Pair, ground_truth_files, read_config


class UnusableGroundTruth(Exception):
    """Everything that is wrong with the configs or the files they name, told at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problem.message for problem in problems))


@dataclass(frozen=True)
class ImportReport:
    """What an import found and made."""

    dataset: Dataset
    cases: int
    files: int
    bytes: int
    new_version: bool


def import_dataset(
    challenge: Challenge,
    slug: str,
    configs: Sequence[Path],
    folder: Path,
    rules: str,
    by: User | None = None,
    /,
    **facts: Any,
) -> ImportReport:
    """Create or renew a dataset from official evaluation configs and a ground-truth folder.

    The headers of all volumes that the configs name, and all tables, are checked first; then the files are
    kept in the storage in a folder named by their contents: an older version stays what it was.
    The version is a hash over files and configs. Cases that the configs name no more are retired.
    A pair that stands in two configs keeps the later config's metrics, as the official evaluator has it.

    Args:
        configs: official Learn2Reg evaluation configs, in the order of the official command.
        folder: holds `imagesXx labelsXx landmarksXx masksXx` and, if the labels have names, a table of them.
        rules: the named rules of scoring; they decide whether landmarks are volumes or tables.
        by: who has changed the facts of a dataset that is renewed, for the log.
        facts: the dataset's other fields (name, group, task, contrast ...); of one that is renewed
            those that are not given stay as they are.

    Raises:
        UnusableGroundTruth: with every problem found.
    """
    parsed = _read_all(configs)
    placed = _place(parsed)
    shapes = {
        path: config.expected_shape
        for config, pair, _ in placed
        for path in _needed(folder, pair, config, rules)
    }
    files = sorted(shapes)
    problems = [found for path in files for found in _problems_of(folder, path, shapes[path])]
    if problems:
        raise UnusableGroundTruth(problems)
    raw = [json.loads(path.read_bytes()) for path in configs]
    contents = _version(folder, files)
    version = hashlib.sha256(f"{contents}\n{json.dumps(raw, sort_keys=True)}".encode()).hexdigest()
    kept = f"{challenge.slug}/{slug}/{contents[:16]}"
    # Nothing is scored by the names: they are no part of the version.
    beside = [NAMES_FILE] if (folder / NAMES_FILE).is_file() else []
    size = _keep(folder, [*files, *beside], kept)
    dataset, new = _write(challenge, slug, raw, placed, kept, version, by, facts)
    return ImportReport(dataset, len(placed), len(files), size, new)


def _read_all(configs: Sequence[Path]) -> list[EvaluationConfig]:
    parsed, problems = [], []
    for path in configs:
        try:
            parsed.append(read_config(path))
        except ScoringError as error:
            problems.append(error.problem(path.name))
    if problems:
        raise UnusableGroundTruth(problems)
    return parsed


def _place(configs: Sequence[EvaluationConfig]) -> list[tuple[EvaluationConfig, Pair, int]]:
    placed: dict[str, tuple[EvaluationConfig, Pair, int]] = {}
    for index, config in enumerate(configs):
        for pair in config.pairs:
            placed[pair.key] = (config, pair, index)
    return list(placed.values())


def _needed(folder: Path, pair: Pair, config: EvaluationConfig, rules: str) -> Iterable[str]:
    """The files of a pair; a mask that is not there is done without, as officially."""
    files = ground_truth_files(pair, config, RULES[rules])
    return [path for role, path in files.items() if role != "mask" or (folder / path).is_file()]


def _problems_of(folder: Path, path: str, expected_shape: Sequence[int]) -> list[Problem]:
    if not (folder / path).is_file():
        return [problem("gt_missing", path)]
    volume = path.endswith(".nii.gz")
    try:
        shape = cage.run("check_volume" if volume else "check_points", folder=str(folder), path=path)
    except ScoringError as error:
        return [error.problem()]
    if not volume or shape == list(expected_shape[:3]):
        return []
    told, wanted = ("x".join(map(str, sizes)) for sizes in (shape, expected_shape[:3]))
    return [problem("gt_shape", path, shape=told, expected_shape=wanted)]


def _version(folder: Path, files: Sequence[str]) -> str:
    """A hash over the names and contents of all files."""
    whole = hashlib.sha256()
    for path in files:
        with (folder / path).open("rb") as file:
            whole.update(f"{path}\0{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return whole.hexdigest()


def _keep(folder: Path, files: Sequence[str], target: str) -> int:
    """Have every file below `target` in the storage; returns their bytes."""
    storage, size = store("ground-truth"), 0
    there = {kept.name for kept in storage.walk(target)}
    for path in files:
        name = str(PurePosixPath(target) / path)
        if name not in there:
            storage.take(folder / path, name)
        size += (folder / path).stat().st_size
    return size


@transaction.atomic
def _write(
    challenge: Challenge,
    slug: str,
    configs: list[dict[str, Any]],
    placed: Sequence[tuple[EvaluationConfig, Pair, int]],
    kept: str,
    version: str,
    by: User | None,
    facts: Mapping[str, Any],
) -> tuple[Dataset, bool]:
    kinds = {metric.metric for config, _, _ in placed for metric in config.metrics}
    before = Dataset.objects.filter(challenge=challenge, slug=slug).first()
    new = before is None or before.ground_truth_version != version
    if before is not None:
        datasets.edit(before, by, facts, "Imported anew.")
    found = {
        "configs": configs,
        "ground_truth": kept,
        "ground_truth_version": version,
        "has_labels": bool(kinds & {"dice", "hd95"}),
        "has_landmarks": "tre" in kinds,
        "masked": any(config.masked for config, _, _ in placed),
    }
    dataset, _ = Dataset.objects.update_or_create(
        challenge=challenge, slug=slug, defaults=found, create_defaults={**facts, **found}
    )
    for position, (_, pair, index) in enumerate(placed):
        Case.everything.update_or_create(
            dataset=dataset,
            key=pair.key,
            defaults={
                "position": position,
                "fixed": pair.fixed,
                "moving": pair.moving,
                "fixed_subject": pair.fixed_subject,
                "moving_subject": pair.moving_subject,
                "config_index": index,
                "retired": False,
            },
        )
    named = [pair.key for _, pair, _ in placed]
    Case.everything.filter(dataset=dataset).exclude(key__in=named).update(retired=True)
    for phase in dataset.phases.all():
        ranking.mark_stale(phase.pk)
    return dataset, new
