"""Reading fields: the numbers that nibabel reads, whatever the form; the official quirks by name."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray

from scoring.archive import open_fields
from scoring.errors import InvalidField
from scoring.fields import Field, read_field
from tests.scoring.files import gz, nifti

SHAPE = (7, 5, 6)
VALUES = np.random.default_rng(3).normal(0, 3, (*SHAPE, 3))

FORMS: dict[str, tuple[bytes, str]] = {
    "float32": (nifti(VALUES), "float32"),
    "float64": (nifti(VALUES, "f8"), "float64"),
    "big_endian": (nifti(VALUES, order=">"), "float32"),
    "int16_with_slope": (nifti(np.round(VALUES * 90), "i2", slope=0.011, inter=0.25), "float64"),
    "int16_without_slope": (nifti(np.round(VALUES), "i2", slope=0), "float32"),
    "slope_nan_is_none": (nifti(np.round(VALUES), "i2", slope=np.nan), "float32"),
    "slope_infinite_is_none": (nifti(np.round(VALUES), "i2", slope=np.inf), "float32"),
    "float32_with_slope": (nifti(VALUES, slope=0.1), "float64"),
    "big_endian_int16_with_slope": (nifti(np.round(VALUES * 90), "i2", order=">", slope=0.011), "float64"),
    "uint8": (nifti(np.abs(np.round(VALUES)), "u1"), "float32"),
    "int32": (nifti(np.round(VALUES * 2**27), "i4"), "float64"),
    "oblique": (
        nifti(VALUES, srow=(0.8, -0.6, 0, 5, 0.6, 0.8, 0, 1, 0, 0, 1, 2), zooms=(2, 3, 4)),
        "float32",
    ),
}


def read(data: bytes, name: str = "disp_0001_0002.nii.gz") -> Field:
    return read_field(io.BytesIO(data), name, (*SHAPE, 3))


@pytest.mark.parametrize("form", FORMS)
def test_values_are_those_that_nibabel_reads(form: str) -> None:
    data, kind = FORMS[form]
    field = read(gz(data))
    image: Any = nibabel.Nifti1Image.from_bytes(data)
    np.testing.assert_array_equal(field.values, image.get_fdata())
    assert (field.values.dtype.name, field.shape) == (kind, (*SHAPE, 3))


@pytest.mark.parametrize(
    "data",
    [nifti(np.moveaxis(VALUES, -1, 0)), nifti(VALUES[:, :, :, None])],
    ids=["channel_first", "singleton_time_axis"],
)
def test_other_orders_of_axes_give_the_same_field(data: bytes) -> None:
    np.testing.assert_array_equal(read(gz(data)).values, VALUES.astype(np.float32))


@pytest.mark.parametrize("kind", ["float16", "float32", "float64"])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_fields_keep_every_bit(kind: str, save: Any) -> None:
    stream = io.BytesIO()
    save(stream, VALUES.astype(kind))
    field = read(stream.getvalue(), "disp_0001_0002.npz")
    np.testing.assert_array_equal(field.values, VALUES.astype(kind))
    assert field.from_npz


def test_npz_in_fortran_order_and_with_another_key() -> None:
    stream = io.BytesIO()
    np.savez(stream, field=np.asfortranarray(VALUES))
    np.testing.assert_array_equal(read(stream.getvalue(), "a.npz").values, VALUES)


def test_not_finite_values_are_counted() -> None:
    values = VALUES.copy()
    values[0, 0, 0] = np.nan, np.inf, -np.inf
    assert read(gz(nifti(values))).not_finite() == 3


def test_a_doubled_field_keeps_its_values_in_voxels_of_the_full_grid() -> None:
    # splines reproduce a constant and, away from the faces, a linear field
    constant = Field.from_values(np.full((4, 5, 6, 3), 2.5, np.float32)).doubled()
    assert constant.shape == (8, 10, 12, 3)
    assert constant.values == pytest.approx(2.5, abs=1e-6)


def test_the_whole_way_from_a_zip_or_folder_is_the_same(tmp_path: Path, phantom: Path) -> None:
    name = "disp_3455_3454.nii.gz"
    with zipfile.ZipFile(tmp_path / "fields.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(phantom / "submission" / name, f"my fields/{name}")
        archive.writestr("__MACOSX/._x.nii.gz", b"")
        archive.writestr("my fields/.DS_Store", b"")
    planes: list[NDArray[Any]] = []
    for place in (tmp_path / "fields.zip", phantom / "submission"):
        with open_fields(place) as fields, fields.open(name) as stream:
            planes.append(read_field(stream, name, (18, 22, 20, 3)).planes)
    np.testing.assert_array_equal(planes[0], planes[1])


def test_a_file_that_is_not_there_is_missing(phantom: Path) -> None:
    with (
        open_fields(phantom / "submission") as fields,
        pytest.raises(InvalidField, match="missing"),
        fields.open("disp_0000_0000.nii.gz"),
    ):
        pass
