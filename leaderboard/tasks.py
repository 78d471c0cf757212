"""Thin Celery tasks: a primary key in, one domain function, its outcome is a state in the database.

A message is only a hint that there is work: each function claims its row first, so that a task
that runs twice, or too late, does nothing. `sweep` finds what no message spoke of.
"""

from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.core.cache import cache


def is_due(what: str, every: timedelta) -> bool:
    """Whether nobody began this a moment ago, by the broker's clock.

    Beat goes on sending while no worker is there: of what has piled up one is enough.
    """
    # Whole seconds; a little less than beat waits.
    return bool(cache.add(f"begun:{what}", 1, max(int(every.total_seconds()) - 1, 1)))


# Hours: each of the files may take its time, and the cage sees to it that none hangs.
@shared_task(time_limit=6 * 3600, soft_time_limit=6 * 3600 - 60)
def check_submission(submission_id: str) -> None:
    from leaderboard.domain.evaluation import checking

    checking.check_submission(submission_id)


# Hours: as long as the line to the storage needs.
@shared_task(time_limit=6 * 3600, soft_time_limit=6 * 3600 - 60)
def store_upload(submission_id: str) -> None:
    from leaderboard.domain import storing

    storing.store(submission_id)


@shared_task
def score_case(case_result_id: int) -> None:
    from leaderboard.domain.evaluation import scoring

    scoring.score_case(case_result_id)


@shared_task
def update_board(phase_id: int) -> None:
    from leaderboard.domain import ranking

    ranking.update_board(phase_id)


@shared_task
def complete_board(completion_id: int) -> None:
    from leaderboard.domain import ranking

    ranking.complete_board(completion_id)


@shared_task(time_limit=6 * 3600, soft_time_limit=6 * 3600 - 60)
def import_ground_truth(import_id: int) -> None:
    from leaderboard.domain.evaluation import imports

    imports.run(import_id)


@shared_task
def order_pictures() -> None:
    from leaderboard.domain import pictures

    if is_due("pictures", settings.ORDER_EVERY):
        pictures.order()


@shared_task
def render_pictures(rendering_id: int) -> None:
    from leaderboard.domain.evaluation import pictures

    pictures.render(rendering_id)


@shared_task
def send_mail(what: str) -> None:
    from leaderboard.domain import mail

    mail.send(what)


@shared_task
def tell_of_phases() -> None:
    from leaderboard.domain import notifications

    if is_due("phases", settings.TELL_EVERY):
        notifications.tell_of_phases()


@shared_task
def sweep() -> None:
    from leaderboard.domain import sweeper

    if is_due("sweep", settings.SWEEP_EVERY):
        sweeper.sweep()


@shared_task
def tidy() -> None:
    from leaderboard.domain import janitor

    janitor.tidy()
