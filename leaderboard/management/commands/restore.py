"""`manage.py restore FOLDER`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import CommandError
from django.core.management.base import BaseCommand

from leaderboard.domain import backups


class Command(BaseCommand):
    help = "Fill an empty database and empty folders from a backup; nothing is touched where a hash is wrong."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        try:
            found = backups.restore(folder)
        except (backups.Unusable, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"Restored {len(found.tables)} tables and {len(found.files)} files as of {found.made_at}. "
            "Start web, worker and beat: the sweeper goes on with what was unfinished."
        )
