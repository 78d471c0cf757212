"""What the plan measures inside a process with settings and a database of its own."""

import os
import time
import uuid
from pathlib import Path

import numpy as np
from django.conf import settings
from django.db import connection
from django.db.models import Model
from django.utils import timezone

from leaderboard.domain import leases, states
from leaderboard.enums import CaseState, SubmissionState
from leaderboard.models import (
    Case,
    CaseResult,
    Evaluation,
    Snapshot,
    SnapshotPart,
    Submission,
    SubmissionEvent,
    Upload,
)
from tests.leaderboard import large, make

CASES, LABELS, SUBMISSIONS, LINES, ENTRIES = 38, 133, 100, 8, 200
FILE = 256 * 2**20


def measured() -> dict[str, float]:
    """Bytes a case, a submission and a board, rows a second, bytes a second of a plain file."""
    rng, now = np.random.default_rng(0), timezone.now()
    phase = make.phase()
    keys = tuple(f"{3455 + n}_{3454 + n}" for n in range(CASES))
    cases = list(make.dataset(phase.challenge, keys).cases.all())
    entry = make.entry(make.team(phase.challenge))
    for _ in range(SUBMISSIONS):
        one = make.submission(phase=phase, entry=entry, state=SubmissionState.SCORED, finished_at=now)
        Upload.objects.create(submission=one, length=1, offset=1, expires_at=now, declared_sha256="0" * 64)
        for _ in range(LINES):
            states.log(one.pk, "received", name=one.filename, size="2.5 GB")
        make.evaluation(one, finished_at=now)
    begun = time.perf_counter()
    for evaluation in Evaluation.objects.all():
        _score(evaluation, cases, rng)
    seconds = time.perf_counter() - begun
    rows = SUBMISSIONS * CASES
    whole = (Submission, SubmissionEvent, Upload, Evaluation)
    return {
        "rows": rows,
        "case": _bytes(CaseResult) / rows,
        "submission": sum(_bytes(model) for model in whole) / SUBMISSIONS,
        "rows_a_second": rows / seconds,
        "board": _board(),
        "kept_days": settings.KEEP_SNAPSHOTS.days,
        "disk": _disk(),
        "busy": os.getloadavg()[1],
    }


def _board() -> float:
    """Bytes of one board with all its parts, of as many cases as a submission has."""
    large.snapshot(make.phase(), ENTRIES, 2, CASES)
    return _bytes(Snapshot) + _bytes(SnapshotPart)


def _score(evaluation: Evaluation, cases: list[Case], rng: np.random.Generator) -> None:
    """As a worker leaves it: a row that waits, claimed, then filled by one guarded UPDATE."""
    made = CaseResult.objects.bulk_create(CaseResult(evaluation=evaluation, case=case) for case in cases)
    for result in made:
        dice, distance = rng.random(LABELS), 4 * rng.random(LABELS)
        token = uuid.uuid4()
        CaseResult.objects.filter(pk=result.pk).update(lease_token=token, state=CaseState.RUNNING)
        CaseResult.objects.filter(pk=result.pk, lease_token=token).update(
            state=CaseState.DONE,
            values={"DSC": dice.mean(), "HD95": distance.mean(), "NDV": rng.random(), "TRE": rng.random()},
            items={"DSC": dice.tolist(), "HD95": distance.tolist()},
            seconds=1.0,
            finished_at=timezone.now(),
            **leases.RELEASED,
        )


def _bytes(model: type[Model]) -> int:
    """Of a table with its indexes and what lies beside it, without the dead rows of its making."""
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM FULL {model._meta.db_table}")
        cursor.execute("SELECT pg_total_relation_size(%s)", [model._meta.db_table])
        return int(cursor.fetchone()[0])


def _disk() -> float:
    block, begun = os.urandom(2**20), time.perf_counter()
    path = Path(settings.DATA_DIR) / "plain"
    with path.open("wb") as file:
        for _ in range(FILE // len(block)):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    path.unlink()
    return FILE / (time.perf_counter() - begun)
