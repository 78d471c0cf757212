"""The application's configuration."""

from django.apps import AppConfig
from django.contrib.staticfiles.apps import StaticFilesConfig


class LeaderboardConfig(AppConfig):
    name = "leaderboard"
    verbose_name = "Leaderboard"

    def ready(self) -> None:
        """Have the checks known, and pictures that are removed heard of, in whatever process that happens."""
        import leaderboard.checks
        import leaderboard.domain.pictures  # noqa: F401


class StaticFiles(StaticFilesConfig):
    """Leaves out what packages carry beside the files that pages load."""

    ignore_patterns = [
        *StaticFilesConfig.ignore_patterns,
        "*.ts",
        "*.md",
        "browser-test-bundle.js",
        "index.js*",
        "index.min.js",
        "metafile-*.json",
    ]
