"""What is wrong with this installation, in words, and how to mend each."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import django
from django.conf import settings
from django.core.cache import cache
from django.core.mail import get_connection
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from leaderboard import checks
from leaderboard.domain.evaluation import cage, plan
from leaderboard.enums import WORKING_STATES
from leaderboard.folder import store
from leaderboard.models import Challenge, Dataset, Submission
from leaderboard.queries import cockpit, health, measured

OLDEST_POSTGRESQL = 14_00_00
LARGEST_SKEW = timedelta(seconds=5)
MEND = {
    "database": "Start PostgreSQL, or mend DATABASE_URL and the password; the site goes on by itself.",
    "broker": "Start Valkey or Redis, or mend REDIS_URL. The sweeper speaks of all work again.",
    "storage": "Free or add room on the disk of UPLOADS_ROOT, and let the site's user write there; of a "
    "bucket, mend its server, STORAGE_URL or its keys. The site goes on by itself.",
    "workers": "Start a worker: celery -A leaderboard worker; its log says why the last one ended.",
    "queue": "Look into the workers' log; start one anew, and the sweeper gives its work to another.",
    "tables": "Run manage.py migrate.",
    "beat": "Start beat (one, not two): celery -A leaderboard beat. Without it lost work is not found.",
    "mail server": "Mend EMAIL_URL, or start the mail server. Mails wait and go out when it answers.",
    "mails": "Look at the addresses and the mail server's answers in the cockpit.",
    "stuck": "Open each in the cockpit and give it out anew; what was scored is kept.",
    "uploaded files": "Bring the files back from the backup; without them these cannot be scored.",
    "ground truth": "Run manage.py import_dataset again, or bring the files back from the backup.",
    "disks": "Run manage.py janitor --dry-run, and add room.",
    "kernels": "Let the site's user write into NUMBA_CACHE_DIR, or each worker compiles anew for a minute.",
    "clock": "Let both machines keep time by NTP: deadlines and leases go by the database's clock.",
    "versions": "Bring PostgreSQL to 14 or later.",
    "cage": "The workers' log has its last words; a limit of memory or processes is often too low.",
    "settings": "See manage.py check --deploy.",
}


MEND_NETWORK = (
    "Run the workers where a process may make namespaces: in a container with a seccomp profile that allows "
    "unshare (Docker's own does not), and on the host with user.max_user_namespaces above 0. Until then "
    "leave the workers on a network without a way out, as in docker-compose.yml."
)


class Doubtful(Exception):
    """It works, but not as well as it might; with the words for it."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `mend` is empty where nothing is to be done."""

    name: str
    ok: bool
    words: str
    mend: str = ""


def examine(*, with_cage: bool = True) -> list[Finding]:
    """Look at everything that can be asked now; starting a cage takes seconds."""
    parts = health.parts()
    found = [_finding(part.name, part.words, ok=part.ok) for part in parts]
    works = {part.name for part in parts if part.ok}
    looks: list[tuple[str, Callable[[], str]]] = [("kernels", _kernels), ("disks", _disks)]
    looks += [("cage", _cage)] if with_cage else []
    looks += [("mail server", _mail_server), ("settings", _settings)]
    if "database" in works:
        looks += [("tables", _tables), ("versions", _versions), ("clock", _clock)]
        if _looked("tables", _tables).ok:
            looks += [
                ("mails", _mails),
                ("stuck", _stuck),
                ("uploaded files", _files),
                ("ground truth", _truth),
            ]
    if "broker" in works:
        looks.append(("beat", _beat))
    return found + [_looked(name, look) for name, look in looks]


def _finding(name: str, words: str, *, ok: bool) -> Finding:
    return Finding(name, ok, words, "" if ok else MEND[name])


def _looked(name: str, look: Callable[[], str]) -> Finding:
    try:
        return _finding(name, look(), ok=True)
    except Doubtful as doubt:
        return Finding(name, ok=True, words=str(doubt), mend=MEND_NETWORK)
    except health.Unwell as unwell:
        return _finding(name, str(unwell), ok=False)
    except (DatabaseError, OSError) as error:
        return _finding(name, f"cannot be looked at ({type(error).__name__})", ok=False)


def _tables() -> str:
    executor = MigrationExecutor(connection)
    left = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if left:
        raise health.Unwell(f"{_count(len(left), 'migration')} not applied")
    return "up to date"


def _versions() -> str:
    connection.ensure_connection()
    number = int(connection.connection.server_version)
    ours = f"Django {django.get_version()}, scorer {plan.SCORER_VERSION}"
    told = f"PostgreSQL {number // 10_000}.{number % 10_000}, {ours}"
    if number < OLDEST_POSTGRESQL:
        raise health.Unwell(told)
    return told


def _clock() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        skew = abs(timezone.now() - cursor.fetchone()[0])
    if skew > LARGEST_SKEW:
        raise health.Unwell(f"this machine and the database differ by {skew.total_seconds():.0f} s")
    return f"within {skew.total_seconds():.1f} s of the database"


def _beat() -> str:
    swept, limit = cache.get(health.SWEPT), max(60.0, 6 * settings.SWEEP_EVERY.total_seconds())
    if swept is None:
        raise health.Unwell("the sweeper has not been heard of")
    if (age := time.time() - swept) > limit:
        raise health.Unwell(f"the sweeper has not been heard of for {age:.0f} s")
    return f"the sweeper came {age:.0f} s ago"


def _mail_server() -> str:
    line = get_connection()
    try:
        line.open()
        line.close()
    except Exception as error:  # smtplib has a family of its own, beside that of the operating system
        raise health.Unwell(f"does not take mails ({type(error).__name__})") from error
    return "takes mails"


def _mails() -> str:
    if failed := measured.failed_mails():
        raise health.Unwell(f"{_count(failed, 'mail')} did not go out so far")
    return "none waits for a second try"


def _stuck() -> str:
    now = timezone.now()
    stuck = [one for challenge in Challenge.objects.all() for one in cockpit.stuck(challenge, now)[:20]]
    if stuck:
        raise health.Unwell(f"{_count(len(stuck), 'submission')} without a sign of life: {_some(stuck)}")
    return "no submission is"


def _files() -> str:
    working = Submission.objects.filter(state__in=WORKING_STATES)
    there = {kept.name for kept in store("uploads").walk()}
    gone = [one for one in working.iterator() if not _is_there(one, there)]
    if gone:
        raise health.Unwell(f"{_count(len(gone), 'file')} of waiting submissions missing: {_some(gone)}")
    return "those of all waiting submissions are there"


def _is_there(submission: Submission, names: Set[str]) -> bool:
    """In the storage, or on its way there: another machine has it then, where this one has no web server."""
    return plan.upload_name(submission) in names or not submission.stored


def _truth() -> str:
    gone = [
        f"{dataset.slug}/{path}"
        for dataset in Dataset.objects.filter(phases__isnull=False).distinct()
        for path in plan.missing_ground_truth(dataset)
    ]
    if gone:
        raise health.Unwell(f"{_count(len(gone), 'file')} missing: {', '.join(gone[:3])}")
    return "complete"


def _disks() -> str:
    if low := [disk.name for disk in health.disks() if disk.is_low]:
        raise health.Unwell(f"less than a tenth free: {', '.join(low)}")
    return "more than a tenth free on each"


def _kernels() -> str:
    folder = os.environ.get("NUMBA_CACHE_DIR", "")
    if not folder:
        return "compiled beside the code"
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise health.Unwell(
            f"the folder for compiled kernels cannot be written ({error.strerror})"
        ) from error
    return f"{len(list(Path(folder).rglob('*.nbc')))} compiled"


def _cage() -> str:
    try:
        closed = cage.try_out()
    except cage.Broken as error:
        raise health.Unwell("no cage can be started; nothing can be scored") from error
    if not closed:
        raise Doubtful("with its limits, but this system does not let it leave the network")
    return "without a network"


def _settings() -> str:
    if not settings.PRODUCTION:
        return "not a production"
    if messages := list(_unsafe()):
        raise health.Unwell(" ".join(messages))
    return "safe"


def _unsafe() -> Iterator[str]:
    for message in checks.safe_to_deploy(None):
        yield f"{message.id}: {message.msg}"


def _some(submissions: list[Submission]) -> str:
    return ", ".join(str(one.pk) for one in submissions[:3])


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' if number != 1 else ''}"
