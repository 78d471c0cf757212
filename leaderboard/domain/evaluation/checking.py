"""The check of a received file: every problem at once, or the cases to score."""

import hashlib
import uuid
from contextlib import nullcontext
from pathlib import Path

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from structlog.contextvars import bind_contextvars

from leaderboard.domain import failures, hints, leases, notifications, states, stewardship
from leaderboard.domain.evaluation import cage, plan
from leaderboard.enums import SubmissionState
from leaderboard.folder import Unreachable
from leaderboard.models import CaseResult, Evaluation, Submission, Upload
from scoring.errors import Problem, problem
from scoring.spec import SCORER_VERSION

logger = structlog.get_logger(__name__)
# A lost check is another's as soon as the sweeper has told of the loss.
_LOST = Q(state=SubmissionState.CHECKING, lease_token__isnull=True)
TO_CHECK = (Q(state=SubmissionState.RECEIVED) | _LOST) & Q(stored=True)


def check_submission(pk: str) -> None:
    """Check one submission's file and move it to `invalid` or `queued`; does nothing without its lease."""
    token = leases.claim(Submission, pk, TO_CHECK, state=SubmissionState.CHECKING)
    if token is None:
        return
    bind_contextvars(submission=str(pk))
    submission = Submission.objects.select_related("phase").get(pk=pk)
    version = plan.ground_truth_version(submission.phase)
    states.log(pk, "checking")
    try:
        with leases.kept(Submission, pk, token), plan.fields_at_hand(submission) as fields:
            submission.sha256 = _sha256(fields)
            problems = _changed_on_its_way(submission)
            if not problems and stewardship.call_off_if_scored_before(submission, Q(lease_token=token)):
                return
            problems = problems or problems_of(submission, fields)
    except Unreachable as error:
        states.log_once(pk, "storage_away")
        logger.warning("check_put_off", exc_info=error)
        leases.give_back(Submission, pk, token)
        return
    except Exception as error:  # noqa: BLE001 whatever goes wrong here is our fault and must not be lost
        _stumbled(submission, token, error)
        return
    if any(problem.severity == "error" for problem in problems):
        _reject(submission, token, problems)
    else:
        _accept(submission, token, problems, version)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _changed_on_its_way(submission: Submission) -> list[Problem]:
    """Whether another file came than was declared; here, because a web process would be held up by it."""
    upload = Upload.objects.filter(submission=submission).exclude(declared_sha256="").first()
    if upload is None or upload.declared_sha256 == submission.sha256:
        return []
    facts = {"sha256": submission.sha256, "declared": upload.declared_sha256}
    return [problem("archive_hash", submission.filename, **facts)]


def problems_of(submission: Submission, fields: Path) -> list[Problem]:
    """All that is wrong with a submission's file; one in order is looked at for mistakes of convention.

    These are warnings here, even where they were found by trying them out (on a dataset with labels where
    the phase has one): a method that really is that bad may be scored, and whoever made a mistake can cancel
    before the first case is scored. Raises cage.Broken, folder.Unreachable.
    """
    datasets = submission.phase.datasets
    tried = datasets.order_by("-has_labels", "position").first()
    trial = plan.trial_at_hand(tried) if tried and tried.has_labels else nullcontext()
    with trial as ground_truth:
        found = cage.run(
            "check_fields",
            fields=str(fields),
            name=submission.filename,
            configs=[config for dataset in datasets.all() for config in dataset.configs],
            trial_configs=tried.configs if tried else [],
            ground_truth=str(ground_truth) if ground_truth else None,
            limits=settings.FIELD_LIMITS,
        )
    return [Problem(**told) for told in found]


def _reject(submission: Submission, token: uuid.UUID, problems: list[Problem]) -> None:
    told = [problem.to_dict() for problem in problems]
    with transaction.atomic():
        if states.move(
            submission.pk,
            SubmissionState.INVALID,
            Q(lease_token=token),
            problems=told,
            sha256=submission.sha256,
            **leases.RELEASED,
        ):
            count = f"{len(told)} problem{'s' if len(told) > 1 else ''}"
            states.log(submission.pk, "invalid", count=count)
            notifications.submission_ended(submission.pk)


def _accept(submission: Submission, token: uuid.UUID, warnings: list[Problem], version: str) -> None:
    """Queue a file for the cases that it was checked for; have it checked again where they changed."""
    with transaction.atomic():
        plan.hold_ground_truth(submission.phase)
        if plan.ground_truth_version(submission.phase) != version:
            Submission.objects.filter(pk=submission.pk, lease_token=token).update(tries=0, **leases.RELEASED)
            return
        if not states.move(
            submission.pk,
            SubmissionState.QUEUED,
            Q(lease_token=token),
            problems=[warning.to_dict() for warning in warnings],
            sha256=submission.sha256,
            tries=0,
            **leases.RELEASED,
        ):
            return
        evaluation = Evaluation.objects.create(
            submission=submission,
            scorer_version=SCORER_VERSION,
            rules=submission.phase.rules,
            ground_truth_version=version,
        )
        evaluation.ground_truths.set(plan.ground_truths_now(submission.phase))
        cases = plan.cases_of(submission.phase)
        results = CaseResult.objects.bulk_create(
            [CaseResult(evaluation=evaluation, case=case) for case in cases]
        )
        states.log(submission.pk, "queued", cases=f"{len(cases)} cases")
        hints.to_score(result.pk for result in results)


def _stumbled(submission: Submission, token: uuid.UUID, error: Exception) -> None:
    """Leave the file to the sweeper, until it has been tried often enough to call it our failure."""
    final = isinstance(error, cage.Broken) and error.final
    code = "check_given_up" if final else "check_error"
    states.log(submission.pk, code, detail=cage.detail_of(error), why=cage.words_of(error))
    held = Q(lease_token=token)
    worn_out = held if final else held & Q(tries__gte=settings.MAX_TRIES)
    failures.fail(submission.pk, worn_out)
    Submission.objects.filter(held, pk=submission.pk).update(lease_token=None)
