"""Imports of ground truth that organizers ask for in the browser: a worker does them, a page follows.

Volumes of a whole challenge take minutes to read and copy, which no web process may be held up by.
"""

import json
import logging
import shutil
import tempfile
import traceback
import uuid
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from leaderboard import tasks
from leaderboard.domain import audit, leases, phases
from leaderboard.domain.evaluation.ground_truth import ImportReport, UnusableGroundTruth, import_dataset
from leaderboard.enums import ImportState
from leaderboard.folder import Unreachable
from leaderboard.models import Challenge, DatasetImport, Phase
from scoring.errors import problem
from scoring.spec import RULES
from scoring.streams import zip_faults

logger = logging.getLogger(__name__)
RULE_NAMES = tuple(RULES)
WAITING = Q(state=ImportState.WAITING)
_LAYOUT = ("images", "labels", "landmarks", "masks")


def folders_of(challenge: Challenge) -> list[str]:
    """The folders in the Learn2Reg layout that lie below the challenge's part of IMPORT_ROOT."""
    root = _import_root(challenge)
    if not root.is_dir():
        return []
    return [str(folder.relative_to(root)) for folder in _layouts_in(root)]


def ask(
    challenge: Challenge,
    by: User,
    slug: str,
    configs: Sequence[Mapping[str, Any]],
    files: str | TemporaryUploadedFile,
    rules: str,
    take_up: Sequence[Phase] = (),
    **facts: Any,
) -> DatasetImport:
    """Have a dataset imported, or renewed where the challenge has one of that slug.

    Args:
        configs: `{"name", "content"}` of each official evaluation config, in their order.
        files: one of `folders_of`, or an uploaded zip, which is renamed and not copied.
        take_up: phases that the dataset becomes part of.
        facts: as `import_dataset` takes them.
    """
    folder = files if isinstance(files, str) else ""
    with transaction.atomic():
        asked = DatasetImport.objects.create(
            challenge=challenge,
            by=by,
            slug=slug,
            configs=list(configs),
            rules=rules,
            folder=folder,
            facts=facts,
        )
        asked.phases.set(take_up)
        if not isinstance(files, str):
            zipped = zip_path(asked)
            zipped.parent.mkdir(parents=True, exist_ok=True)
            Path(files.temporary_file_path()).rename(zipped)
        transaction.on_commit(partial(tasks.import_ground_truth.delay, asked.pk), robust=True)
    return asked


def run(pk: int) -> None:
    """Do one import that waits; does nothing where another worker is at it."""
    token = leases.claim(DatasetImport, pk, WAITING)
    if token is None:
        return
    asked = DatasetImport.objects.select_related("challenge", "by").get(pk=pk)
    try:
        with leases.kept(DatasetImport, pk, token), _files_of(asked) as folder, _configs_of(asked) as configs:
            report = import_dataset(
                asked.challenge, asked.slug, configs, folder, asked.rules, asked.by, **asked.facts
            )
    except UnusableGroundTruth as unusable:
        problems = [found.to_dict() for found in unusable.problems]
        _end(asked, token, ImportState.REFUSED, problems=problems)
    except Unreachable:
        logger.warning("The import %s is put off", pk, exc_info=True)
        leases.give_back(DatasetImport, pk, token)
    except Exception:
        # Whatever goes wrong here is told on the import's page, too.
        logger.exception("The import %s has failed", pk)
        _end(asked, token, ImportState.FAILED, detail=traceback.format_exc())
    else:
        _take_up(asked, token, report)


def waiting() -> list[int]:
    """Imports that nobody is at; one that was begun too often is given up first."""
    idle = DatasetImport.objects.filter(WAITING, leases.free())
    worn_out = idle.filter(tries__gte=settings.MAX_TRIES)
    for asked in worn_out:
        given_up = {"state": ImportState.FAILED, "detail": "The worker was lost every time."}
        if worn_out.filter(pk=asked.pk).update(finished_at=Now(), **given_up):
            zip_path(asked).unlink(missing_ok=True)
    return list(idle.values_list("pk", flat=True))


def zip_path(asked: DatasetImport) -> Path:
    """Where the uploaded zip of an import lies until it is read."""
    return Path(settings.UPLOADS_ROOT) / "imports" / f"{asked.pk}.zip"


def _import_root(challenge: Challenge) -> Path:
    return Path(settings.IMPORT_ROOT) / challenge.slug


def _has_images(folder: Path) -> bool:
    return any(child.is_dir() and child.name.startswith(_LAYOUT) for child in folder.iterdir())


def _end(asked: DatasetImport, token: uuid.UUID, state: ImportState, **facts: Any) -> bool:
    held = DatasetImport.objects.filter(WAITING, pk=asked.pk, lease_token=token)
    ended = held.update(state=state, finished_at=Now(), **facts, **leases.RELEASED)
    if ended:
        zip_path(asked).unlink(missing_ok=True)
    return bool(ended)


def _take_up(asked: DatasetImport, token: uuid.UUID, report: ImportReport) -> None:
    """Note what was made, and make the dataset part of the phases that were named."""
    dataset = report.dataset
    found = {
        "cases": report.cases,
        "files": report.files,
        "bytes": report.bytes,
        "new_version": report.new_version,
        "version": dataset.ground_truth_version,
    }
    with transaction.atomic():
        if not _end(asked, token, ImportState.DONE, report=found):
            return
        audit.record(
            asked.challenge,
            asked.by,
            f"Ground truth of {dataset.name} imported",
            after=f"version {dataset.ground_truth_version[:16]}, {report.cases} cases",
            public=report.new_version,
        )
        for phase in asked.phases.all():
            phases.set_datasets(phase, asked.by, {*phase.datasets.all(), dataset})


@contextmanager
def _configs_of(asked: DatasetImport) -> Iterator[list[Path]]:
    """The configs as files, named as they were."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, config in enumerate(asked.configs):
            path = Path(folder) / str(number) / Path(config["name"]).name
            path.parent.mkdir()
            path.write_text(json.dumps(config["content"]), encoding="utf-8")
            paths.append(path)
        yield paths


@contextmanager
def _files_of(asked: DatasetImport) -> Iterator[Path]:
    """The folder with the ground truth; of a zip, unpacked for as long as it is read."""
    if asked.folder:
        yield _import_root(asked.challenge) / asked.folder
        return
    zipped = zip_path(asked)
    with tempfile.TemporaryDirectory(dir=zipped.parent, prefix=f"{asked.pk}-") as folder:
        unpack(zipped, Path(folder))
        yield next(_layouts_in(Path(folder)), Path(folder))


def _layouts_in(folder: Path) -> Iterator[Path]:
    """The folder itself and those right below it, as far as they are in the Learn2Reg layout."""
    candidates = (folder, *sorted(folder.iterdir()))
    return (found for found in candidates if found.is_dir() and _has_images(found))


def unpack(zipped: Path, folder: Path) -> None:
    """Unpack a zip with plain relative names that has room on the disk. Raises UnusableGroundTruth."""
    with zip_faults(_corrupt), zipfile.ZipFile(zipped) as archive:
        members = [member for member in archive.infolist() if _is_wanted(member)]
        _check(members, zipped)
        for member in members:
            archive.extract(member, folder)


def _corrupt(reason: str) -> UnusableGroundTruth:
    return UnusableGroundTruth([problem("archive_corrupt", "the zip", reason=reason)])


def _is_wanted(member: zipfile.ZipInfo) -> bool:
    parts = PurePosixPath(member.filename).parts
    hidden = "__MACOSX" in parts or any(part.startswith(".") and part != ".." for part in parts)
    return not member.is_dir() and not hidden


def _check(members: Sequence[zipfile.ZipInfo], zipped: Path) -> None:
    odd = [member.filename for member in members if not _is_plain(member.filename)]
    problems = [problem("member_name", name) for name in odd]
    size = sum(member.file_size for member in members)
    # Twice: unpacked here, and then kept.
    room = shutil.disk_usage(zipped.parent).free // 2
    if size > room:
        problems.append(problem("archive_size", "the zip", size=size, limit=room))
    if problems:
        raise UnusableGroundTruth(problems)


def _is_plain(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and "\\" not in name
