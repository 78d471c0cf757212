"""Where things are: right stays right whatever way a file runs."""

import nibabel as nib
import numpy as np
import pytest
from numpy.typing import NDArray

from leaderboard.pictures.frame import PLANES, Frame, middle_of

# Voxel sizes along x, y, z; directions of x, y, z as rows of letters, as nibabel names them.
SIZES = (2.0, 3.0, 4.0)
CODES = [("R", "A", "S"), ("L", "P", "S"), ("S", "R", "A"), ("A", "I", "L")]


def image(codes: tuple[str, str, str]) -> nib.Nifti1Image:
    """A head of 5 x 6 x 7 voxels (right, anterior, superior) with one bright voxel in 4, 1, 2."""
    head = np.zeros((5, 6, 7), np.uint8)
    head[4, 1, 2] = 200
    ras = nib.Nifti1Image(head, np.diag([*SIZES, 1.0]))
    wanted = nib.orientations.axcodes2ornt(codes)
    turned = ras.as_reoriented(
        nib.orientations.ornt_transform(nib.orientations.io_orientation(ras.affine), wanted)
    )
    turned.header.set_sform(turned.affine, code=1)
    return turned


def volume(of: nib.Nifti1Image) -> NDArray[np.uint8]:
    return np.asarray(of.dataobj).T


@pytest.mark.parametrize("codes", CODES)
def test_a_voxel_is_found_wherever_the_file_puts_it(codes: tuple[str, str, str]) -> None:
    loaded = image(codes)
    frame, array = Frame.of(loaded), volume(loaded)
    assert frame.known
    assert frame.spacing_mm == (4.0, 3.0, 2.0)  # along superior, anterior, right
    assert frame.seen(array).shape == (7, 6, 5)
    assert np.argwhere(frame.seen(array)).tolist() == [[2, 1, 4]]
    x, y, z = np.argwhere(np.asarray(loaded.dataobj))[0]
    assert frame.place((x, y, z)) == (2, 1, 4)
    # Radiological: right (4 of 5) in the first column; anterior on top and, sagittal, on the left.
    expected = {"axial": (4, 0), "coronal": (4, 0), "sagittal": (4, 4)}
    at = {"axial": 2, "coronal": 1, "sagittal": 4}
    for plane in PLANES:
        region = frame.region(plane, at[plane])
        cut = frame.cut(array[region], plane)
        assert [tuple(place) for place in np.argwhere(cut)] == [expected[plane]]
        assert frame.pixel((x, y, z), plane) == (*expected[plane], at[plane])
        assert not frame.cut(array[frame.region(plane, 0)], plane).any()


@pytest.mark.parametrize("codes", CODES)
def test_displacements_turn_with_the_picture(codes: tuple[str, str, str]) -> None:
    loaded = image(codes)
    frame = Frame.of(loaded)
    # One voxel towards right, two towards anterior, three towards superior, in the file's own axes.
    ornt = nib.orientations.io_orientation(loaded.affine)
    u = [(1, 2, 3)[int(world)] * sign for world, sign in ornt]
    planes = np.stack([np.full(frame.shape, value) for value in u])
    expected = {"axial": (-2, -1), "coronal": (-3, -1), "sagittal": (-3, -2)}
    for plane in PLANES:
        region = frame.region(plane, 0)
        down, right = frame.along(planes[(slice(None), *region)], plane)
        assert (np.unique(down).tolist(), np.unique(right).tolist()) == (
            [expected[plane][0]],
            [expected[plane][1]],
        )


def test_a_file_that_tells_nothing_is_shown_as_it_is_stored() -> None:
    told_nothing = nib.Nifti1Image(np.zeros((5, 6, 7), np.uint8), None)
    told_nothing.header.set_zooms((1.0, 1.0, 2.0))
    frame = Frame.of(told_nothing)
    assert (frame.known, frame.axes, frame.spacing_mm) == (False, (0, 1, 2), (2.0, 1.0, 1.0))


def test_a_millimetre_is_as_long_in_every_plane() -> None:
    frame = Frame((20, 60, 40), spacing_mm=(3.0, 1.0, 1.0), known=True)
    # 60 mm take 400 pixels: 6.67 a mm, so 7 a voxel of 1 mm and 20 a voxel of 3 mm
    assert [frame.zoom(plane) for plane in PLANES] == [(7, 7), (20, 7), (20, 7)]


def test_it_is_cut_through_the_middle_of_what_is_bright() -> None:
    array = np.zeros((10, 12, 20), np.uint8)
    array[3:6, 8:11, 6:9] = 100
    assert middle_of(array, Frame((10, 12, 20))) == (4, 9, 9)  # the middle, and 20 / 10 to the right
    assert middle_of(np.zeros((10, 12, 20)), Frame((10, 12, 20))) == (4, 6, 12)
