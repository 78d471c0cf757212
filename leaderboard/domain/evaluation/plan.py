"""What is to be scored for a phase: its datasets' configs, cases and files."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from leaderboard.models import Case, Dataset, Phase, Submission
from scoring.metrics import METRICS
from scoring.spec import RULES, SCORER_VERSION, EvaluationConfig, Pair, ground_truth_files, read_config

__all__ = [
    "SCORER_VERSION",
    "cases_of",
    "config_and_pair",
    "configs_of",
    "ground_truth_folder",
    "ground_truth_version",
    "missing_ground_truth",
    "upload_path",
]


def upload_path(submission: Submission) -> Path:
    """Where the uploaded zip of a submission lies."""
    return Path(settings.UPLOADS_ROOT) / f"{submission.pk}.zip"


def ground_truth_folder(dataset: Dataset) -> Path:
    return Path(settings.GROUND_TRUTH_ROOT) / dataset.ground_truth


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
    folder = ground_truth_folder(dataset)
    needed = {
        path
        for rules in dataset.phases.values_list("rules", flat=True).distinct()
        for config in map(read_config, dataset.configs)
        for pair in config.pairs
        for role, path in ground_truth_files(pair, config, RULES[rules]).items()
        if role != "mask"
    }
    return sorted(path for path in needed if not (folder / path).is_file())
