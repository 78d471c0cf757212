import shutil
from pathlib import Path

import pytest

from leaderboard.domain.evaluation.ground_truth import import_dataset
from leaderboard.domain.label_names import label_names
from leaderboard.enums import NAMES_FILE
from tests.leaderboard import make

pytestmark = pytest.mark.django_db


def test_names_come_with_the_ground_truth_and_do_not_make_it_another_version(
    phantom_folder: Path, tmp_path: Path
) -> None:
    challenge, folder = make.challenge(), tmp_path / "named"
    configs = [phantom_folder / "segmentation.json"]
    shutil.copytree(phantom_folder, folder)
    without = import_dataset(challenge, "d", configs, folder, "lumir24", name="D", group="in-domain")
    assert label_names(without.dataset) == {}
    (folder / NAMES_FILE).write_text("label,name\n4,3rd ventricle\n31,Right amygdala\n")
    named = import_dataset(challenge, "d", configs, folder, "lumir24", name="D", group="in-domain")
    assert label_names(named.dataset) == {4: "3rd ventricle", 31: "Right amygdala"}
    assert not named.new_version
