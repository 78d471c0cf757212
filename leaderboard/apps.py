"""The application's configuration."""

from django.apps import AppConfig
from django.contrib.staticfiles.apps import StaticFilesConfig


class LeaderboardConfig(AppConfig):
    name = "leaderboard"
    verbose_name = "Leaderboard"


class StaticFiles(StaticFilesConfig):
    """Leaves out what packages carry beside the files that pages load."""

    ignore_patterns = [*StaticFilesConfig.ignore_patterns, "*.ts", "*.md", "browser-test-bundle.js"]
