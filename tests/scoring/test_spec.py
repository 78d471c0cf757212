"""Evaluation configs, pairs, rules."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from scoring.errors import InvalidConfig
from scoring.spec import RULES, Pair, ground_truth_files, read_config

FINE: dict[str, Any] = {
    "name": "LUMIR",
    "evaluation_methods": [
        {"name": "NDV", "metric": "ndv"},
        {"name": "DSC", "metric": "dice", "labels": [0, 4, 11]},
        {"name": "TRE_lm", "metric": "tre", "dest": "landmarks"},
    ],
    "expected_shape": [160, 224, 192, 3],
    "eval_pairs": [
        {"fixed": "./imagesVal/LUMIRMRI_3455_0000.nii.gz", "moving": "./imagesVal/LUMIRMRI_3454_0000.nii.gz"}
    ],
    "eval_config_version": 0.0,
    "masked_evaluation": False,
}


def changed(path: list[Any], value: Any) -> dict[str, Any]:
    """A config with one value replaced, or removed where it is None."""
    config = copy.deepcopy(FINE)
    node: Any = config
    for key in path[:-1]:
        node = node[key]
    if value is None:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return config


def test_a_published_config_reads_as_it_is() -> None:
    config = read_config(FINE)
    assert (config.name, config.expected_shape, config.masked) == ("LUMIR", (160, 224, 192, 3), False)
    assert config.kinds == {"NDV": "ndv", "DSC": "dice", "TRE_lm": "tre"}
    assert config.metrics[1].labels == (0, 4, 11)
    assert config.pairs[0].key == "3455_3454"


OFFICIAL = json.loads((Path(__file__).parent / "golden" / "official-configs.json").read_text())


@pytest.mark.parametrize("name", OFFICIAL)
def test_the_real_configs_read_as_they_are(name: str) -> None:
    """Those of 2024 and 2025, cut to their first and last pair."""
    config = read_config(OFFICIAL[name])
    kinds = ["ndv", "tre"] if "Landmark" in name else ["dice", "hd95", "ndv"]
    assert sorted(metric.metric for metric in config.metrics) == kinds
    assert {len(metric.labels) for metric in config.metrics} == ({0} if "Landmark" in name else {0, 133})
    pairs = {
        "LUMIR_VAL_Landmark": ["3485_3484", "3493_3492"],
        "LUMIR_VAL_Segmentation": ["3455_3454", "3483_3482"],
        "LUMIR25_VAL_LUMIR24_Landmark": ["3485_3484", "3493_3492"],
        "LUMIR25_VAL_LUMIR24_Segmentation": ["3455_3454", "3463_3462"],
        "LUMIR25_VAL_HighField_Segmentation": ["4015_4014", "4023_4022"],
        "LUMIR25_VAL_MultiModal_Segmentation": ["4024_4033", "4032_4041"],
    }
    assert [pair.key for pair in config.pairs] == pairs[name]


def test_the_general_learn2reg_name_of_the_task_is_read_too() -> None:
    config = changed(["name"], None)
    assert read_config({**config, "task_name": "OASIS"}).name == "OASIS"


@pytest.mark.parametrize(
    ("fixed", "moving", "names", "official"),
    [
        ("3455_0000", "3454_0000", ("disp_3455_3454", "disp_3455_0000_3454_0000"), "3455_0000<--3454_0000"),
        ("4024_0000", "4033_0001", ("disp_4024_4033", "disp_4024_0000_4033_0001"), "4024_0000<--4033_0001"),
        ("4024_0001", "4033_0001", ("disp_4024_4033", "disp_4024_0001_4033_0001"), "4024_0001<--4033_0001"),
        ("4024_0001", "4033_0000", ("disp_4024_0001_4033_0000",), "4024_0001<--4033_0000"),
        ("0003_0000", "0003_0002", ("disp_0003_0000_0003_0002",), "0003_0000<--0003_0002"),
    ],
)
def test_names_of_a_pair(fixed: str, moving: str, names: tuple[str, ...], official: str) -> None:
    pair = Pair(f"./imagesVal/T_{fixed}.nii.gz", f"./imagesVal/T_{moving}.nii.gz")
    assert pair.field_names == names
    assert pair.key == names[0].removeprefix("disp_")
    assert pair.official_key == official


METHODS = ["evaluation_methods"]
# Both are called disp_3455_3454.
SAME_FIELD = {"fixed": "imagesVal/LUMIRMRI_3455_0000.nii.gz", "moving": "imagesVal/LUMIRMRI_3454_0001.nii.gz"}
PAIR = ["eval_pairs", 0, "fixed"]


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        (["name"], 5, "config_value"),
        (["expected_shape"], None, "config_key"),
        (["expected_shape"], [160, 224, 192], "config_value"),
        (["expected_shape"], [160, 224, 192, 4], "config_value"),
        (["expected_shape"], [160, 224, True, 3], "config_value"),
        (["eval_pairs"], None, "config_key"),
        (["eval_pairs"], [], "config_value"),
        (["eval_pairs"], ["a"], "config_value"),
        (PAIR, None, "config_key"),
        (PAIR, 7, "config_value"),
        (PAIR, "/imagesVal/T_3455_0000.nii.gz", "config_path"),
        (PAIR, "../imagesVal/T_3455_0000.nii.gz", "config_path"),
        (PAIR, "imagesVal/T_3455.nii.gz", "config_path"),
        (PAIR, "imagesVal/T_3455_0000.mha", "config_path"),
        (["eval_pairs"], FINE["eval_pairs"] * 2, "config_duplicate"),
        (["eval_pairs"], [*FINE["eval_pairs"], SAME_FIELD], "config_duplicate"),
        (METHODS, None, "config_key"),
        ([*METHODS, 0, "metric"], "mse", "config_metric"),
        ([*METHODS, 0, "metric"], None, "config_key"),
        ([*METHODS, 1, "name"], "NDV", "config_duplicate"),
        ([*METHODS, 1, "labels"], None, "config_value"),
        ([*METHODS, 1, "labels"], [1, "2"], "config_value"),
        ([*METHODS, 1, "labels"], [1, 1], "config_duplicate"),
        ([*METHODS, 1, "labels"], list(range(256)), "config_value"),
        ([*METHODS, 2, "dest"], "../landmarks", "config_value"),
        (["masked_evaluation"], "yes", "config_value"),
    ],
)
def test_a_wrong_config_gets_its_code(path: list[Any], value: Any, code: str) -> None:
    with pytest.raises(InvalidConfig) as caught:
        read_config(changed(path, value))
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (None, "config_missing"),
        (b"{", "config_not_json"),
        (b"[1]", "config_not_json"),
        (b"\xff\xfe", "config_not_json"),
    ],
)
def test_a_file_that_holds_no_config_gets_its_code(content: bytes | None, code: str, tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidConfig) as caught:
        read_config(path)
    assert (caught.value.code, caught.value.file) == (code, "config.json")


def test_ground_truth_files_of_the_lumir_rules() -> None:
    config = read_config(changed(["masked_evaluation"], True))
    assert ground_truth_files(config.pairs[0], config) == {
        "fixed_image": "./imagesVal/LUMIRMRI_3455_0000.nii.gz",
        "moving_image": "./imagesVal/LUMIRMRI_3454_0000.nii.gz",
        "fixed_labels": "./labelsVal/LUMIRMRI_3455_0000.nii.gz",
        "moving_labels": "./labelsVal/LUMIRMRI_3454_0000.nii.gz",
        "mask": "./masksVal/LUMIRMRI_3455_0000.nii.gz",
        "fixed_landmarks": "./landmarksVal/LUMIRMRI_3455_0000.nii.gz",
        "moving_landmarks": "./landmarksVal/LUMIRMRI_3454_0000.nii.gz",
    }


@pytest.mark.parametrize(
    ("rules", "dest", "path"),
    [
        ("lumir24", "keypoints", "keypoints12Tr/T_0003_0001.nii.gz"),
        ("lumir24", "landmarks", "landmarksTr/T_0003_0001.nii.gz"),
        ("l2r", "keypoints", "keypoints00010002Tr/T_0003_0001.csv"),
        ("l2r", "landmarks", "landmarks00010002Tr/T_0003_0001.csv"),
    ],
)
def test_points_of_differing_modalities_have_a_folder_of_their_own(rules: str, dest: str, path: str) -> None:
    config = read_config(
        {
            **FINE,
            "evaluation_methods": [{"name": "TRE", "metric": "tre", "dest": dest}],
            "eval_pairs": [{"fixed": "imagesTr/T_0003_0001.nii.gz", "moving": "imagesTr/T_0003_0002.nii.gz"}],
        }
    )
    assert ground_truth_files(config.pairs[0], config, RULES[rules])[f"fixed_{dest}"] == path


def test_rules_differ_where_the_official_programs_do() -> None:
    assert {
        name: (r.ndv_mask, r.hard_quantile["tre"], r.hard_quantile["dice"]) for name, r in RULES.items()
    } == {
        "lumir24": ("moving", 0.3, 0.3),
        "lumir25": ("fixed", 0.7, 0.3),
        "l2r": ("fixed", 0.7, 0.3),
        "l2r-mm": ("fixed", 0.7, 0.3),
    }
