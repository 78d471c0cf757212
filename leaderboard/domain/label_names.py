"""Names of labels, kept beside a dataset's ground truth as a table with the columns label and name."""

import csv
from pathlib import Path

from django.conf import settings

from leaderboard.enums import NAMES_FILE
from leaderboard.models import Dataset


def label_names(dataset: Dataset) -> dict[int, str]:
    """Name by label id; none where the ground truth came without the table."""
    path = Path(settings.GROUND_TRUTH_ROOT) / dataset.ground_truth / NAMES_FILE
    if not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        return {int(row["label"]): row["name"] for row in csv.DictReader(file)}
