"""What is to be scored for a phase: its datasets' configs, cases and files."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings

from leaderboard.folder import store
from leaderboard.models import Case, Dataset, Evaluation, GroundTruth, Phase, Submission
from scoring.doctor import CASES, first_pairs
from scoring.metrics import METRICS
from scoring.spec import RULES, SCORER_VERSION, EvaluationConfig, Pair, ground_truth_files, read_config

__all__ = [
    "SCORER_VERSION",
    "case_at_hand",
    "cases_of",
    "config_and_pair",
    "configs_of",
    "fields_at_hand",
    "ground_truth_folder",
    "ground_truth_names",
    "ground_truth_of",
    "ground_truth_version",
    "ground_truths_now",
    "hold_ground_truth",
    "missing_ground_truth",
    "trial_at_hand",
    "upload_name",
    "upload_path",
]


def upload_name(submission: Submission) -> str:
    """Under which name the uploads' storage has the zip of a submission."""
    return f"{submission.pk}.zip"


def upload_path(submission: Submission) -> Path:
    """Where a whole upload lies beside the web server: for good, or until a bucket has it."""
    suffix = "zip" if submission.stored else "whole"
    return Path(settings.UPLOADS_ROOT) / f"{submission.pk}.{suffix}"


def fields_at_hand(submission: Submission) -> AbstractContextManager[Path]:
    """The zip of a submission as a file of this machine. Raises FileNotFoundError, folder.Unreachable."""
    return store("uploads").at_hand(upload_name(submission), submission.sha256)


def ground_truth_folder(of: Dataset | GroundTruth) -> Path:
    """Where ground truth lies, if it is kept in folders."""
    return Path(settings.GROUND_TRUTH_ROOT) / _folder(of)


def _folder(of: Dataset | GroundTruth) -> str:
    return of.folder if isinstance(of, GroundTruth) else of.ground_truth


def case_at_hand(
    of: Dataset | GroundTruth, content: Mapping[str, Any], key: str, rules: str
) -> AbstractContextManager[Path]:
    """A folder of this machine with the ground truth that a case needs by its config, where it is there."""
    config = read_config(content)
    pair = next(pair for pair in config.pairs if pair.key == key)
    return _at_hand(of, ground_truth_files(pair, config, RULES[rules]).values())


def trial_at_hand(dataset: Dataset) -> AbstractContextManager[Path]:
    """A folder of this machine with the ground truth that the doctor of conventions tries fields on."""
    configs = [(read_config(config), None) for config in dataset.configs]
    return _at_hand(
        dataset,
        [
            path
            for config, pair, _ in first_pairs(configs, CASES)
            for path in ground_truth_files(pair, config).values()
        ],
    )


def _at_hand(of: Dataset | GroundTruth, paths: Iterable[str]) -> AbstractContextManager[Path]:
    return store("ground-truth").folder_at_hand(_folder(of), [_plain(path) for path in paths])


def _plain(path: str) -> str:
    return str(PurePosixPath(path))


def ground_truth_names(dataset: Dataset) -> Iterator[tuple[str, int]]:
    """Every file of a dataset's ground truth, relative to its folder, and its bytes."""
    for kept in store("ground-truth").walk(dataset.ground_truth):
        yield str(PurePosixPath(kept.name).relative_to(dataset.ground_truth)), kept.size


def configs_of(phase: Phase) -> list[EvaluationConfig]:
    """The evaluation configs of all datasets of a phase, in their order."""
    return [read_config(config) for dataset in phase.datasets.all() for config in dataset.configs]


def config_and_pair(case: Case) -> tuple[EvaluationConfig, Pair]:
    """The config that scores a case, and the case's pair in it."""
    config = read_config(case.dataset.configs[case.config_index])
    return config, next(pair for pair in config.pairs if pair.key == case.key)


def cases_of(phase: Phase) -> list[Case]:
    """Every case of a phase, dataset by dataset."""
    cases = Case.objects.filter(dataset__phases=phase)
    return list(cases.order_by("dataset__position", "dataset_id", "position"))


def ground_truth_version(phase: Phase) -> str:
    """One hash over the versions of all the phase's datasets."""
    versions = phase.datasets.order_by("slug").values_list("slug", "ground_truth_version")
    return hashlib.sha256(repr(list(versions)).encode()).hexdigest()


def hold_ground_truth(phase: Phase) -> None:
    """Let no import come in between until the transaction ends."""
    list(phase.datasets.order_by("pk").select_for_update(of=("self",), no_key=True).values_list("pk"))


def ground_truths_now(phase: Phase) -> list[GroundTruth]:
    """The versions that the phase's datasets have now, noted where they are not yet."""
    noted = []
    for dataset in phase.datasets.all():
        now = _as_it_is(dataset)
        facts = {"folder": now.folder, "configs": now.configs, "config_of": now.config_of}
        noted.append(dataset.ground_truths.get_or_create(version=now.version, defaults=facts)[0])
    return noted


def ground_truth_of(evaluation: Evaluation, dataset: Dataset) -> GroundTruth:
    """The version of a dataset that an evaluation was begun with; the present one where none was noted."""
    return evaluation.ground_truths.filter(dataset=dataset).first() or _as_it_is(dataset)


def _as_it_is(dataset: Dataset) -> GroundTruth:
    return GroundTruth(
        dataset=dataset,
        version=dataset.ground_truth_version,
        folder=dataset.ground_truth,
        configs=dataset.configs,
        config_of=dict(Case.everything.filter(dataset=dataset).values_list("key", "config_index")),
    )


@dataclass(frozen=True)
class Measured:
    """A metric of a case: its name in the config, on boards, and the labels it is measured on, if any."""

    name: str
    short: str
    labels: tuple[int, ...]


def measured_on(case: Case) -> list[Measured]:
    """What a case's config measures, in its order."""
    config = read_config(case.dataset.configs[case.config_index])
    return [Measured(metric.name, METRICS[metric.metric].short, metric.labels) for metric in config.metrics]


def missing_ground_truth(dataset: Dataset) -> list[str]:
    """Files that scoring a dataset needs by its phases' rules and that are not there; a mask may be."""
    there = {name for name, _ in ground_truth_names(dataset)}
    needed = {
        _plain(path)
        for rules in dataset.phases.values_list("rules", flat=True).distinct()
        for config in map(read_config, dataset.configs)
        for pair in config.pairs
        for role, path in ground_truth_files(pair, config, RULES[rules]).items()
        if role != "mask"
    }
    return sorted(needed - there)
