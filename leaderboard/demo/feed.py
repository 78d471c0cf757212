"""Fills the demo: anatomy, datasets, then method by method through the ordinary way of a submission."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import TemporaryUploadedFile

from leaderboard.demo import datasets, seed
from leaderboard.demo.fields import make_fields
from leaderboard.demo.methods import METHODS, DemoMethod
from leaderboard.domain import submissions
from leaderboard.domain.evaluation.ground_truth import import_dataset
from leaderboard.enums import FREE_STATES
from leaderboard.messages import Refused
from leaderboard.models import Challenge, Entry, Phase, Submission

Say = Callable[[str], None]


def feed(say: Say) -> None:
    """Bring the demo to its full state from wherever it stands; what is there already is kept."""
    phase = seed.seed()
    folder = Path(settings.DATA_DIR) / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    told = _Teller(phase.challenge, say)
    try:
        _provide_data(phase, folder / "ground-truth", told)
        for method in METHODS:
            _provide_entry(method, phase, folder, told)
    finally:
        told.end()


class _Teller:
    """Tells the progress in the terminal and, every few seconds, on the challenge's pages."""

    def __init__(self, challenge: Challenge, say: Say) -> None:
        self.challenge, self.say, self.last = challenge, say, 0.0

    def step(self, what: str) -> Callable[[int, int, str], None]:
        def progress(done: int, total: int, name: str) -> None:
            if done == total or time.monotonic() - self.last > 3:
                self.last = time.monotonic()
                self.say(f"{what}: {done} of {total} ({name})")
                self._show(f"{seed.NOTICE} The demo is being made: {what}, {done} of {total}.")

        return progress

    def end(self) -> None:
        self._show(seed.NOTICE)

    def _show(self, notice: str) -> None:
        Challenge.objects.filter(pk=self.challenge.pk).update(notice=notice)


def _provide_data(phase: Phase, folder: Path, told: _Teller) -> None:
    missing = [d for d in datasets.DATASETS if not phase.datasets.filter(slug=d.slug).exists()]
    if not missing:
        return
    datasets.build(folder, told.step("making the simulated subjects"))
    imported = [
        import_dataset(
            phase.challenge,
            dataset.slug,
            [folder / dataset.config_name],
            folder,
            phase.rules,
            **seed.facts_of(dataset),
        ).dataset
        for dataset in missing
    ]
    phase.datasets.add(*imported)


def _provide_entry(method: DemoMethod, phase: Phase, folder: Path, told: _Teller) -> None:
    entry = seed.entry_of(method, phase.challenge)
    if Submission.objects.filter(entry=entry, phase=phase).exclude(state__in=FREE_STATES).exists():
        return
    zipped = folder / "fields" / f"{method.slug}.zip"
    zipped.parent.mkdir(exist_ok=True)
    if not zipped.exists():
        begun = time.monotonic()
        make_fields(
            method, folder / "ground-truth", zipped, processes=2, progress=told.step(f"running {method.name}")
        )
        pairs = sum(len(dataset.pairs) for dataset in datasets.DATASETS)
        seconds = 2 * (time.monotonic() - begun) / pairs
        Entry.objects.filter(pk=entry.pk).update(runtime=f"{seconds:.2f} s a pair and core, reading included")
    _submit(entry, phase, zipped)
    told.say(f"{method.name} is submitted")


def _submit(entry: Entry, phase: Phase, zipped: Path) -> None:
    """Hand a zip in as its team's captain does; waits where the rules say so."""
    captain = User.objects.get(memberships__team=entry.team, memberships__role="captain")
    while True:
        file = TemporaryUploadedFile(zipped.name, "application/zip", zipped.stat().st_size, None)
        shutil.copyfile(zipped, file.temporary_file_path())
        try:
            submissions.receive(phase, entry, captain, file)
        except Refused as refused:
            if refused.code != "too_many_running":
                raise
            time.sleep(1)
        else:
            return
        finally:
            file.close()
