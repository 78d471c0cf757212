"""Feeds the site, harms it, waits, and holds what became of everything against an undisturbed phase."""

import hashlib
import os
import threading
import time
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.models import Count
from django.utils import timezone

from leaderboard.domain import attempts, upload_tokens
from leaderboard.domain.evaluation.ground_truth import import_dataset
from leaderboard.enums import FINAL_STATES
from leaderboard.models import (
    CaseResult,
    Challenge,
    Entry,
    Notification,
    Phase,
    Snapshot,
    Submission,
    SubmissionEvent,
    Worker,
)
from tests.leaderboard import make
from tests.leaderboard.rig import Broker, Rig, Sender
from tests.leaderboard.stack import wait
from tests.soak.files import PAIRS, File, plan, write_challenge
from tests.soak.harm import Harm

ENTRIES = 10
SENDERS = 5
FREE = {"attempts_per_window": 100_000, "invalid_per_window": 100_000, "concurrent_submissions": 100_000}


class Soak:
    """The challenge, the rig, and what the senders were told."""

    def __init__(self, folder: Path) -> None:
        call_command("migrate", verbosity=0)
        config = write_challenge(folder / "phantom")
        self.challenge = make.challenge(slug="soak")
        facts = {"name": "Phantom", "group": "in-domain"}
        imported = import_dataset(self.challenge, "phantom", [config], folder / "phantom", "lumir24", **facts)
        self.dataset = imported.dataset
        self.names = [f"disp_{key}.nii.gz" for key in self.dataset.cases.values_list("key", flat=True)]
        self.entries, self.tokens = [], []
        for number in range(ENTRIES):
            captain = make.user()
            self.entries.append(make.entry(make.team(self.challenge, captain), name=f"Method {number}"))
            self.tokens.append(upload_tokens.token_for(captain))
        self.rig = Rig(folder / "logs", os.environ | {"WEB_WORKERS": "1"})
        wait(lambda: Worker.objects.count() == 2, 300)
        wait(self.rig.answers)
        self.taken: dict[str, File] = {}

    def phase(self, slug: str) -> Phase:
        made = make.phase(challenge=self.challenge, slug=slug, name=slug, rules="lumir24", **FREE)
        made.datasets.set([self.dataset])
        return made

    def send(self, phase: Phase, file: File) -> None:
        told = {
            "phase": f"{Challenge.objects.get().slug}/{phase.slug}",
            "entry": self.entries[file.entry].slug,
            "filename": "fields.zip",
            "sha256": hashlib.sha256(file.data).hexdigest(),
        }
        sender = Sender(self.rig.port, self.tokens[file.entry], **told)
        sender.begin(len(file.data))
        sender.send(file.data, 0, len(file.data) // 2)
        sender.go_on(file.data)
        self.taken[sender.pk()] = file

    def send_all(self, phase: Phase, files: Sequence[File], pause: float, tell: Callable[[], None]) -> None:
        """Each entry's files one after the other, several entries at once, with a pause after each."""

        def run(share: int) -> None:
            for file in files:
                if file.entry % SENDERS == share:
                    insist(lambda file=file: self.send(phase, file))  # type: ignore[misc]
                    tell()
                    time.sleep(pause)
            connection.close()

        threads = [threading.Thread(target=run, args=(share,)) for share in range(SENDERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def insist(what: Callable[[], Any]) -> Any:
    """Ask until the database answers."""
    while True:
        try:
            return what()
        except DatabaseError:
            connection.close()
            time.sleep(0.2)


def soak(folder: Path, broker: Broker, wanted: Namespace) -> bool:
    began = time.monotonic()
    soaked = Soak(folder)
    try:
        files = plan(soaked.names, wanted.submissions, ENTRIES, wanted.seed)
        calm, rough = soaked.phase("calm"), soaked.phase("rough")
        for file in files[-ENTRIES:]:
            soaked.send(calm, file)
        finish(calm, 300)
        say(f"undisturbed: {ENTRIES} submissions after {time.monotonic() - began:.0f} s")
        harm = Harm(soaked.rig, broker, wanted.faults, wanted.every, wanted.seed)
        harm.start()
        sent = Counter[str]()

        def tell() -> None:
            sent["files"] += 1
            if sent["files"] % 50 == 0:
                say(f"{sent['files']} sent, {harm.done.total()} faults, {time.monotonic() - began:.0f} s")

        # Most faults come while files do.
        pause = 0.8 * wanted.faults * wanted.every * SENDERS / len(files)
        soaked.send_all(rough, files, pause, tell)
        harm.join(wanted.faults * wanted.every * 4)
        harm.stop()
        say(f"all sent and {harm.done.total()} faults done after {time.monotonic() - began:.0f} s; waiting")
        over = finish(rough, 900)
        return report(soaked, calm, rough, harm, wanted, time.monotonic() - began, over=over)
    finally:
        soaked.rig.end()


def finish(phase: Phase, seconds: float) -> bool:
    """Wait until nothing is left to do for a phase."""

    def over() -> bool:
        left = Submission.objects.filter(phase=phase).exclude(state__in=FINAL_STATES).count()
        stale = Phase.objects.get(pk=phase.pk).board_stale_since is not None
        return not left and not stale and not phase.snapshots.filter(completion__isnull=False).exists()

    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if insist(over):
            return True
        time.sleep(0.5)
    return False


def report(
    soaked: Soak, calm: Phase, rough: Phase, harm: Harm, wanted: Namespace, seconds: float, *, over: bool
) -> bool:
    """Print what was done and what became of it; whether all is as it must be."""
    for kind in sorted(harm.kinds):
        say(f"{harm.done[kind]:5}  {kind} (and {harm.missed[kind]} that met nothing)")
    say(f"{harm.done.total():5}  faults in all; {len(soaked.taken) - ENTRIES} submissions; {seconds:.0f} s")
    wrong = dict(findings(soaked, calm, rough))
    for what, count in wrong.items():
        say(f"{count:5}  {what}")
    for kind in harm.never():
        say(f"never hit: {kind}")
    enough = len(soaked.taken) - ENTRIES == wanted.submissions and harm.done.total() >= wanted.faults
    enough &= not harm.never() or wanted.faults < len(harm.kinds)
    done = over and enough and not any(wrong.values())
    say("nothing lost, stuck or counted twice; the board is identical" if done else "FAILED")
    return done


def findings(soaked: Soak, calm: Phase, rough: Phase) -> Iterable[tuple[str, int]]:
    rows = {str(row.pk): row for row in Submission.objects.filter(phase=rough).select_related("entry")}
    sent = {pk: file for pk, file in soaked.taken.items() if pk in rows or not _in(calm, pk)}
    yield "lost", sum(pk not in rows for pk in sent)
    yield "stuck", sum(row.state not in FINAL_STATES for row in rows.values())
    yield (
        "ended otherwise than they must",
        sum(pk in rows and rows[pk].state != file.state for pk, file in sent.items()),
    )
    yield "submissions that nobody sent", len(set(rows) - set(sent))
    cases = CaseResult.objects.filter(evaluation__submission__phase=rough)
    counts = cases.values("evaluation__submission").annotate(cases=Count("pk")).order_by()
    yield "submissions with more or fewer results than cases", counts.exclude(cases=PAIRS).count()
    for words in ("Received", "All 2 cases are scored", "The file has"):
        lines = SubmissionEvent.objects.filter(submission__phase=rough, message__startswith=words)
        twice = lines.values("submission").annotate(lines=Count("pk")).order_by().filter(lines__gt=1)
        yield f"submissions whose log says twice: {words}", twice.count()
    told = Notification.objects.filter(url__in=[row.get_absolute_url() for row in rows.values()])
    yield (
        "submissions not told of exactly once",
        abs(told.count() - len(rows)) + (len(rows) - told.values("url").distinct().count()),
    )
    now, good = timezone.now(), Counter(file.entry for file in sent.values() if file.variant is not None)
    yield (
        "teams whose attempts are wrong",
        sum(
            attempts.attempts(entry.team, rough, now).used != good[number]
            for number, entry in enumerate(_entries(soaked))
        ),
    )
    yield "results that differ from the undisturbed ones", _differing(soaked, rows, sent)
    yield "boards that differ", int(_board(calm) != _board(rough))


def _in(phase: Phase, pk: str) -> bool:
    return Submission.objects.filter(phase=phase, pk=pk).exists()


def _entries(soaked: Soak) -> list[Entry]:
    return [Entry.objects.select_related("team").get(pk=entry.pk) for entry in soaked.entries]


def _differing(soaked: Soak, rows: dict[str, Submission], sent: dict[str, File]) -> int:
    """How many results are not those of all others of their variant, undisturbed ones among them."""
    values: dict[tuple[int | None, str], Counter[str]] = {}
    of_each = CaseResult.objects.filter(evaluation__current=True).values_list(
        "evaluation__submission", "case__key", "values", "items"
    )
    for pk, key, *numbers in of_each:
        file = soaked.taken.get(str(pk))
        if file is not None:
            values.setdefault((file.variant, key), Counter())[repr(numbers)] += 1
    return sum(count.total() - count.most_common(1)[0][1] for count in values.values())


def _board(phase: Phase) -> dict[str, Any]:
    payload: dict[str, Any] = Snapshot.objects.filter(phase=phase).latest().payload
    del payload["phase"]
    for entry in payload["entries"]:
        del entry["submission"]
    return payload


def say(line: str) -> None:
    print(line, flush=True)
