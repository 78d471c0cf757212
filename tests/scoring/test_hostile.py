"""Every hostile file ends in its code, never in a crash, a hang or memory beyond the cap."""

from __future__ import annotations

import io
import struct
import tracemalloc
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.archive import Limits, open_fields
from scoring.errors import InvalidArchive, InvalidField
from scoring.evaluate import check
from scoring.fields import read_field
from scoring.spec import EvaluationConfig, read_config
from tests.scoring.files import gz, nifti
from tests.scoring.hostile import FIELDS, FINE, GOOD, PLAIN, SHAPE
from tests.scoring.hostile_archives import ARCHIVES, CONFIG, NAME, SMALL, Member, made, name_of, zipped


def codes(path: Path, config: EvaluationConfig = CONFIG, limits: Limits | None = None) -> list[str]:
    """The codes that a submission gets."""
    try:
        with open_fields(path, limits) as fields:
            return [problem.code for problem in check(fields, [config])]
    except InvalidArchive as error:
        return [error.code]


def test_the_table_is_long_enough_and_an_honest_file_passes(tmp_path: Path) -> None:
    assert len(FIELDS) >= 60
    assert codes(zipped(tmp_path / "fine.zip", {f"{NAME}.nii.gz": FINE})) == []


@pytest.mark.parametrize("case", FIELDS)
def test_hostile_field_in_a_zip_gets_its_code(case: str, tmp_path: Path) -> None:
    data, code = FIELDS[case]
    assert codes(zipped(tmp_path / "fields.zip", {name_of(case): data})) == [code]


@pytest.mark.parametrize(
    "case", ["bomb", "npz_bomb", "npz_header_bomb", "size_claimed_4_gib", "absurd_sizes", "npz_absurd_shape"]
)
def test_memory_stays_near_the_field_s_own_size(case: str) -> None:
    data, code = FIELDS[case]
    tracemalloc.start()
    with pytest.raises(InvalidField) as caught:
        read_field(io.BytesIO(data), name_of(case), (*SHAPE, 3))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.code == code
    assert peak < 24 * 2**20  # a few pieces of 4 MiB; the bombs hold 64 MiB


@pytest.mark.parametrize("case", ARCHIVES)
def test_hostile_archive_gets_its_codes(case: str, tmp_path: Path) -> None:
    data, expected = ARCHIVES[case]
    path = tmp_path / "fields.zip"
    path.write_bytes(data)
    assert sorted(codes(path, limits=SMALL)) == sorted(expected)


def test_a_huge_table_of_contents_is_not_read(tmp_path: Path) -> None:
    path = zipped(tmp_path / "fields.zip", {f"{i:0200}.nii.gz": b"" for i in range(6000)})
    assert codes(path, limits=Limits(directory_bytes=2**20)) == ["archive_directory"]


def test_a_huge_table_of_contents_of_an_npz_is_not_read() -> None:
    entry = Member(b"a.npy", b"").entry(0)
    data = made(Member(b"a.npy", b""), end=entry * 50_000, size=len(entry) * 50_001)
    tracemalloc.start()
    with pytest.raises(InvalidField) as caught:
        read_field(io.BytesIO(data), "a.npz", (80, 80, 80, 3))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.code == "npz_arrays"
    assert peak < 3 * len(data)  # entries read as objects would take eleven times as much


def test_every_problem_is_listed_at_once_by_file_name(tmp_path: Path) -> None:
    pairs = [("0001", "0002"), ("0003", "0004"), ("0005", "0006"), ("0007", "0008")]
    content = {
        "name": "T",
        "expected_shape": [*SHAPE, 3],
        "eval_pairs": [{"fixed": f"i/T_{a}_0000.nii.gz", "moving": f"i/T_{b}_0000.nii.gz"} for a, b in pairs],
        "evaluation_methods": [{"name": "NDV", "metric": "ndv"}],
    }
    members = {
        "folder/disp_0003_0004.nii.gz": gz(nifti(np.zeros((5, 6, 4, 3)))),
        "folder/disp_0005_0006.nii.gz": b"a text file\n",
        "folder/disp_0007_0008.nii.gz": FINE,
        "folder/extra.txt": b"",
    }
    with open_fields(zipped(tmp_path / "fields.zip", members)) as fields:
        problems = check(fields, [read_config(content)])
    assert {(p.file, p.code) for p in problems} == {
        ("disp_0001_0002.nii.gz", "missing"),
        ("disp_0003_0004.nii.gz", "wrong_shape"),
        ("disp_0005_0006.nii.gz", "not_gzip"),
        ("extra.txt", "unexpected"),
    }
    assert all(p.file in p.message and p.remedy in p.message for p in problems)


@pytest.mark.parametrize(
    ("other", "found"),
    [
        (("./i/T_0001_0000.nii.gz", "i/T_0002_0000.nii.gz"), []),
        (("j/Other_0001_0000.nii.gz", "j/Other_0002_0001.nii.gz"), []),
        (("i/T_0003_0000.nii.gz", "i/T_0002_0000.nii.gz"), ["missing"]),
    ],
)
def test_a_file_may_serve_the_pairs_of_several_configs(
    other: tuple[str, str], found: list[str], tmp_path: Path
) -> None:
    content = {
        "name": "T",
        "expected_shape": [*SHAPE, 3],
        "evaluation_methods": [{"name": "NDV", "metric": "ndv"}],
    }
    configs = [
        read_config({**content, "eval_pairs": [{"fixed": fixed, "moving": moving}]})
        for fixed, moving in (("i/T_0001_0000.nii.gz", "i/T_0002_0000.nii.gz"), other, other)
    ]
    with open_fields(zipped(tmp_path / "fields.zip", {f"{NAME}.nii.gz": FINE})) as fields:
        assert [problem.code for problem in check(fields, configs)] == found


def test_an_intact_header_extension_is_skipped() -> None:
    data = gz(nifti(GOOD, extended=1, extension=struct.pack("<2i", 16, 6) + b"comment.", offset=368))
    assert np.array_equal(read_field(io.BytesIO(data), "a.nii.gz", (*SHAPE, 3)).values, GOOD.astype("f4"))


def read_or_code(data: bytes, name: str) -> None:
    """Reading ends with a field of the right shape or with a code; anything else fails the test."""
    with suppress(InvalidField):
        assert read_field(io.BytesIO(data), name, (*SHAPE, 3)).shape == (*SHAPE, 3)


EDITS = st.lists(st.tuples(st.integers(0, 2**20), st.binary(min_size=0, max_size=6)), max_size=5)


def edited(data: bytes, edits: list[tuple[int, bytes]], cut: int) -> bytes:
    raw = bytearray(data)
    for at, value in edits:
        place = at % (len(raw) + 1)
        raw[place : place + len(value)] = value
    return bytes(raw[: len(raw) - cut % (len(raw) + 1)] if cut % 4 == 0 else raw)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    case=st.sampled_from(sorted(set(FIELDS) - {"bomb", "npz_bomb"})), edits=EDITS, cut=st.integers(0, 10**6)
)
def test_fuzzed_files_end_in_a_code(case: str, edits: list[tuple[int, bytes]], cut: int) -> None:
    read_or_code(edited(FIELDS[case][0], edits, cut), name_of(case))


@settings(max_examples=400, deadline=None, derandomize=True)
@given(edits=EDITS, cut=st.integers(0, 10**6), inner=st.binary(max_size=400))
def test_fuzzed_headers_end_in_a_code(edits: list[tuple[int, bytes]], cut: int, inner: bytes) -> None:
    read_or_code(gz(edited(PLAIN[:352], edits, cut) + PLAIN[352:]), "a.nii.gz")
    read_or_code(gz(inner), "a.nii.gz")
    read_or_code(inner, "a.npz")


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    case=st.sampled_from(sorted(set(ARCHIVES) - {"together_too_large"})),
    edits=EDITS,
    cut=st.integers(0, 10**6),
)
def test_fuzzed_archives_end_in_a_code(
    case: str, edits: list[tuple[int, bytes]], cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed.zip"
    path.write_bytes(edited(ARCHIVES[case][0], edits, cut))
    assert isinstance(codes(path, limits=SMALL), list)
