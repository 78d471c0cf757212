import numpy as np
import pytest
from nibabel.affines import apply_affine
from numpy.typing import NDArray

from leaderboard.demo.anatomy import (
    LABELS,
    LANDMARK_LABELS,
    Anatomy,
    grid_affine,
    grid_points,
    label_names,
    load_anatomy,
)
from leaderboard.demo.subjects import LANDMARK_RADIUS

# Names of the neuromorphometrics label table.
BRAIN_STEM, RIGHT_CAUDATE, LEFT_CAUDATE, LEFT_WHITE_MATTER = 35, 36, 37, 45
RIGHT_LATERAL_VENTRICLE, RIGHT_THALAMUS, RIGHT_OCCIPITAL_POLE, RIGHT_MIDDLE_FRONTAL = 51, 59, 156, 142


@pytest.fixture(scope="module")
def anatomy() -> Anatomy:
    return load_anatomy()


@pytest.fixture(scope="module")
def labels(anatomy: Anatomy) -> NDArray[np.uint8]:
    return anatomy.labels_at(grid_points())


def middle_mm(labels: NDArray[np.uint8], label: int) -> NDArray[np.float64]:
    return np.asarray(apply_affine(grid_affine(), np.argwhere(labels == label)).mean(axis=0))


def test_the_label_list_is_the_official_one() -> None:
    # count, sum and sum of squares of the "labels" of the LUMIR 2024 segmentation evaluation config
    ids = np.array(LABELS)
    assert (len(ids), ids.sum(), (ids**2).sum()) == (133, 16767, 2524635)
    assert list(LABELS) == sorted(set(LABELS))


def test_every_label_survives_at_the_size_of_the_demo(labels: NDArray[np.uint8]) -> None:
    assert set(np.unique(labels)) == set(LABELS)
    assert np.bincount(labels.ravel())[list(LABELS)].min() >= 10


def test_left_is_left_front_is_front_and_up_is_up(labels: NDArray[np.uint8]) -> None:
    assert middle_mm(labels, LEFT_CAUDATE)[0] < 0 < middle_mm(labels, RIGHT_CAUDATE)[0]
    assert middle_mm(labels, RIGHT_OCCIPITAL_POLE)[1] < -80
    assert middle_mm(labels, RIGHT_MIDDLE_FRONTAL)[1] > 10
    assert middle_mm(labels, BRAIN_STEM)[2] < middle_mm(labels, RIGHT_THALAMUS)[2] - 20


def test_template_and_atlas_lie_upon_each_other(anatomy: Anatomy, labels: NDArray[np.uint8]) -> None:
    t1 = anatomy.image_at(anatomy.t1, grid_points())
    fluid, grey, white = (
        t1[labels == label].mean()
        for label in (RIGHT_LATERAL_VENTRICLE, RIGHT_MIDDLE_FRONTAL, LEFT_WHITE_MATTER)
    )
    assert fluid < 0.35 < grey < 0.7 < white
    assert anatomy.image_at(anatomy.brain, grid_points())[labels > 0].mean() > 0.97


def test_landmarks_lie_in_their_structures_and_apart(anatomy: Anatomy) -> None:
    assert tuple(anatomy.labels_at(anatomy.landmarks.T)) == LANDMARK_LABELS
    gaps = np.linalg.norm(anatomy.landmarks[:, None] - anatomy.landmarks[None], axis=-1)
    assert gaps[np.triu_indices_from(gaps, 1)].min() > 2 * LANDMARK_RADIUS


def test_every_label_has_a_readable_name() -> None:
    names = label_names()
    assert tuple(names) == LABELS
    assert (names[0], names[4], names[31]) == ("Background", "3rd ventricle", "Right amygdala")
    assert (names[61], names[49]) == ("Right ventral DC", "Right inferior lateral ventricle")
    assert names[106] == "Right angular gyrus"
    assert len(set(names.values())) == len(names)
