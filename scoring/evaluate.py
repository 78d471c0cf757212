"""Check and score submissions: one case, or all cases of several evaluation configs."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from scoring.archive import SUFFIXES, FieldArchive, Limits, open_fields
from scoring.case import Case
from scoring.errors import InvalidField, Problem, problem
from scoring.fields import Field, read_field
from scoring.metrics import case_value
from scoring.spec import SCORER_VERSION, EvaluationConfig, Pair, Rules
from scoring.warmup import warm_up_to_score


@dataclass(frozen=True)
class CaseScores:
    """The result of one pair.

    ``values`` holds one number per metric name of the config (may be NaN or infinite), ``items`` what it
    is the mean of: one number per label in the config's order, one per landmark, or the number itself.
    ``kinds`` maps the names to 'dice', 'hd95', 'tre', 'ndv', 'sdlogj'.
    """

    key: str
    official_key: str
    values: Mapping[str, float]
    items: Mapping[str, NDArray[np.float64]]
    kinds: Mapping[str, str]
    seconds: float

    def __reduce__(self) -> tuple[object, ...]:
        # read-only mappings do not pickle, and worker processes send results back
        parts = (
            self.key,
            self.official_key,
            dict(self.values),
            dict(self.items),
            dict(self.kinds),
            self.seconds,
        )
        return CaseScores, parts


@dataclass(frozen=True)
class SubmissionScores:
    """All results: ``groups`` holds for each config in turn its cases in the config's order."""

    configs: tuple[EvaluationConfig, ...]
    groups: tuple[tuple[CaseScores, ...], ...]
    rules: Rules
    scorer_version: str = SCORER_VERSION

    @property
    def cases(self) -> dict[str, CaseScores]:
        """official key -> result.  A pair of several configs keeps the metrics of the last one, as
        officially."""
        return {case.official_key: case for group in self.groups for case in group}


Progress = Callable[[int, int, CaseScores], None]


def find_field(fields: FieldArchive, pair: Pair) -> str:
    """The name of a pair's file in the submission.  Raises InvalidField (missing)."""
    found = _candidates(pair, set(fields.names))
    if not found:
        raise InvalidField("missing", pair.field_names[0] + SUFFIXES[0])
    return found[0]


def load_field(fields: FieldArchive, pair: Pair, config: EvaluationConfig) -> Field:
    """Read a pair's field.  Raises InvalidField."""
    name = find_field(fields, pair)
    with fields.open(name) as stream:
        return read_field(stream, name, config.expected_shape)


def _candidates(pair: Pair, names: set[str]) -> list[str]:
    return [name for stem in pair.field_names for suffix in SUFFIXES if (name := stem + suffix) in names]


def check(
    fields: FieldArchive,
    configs: Sequence[EvaluationConfig],
    progress: Callable[[int], object] | None = None,
) -> list[Problem]:
    """Every problem of a submission at once; empty if it can be scored.  Reads each field to its end.

    ``progress(done)`` is called after each.
    """
    wanted = {
        (pair.field_names, config.expected_shape): (pair, config)
        for config in configs
        for pair in config.pairs
    }
    problems = name_problems(fields, [pair for pair, _ in wanted.values()])
    for done, (pair, config) in enumerate(wanted.values(), 1):
        try:
            count = load_field(fields, pair, config).not_finite()
            if count:
                problems.append(problem("not_finite", find_field(fields, pair), count=count))
        except InvalidField as error:
            if error.code != "missing":
                problems.append(error.problem())
        if progress:
            progress(done)
    return problems


def name_problems(fields: FieldArchive, pairs: Sequence[Pair]) -> list[Problem]:
    """Missing, misnamed, doubled and unexpected files."""
    names = set(fields.names)
    # configs may write the paths of one pair differently, and one file may serve several pairs
    files = {pair.field_names: _candidates(pair, names) for pair in pairs}
    left = names.difference(*files.values())
    problems = [
        problem("duplicate", found[0], names=", ".join(found)) for found in files.values() if len(found) > 1
    ]
    for pair in {pair.field_names: pair for pair in pairs if not files[pair.field_names]}.values():
        canonical = pair.field_names[0] + SUFFIXES[0]
        alias = next((name for name in sorted(left) if _means(name, pair)), None)
        if alias is None:
            problems.append(problem("missing", canonical))
        else:
            left.discard(alias)
            problems.append(problem("misnamed", alias, canonical=canonical))
    return problems + [problem("unexpected", name) for name in sorted(left)]


def _means(name: str, pair: Pair) -> bool:
    """Whether a file that is not named as asked holds the pair's subjects in the right order."""
    base = name.rsplit("/", 1)[-1].lower()
    at = base.find(pair.fixed_subject.lower())
    in_order = at >= 0 and base.find(pair.moving_subject.lower(), at + len(pair.fixed_subject)) > 0
    return in_order and base.endswith((".nii.gz", ".nii", ".npz", ".npy", ".gz"))


def score_case(
    fields: FieldArchive, pair: Pair, config: EvaluationConfig, ground_truth: Path, rules: Rules
) -> CaseScores:
    """Score one pair.

    Raises:
        InvalidField: the participant's file cannot be used.
        InvalidGroundTruth: one of ours cannot.
    """
    begin = time.perf_counter()
    items = Case(load_field(fields, pair, config), pair, config, ground_truth, rules).items()
    values = {m.name: case_value(m.metric, items[m.name]) for m in config.metrics}
    return CaseScores(
        pair.key,
        pair.official_key,
        MappingProxyType(values),
        MappingProxyType(items),
        MappingProxyType(config.kinds),
        time.perf_counter() - begin,
    )


@dataclass(frozen=True)
class _Job:
    """What a worker process needs to score one pair."""

    path: Path
    limits: Limits
    pair: Pair
    config: EvaluationConfig
    ground_truth: Path
    rules: Rules

    @property
    def key(self) -> Hashable:
        """What the result depends on."""
        config = self.config
        return config.metrics, config.expected_shape, config.masked, self.pair, self.ground_truth

    def run(self) -> CaseScores:
        with open_fields(self.path, self.limits) as fields:
            return score_case(fields, self.pair, self.config, self.ground_truth, self.rules)


def score(
    fields: FieldArchive,
    configs: Sequence[EvaluationConfig],
    ground_truth: Sequence[Path],
    rules: Rules,
    jobs: int = 1,
    progress: Progress | None = None,
) -> SubmissionScores:
    """Score all pairs of all configs, in ``jobs`` processes; ``progress(done, total, case)`` after each pair.

    ``ground_truth`` holds each config's folder.  A pair that stands in several configs with the same metrics
    and folder is scored once.

    Raises:
        InvalidField, InvalidGroundTruth: the first one met; call ``check`` before for a complete list.
    """
    groups = [
        [_Job(fields.path, fields.limits, pair, config, folder, rules) for pair in config.pairs]
        for config, folder in zip(configs, ground_truth, strict=True)
    ]
    work = {job.key: job for group in groups for job in group}
    done = {}
    for key, case in zip(work, _run(fields, list(work.values()), jobs), strict=True):
        done[key] = case
        if progress:
            progress(len(done), len(work), case)
    scored = tuple(tuple(done[job.key] for job in group) for group in groups)
    return SubmissionScores(tuple(configs), scored, rules)


def _run(fields: FieldArchive, work: Sequence[_Job], jobs: int) -> Iterator[CaseScores]:
    if jobs == 1:
        for job in work:
            yield score_case(fields, job.pair, job.config, job.ground_truth, job.rules)
        return
    # spawned, not forked: a fork of a process with threads may hang
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=warm_up_to_score) as pool:
        yield from pool.map(_Job.run, work)
