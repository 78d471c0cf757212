"""`manage.py doctor [--json]`."""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from leaderboard.domain import doctor


class Command(BaseCommand):
    help = "Say in words what is wrong with this installation and how to mend it; exit 1 if something is."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="for machines")

    def handle(self, *args: Any, **options: Any) -> None:
        found = doctor.examine()
        if options["json"]:
            self.stdout.write(json.dumps([asdict(finding) for finding in found], indent=1))
        else:
            self._say(found)
        if not all(finding.ok for finding in found):
            sys.exit(1)

    def _say(self, found: list[doctor.Finding]) -> None:
        for finding in found:
            verdict = "WRONG" if not finding.ok else "WARN " if finding.mend else "ok   "
            self.stdout.write(f"{verdict} {finding.name}: {finding.words}")
            if finding.mend:
                self.stdout.write(f"      {finding.mend}")
