"""The page's check of a zip says what the server's check says, before anything is uploaded."""

import struct
import zipfile
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from leaderboard.domain.evaluation import handouts
from leaderboard.models import Phase
from scoring.archive import Limits, open_fields
from scoring.errors import InvalidArchive
from scoring.evaluate import check
from scoring.spec import EvaluationConfig, read_config
from tests.leaderboard import make
from tests.scoring.files import gz, nifti
from tests.scoring.hostile import FIELDS, FINE, GOOD, SHAPE
from tests.scoring.hostile_archives import ARCHIVES, SMALL, name_of, of, zipped

pytestmark = [pytest.mark.browser, pytest.mark.django_db]
Problems = list[dict[str, Any]]
CRC = zlib.crc32(FINE)

# Faults that show only when a field is read to its end, or a numpy archive as a whole.
NEED_THE_WHOLE = {
    "half", "without_trailer", "half_trailer", "wrong_crc", "size_claimed_too_small",
    "size_claimed_4_gib", "two_members", "member_behind", "same_again", "garbage_behind", "zeros_behind",
    "bomb", "extension_of_size_zero", "extension_of_negative_size", "extension_of_odd_size",
    "extension_beyond_the_data", "extension_without_room", "less_data_than_the_header_says", "no_data",
    "more_data_than_the_header_says", "nan", "infinite", "minus_infinite", "noise_of_three_times_the_size",
    "npz_text", "npz_truncated", "npz_corrupt_data", "npz_no_arrays", "npz_two_arrays", "npz_bare_pickle",
    "npz_structured", "npz_text_array", "npz_times", "npz_header_is_code", "npz_header_nested",
    "npz_header_too_long", "npz_unknown_version", "npz_less_data", "npz_more_data", "npz_bomb", "npz_nan",
    "npz_far_too_long", "nan_flood", "scaled_to_infinity", "npz_lzma", "npz_bzip2", "npz_header_bomb",
    "npz_header_of_4_gib", "npz_fractional_shape", "npz_shape_of_many_digits", "npz_shape_of_truth",
    "npz_float128",
}  # fmt: skip
# The same of archives ...
LOOK_FINE = {
    "wrong_checksum", "no_checksum", "size_too_small", "size_too_large", "packed_size_too_small",
    "deflated_and_cut_off", "patched_data", "extra_field_cut_off", "version_of_the_future",
}  # fmt: skip
# ... and those that are refused for another reason than the library's on the server.
REFUSED_TOO = {
    "directory_of_4_gib", "zip64_directory_of_an_exabyte", "zip64_extra_too_short", "size_of_one_byte",
    "nothing_packed",
}  # fmt: skip


@pytest.fixture
def phase() -> Phase:
    phase = make.phase()
    owner = phase.challenge
    made = make.dataset(owner, ("0001_0002",))
    made.configs[0]["expected_shape"] = [*SHAPE, 3]
    made.save()
    phase.datasets.add(made)
    return phase


class Checker:
    """Checks files in the page and, to compare, as the server does."""

    def __init__(self, page: Page, phase: Phase) -> None:
        page.set_content("<input type=file>")
        page.add_script_tag(path="static/js/preflight.js")
        self.page = page
        self.rules = handouts.preflight(phase)
        dataset = phase.datasets.get()
        self.config: EvaluationConfig = read_config(dataset.configs[0])

    def in_page(self, path: Path, limits: Limits | None = None) -> Problems:
        self.page.set_input_files("input", path)
        rules = self.rules | {"limits": asdict(limits or Limits())}
        told: Problems = self.page.evaluate(
            "rules => preflight.check(document.querySelector('input').files[0], rules)", rules
        )
        return told

    def on_server(self, path: Path, limits: Limits | None = None) -> Problems:
        try:
            with open_fields(path, limits) as fields:
                return [problem.to_dict() for problem in check(fields, [self.config])]
        except InvalidArchive as error:
            return [error.told_of(path.name).to_dict()]


@pytest.fixture
def checker(page: Page, phase: Phase) -> Checker:
    return Checker(page, phase)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_every_hostile_field_is_told_as_the_server_tells_it(
    checker: Checker, tmp_path: Path, method: int
) -> None:
    path = tmp_path / "fields.zip"
    for case, (data, code) in FIELDS.items():
        zipped(path, {name_of(case): data}, method)
        told = checker.in_page(path)
        if case in NEED_THE_WHOLE:
            assert told == [], case
        else:
            assert told == checker.on_server(path), case
            assert [problem["code"] for problem in told] == [code], case


def test_every_hostile_archive_is_told_as_the_server_tells_it(checker: Checker, tmp_path: Path) -> None:
    path = tmp_path / "fields.zip"
    for case, (data, codes) in ARCHIVES.items():
        path.write_bytes(data)
        told, expected = checker.in_page(path, SMALL), checker.on_server(path, SMALL)
        if case in LOOK_FINE | REFUSED_TOO:
            assert bool(told) == (case in REFUSED_TOO), case
            continue
        assert sorted(problem["code"] for problem in told) == sorted(codes), case
        if codes != ["archive_corrupt"]:  # its reason is worded by the library that reads the zip
            assert told == expected, case


def large_zip(path: Path, names: list[str]) -> None:
    """A zip whose members have the fields of zip64, written to a stream that cannot be rewound."""
    with path.open("wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            with archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as member:
                member.write(FINE)


def sparse_zip(path: Path, name: str, before: int) -> None:
    """A zip64 with a field behind a gap of `before` bytes that take no room on the disk."""
    size = struct.pack("<HHQQQ", 1, 24, len(FINE), len(FINE), before)
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 45, 0, 0, 0, 33, CRC, len(FINE), len(FINE), len(name), 0)
    entry = struct.pack(
        "<4s6H3I5H2I", b"PK\1\2", 45, 45, 0, 0, 0, 33, CRC, 2**32 - 1, 2**32 - 1, len(name), len(size),
        0, 0, 0, 0, 2**32 - 1,
    )  # fmt: skip
    directory = entry + name.encode() + size
    start = before + len(local) + len(name) + len(FINE)
    end64 = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, len(directory), start)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, start + len(directory), 1)
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(directory), 2**32 - 1, 0)
    with path.open("wb") as file:
        file.write(b"PK")
        file.seek(before)
        file.write(local + name.encode() + FINE + directory + end64 + locator + end)


GOOD_NAME = "disp_0001_0002.nii.gz"


def test_a_zip64_is_read(checker: Checker, tmp_path: Path) -> None:
    path = tmp_path / "fields.zip"
    large_zip(path, [f"run/{GOOD_NAME}"])
    assert checker.in_page(path) == checker.on_server(path) == []
    large_zip(path, [f"run/{GOOD_NAME}", "run/notes.txt"])
    assert [problem["code"] for problem in checker.in_page(path)] == ["unexpected"]


def test_of_nine_gigabytes_only_slices_are_read(checker: Checker, tmp_path: Path) -> None:
    path = tmp_path / "fields.zip"
    sparse_zip(path, GOOD_NAME, 9 * 2**30)
    assert checker.in_page(path) == checker.on_server(path) == []
    sparse_zip(path, "disp_0001_0003.nii.gz", 9 * 2**30)
    assert [problem["code"] for problem in checker.in_page(path)] == ["missing", "unexpected"]


def test_a_zip_with_something_before_it_is_read(checker: Checker, tmp_path: Path) -> None:
    path = tmp_path / "fields.zip"
    path.write_bytes(b"PK then a note that somebody put here" + of([GOOD_NAME]))
    assert checker.in_page(path) == checker.on_server(path) == []


@pytest.mark.parametrize("shape", [(*SHAPE, 3), (3, *SHAPE), (*SHAPE, 1, 3)])
def test_each_accepted_order_of_axes_is_fine(
    checker: Checker, tmp_path: Path, shape: tuple[int, ...]
) -> None:
    path = zipped(tmp_path / "fields.zip", {GOOD_NAME: gz(nifti(GOOD.reshape(shape)))})
    assert checker.in_page(path) == checker.on_server(path) == []


def test_all_problems_are_told_at_once_in_the_server_s_order(
    page: Page, phase: Phase, tmp_path: Path
) -> None:
    dataset = phase.datasets.get()
    config = dataset.configs[0]
    image = "./imagesVal/LUMIRMRI_{:04}_0000.nii.gz"
    config["eval_pairs"] = [
        {"fixed": image.format(n), "moving": image.format(n + 1)} for n in range(1, 40, 2)
    ]
    dataset.save()
    checker = Checker(page, phase)
    members = {f"a/disp_{n:04}_{n + 1:04}.nii.gz": FINE for n in range(1, 36, 2)}
    members["a/disp_0003_0004.nii.gz"] = b"notes"
    members["a/disp_0011_0012.nii.gz"] = FIELDS["type_complex"][0]
    members["a/disp_0021_0022.nii.gz"] = FIELDS["half_resolution"][0]
    members["a/disp-0037-0038.nii.gz"] = FINE
    members["a/readme.txt"] = b"hello"
    path = zipped(tmp_path / "fields.zip", members)
    told = checker.in_page(path)
    assert told == checker.on_server(path)
    assert [problem["code"] for problem in told] == [
        "misnamed", "missing", "unexpected", "not_gzip", "wrong_type", "half_resolution",
    ]  # fmt: skip
