"""One whole site for the faults of a test, and what must be as if there had been none."""

import io
import json
import os
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from allauth.account.models import EmailAddress
from django.db import OperationalError, connection
from django.utils import timezone

from leaderboard.domain import attempts, upload_tokens
from leaderboard.domain.evaluation.ground_truth import import_dataset
from leaderboard.domain.parts import part_path
from leaderboard.enums import SubmissionState
from leaderboard.models import CaseResult, Challenge, Notification, Phase, Snapshot, Submission, Team
from leaderboard.queries import ledger
from tests.leaderboard import make
from tests.leaderboard.rig import Broker, Gate, Rig, Sender
from tests.leaderboard.stack import wait
from tests.scoring.files import gz, nifti

S = SubmissionState
TRIES = 3
PASSWORD = "rank-honestly"
# Enough for the phantom, not for a large field.
CAGE_MIB = 240
LARGE = 160
ADDRESS = {"dbname", "user", "password", "host", "port"}


class Site:
    """The rig, a team with two methods and a file for each."""

    def __init__(self, folder: Path, phantom: Path) -> None:
        given = connection.get_connection_params()
        self.gate = Gate({name: given[name] for name in given if name in ADDRESS})
        self.broker = Broker(folder / "broker")
        (folder / "logs").mkdir()
        url = os.environ["DATABASE_URL"].rpartition("/")[0]
        environment = os.environ | {
            "DATABASE_URL": f"{url}/{connection.settings_dict['NAME']}",
            "REDIS_URL": self.broker.url,
            "WEB_WORKERS": "1",
            "MAX_TRIES": str(TRIES),
            "CAGE_MEMORY_MIB": str(CAGE_MIB),
        }
        self.challenge, self.team, self.token = entered(phantom)
        self.organizer = make.user(password=PASSWORD)
        EmailAddress.objects.create(user=self.organizer, email=self.organizer.email, verified=True)
        self.challenge.organizers.add(self.organizer)
        self.files = {
            "demons": (phantom / "submission.zip").read_bytes(),
            "still": still_zip(phantom, folder / "still").read_bytes(),
        }
        self.rig = Rig(folder / "logs", environment)

    def begin(self, phase: Phase, entry: str, data: bytes | None = None) -> Sender:
        where = f"{self.challenge.slug}/{phase.slug}"
        sender = Sender(self.rig.port, self.token, phase=where, entry=entry, filename=f"{entry}.zip")
        sender.begin(len(data or self.files[entry]))
        return sender

    def upload(self, phase: Phase, entry: str, data: bytes | None = None) -> Sender:
        sender = self.begin(phase, entry, data)
        sender.go_on(data or self.files[entry])
        return sender

    def hold_at_a_case(self, phase: Phase) -> str:
        """Send both files and hold a worker at the end of a case; who it is."""
        self.gate.close("caseresult", "UPDATE", "NEW.state = 'done'")
        for entry in self.files:
            self.upload(phase, entry)
        return self.held()[1]

    def held(self) -> tuple[int, str]:
        """Who has come to the gate."""
        found: tuple[int, str] = wait(self.gate.waiting, tell="come to the gate")
        return found

    def end(self) -> None:
        self.rig.end()
        self.broker.server.stop()
        if self.gate.connection is not None:
            self.gate.connection.close()


def entered(phantom: Path) -> tuple[Challenge, Team, str]:
    challenge = make.challenge(slug="lumir")
    configs = [phantom / "segmentation.json", phantom / "landmark.json"]
    import_dataset(challenge, "phantom", configs, phantom, "lumir24", name="Phantom", group="in-domain")
    captain = make.user()
    team = make.team(challenge, captain)
    for name in ("Demons", "Still"):
        make.entry(team, name=name)
    return challenge, team, upload_tokens.token_for(captain)


def still_zip(phantom: Path, folder: Path) -> Path:
    """Fields of zeros for the same pairs."""
    folder.mkdir()
    for field in (phantom / "submission").iterdir():
        (folder / field.name).write_bytes(gz(nifti(np.zeros((18, 22, 20, 3), np.float32))))
    return Path(shutil.make_archive(str(folder), "zip", folder))


def new_phase(site: Site, name: str) -> Phase:
    phase = make.phase(challenge=site.challenge, slug=name, name=name, rules="lumir24")
    phase.datasets.set(site.challenge.datasets.filter(slug="phantom"))
    return phase


def large_phase(site: Site, folder: Path) -> tuple[Phase, bytes]:
    """A phase of one pair that takes more memory to score than the cage has, and a zip for it."""
    shape = (LARGE, LARGE, LARGE)
    image = "imagesTs/T_{}_0000.nii.gz"
    config = {
        "name": "Large",
        "expected_shape": [*shape, 3],
        "eval_pairs": [{"fixed": image.format("0001"), "moving": image.format("0002")}],
        "evaluation_methods": [{"name": "NDV", "metric": "ndv"}],
    }
    (folder / "imagesTs").mkdir()
    for subject in ("0001", "0002"):
        (folder / image.format(subject)).write_bytes(gz(nifti(np.ones(shape, np.float64), "f8")))
    (folder / "config.json").write_text(json.dumps(config))
    facts = {"name": "Large", "group": "in-domain"}
    import_dataset(site.challenge, "large", [folder / "config.json"], folder, "lumir24", **facts)
    phase = make.phase(challenge=site.challenge, slug="large", name="Large phase", rules="lumir24")
    phase.datasets.set(site.challenge.datasets.filter(slug="large"))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("disp_0001_0002.nii.gz", gz(nifti(np.zeros((*shape, 3), np.float32))))
    return phase, buffer.getvalue()


def is_over(phase: Phase) -> bool:
    """Both submissions are final and the board is fresh; a database that is away is asked again."""
    try:
        # In this order: a board is stale from the moment on at which a submission is scored.
        states = list(Submission.objects.filter(phase=phase).values_list("state", flat=True))
        phase.refresh_from_db()
        complete = not phase.snapshots.filter(completion__isnull=False).exists()
    except OperationalError:
        connection.close()
        return False
    return states == [S.SCORED] * 2 and phase.board_stale_since is None and complete


def outcome(phase: Phase) -> dict[str, Any]:
    """All that must be as if nothing had happened."""
    results = CaseResult.objects.filter(evaluation__submission__phase=phase)
    keys = ("evaluation__submission__entry__slug", "case__key", "state", "values", "items")
    now = timezone.now()
    rows = ledger.ledger(phase, Team.objects.get(entries__slug="demons"))
    board = Snapshot.objects.filter(phase=phase).latest().payload
    del board["phase"]
    for entry in board["entries"]:
        del entry["submission"]
    pages = [row.submission.get_absolute_url() for row in rows if row.submission]
    told = Notification.objects.filter(url__in=pages)
    return {
        "cases": sorted(map(repr, results.values_list(*keys))),
        "current": results.filter(evaluation__current=True).count(),
        "board": board,
        "used": attempts.attempts(rows[0].submission.entry.team, phase, now).used,  # type: ignore[union-attr]
        "ledger": sorted((row.words, row.valid, row.invalid) for row in rows),
        "told": sorted(told.values_list("kind", flat=True)),
    }


def log_of(phase: Phase) -> list[str]:
    found = Submission.objects.filter(phase=phase).order_by("events__at", "events__pk")
    return [message for message in found.values_list("events__message", flat=True) if message]


def differences(found: Any, expected: Any, where: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Where two outcomes differ: place, what was found, what was expected."""
    if type(found) is not type(expected):
        yield where, found, expected
    elif isinstance(found, dict):
        for name in sorted(set(found) | set(expected)):
            yield from differences(found.get(name), expected.get(name), f"{where}/{name}")
    elif isinstance(found, list) and len(found) == len(expected):
        for number, pair in enumerate(zip(found, expected, strict=True)):
            yield from differences(*pair, f"{where}/{number}")
    elif found != expected:
        yield where, found, expected


def expect_all_as_undisturbed(site: Site, phase: Phase, undisturbed: dict[str, Any]) -> None:
    wait(lambda: is_over(phase), tell=lambda: f"{log_of(phase)}\n{site.rig.log()}")
    found = outcome(phase)
    told = list(differences(found, undisturbed))
    assert told == [], told
    assert not any(part_path(pk).exists() for pk in Submission.objects.values_list("pk", flat=True))
