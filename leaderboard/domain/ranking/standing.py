"""Which evaluations stand on a board, and their results as the engine's score table."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from leaderboard.domain.ranking.payload import RESAMPLES, SEED, metric_part
from leaderboard.enums import BoardRule, CaseState, SubmissionState
from leaderboard.models import CaseResult, Dataset, Evaluation, Phase
from scoring.metrics import METRICS
from scoring.ranking import DatasetFacts, Row, Scheme, ScoreTable
from scoring.ranking.report import versions
from scoring.ranking.scheme import FACTS, base_metric
from scoring.spec import read_config


def standing_evaluations(phase: Phase, instead: Iterable[Evaluation] = ()) -> list[Evaluation]:
    """One evaluation an entry: of the submission that the phase's board rule picks.

    The choice of an entry looks at its own results only, never at other teams'.

    instead: evaluations to be taken for the current ones of their submissions.
    """
    scored = Evaluation.objects.filter(
        submission__phase=phase, submission__state=SubmissionState.SCORED, current=True
    )
    latest_first = scored.order_by("submission__entry_id", "-submission__received_at")
    renewed = {evaluation.submission_id: evaluation for evaluation in instead}
    found = [
        renewed.get(one.submission_id, one) for one in latest_first.select_related("submission__entry__team")
    ]
    by_entry = groupby(found, key=lambda one: one.submission.entry_id)
    pick = _PICKS[BoardRule(phase.board_rule)]
    return [pick(list(evaluations), phase) for _, evaluations in by_entry]


def _latest(evaluations: Sequence[Evaluation], phase: Phase) -> Evaluation:  # noqa: ARG001 one signature for all
    return evaluations[0]


def _chosen(evaluations: Sequence[Evaluation], phase: Phase) -> Evaluation:
    """The team's choice; the latest one until it has chosen."""
    chosen = [evaluation for evaluation in evaluations if evaluation.submission.chosen]
    return chosen[0] if chosen else _latest(evaluations, phase)


def _best(evaluations: Sequence[Evaluation], phase: Phase) -> Evaluation:
    """The best mean of the scheme's first metric; values that are missing count before the mean."""
    rule = Scheme.from_dict(phase.scheme.spec).metrics[0]
    kind = next(kind for kind, metric in METRICS.items() if metric.short == base_metric(rule.metric))
    sign = 1 if METRICS[kind].higher_is_better else -1

    def merit(evaluation: Evaluation) -> tuple[float, float]:
        found = evaluation.means.get(kind, {"mean": None, "missing": math.inf})
        mean = found["mean"]
        return (-found["missing"], -math.inf if mean is None else sign * mean)

    return max(evaluations, key=merit)


_PICKS: Mapping[BoardRule, Callable[[Sequence[Evaluation], Phase], Evaluation]] = {
    BoardRule.LATEST: _latest,
    BoardRule.CHOSEN: _chosen,
    BoardRule.BEST: _best,
}


def told_means(evaluation: Evaluation) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """A finished evaluation's metrics and their means (`mean`, `missing`), in the order of boards."""
    rules = evaluation.rules
    found = {METRICS[kind].short: of_one for kind, of_one in evaluation.means.items() if kind in METRICS}
    return [(metric_part(name, rules), found[name]) for name in FACTS if name in found]


def metrics_by_name(phase: Phase) -> dict[str, dict[str, Any]]:
    """What boards call the metrics of a phase's configs, by their names there, in the order of boards."""
    configs = [config for configs in phase.datasets.values_list("configs", flat=True) for config in configs]
    named = {name: METRICS[kind].short for kinds in kinds_of(configs) for name, kind in kinds.items()}
    order = {short: at for at, short in enumerate(FACTS)}
    ordered = sorted(named.items(), key=lambda pair: order[pair[1]])
    return {name: metric_part(short, phase.rules) for name, short in ordered}


def score_table(
    phase: Phase, evaluations: Sequence[Evaluation], slugs: Sequence[str] | None = None
) -> ScoreTable:
    """All case results that stand on a board; methods are entries by name, metrics by their kind's name.

    slugs: of the datasets (default: those that the phase has now).
    """
    chosen = phase.datasets.all() if slugs is None else phase.challenge.datasets.filter(slug__in=slugs)
    datasets = list(chosen)
    return ScoreTable.from_rows(
        _rows(datasets, evaluations),
        {dataset.slug: _facts(dataset) for dataset in datasets},
        sorted(evaluation.submission.entry.name for evaluation in evaluations),
    )


def _rows(datasets: Sequence[Dataset], evaluations: Sequence[Evaluation]) -> Iterator[Row]:
    names = {evaluation.pk: evaluation.submission.entry.name for evaluation in evaluations}
    kinds = {dataset.pk: kinds_of(dataset.configs) for dataset in datasets}
    slugs = {dataset.pk: dataset.slug for dataset in datasets}
    results = CaseResult.objects.filter(
        evaluation__in=evaluations, state=CaseState.DONE, case__dataset__in=datasets, case__retired=False
    ).order_by("case__dataset__position", "case__dataset_id", "evaluation_id", "case__position")
    columns = results.values_list(
        "evaluation_id", "case__dataset_id", "case__config_index", "case__key", "values", "items"
    )
    for evaluation, dataset, config, key, values, items in columns.iterator():
        for name, kind in kinds[dataset][config].items():
            if name in values:
                parts = items.get(name)
                # A metric with one value a case has no items to compare.
                several = parts if parts is not None and len(parts) > 1 else None
                yield names[evaluation], slugs[dataset], key, METRICS[kind].short, values[name], several


def kinds_of(configs: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    """The metrics that boards show, by config: the config's name of a metric -> its kind."""
    read = [read_config(config) for config in configs]
    return [{metric.name: metric.metric for metric in config.ranked} for config in read]


def _facts(dataset: Dataset) -> DatasetFacts:
    subjects = {case.key: (case.fixed_subject, case.moving_subject) for case in dataset.cases.all()}
    return DatasetFacts(group=dataset.group, task=dataset.task, subjects=subjects)


def inputs_of(phase: Phase, evaluations: Sequence[Evaluation]) -> dict[str, Any]:
    """Everything a snapshot follows from: the same inputs give the same bytes."""
    return {
        "scheme": phase.scheme.spec,
        "evaluations": [
            {
                "evaluation": evaluation.pk,
                "submission": str(evaluation.submission_id),
                "entry": evaluation.submission.entry.slug,
                "in_competition": evaluation.submission.entry.in_competition,
                "scorer": evaluation.scorer_version,
                "rules": evaluation.rules,
                "ground_truth": evaluation.ground_truth_version,
            }
            for evaluation in evaluations
        ],
        "datasets": [
            {"slug": dataset.slug, "group": dataset.group, "task": dataset.task}
            for dataset in phase.datasets.all()
        ],
        "resamples": RESAMPLES,
        "seed": SEED,
        "libraries": versions(),
    }
