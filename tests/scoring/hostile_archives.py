"""A table of zips that nobody should have sent: name -> (bytes, codes under the limits SMALL).

Most are written field by field, for no library writes what stands in them.  Together with ``hostile.FIELDS``
they are the one corpus of the engine's, the site's and the page's tests, and what the fuzzer starts from.
"""

from __future__ import annotations

import bz2
import io
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scoring.archive import Limits
from scoring.spec import read_config
from tests.scoring.hostile import FIELDS, FINE, PLAIN, SHAPE

NAME = "disp_0001_0002"
GOOD_NAME = f"{NAME}.nii.gz"
SMALL = Limits(members=20, total_bytes=2**21, member_bytes=2**20, ratio=500)
HUGE = 2**32 - 1
CONFIG = read_config(
    {
        "name": "T",
        "expected_shape": [*SHAPE, 3],
        "eval_pairs": [{"fixed": "imagesTs/T_0001_0000.nii.gz", "moving": "imagesTs/T_0002_0000.nii.gz"}],
        "evaluation_methods": [{"name": "NDV", "metric": "ndv"}],
    }
)


def zipped(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    """A zip of some members."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return path


def name_of(case: str) -> str:
    """The name under which a field of the table is sent."""
    return f"{NAME}.npz" if case.startswith("npz") else GOOD_NAME


def of(names: list[str], data: bytes = FINE, method: int = zipfile.ZIP_STORED) -> bytes:
    """A zip whose members are all the same but for their names."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return stream.getvalue()


@dataclass(frozen=True)
class Member:
    """What the two headers of a member say; ``None`` stands for the truth."""

    name: bytes = GOOD_NAME.encode()
    data: bytes = FINE
    flags: int = 0x800
    method: int = 0
    version: int = 20
    crc: int | None = None
    packed: int | None = None
    size: int | None = None
    offset: int | None = None
    extra: bytes = b""
    mode: int = 0
    inner_name: bytes | None = None

    def numbers(self) -> tuple[int, int, int]:
        """Checksum, packed size, size."""
        crc = zlib.crc32(self.data) if self.crc is None else self.crc
        packed = len(self.data) if self.packed is None else self.packed
        return crc, packed, len(self.data) if self.size is None else self.size

    def local(self) -> bytes:
        name = self.name if self.inner_name is None else self.inner_name
        head = struct.pack(
            "<4s5H3I2H", b"PK\3\4", self.version, self.flags, self.method, 0, 33, *self.numbers(),
            len(name), 0,
        )  # fmt: skip
        return head + name + self.data

    def entry(self, offset: int) -> bytes:
        head = struct.pack(
            "<4s6H3I5H2I", b"PK\1\2", 20 | 3 << 8, self.version, self.flags, self.method, 0, 33,
            *self.numbers(), len(self.name), len(self.extra), 0, 0, 0, self.mode << 16,
            offset if self.offset is None else self.offset,
        )  # fmt: skip
        return head + self.name + self.extra


def made(*members: Member, **ending: Any) -> bytes:
    """A zip with these members; ``ending``: count, size, offset, disk, end (bytes before it)."""
    body, entries = b"", b""
    for member in members:
        entries += member.entry(len(body))
        body += member.local()
    end = struct.pack(
        "<4s4H2IH", b"PK\5\6", ending.get("disk", 0), ending.get("disk", 0),
        ending.get("count", len(members)), ending.get("count", len(members)),
        ending.get("size", len(entries)), ending.get("offset", len(body)), 0,
    )  # fmt: skip
    return body + entries + bytes(ending.get("end", b"")) + end


def zip64_end(count: int = 1, size: int = 0, offset: int = 0, place: int = 0) -> bytes:
    """The 64-bit table of a zip's end, and the locator that says that it stands at ``place``."""
    table = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, offset)
    return table + struct.pack("<4sIQI", b"PK\6\7", 0, place, 1)


def zip64_extra(*values: int) -> bytes:
    return struct.pack(f"<HH{len(values)}Q", 1, 8 * len(values), *values)


def named(name: str, **changes: Any) -> bytes:
    return made(Member(name.encode(), **changes))


def at_once(count: int) -> bytes:
    """Many names for the bytes of one member: a small zip that unpacks to a huge one."""
    return made(*[Member(f"{n}.nii.gz".encode(), offset=0) for n in range(count)])


def quoted(count: int) -> bytes:
    """Members that hold the headers of those behind them, too, in stored blocks: overlapping but distinct."""
    kernel = Member(b"0.nii.gz")
    body, entries, outer = kernel.local(), [], kernel
    for n in range(1, count):
        outer = Member(f"{n}.nii.gz".encode(), body)
        body = outer.local()
    at = 0
    for n in reversed(range(count)):
        name = f"{n}.nii.gz".encode()
        entries.append(Member(name, body[at + 30 + len(name) :]).entry(at))
        at += 30 + len(name)
    table = b"".join(entries)
    return body + table + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, len(table), len(body), 0)


def nested(depth: int) -> bytes:
    """A zip in a zip in a zip, each with copies of the one inside."""
    data = of([GOOD_NAME])
    for _ in range(depth):
        data = of([f"{n}.zip" for n in range(4)], data, zipfile.ZIP_DEFLATED)
    return data


def tarred() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        info = tarfile.TarInfo(GOOD_NAME)
        info.size = len(FINE)
        archive.addfile(info, io.BytesIO(FINE))
    return stream.getvalue()


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def pressed(data: bytes, **changes: Any) -> Member:
    """A deflated member that says the truth, but for the changes."""
    truth = {"crc": zlib.crc32(data), "size": len(data)}
    return Member(data=deflated(data), method=8, **truth | changes)


FINE_ZIP = of([GOOD_NAME])
TOLD = ["missing", "unexpected"]

Table = dict[str, tuple[bytes, list[str]]]

NO_ZIP: Table = {
    "empty": (b"", ["archive_not_zip"]),
    "text": (b"these are not the fields", ["archive_not_zip"]),
    "rar": (b"Rar!\x1a\x07\x01\x00" + bytes(99), ["archive_not_zip"]),
    "seven_zip": (b"7z\xbc\xaf\x27\x1c\0\4" + bytes(99), ["archive_not_zip"]),
    "tar": (tarred(), ["archive_not_zip"]),
    "gzip": (FINE, ["archive_not_zip"]),
    "bzip2": (bz2.compress(FINE_ZIP), ["archive_not_zip"]),
    "xz": (lzma.compress(FINE_ZIP), ["archive_not_zip"]),
    "program_and_zip": (b"MZ" + bytes(62) + FINE_ZIP, ["archive_not_zip"]),
    "picture_and_zip": (b"GIF89a\1\0\1\0\0\0\0;" + FINE_ZIP, ["archive_not_zip"]),
    "document_and_zip": (b"%PDF-1.7\n%%EOF\n" + FINE_ZIP, ["archive_not_zip"]),
    "page_and_zip": (b"<html><script>1</script></html>" + FINE_ZIP, ["archive_not_zip"]),
    "nifti_and_zip": (PLAIN + FINE_ZIP, ["archive_not_zip"]),
    "gzip_and_zip": (FINE + FINE_ZIP, ["archive_not_zip"]),
}

BROKEN: Table = {
    "half_a_zip": (FINE_ZIP[:-30], ["archive_corrupt"]),
    "zip_magic_only": (b"PK\3\4", ["archive_corrupt"]),
    "end_without_a_table": (b"PK\5\6" + bytes(10), ["archive_corrupt"]),
    "damaged_directory": (FINE_ZIP.replace(b"PK\1\2", b"XX\1\2"), ["archive_corrupt"]),
    "something_behind_it": (FINE_ZIP + b"PK" * 40_000, ["archive_corrupt"]),
    "directory_beyond_the_end": (made(Member(), offset=2**31), ["archive_corrupt"]),
    "directory_longer_than_the_file": (made(Member(), size=10**6), ["archive_corrupt"]),
    "directory_of_4_gib": (made(Member(), size=HUGE - 1), ["archive_corrupt"]),
    "directory_cut_off": (made(Member(), size=20), ["archive_corrupt"]),
    "extra_field_cut_off": (made(Member(extra=b"\1\0\x10\0abc")), ["archive_corrupt"]),
    "name_that_is_no_utf_8": (made(Member(b"\xff\xfe.nii.gz")), ["archive_corrupt"]),
    "version_of_the_future": (made(Member(version=99)), ["archive_corrupt"]),
    "zip64_extra_too_short": (made(Member(size=HUGE, extra=zip64_extra())), ["archive_corrupt"]),
    "zip64_directory_of_nothing": (
        made(Member(), end=zip64_end(place=2**60), offset=HUGE), ["archive_empty"],
    ),
    "zip64_directory_of_an_exabyte": (
        made(Member(), end=zip64_end(size=2**60), size=HUGE, offset=HUGE), ["archive_corrupt"],
    ),
}  # fmt: skip

LIES: Table = {
    "claims_more_than_it_has": (made(Member(size=2**20)), ["member_ratio"]),
    "packed_size_beyond_the_file": (made(Member(packed=2**20, size=2**20)), ["archive_overlap"]),
    "packed_size_of_4_gib": (made(Member(packed=HUGE - 1, size=2**20)), ["archive_overlap"]),
    "size_too_small": (made(pressed(FINE, size=len(FINE) - 9)), ["member_corrupt"]),
    "size_too_large": (made(pressed(FINE, size=len(FINE) + 9)), ["member_corrupt"]),
    "size_of_one_byte": (made(pressed(FINE, size=1)), ["member_corrupt"]),
    "packed_size_too_small": (made(Member(packed=len(FINE) - 9)), ["member_corrupt"]),
    "nothing_packed": (made(Member(packed=0, size=0)), ["member_corrupt"]),
    "wrong_checksum": (made(Member(crc=1)), ["member_corrupt"]),
    "no_checksum": (made(Member(crc=0)), ["member_corrupt"]),
    "other_name_inside": (made(Member(inner_name=b"disk_0001_0002.nii.gz")), ["member_corrupt"]),
    "no_header_at_its_place": (
        made(Member(offset=11, packed=len(FINE) - 20, size=len(FINE) - 20)), ["member_corrupt"],
    ),
    "not_deflated": (made(Member(method=8)), ["member_corrupt"]),
    "deflated_noise": (made(Member(data=b"\x07" * 99, method=8, size=300)), ["member_corrupt"]),
    "deflated_and_cut_off": (
        made(Member(data=deflated(FINE)[:-40], method=8, size=len(FINE))), ["member_corrupt"],
    ),
    "patched_data": (made(Member(flags=0x20)), ["member_corrupt"]),
    "zip64_size_of_a_petabyte": (
        made(Member(size=HUGE, extra=zip64_extra(2**50))), ["member_size"],
    ),
    "zip64_packed_size_of_an_exabyte": (
        made(Member(size=2**20, packed=HUGE, extra=zip64_extra(2**60))), ["archive_overlap"],
    ),
    "zip64_place_at_an_exabyte": (
        made(Member(offset=HUGE, extra=zip64_extra(2**60))), ["archive_overlap"],
    ),
}  # fmt: skip

BOMBS: Table = {
    "nothing_in_it": (of([]), ["archive_empty"]),
    "only_mac_files": (of(["__MACOSX/._a", ".DS_Store"]), ["archive_empty"]),
    "only_folders": (of(["a/", "b/c/"], b""), ["archive_empty"]),
    "too_many_members": (of([f"{i}.nii.gz" for i in range(30)]), ["archive_members"]),
    "far_too_many_members": (of([f"{i}" for i in range(3000)], b""), ["archive_members"]),
    "zeros_packed_well": (of([GOOD_NAME], bytes(2**20), zipfile.ZIP_DEFLATED), ["member_ratio"]),
    "one_member_too_large": (of([GOOD_NAME], bytes(2**20 + 1)), ["member_size"]),
    "together_too_large": (of([f"{i}.nii.gz" for i in range(5)], bytes(2**19)), ["archive_size"]),
    "overlapping_members": (made(Member(), Member(b"disp_0001_0003.nii.gz", offset=0)), ["archive_overlap"]),
    "twenty_names_for_one_member": (at_once(20), ["archive_overlap"]),
    "quoted_headers": (quoted(8), ["archive_overlap"]),
    "one_byte_shared": (
        made(Member(), Member(b"disp_0001_0003.nii.gz", offset=len(Member().local()) - 1)),
        ["archive_overlap"],
    ),
    "reaches_into_the_directory": (
        made(Member(packed=len(FINE) + 9, size=len(FINE) + 9)), ["archive_overlap"],
    ),
    "a_zip_in_a_zip": (of(["fields.zip"], FINE_ZIP), TOLD),
    "zips_in_zips_in_zips": (nested(3), ["missing", *["unexpected"] * 4]),
}  # fmt: skip

NAMES: Table = {
    "parent_folder": (named(f"../../{GOOD_NAME}"), ["member_name"]),
    "parent_folder_inside": (named(f"a/../{GOOD_NAME}"), ["member_name"]),
    "absolute_path": (named(f"/etc/{GOOD_NAME}"), ["member_name"]),
    "two_slashes": (named(f"//host/{GOOD_NAME}"), ["member_name"]),
    "drive_letter": (named(f"C:/{GOOD_NAME}"), ["member_name"]),
    "other_stream": (named(f"{GOOD_NAME}:hidden"), ["member_name"]),
    "backslash": (named(f"a\\{GOOD_NAME}"), ["member_name"]),
    "line_break_in_a_name": (named(f"a\n{GOOD_NAME}"), ["member_name"]),
    "escape_sequence_in_a_name": (named(f"\x1b[31m{GOOD_NAME}"), ["member_name"]),
    "nul_in_a_name": (named(f"{GOOD_NAME}\0.exe"), ["member_name"]),
    "no_name": (named(""), ["member_name"]),
    "name_of_a_dot": (named("."), ["member_name"]),
    "right_to_left_override": (named(f"{NAME}\u202ezg.iin"), ["member_name"]),
    "space_of_no_width": (named(f"disp\u200b_0001_0002.nii.gz"), ["member_name"]),  # noqa: F541
    "byte_order_mark": (named(f"\ufeff{GOOD_NAME}"), ["member_name"]),
    "space_that_does_not_break": (named("disp_0001\u00a0_0002.nii.gz"), ["member_name"]),
    "lone_surrogate": (made(Member(b"\xed\xa0\x80.nii.gz")), ["archive_corrupt"]),
    "very_long_name": (named("a" * 300), ["member_name"]),
    "longest_name": (named("d" * 65_000), ["member_name"]),
    "very_deep_name": (named("a/" * 200 + GOOD_NAME), ["member_name"]),
    "letters_of_another_script": (named("d\u0456sp_0001_0002.nii.gz"), ["misnamed"]),
    "digits_of_another_script": (named("disp_000\u0661_0002.nii.gz"), TOLD),
    "wide_letters": (named("disp_\uff10\uff10\uff10\uff11_0002.nii.gz"), TOLD),
    "letters_taken_apart": (named("di\u0301sp_0001_0002.nii.gz"), ["misnamed"]),
    "one_and_the_same_twice": (made(Member(), Member()), ["duplicate"]),
    "the_same_by_another_way": (made(Member(), Member(f"./{GOOD_NAME}".encode())), ["duplicate"]),
    "the_same_with_two_slashes": (
        made(Member(b"a/" + GOOD_NAME.encode()), Member(b"a//" + GOOD_NAME.encode())), ["duplicate"],
    ),
    "the_same_in_capitals": (made(Member(), Member(GOOD_NAME.upper().encode())), ["unexpected"]),
    "both_names": (of([GOOD_NAME, "disp_0001_0000_0002_0000.nii.gz"]), ["duplicate"]),
    "both_formats": (of([GOOD_NAME, f"{NAME}.npz"]), ["duplicate"]),
    "several_folders": (of([f"a/{GOOD_NAME}", f"b/{GOOD_NAME}"]), ["archive_folders"]),
    "formula_for_a_name": (of(["=cmd|calc.csv"]), TOLD),
    "markup_for_a_name": (of(["<img src=x onerror=alert(1)>.gz"]), TOLD),
    "no_field_at_all": (of(["readme.txt"]), TOLD),
    "letters_of_dos": (  # as Windows writes "für": in code page 437, without the flag for UTF-8
        made(Member(b"f\x81r/" + GOOD_NAME.encode(), flags=0), Member(b"f\x81r/notes.txt", flags=0)),
        ["unexpected"],
    ),
    "one_file_too_many": (of([GOOD_NAME, "notes.txt"]), ["unexpected"]),
    "hyphens_for_underscores": (of(["disp-0001-0002.nii.gz"]), ["misnamed"]),
    "capital_suffix": (of([f"{NAME}.NII.GZ"]), ["misnamed"]),
    "not_compressed": (of([f"{NAME}.nii"], PLAIN), ["misnamed"]),
    "reversed_subjects": (of(["disp_0002_0001.nii.gz"]), TOLD),
}  # fmt: skip

KINDS: Table = {
    "encrypted": (made(Member(flags=0x1)), ["member_encrypted"]),
    "strongly_encrypted": (made(Member(flags=0x41)), ["member_encrypted"]),
    "masked_directory": (made(Member(flags=0x2000)), ["member_encrypted"]),
    "encrypted_by_aes": (made(Member(flags=0x1, method=99)), ["member_encrypted"]),
    "shrunk": (made(Member(method=1)), ["member_method"]),
    "deflate64_method": (made(Member(method=9)), ["member_method"]),
    "bzip2_method": (of([GOOD_NAME], method=zipfile.ZIP_BZIP2), ["member_method"]),
    "lzma_method": (of([GOOD_NAME], method=zipfile.ZIP_LZMA), ["member_method"]),
    "zstandard_method": (made(Member(method=93)), ["member_method"]),
    "method_of_nobody": (made(Member(method=65_535)), ["member_method"]),
    "symbolic_link": (made(Member(data=b"/etc/passwd", mode=stat.S_IFLNK | 0o777)), ["member_link"]),
    "named_pipe": (made(Member(mode=stat.S_IFIFO | 0o666)), ["member_link"]),
    "device": (made(Member(mode=stat.S_IFBLK | 0o666)), ["member_link"]),
    "socket": (made(Member(mode=stat.S_IFSOCK | 0o666)), ["member_link"]),
    "folder_that_is_a_file": (made(Member(mode=stat.S_IFDIR | 0o755)), ["member_link"]),
}

ARCHIVES: Table = {**NO_ZIP, **BROKEN, **LIES, **BOMBS, **NAMES, **KINDS}


def corpus() -> dict[str, tuple[bytes, list[str]]]:
    """Every hostile input as the bytes of an upload: the archives, and each field in a zip of its own."""
    wrapped = {name: (of([name_of(name)], data), [code]) for name, (data, code) in FIELDS.items()}
    return {**{f"archive {name}": found for name, found in ARCHIVES.items()}, **wrapped}
