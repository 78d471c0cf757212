"""Names of labels, kept beside a dataset's ground truth as a table with the columns label and name."""

import csv

from leaderboard.enums import NAMES_FILE
from leaderboard.folder import store
from leaderboard.models import Dataset


def label_names(dataset: Dataset) -> dict[int, str]:
    """Name by label id; none where the ground truth came without the table."""
    try:
        with (
            store("ground-truth").at_hand(f"{dataset.ground_truth}/{NAMES_FILE}") as path,
            path.open(newline="", encoding="utf-8") as file,
        ):
            return {int(row["label"]): row["name"] for row in csv.DictReader(file)}
    except OSError:
        # A storage that is away for a while costs names, not pages.
        return {}
