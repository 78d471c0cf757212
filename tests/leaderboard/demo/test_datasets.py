import gzip
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from leaderboard.demo.anatomy import LABELS, SHAPE
from leaderboard.demo.datasets import ATLAS_ID, DATASETS, DemoDataset, build, evaluation_config, image_path
from leaderboard.queries.boards import BoardDataset
from leaderboard.queries.families import families_of

BY_SLUG = {dataset.slug: dataset for dataset in DATASETS}


def small(slug: str) -> DemoDataset:
    return replace(BY_SLUG[slug], pairs=BY_SLUG[slug].pairs[:2])


SMALL = (small("in-domain-landmarks"), small("atlas-to-subject"), small("subject-to-atlas"))


def silent(done: int, total: int, what: str) -> None:
    pass


def test_seven_datasets_of_at_least_ten_cases_cover_groups_and_tasks() -> None:
    assert len(BY_SLUG) == len(DATASETS) >= 7
    assert min(len(dataset.pairs) for dataset in DATASETS) >= 10
    assert Counter(dataset.group for dataset in DATASETS) == {"in-domain": 2, "zero-shot": 5}
    assert {dataset.task for dataset in DATASETS} == {"inter-subject", "atlas-to-subject", "subject-to-atlas"}


def test_one_family_of_datasets_is_there_in_all_three_tasks() -> None:
    shown = [BoardDataset(d.slug, d.name, d.group, d.task, len(d.pairs), ()) for d in DATASETS]
    facts = {d.slug: (d.contrast, d.population, d.species, d.resolution, d.source) for d in DATASETS}
    found = {family.title: [d.task for d in family.datasets] for family in families_of(shown, facts)}
    assert found["High field"] == ["inter-subject", "atlas-to-subject", "subject-to-atlas"]
    assert len({d.look for d in DATASETS if d.name.startswith("High field")}) == 1


def test_no_two_datasets_share_a_field_name() -> None:
    pairs = [pair for dataset in DATASETS for pair in dataset.pairs]
    assert len(set(pairs)) == len(pairs)


def test_inter_subject_pairs_are_a_chain_of_subjects() -> None:
    for dataset in DATASETS:
        if dataset.task == "inter-subject":
            assert all(int(fixed) == int(moving) + 1 for fixed, moving in dataset.pairs)


def test_the_atlas_moves_onto_subjects_and_subjects_onto_the_atlas() -> None:
    assert {moving for _, moving in BY_SLUG["atlas-to-subject"].pairs} == {ATLAS_ID}
    assert {fixed for fixed, _ in BY_SLUG["subject-to-atlas"].pairs} == {ATLAS_ID}


def test_configs_are_like_the_official_ones() -> None:
    config = evaluation_config(small("t2"))
    assert config == {
        "name": "LUMIR",
        "evaluation_methods": [
            {"name": "Non-diffeomorphic Volumes", "metric": "ndv"},
            {"name": "DSC", "metric": "dice", "labels": list(LABELS)},
            {"name": "HD95", "metric": "hd95", "labels": list(LABELS)},
        ],
        "expected_shape": [*SHAPE, 3],
        "eval_config_version": 0.0,
        "masked_evaluation": False,
        "eval_pairs": [
            {
                "fixed": "./imagesVal/LUMIRMRI_4015_0000.nii.gz",
                "moving": "./imagesVal/LUMIRMRI_4014_0000.nii.gz",
            },
            {
                "fixed": "./imagesVal/LUMIRMRI_4016_0000.nii.gz",
                "moving": "./imagesVal/LUMIRMRI_4015_0000.nii.gz",
            },
        ],
    }
    assert evaluation_config(small("in-domain-landmarks"))["evaluation_methods"] == [
        {"name": "Non-diffeomorphic Volumes", "metric": "ndv"},
        {"name": "TRE_lm", "metric": "tre", "dest": "landmarks"},
    ]


def test_build_writes_every_file_that_the_configs_name(tmp_path: Path) -> None:
    folder = tmp_path / "ground-truth"
    steps: list[tuple[int, int]] = []
    build(folder, lambda done, total, _: steps.append((done, total)), SMALL)
    assert steps == [(n, 6) for n in range(1, 7)]
    for dataset in SMALL:
        config = json.loads((folder / dataset.config_name).read_text(encoding="utf-8"))
        assert config == evaluation_config(dataset)
        assert all((folder / pair[side]).is_file() for pair in config["eval_pairs"] for side in pair)
        kind = "landmarks" if dataset.landmarks else "labels"
        for subject_id in dataset.subject_ids:
            volume = np.asarray(nib.load(image_path(folder, subject_id, kind)).dataobj)
            assert volume.shape == SHAPE
            assert volume.min() == 0
            assert volume.max() > 20
    assert [path.name for path in tmp_path.iterdir()] == ["ground-truth"]


def test_build_writes_the_same_bytes_without_a_time_stamp(tmp_path: Path) -> None:
    contents = []
    for name in ("one", "two"):
        build(tmp_path / name, silent, SMALL[1:2])
        contents.append(
            {path.name: path.read_bytes() for path in (tmp_path / name).rglob("*.*") if path.is_file()}
        )
    assert contents[0] == contents[1]
    # bytes 4 to 7 of a gzip member are its time (RFC 1952)
    assert all(data[4:8] == bytes(4) for name, data in contents[0].items() if name.endswith(".gz"))
    assert all(gzip.decompress(data) for name, data in contents[0].items() if name.endswith(".gz"))


def test_what_is_built_already_is_left_alone(tmp_path: Path) -> None:
    build(tmp_path / "ground-truth", silent, SMALL[:1])
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    build(tmp_path / "ground-truth", silent, SMALL[:1])
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_a_build_that_was_broken_off_leaves_no_folder_and_can_be_repeated(tmp_path: Path) -> None:
    def break_off(done: int, total: int, what: str) -> None:
        raise KeyboardInterrupt

    folder = tmp_path / "ground-truth"
    with pytest.raises(KeyboardInterrupt):
        build(folder, break_off, SMALL[:1])
    assert not folder.exists()
    build(folder, silent, SMALL[:1])
    assert len(list((folder / "imagesVal").iterdir())) == 3
