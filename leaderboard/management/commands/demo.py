"""`manage.py demo`: the whole site with its demo challenge, on this machine."""

import hashlib
import os
import socket
from argparse import ArgumentParser
from operator import itemgetter
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand

from leaderboard.demo import seed, stage


class Command(BaseCommand):
    help = "Run the site with its demo challenge: web, worker and beat, filled by really run methods."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))

    def handle(self, *args: Any, port: int, **options: Any) -> None:
        _require_free(port)
        os.environ |= {"PRODUCTION": "false"}
        os.environ.setdefault("SITE_URL", f"http://localhost:{port}")
        call_command("migrate", verbosity=0)
        collect_static()
        seed.seed()
        commands = stage.site_commands(port)
        lasting = tuple(commands)
        commands["feed"] = [commands["web"][0], str(settings.BASE_DIR / "manage.py"), "demo_feed"]
        shown = stage.Stage(commands, lasting, self._say)
        try:
            for name in commands:
                shown.start(name)
            self._greet(port)
            shown.watch()
        finally:
            self._say("stopping")
            shown.end()

    def _greet(self, port: int) -> None:
        root = f"http://localhost:{port}"
        lines = [f"home         {root}/", f"leaderboard  {root}/challenges/lumir/phases/validation/"]
        lines += [
            f"log in       {login.username} / {login.password}  ({login.role})"
            for login in (seed.PARTICIPANT, seed.ORGANIZER)
        ]
        self.stdout.write("\n".join(["", *lines, "mail         printed here", "end          Ctrl-C", ""]))
        self.stdout.flush()

    def _say(self, line: str) -> None:
        self.stdout.write(f"demo: {line}")
        self.stdout.flush()


def collect_static() -> None:
    """Collect the static files where they are not those of the last collection: it takes seconds.

    What they are is told by their bytes: files out of packages are as old as their release, so that a
    newer release's may be older than the collection.
    """
    root = Path(settings.STATIC_ROOT)
    made_of, found = root.with_name(f"{root.name}.sha256"), hashlib.sha256()
    for finder in get_finders():
        for path, storage in sorted(finder.list([]), key=itemgetter(0)):
            with storage.open(path) as file:
                found.update(f"{path} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    kept = made_of.read_text() if made_of.exists() and (root / "staticfiles.json").exists() else ""
    if kept != found.hexdigest():
        call_command("collectstatic", interactive=False, clear=True, verbosity=0)
        made_of.write_text(found.hexdigest())


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise CommandError(f"Port {port} is taken. Choose another: PORT=8001 make demo") from None
