"""The scoring of one case, and the end of a submission when its last case is done."""

import math
import uuid
from collections import defaultdict
from functools import partial
from statistics import fmean
from typing import Any

import structlog
from django.conf import settings
from django.db import OperationalError, transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now
from structlog.contextvars import bind_contextvars

from leaderboard import tasks
from leaderboard.domain import failures, leases, notifications, ranking, states
from leaderboard.domain.evaluation import cage, plan
from leaderboard.enums import CaseState, SubmissionState
from leaderboard.folder import Unreachable
from leaderboard.models import CaseResult, Dataset, Evaluation, Submission
from leaderboard.queries.queues import TO_SCORE

logger = structlog.get_logger(__name__)

NOTHING_LEFT = ~Q(
    Exists(
        CaseResult.objects.filter(
            ~Q(state=CaseState.DONE), evaluation__submission=OuterRef("pk"), evaluation__current=True
        )
    )
)
# One that failed in its end and is tried again is queued, and has no case that would move it on.
TO_END = Q(state__in=[SubmissionState.QUEUED, SubmissionState.SCORING]) & NOTHING_LEFT

SHADOW_TO_END = Q(current=False, finished_at=None, rescoring__applied=None, rescoring__isnull=False) & ~Q(
    Exists(CaseResult.objects.filter(~Q(state=CaseState.DONE), evaluation=OuterRef("pk")))
)


def score_case(pk: int) -> None:
    """Score one case and commit its result, once; does nothing without the case's lease."""
    token = leases.claim(CaseResult, pk, TO_SCORE, state=CaseState.RUNNING)
    if token is None:
        return
    result = CaseResult.objects.select_related(
        "evaluation__submission__phase", "case__dataset", "evaluation__submission__entry"
    ).get(pk=pk)
    evaluation, submission = result.evaluation, result.evaluation.submission
    bind_contextvars(submission=str(submission.pk), case=result.case.key)
    if evaluation.current and states.move(submission.pk, SubmissionState.SCORING):
        states.log(submission.pk, "scoring")
    try:
        with leases.kept(CaseResult, pk, token):
            scores = scores_of(result)
    except Unreachable as error:
        logger.warning("case_put_off", exc_info=error)
        states.log_once(submission.pk, "storage_away")
        leases.give_back(CaseResult, pk, token, state=CaseState.PENDING)
        return
    except Exception as error:  # noqa: BLE001 the file was checked: what goes wrong now is our fault
        _stumbled(result, token, error)
        return
    if not _store(result, token, scores):
        return
    logger.info("case_scored", seconds=round(scores["seconds"], 3))
    if evaluation.current:
        finish(submission.pk)
    else:
        finish_shadow(evaluation)


def scores_of(result: CaseResult) -> dict[str, Any]:
    """One case's `values`, `items` and `seconds`, by the ground truth that the evaluation was begun with.

    Raises ScoringError, cage.Broken, folder.Unreachable.
    """
    case, evaluation = result.case, result.evaluation
    truth = plan.ground_truth_of(evaluation, case.dataset)
    config = truth.configs[truth.config_of[case.key]]
    at_hand = plan.case_at_hand(truth, config, case.key, evaluation.rules)
    with plan.fields_at_hand(evaluation.submission) as fields, at_hand as ground_truth:
        scores: dict[str, Any] = cage.run(
            "score_pair",
            fields=str(fields),
            config=config,
            key=case.key,
            ground_truth=str(ground_truth),
            rules=evaluation.rules,
            limits=settings.FIELD_LIMITS,
        )
    return scores


def _store(result: CaseResult, token: uuid.UUID, scores: dict[str, Any]) -> bool:
    stored = CaseResult.objects.filter(pk=result.pk, lease_token=token, state=CaseState.RUNNING).update(
        state=CaseState.DONE,
        values={name: float(value) for name, value in scores["values"].items()},
        items={name: items.tolist() for name, items in scores["items"].items()},
        seconds=scores["seconds"],
        finished_at=Now(),
        **leases.RELEASED,
    )
    return bool(stored)


def finish(submission_id: uuid.UUID) -> bool:
    """Move a submission to `scored` if no case is left; of the last cases' workers one does it.

    An end that goes wrong is tried again by the sweeper, and often enough it is our failure.
    """
    try:
        return _finish(submission_id)
    except OperationalError:  # the database is away: nothing can be counted, nor is it the submission's end
        raise
    except Exception as error:  # noqa: BLE001 whatever goes wrong here is our fault and must not last for ever
        _end_stumbled(submission_id, error)
        return False


def _finish(submission_id: uuid.UUID) -> bool:
    with transaction.atomic():
        states.move(submission_id, SubmissionState.SCORING, NOTHING_LEFT)
        if not states.move(submission_id, SubmissionState.SCORED, NOTHING_LEFT, **leases.RELEASED):
            return False
        evaluation = Evaluation.objects.get(submission=submission_id, current=True)
        Evaluation.objects.filter(pk=evaluation.pk).update(finished_at=Now(), means=means_of(evaluation))
        states.log(submission_id, "scored", cases=f"{evaluation.case_results.count()} cases")
        ranking.mark_stale(Submission.objects.get(pk=submission_id).phase_id)
        notifications.submission_ended(submission_id)
    return True


def _end_stumbled(submission_id: uuid.UUID, error: Exception) -> None:
    logger.error("end_stumbled", submission=str(submission_id), exc_info=error)
    ending = Submission.objects.filter(TO_END, pk=submission_id)
    with transaction.atomic():
        states.log(submission_id, "end_error", detail=cage.detail_of(error), why=cage.words_of(error))
        tries = ending.select_for_update(of=("self",)).values_list("tries", flat=True).first()
        if tries is None:
            return
        ending.update(tries=tries + 1, lease_until=leases.back_off(tries + 1))
    failures.fail(submission_id, TO_END, Q(tries__gte=settings.MAX_TRIES))


def finish_shadow(evaluation: Evaluation) -> None:
    """Note that a scoring in the shadow has no case left."""
    ended = Evaluation.objects.filter(SHADOW_TO_END, pk=evaluation.pk)
    if ended.exists():
        ended.update(finished_at=Now(), means=means_of(evaluation))


def means_of(evaluation: Evaluation) -> dict[str, dict[str, float | int | None]]:
    """Metric by kind (dice, tre ...) -> mean over the cases with a finite value, and the others' number."""
    values = defaultdict(list)
    truths, kinds = {}, {}
    for dataset in Dataset.objects.filter(cases__results__evaluation=evaluation).distinct():
        truths[dataset.pk] = plan.ground_truth_of(evaluation, dataset)
        kinds[dataset.pk] = ranking.kinds_of(truths[dataset.pk].configs)
    for pk, key, numbers in evaluation.case_results.values_list("case__dataset_id", "case__key", "values"):
        for name, kind in kinds[pk][truths[pk].config_of[key]].items():
            if name in numbers:
                values[kind].append(numbers[name])
    return {kind: _mean(numbers) for kind, numbers in values.items()}


def _mean(numbers: list[float]) -> dict[str, float | int | None]:
    finite = [number for number in numbers if math.isfinite(number)]
    return {"mean": fmean(finite) if finite else None, "missing": len(numbers) - len(finite)}


def _stumbled(result: CaseResult, token: uuid.UUID, error: Exception) -> None:
    submission_id = result.evaluation.submission_id
    final = isinstance(error, cage.Broken) and error.final
    logger.error("case_stumbled", exc_info=error)
    # What goes on in the shadow is not the team's to read.
    if result.evaluation.current:
        states.log(
            submission_id,
            "case_given_up" if final else "case_error",
            detail=cage.detail_of(error),
            case=result.case.key,
            dataset=result.case.dataset.name,
            why=cage.words_of(error),
        )
    release(result.pk, Q(lease_token=token), final=final, back_off=leases.back_off(result.tries))


def release(pk: int, *held: Q, final: bool = False, back_off: CombinedExpression | None = None) -> None:
    """Give a case back to be tried again, or fail its submission when it was tried often enough.

    `final`: there is no use in trying it again. `back_off`: not before then, by the sweeper.
    """
    with transaction.atomic():
        freed = CaseResult.objects.filter(*held, pk=pk, state=CaseState.RUNNING).update(
            state=CaseState.PENDING, lease_token=None, lease_until=back_off
        )
        if not freed:
            return
        result = CaseResult.objects.select_related("evaluation").get(pk=pk)
        if final or result.tries >= settings.MAX_TRIES:
            if result.evaluation.current:
                failures.fail(result.evaluation.submission_id)
        elif back_off is None:
            transaction.on_commit(partial(tasks.score_case.delay, pk), robust=True)
