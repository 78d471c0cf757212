"""`manage.py backup FOLDER`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import CommandError
from django.core.management.base import BaseCommand

from leaderboard.domain import backups

INCOMPLETE = 2
"""Everything that is there was kept, and not all is there."""


class Command(BaseCommand):
    help = "Write database and files into an empty folder, with a hash for each; the site may go on running."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--link", action="store_true", help="hard links instead of copies of files")

    def handle(self, *args: Any, folder: Path, link: bool, **options: Any) -> None:
        try:
            made = backups.backup(folder, link=link)
        except (backups.Unusable, OSError) as error:
            raise CommandError(str(error)) from error
        rows = sum(facts["rows"] for facts in made.tables.values())
        size = sum(facts["size"] for facts in made.files.values())
        self.stdout.write(f"{rows} rows of {len(made.tables)} tables, {len(made.files)} files, {size} bytes")
        if made.missing:
            names = "\n".join(made.missing)
            raise CommandError(f"missing, though the database names them:\n{names}", returncode=INCOMPLETE)
