"""What is wrong with this installation, in words, and how to mend each."""

import os
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import cast

import django
from django.conf import settings
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage, staticfiles_storage
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
from leaderboard.queries import cockpit, health, measured, reach
from leaderboard.storage import KINDS

OLDEST_POSTGRESQL = 14_00_00
LARGEST_SKEW = timedelta(seconds=5)
LARGEST_SHARE = 0.9
"""Of the database's connections."""
MEND = {
    "database": "Start PostgreSQL, or mend DATABASE_URL and the password; the site goes on by itself.",
    "broker": "Start Valkey or Redis, or mend REDIS_URL. The sweeper speaks of all work again.",
    "cache": "Start the server of CACHE_URL, or mend CACHE_URL and the password. Meanwhile pages are made "
    "each time, limits hold by web process, and nobody knows whether beat is there.",
    "storage": "Free or add room on the disk of UPLOADS_ROOT, and let the site's user write there; of a "
    "bucket, mend its server, STORAGE_URL or its keys. The site goes on by itself.",
    "workers": "Start a worker: celery -A leaderboard worker; its log says why the last one ended.",
    "queue": "Look into the workers' log; start one anew, and the sweeper gives its work to another.",
    "files": "Let the site's user write there, or give its keys the right to write, read, list and delete in "
    "the bucket. Folders inside UPLOADS_ROOT lie on its file system: mount the whole of it, not a part.",
    "tables": "Run manage.py migrate.",
    "connections": "Raise max_connections of PostgreSQL, or lower WEB_THREADS or the workers' --concurrency; "
    "docs/planning.md counts them.",
    "static files": "Run manage.py collectstatic --noinput, and npm ci before it where packages are missing.",
    "site": "Look at the log of what answers there: the proxy, then web (pages) or transfers (uploads). A "
    "certificate is renewed as docs/operations.md says.",
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


MEND_SITE = (
    "Where the machine cannot reach its own public address, ask from another one: SITE_URL/healthz and "
    "SITE_URL/readyz in a browser. Else mend SITE_URL, the name's address or the proxy."
)
MEND_NETWORK = (
    "Run the workers where a process may make namespaces: in a container with a seccomp profile that allows "
    "unshare (Docker's own does not), and on the host with user.max_user_namespaces above 0. Until then "
    "leave the workers on a network without a way out, as in docker-compose.yml."
)


class Doubtful(Exception):
    """It works, but not as well as it might, or cannot be told from here; with a way to mend it."""

    def __init__(self, words: str, mend: str) -> None:
        self.mend = mend
        super().__init__(words)


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
    looks = [*ALWAYS]
    looks += [("cage", _cage)] if with_cage else []
    looks += OF_STORAGE if "storage" in works else []
    if "database" in works:
        looks += OF_DATABASE
        looks += OF_TABLES if _looked("tables", _tables).ok else []
    kept = _looked("cache", health.cache)
    looks += [("beat", _beat)] if kept.ok else []
    return [*found, kept, *(_looked(name, look) for name, look in looks)]


def _finding(name: str, words: str, *, ok: bool) -> Finding:
    return Finding(name, ok, words, "" if ok else MEND[name])


def _looked(name: str, look: Callable[[], str]) -> Finding:
    try:
        return _finding(name, look(), ok=True)
    except Doubtful as doubt:
        return Finding(name, ok=True, words=str(doubt), mend=doubt.mend)
    except health.Unwell as unwell:
        return _finding(name, str(unwell), ok=False)
    except (DatabaseError, OSError) as error:
        return _finding(name, f"cannot be looked at ({type(error).__name__})", ok=False)


def _written() -> str:
    """Every kind of files can be written and removed, and what comes in is renamed, not copied."""
    for kind in KINDS:
        try:
            _write(kind)
        except OSError as error:
            raise health.Unwell(f"{kind} cannot be written ({error})") from error
    uploads = Path(settings.UPLOADS_ROOT)
    for path in (Path(settings.FILE_UPLOAD_TEMP_DIR), uploads / "imports"):
        if path.exists() and path.stat().st_dev != uploads.stat().st_dev:
            raise health.Unwell(f"{path} lies on another file system than {uploads}")
    return "each kind can be written"


def _write(kind: str) -> None:
    name = f".doctor-{uuid.uuid4()}"
    with tempfile.NamedTemporaryFile() as file:
        store(kind).take(Path(file.name), name)
    store(kind).delete(name)


def _static() -> str:
    hashed = cast(ManifestStaticFilesStorage, staticfiles_storage).hashed_files
    if not hashed:
        raise health.Unwell("none are collected")
    if gone := [name for name in hashed.values() if not staticfiles_storage.exists(name)]:
        raise health.Unwell(f"{_count(len(gone), 'file')} missing: {', '.join(gone[:3])}")
    if new := [name for name in _own_files() if name not in hashed]:
        raise health.Unwell(f"of an older version, without {', '.join(new[:3])}")
    return f"{len(hashed)} collected"


def _own_files() -> Iterator[str]:
    folder = settings.BASE_DIR / "static"
    return (str(path.relative_to(folder)) for path in sorted(folder.rglob("*.*")) if path.is_file())


def _site() -> str:
    if not settings.PRODUCTION:
        return "not a production"
    try:
        return reach.site(settings.SITE_URL)
    except reach.Unreached as error:
        raise Doubtful(str(error), MEND_SITE) from error


def _connections() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), current_setting('max_connections')::int FROM pg_stat_activity")
        used, most = cursor.fetchone()
    if used > LARGEST_SHARE * most:
        raise health.Unwell(f"{used} of {most} in use")
    return f"{used} of {most} in use"


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
        raise Doubtful("with its limits, but this system does not let it leave the network", MEND_NETWORK)
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


Looks = list[tuple[str, Callable[[], str]]]
ALWAYS: Looks = [
    ("kernels", _kernels),
    ("disks", _disks),
    ("static files", _static),
    ("mail server", _mail_server),
    ("settings", _settings),
    ("site", _site),
]
OF_STORAGE: Looks = [("files", _written)]
OF_DATABASE: Looks = [
    ("tables", _tables),
    ("versions", _versions),
    ("clock", _clock),
    ("connections", _connections),
]
OF_TABLES: Looks = [
    ("mails", _mails),
    ("stuck", _stuck),
    ("uploaded files", _files),
    ("ground truth", _truth),
]


def _some(submissions: list[Submission]) -> str:
    return ", ".join(str(one.pk) for one in submissions[:3])


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' if number != 1 else ''}"
