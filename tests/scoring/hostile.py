"""A table of files that nobody should have sent: name -> (bytes of disp_0001_0002.nii.gz or .npz, code).

It is also the corpus that the fuzz tests start from.
"""

from __future__ import annotations

import bz2
import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.scoring.files import gz, nifti, nifti_header

SHAPE = (6, 5, 4)
GOOD = np.arange(6 * 5 * 4 * 3).reshape(*SHAPE, 3) % 7 / 8
PLAIN = nifti(GOOD)
FINE = gz(PLAIN)

Table = dict[str, tuple[bytes, str]]


def _changed(data: bytes, at: int, value: bytes) -> bytes:
    at %= len(data)
    return data[:at] + value + data[at + len(value) :]


def _header(**changes: Any) -> bytes:
    return gz(nifti_header((*SHAPE, 3), changes.pop("code", 16), **changes) + PLAIN[352:])


def _shaped(*shape: int) -> bytes:
    return gz(nifti(np.zeros(shape)))


def _extended(extension: bytes, offset: int) -> bytes:
    return gz(nifti(GOOD, extended=1, extension=extension, offset=offset))


def _with(value: float) -> bytes:
    u = GOOD.copy()
    u[1, 2, 3, 0] = value
    return gz(nifti(u))


def _nifti2(order: str) -> bytes:
    return gz(struct.pack(order + "i", 540) + b"n+2\0\r\n\x1a\n" + bytes(600))


def _bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = bytes(2**20)
    return (
        packer.compress(PLAIN) + b"".join(packer.compress(zeros) for _ in range(megabytes)) + packer.flush()
    )


GZIP: Table = {
    "empty": (b"", "empty_file"),
    "text": (b"hello, this is not a field\n" * 30, "not_gzip"),
    "plain_nifti": (PLAIN, "not_gzip"),
    "bzip2": (bz2.compress(PLAIN), "not_gzip"),
    "zlib": (zlib.compress(PLAIN), "not_gzip"),
    "two_magic_bytes": (FINE[:2], "gzip_truncated"),
    "gzip_header_only": (FINE[:10], "gzip_truncated"),
    "cut_within_its_header": (FINE[:40], "gzip_truncated"),
    "half": (FINE[: len(FINE) // 2], "gzip_truncated"),
    "without_trailer": (FINE[:-8], "gzip_truncated"),
    "half_trailer": (FINE[:-4], "gzip_truncated"),
    "corrupt_data": (_changed(FINE, len(FINE) // 2, b"\xff\xff\xff\xff"), "gzip_corrupt"),
    "wrong_crc": (_changed(FINE, -8, b"\0\1\2\3"), "gzip_corrupt"),
    "unknown_method": (_changed(FINE, 2, b"\7"), "gzip_corrupt"),
    "reserved_block": (FINE[:10] + b"\x07" + FINE[11:], "gzip_corrupt"),
    "size_claimed_too_small": (_changed(FINE, -4, struct.pack("<I", 7)), "gzip_trailer"),
    "size_claimed_4_gib": (_changed(FINE, -4, b"\xff\xff\xff\xff"), "gzip_trailer"),
    "two_members": (gz(PLAIN[:800]) + gz(PLAIN[800:]), "gzip_members"),
    "member_behind": (FINE + gz(b""), "gzip_members"),
    "same_again": (FINE + FINE, "gzip_members"),
    "garbage_behind": (FINE + b"garbage", "gzip_members"),
    "zeros_behind": (FINE + bytes(64), "gzip_members"),
    "bomb": (_bomb(64), "trailing_data"),
    "gzip_of_gzip": (gz(FINE), "not_nifti"),
    "gzip_of_zip": (gz(b"PK\3\4" + bytes(400)), "not_nifti"),
    "comment_without_end": (b"\x1f\x8b\x08\x10" + bytes(6) + b"x" * 100_000, "gzip_truncated"),
    "zstandard": (b"\x28\xb5\x2f\xfd" + bytes(99), "not_gzip"),
    "hdf5": (b"\x89HDF\r\n\x1a\n" + bytes(99), "not_gzip"),
}

HEADER: Table = {
    "gzip_of_text": (gz(b"not an image " * 99), "not_nifti"),
    "gzip_of_nothing": (gz(b""), "not_nifti"),
    "short_header": (gz(PLAIN[:347]), "not_nifti"),
    "analyze": (_header(magic=bytes(4)), "not_nifti"),
    "other_header_size": (_header(size=349), "not_nifti"),
    "nifti2": (_nifti2("<"), "nifti2"),
    "nifti2_big_endian": (_nifti2(">"), "nifti2"),
    "pair": (_header(magic=b"ni1\0"), "nifti_pair"),
    "no_dimensions": (_header(dim=(0, 6, 5, 4, 3, 1, 1, 1)), "bad_header"),
    "eight_dimensions": (_header(dim=(8, 6, 5, 4, 3, 1, 1, 1)), "bad_header"),
    "negative_dimensions": (_header(dim=(-4, 6, 5, 4, 3, 1, 1, 1)), "bad_header"),
    "zero_size": (_header(dim=(4, 6, 0, 4, 3, 1, 1, 1)), "bad_header"),
    "negative_size": (_header(dim=(4, 6, -5, 4, 3, 1, 1, 1)), "bad_header"),
    "absurd_sizes": (_header(dim=(7, *(32767,) * 7)), "wrong_shape"),
    "offset_nan": (_header(offset=np.nan), "bad_header"),
    "offset_infinite": (_header(offset=np.inf), "bad_header"),
    "offset_negative": (_header(offset=-352), "bad_header"),
    "offset_zero": (_header(offset=0), "bad_header"),
    "offset_huge": (_header(offset=1e30), "bad_header"),
    "offset_fraction": (_header(offset=352.5), "bad_header"),
    "type_zero": (_header(code=0), "wrong_type"),
    "type_bits": (_header(code=1), "wrong_type"),
    "type_complex": (_header(code=32), "wrong_type"),
    "type_rgb": (_header(code=128), "wrong_type"),
    "type_float128": (_header(code=1536), "wrong_type"),
    "type_unknown": (_header(code=-77), "wrong_type"),
    "inter_nan": (_header(slope=2, inter=np.nan), "bad_scaling"),
    "inter_infinite": (_header(slope=2, inter=-np.inf), "bad_scaling"),
    "extension_of_size_zero": (_extended(struct.pack("<2i", 0, 6) + bytes(8), 368), "bad_extension"),
    "extension_of_negative_size": (_extended(struct.pack("<2i", -16, 6) + bytes(8), 368), "bad_extension"),
    "extension_of_odd_size": (_extended(struct.pack("<2i", 17, 6) + bytes(16), 376), "bad_extension"),
    "extension_beyond_the_data": (_extended(struct.pack("<2i", 2**30, 6) + bytes(8), 368), "bad_extension"),
    "extension_without_room": (_extended(bytes(8), 360), "bad_extension"),
}

SHAPES: Table = {
    "other_shape": (_shaped(5, 6, 4, 3), "wrong_shape"),
    "transposed": (_shaped(4, 5, 6, 3), "wrong_shape"),
    "one_component": (_shaped(*SHAPE), "wrong_shape"),
    "two_components": (_shaped(*SHAPE, 2), "wrong_shape"),
    "four_components": (_shaped(*SHAPE, 4), "wrong_shape"),
    "half_resolution": (_shaped(3, 3, 2, 3), "half_resolution"),
    "singleton_last": (_shaped(*SHAPE, 3, 1), "wrong_shape"),
    "two_time_points": (_shaped(*SHAPE, 2, 3), "wrong_shape"),
    "flat": (_shaped(360), "wrong_shape"),
    "less_data_than_the_header_says": (gz(PLAIN[:-4]), "truncated"),
    "no_data": (gz(PLAIN[:352]), "truncated"),
    "more_data_than_the_header_says": (gz(PLAIN + b"\0"), "trailing_data"),
    "nan": (_with(np.nan), "not_finite"),
    "nan_flood": (gz(nifti(np.full((*SHAPE, 3), np.nan))), "not_finite"),
    "scaled_to_infinity": (gz(nifti(GOOD * 1e300, "f8", slope=1e30)), "not_finite"),
    "infinite": (_with(np.inf), "not_finite"),
    "minus_infinite": (_with(-np.inf), "not_finite"),
    "noise_of_three_times_the_size": (
        gzip.compress(PLAIN + np.random.default_rng(1).bytes(200_000), mtime=0),
        "too_large",
    ),
}


def _npz(save: Callable[[io.BytesIO], object]) -> bytes:
    stream = io.BytesIO()
    save(stream)
    return stream.getvalue()


def _array(values: Any, **options: Any) -> bytes:
    return _npz(lambda stream: np.savez_compressed(stream, values, **options))


def _zip(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return stream.getvalue()


def _npy(header: str, data: bytes = b"", version: bytes = b"\1\0") -> bytes:
    text = header.encode() + b"\n"
    size = struct.pack("<H", len(text)) if version == b"\1\0" else struct.pack("<I", len(text))
    return _zip({"arr_0.npy": b"\x93NUMPY" + version + size + text + data})


_HEAD = "{'descr': '<f4', 'fortran_order': False, 'shape': %s}"
_FINE_NPZ = _array(GOOD.astype("f4"))

NPZ: Table = {
    "npz_empty": (b"", "empty_file"),
    "npz_text": (b"not a zip at all", "npz_corrupt"),
    "npz_truncated": (_FINE_NPZ[: len(_FINE_NPZ) // 2], "npz_corrupt"),
    "npz_corrupt_data": (_changed(_FINE_NPZ, 120, b"\xff" * 16), "npz_corrupt"),
    "npz_no_arrays": (_zip({}), "npz_arrays"),
    "npz_two_arrays": (_npz(lambda s: np.savez(s, a=GOOD, b=GOOD)), "npz_arrays"),
    "npz_pickle": (_array(np.array([{"a": 1}], object), allow_pickle=True), "npz_pickled"),
    "npz_bare_pickle": (_zip({"arr_0.npy": b"cos\nsystem\n(S'true'\ntR."}), "npz_corrupt"),
    "npz_structured": (_array(np.zeros(SHAPE, [("x", "f4"), ("y", "f4")])), "wrong_type"),
    "npz_complex": (_array(GOOD.astype("c8")), "wrong_type"),
    "npz_text_array": (_array(np.full((*SHAPE, 3), "a")), "wrong_type"),
    "npz_bool": (_array(GOOD > 0), "wrong_type"),
    "npz_times": (_array(GOOD.astype("m8[s]")), "wrong_type"),
    "npz_other_shape": (_array(np.zeros((5, 6, 4, 3), "f4")), "wrong_shape"),
    "npz_scalar": (_array(np.float32(1)), "wrong_shape"),
    "npz_negative_shape": (_npy(_HEAD % "(-6, -5, 4, 3)"), "wrong_shape"),
    "npz_absurd_shape": (_npy(_HEAD % "(999999999999, 5, 4, 3)"), "wrong_shape"),
    "npz_header_is_code": (_npy("__import__('os').abort()"), "npz_corrupt"),
    "npz_header_nested": (_npy("(" * 5000), "npz_corrupt"),
    "npz_header_too_long": (_npy(" " * 60000), "npz_corrupt"),
    "npz_unknown_version": (_npy(_HEAD % "(6, 5, 4, 3)", version=b"\x09\0"), "npz_corrupt"),
    "npz_less_data": (_npy(_HEAD % "(6, 5, 4, 3)", bytes(100)), "truncated"),
    "npz_more_data": (_npy(_HEAD % "(6, 5, 4, 3)", bytes(1441)), "trailing_data"),
    "npz_bomb": (_npy(_HEAD % "(6, 5, 4, 3)", bytes(2**26)), "trailing_data"),
    "npz_lzma": (_zip({"arr_0.npy": bytes(99)}, zipfile.ZIP_LZMA), "npz_corrupt"),
    "npz_bzip2": (_zip({"arr_0.npy": bytes(99)}, zipfile.ZIP_BZIP2), "npz_corrupt"),
    "npz_header_bomb": (_npy(" " * 2**26, version=b"\2\0"), "npz_corrupt"),
    "npz_header_of_4_gib": (
        _zip({"arr_0.npy": b"\x93NUMPY\2\0\xff\xff\xff\xff" + b"(" * 2**20}),
        "npz_corrupt",
    ),
    "npz_fractional_shape": (_npy(_HEAD % "(6.0, 5, 4, 3)"), "npz_corrupt"),
    "npz_shape_of_many_digits": (_npy(_HEAD % f"({'9' * 6000}, 5, 4, 3)"), "npz_corrupt"),
    "npz_shape_of_truth": (_npy(_HEAD % "(True, 5, 4, 3)"), "wrong_shape"),
    "npz_float128": (_array(np.zeros((*SHAPE, 3), np.longdouble)), "wrong_type"),
    "npz_nan": (_array(np.full((*SHAPE, 3), np.nan, "f2")), "not_finite"),
    "npz_far_too_long": (_FINE_NPZ + bytes(200_000), "too_large"),
}

FIELDS: Table = {**GZIP, **HEADER, **SHAPES, **NPZ}
