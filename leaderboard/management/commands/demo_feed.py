"""`manage.py demo_feed`: fill the demo challenge beside the running site."""

from typing import Any

from django.core.management.base import BaseCommand

from leaderboard.demo.feed import feed


class Command(BaseCommand):
    help = "Make the demo's anatomy, run its methods and submit their fields; keeps what is there."

    def handle(self, *args: Any, **options: Any) -> None:
        feed(self._say)
        self._say("the demo is complete")

    def _say(self, line: str) -> None:
        self.stdout.write(f"demo: {line}")
        self.stdout.flush()
