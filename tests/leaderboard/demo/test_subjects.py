import numpy as np
import pytest
from scipy.ndimage import center_of_mass

from leaderboard.demo import subjects
from leaderboard.demo.anatomy import LABELS, LANDMARK_LABELS, SHAPE, grid_points, load_anatomy
from leaderboard.demo.maps import random_map
from leaderboard.demo.subjects import Look, make_atlas, make_subject

VENTRICLE, CORTEX, WHITE_MATTER = (51, 52), (142, 143), (44, 45)
LOOKS = [subjects.T1, subjects.T2, subjects.ATROPHY, subjects.HIGH_FIELD]


@pytest.mark.parametrize("look", LOOKS)
def test_a_subject_is_the_same_every_time_and_no_other(look: Look) -> None:
    first, again, other = make_subject(17, look), make_subject(17, look), make_subject(18, look)
    for kind in ("image", "labels", "landmarks"):
        assert np.array_equal(getattr(first, kind), getattr(again, kind))
        assert not np.array_equal(getattr(first, kind), getattr(other, kind))
        assert getattr(first, kind).dtype == np.uint8
        assert getattr(first, kind).shape == SHAPE


@pytest.mark.parametrize("look", LOOKS)
def test_labels_are_known_and_lie_in_the_brain(look: Look) -> None:
    subject = make_subject(21, look)
    assert set(np.unique(subject.labels)) == set(LABELS)
    assert (subject.image[subject.labels > 0] > 0).all()
    assert (subject.image[0] == 0).mean() > 0.9


def test_tissues_are_ordered_as_in_t1_and_reversed_in_t2() -> None:
    def means(look: Look) -> list[float]:
        subject = make_subject(5, look)
        return [
            float(subject.image[np.isin(subject.labels, labels)].mean())
            for labels in (VENTRICLE, CORTEX, WHITE_MATTER)
        ]

    assert means(subjects.T1) == sorted(means(subjects.T1))
    assert means(subjects.HIGH_FIELD) == sorted(means(subjects.HIGH_FIELD))
    assert means(subjects.T2) == sorted(means(subjects.T2), reverse=True)


def test_landmarks_lie_where_the_subjects_inverse_map_carries_them() -> None:
    subject = make_subject(9, subjects.T1)
    subject_map = random_map(np.random.default_rng([subjects.SEED, 9]))
    values = np.arange(1, len(LANDMARK_LABELS) + 1)
    assert set(np.unique(subject.landmarks)) == {0, *values}
    found = np.array(center_of_mass(subject.landmarks > 0, subject.landmarks, values))
    expected = subject_map.inverse_at(load_anatomy().landmarks.T).T
    assert np.linalg.norm(found - expected, axis=1).max() < 0.6


def test_the_atlas_is_the_undeformed_template() -> None:
    atlas = make_atlas()
    assert np.array_equal(atlas.labels, load_anatomy().labels_at(grid_points()))
