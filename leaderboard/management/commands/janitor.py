"""`manage.py janitor [--dry-run]`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.template.defaultfilters import filesizeformat

from leaderboard.domain import janitor


class Command(BaseCommand):
    help = "Remove what is not needed any more, as beat does once a day; nothing that a score rests on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say what would go")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        for found in janitor.tidy(dry_run=dry_run):
            size = f", {filesizeformat(found.bytes)}" if found.bytes else ""
            self.stdout.write(f"{found.count:6} {found.what}{size}")
        if dry_run:
            self.stdout.write("Nothing was removed.")
