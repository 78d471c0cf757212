"""What can be wrong with what the engine is given, and the words for it.

Every fault has a code from a closed list.  The words of every code stand in this file and nowhere else; the
site and the command line show them unchanged.
"""

# ruff: noqa: E501 - the words stand one code a line, as a table
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Words:
    """The three sentences of a code, as format strings over its facts."""

    found: str
    expected: str
    remedy: str
    severity: Severity = "error"


_REMAKE = "Write the file again and check that the copy or upload was complete."
_SAVE_NIFTI = "Save the field as a single-file NIfTI-1 image, compressed with gzip (.nii.gz)."
_ZIP_AGAIN = "Make the zip again with an ordinary zip program and check that it opens."

_ARCHIVE = {
    "archive_missing": Words("there is no such file or folder", "a zip file or a folder of fields", "Check the path."),
    "archive_not_zip": Words("this is not a zip file", "a zip file", "Put the fields into a .zip (not .rar, .7z or .tar.gz)."),
    "archive_corrupt": Words("the zip cannot be read ({reason})", "an intact zip file", _ZIP_AGAIN),
    "archive_hash": Words("its SHA-256 is {sha256}", "{declared}, as it was declared before the upload", "Upload the file again: it was damaged on its way, or changed while it was uploaded."),
    "archive_empty": Words("it holds no files", "one displacement field per pair", "Add the fields at the top level of the zip."),
    "archive_members": Words("it holds {count} files", "at most {limit}", "Leave only the displacement fields in the zip."),
    "archive_directory": Words("the zip's table of contents takes {size} bytes", "at most {limit}", "Leave only the displacement fields in the zip."),
    "archive_size": Words("its files take {size} bytes together", "at most {limit}", "Store the fields as float32 and leave other files out."),
    "archive_overlap": Words("files in it overlap or claim more bytes than the zip has", "one part of the zip per file", _ZIP_AGAIN),
    "archive_folders": Words("files lie in several folders ({folders})", "all files at the top level or in one folder", "Put all the fields into one folder and zip that."),
    "member_size": Words("the file takes {size} bytes", "at most {limit}", "Store the field as float32 and compress it with gzip."),
    "member_ratio": Words("the file would grow {ratio} times when unpacked", "at most {limit} times", "Zip the .nii.gz files as they are, without tricks."),
    "member_encrypted": Words("the file is encrypted", "files without a password", "Make the zip again without a password."),
    "member_method": Words("the file is packed by a method we do not read (number {method})", "stored or deflated files", "Make the zip again with the ordinary method (deflate)."),
    "member_name": Words("the file's name is not a plain relative path", "names such as disp_3455_3454.nii.gz", "Rename the file and make the zip again."),
    "member_link": Words("this is a link or another special file", "an ordinary file", "Put the file itself into the zip."),
    "member_corrupt": Words("the file cannot be unpacked ({reason})", "an intact file", _ZIP_AGAIN),
    "duplicate": Words("two files stand for the same pair ({names})", "one field per pair", "Leave only one of them."),
}  # fmt: skip

_FIELD = {
    "missing": Words("the file is missing", "a displacement field of this name", "Add it; a phase is scored only when every pair is there."),
    "unexpected": Words("no pair of this phase asks for this file", "only the fields of this phase", "Remove it, or check that you submit to the right phase."),
    "misnamed": Words("the name is not one that we look for", "{canonical}", "Rename it to {canonical}."),
    "empty_file": Words("the file is empty", "a displacement field", _REMAKE),
    "not_gzip": Words("the file is not compressed with gzip, whatever its name says", "a gzip-compressed NIfTI file", _SAVE_NIFTI),
    "gzip_corrupt": Words("its gzip data are damaged", "intact gzip data", _REMAKE),
    "gzip_truncated": Words("its gzip data end too early", "a complete file", _REMAKE),
    "gzip_members": Words("the gzip file has several parts or something after its end", "one gzip member and nothing behind it", "Compress the file in one piece (plain gzip, or save it anew with nibabel or ITK)."),
    "gzip_trailer": Words("the gzip file says that {claimed} bytes come out of it, its header asks for {needed}", "a size that agrees with the header", _REMAKE),
    "not_nifti": Words("this is not a NIfTI image", "a NIfTI-1 image", _SAVE_NIFTI),
    "nifti2": Words("this is a NIfTI-2 image", "a NIfTI-1 image", _SAVE_NIFTI),
    "nifti_pair": Words("this is one half of a NIfTI pair (.hdr and .img)", "header and data in one file", _SAVE_NIFTI),
    "bad_header": Words("its header is not valid ({reason})", "a valid NIfTI-1 header", _SAVE_NIFTI),
    "bad_extension": Words("a header extension is broken or too long", "no extension, or an intact one", "Save the field without header extensions."),
    "bad_scaling": Words("its scaling factors are not finite numbers", "scl_slope and scl_inter as finite numbers", "Save the field as float32 without scaling."),
    "wrong_type": Words("its values are stored as {dtype}", "float32 (float16, float64 and integers are read too)", "Save the field as float32."),
    "wrong_shape": Words("its shape is {shape}", "{expected_shape}", "Save one displacement vector per voxel of the fixed image, in the order X, Y, Z, 3."),
    "half_resolution": Words("its shape is {shape}, half of what is asked for", "{expected_shape}", "Interpolate the field to the full grid; if its values count voxels of the half grid, double them too."),
    "too_large": Words("the field would take {size} bytes", "at most {limit}", "Save one displacement vector per voxel of the fixed image as float32."),
    "truncated": Words("its data end too early ({size} of {needed} bytes)", "as many values as the header says", _REMAKE),
    "trailing_data": Words("there are data behind the last value", "as many values as the header says", _REMAKE),
    "not_finite": Words("{count} of its values are NaN or infinite", "finite numbers only", "Find out where the method divides by zero or overflows; replace such values before saving."),
    "npz_corrupt": Words("it is not a readable .npz file ({reason})", "an .npz file written by numpy.savez or savez_compressed", "Write the file again with numpy.savez_compressed(name, field)."),
    "npz_arrays": Words("it holds {count} arrays", "one array", "Write the file again with numpy.savez_compressed(name, field)."),
    "npz_pickled": Words("its array holds Python objects", "an array of numbers", "Convert the array to float32 before saving it."),
}  # fmt: skip

_TRIED = "mean Dice is {before} as it is, {zero} without registration, and {after} if it is read as {meaning}"

_CONVENTIONS = {
    "convention_normalised": Words(_TRIED, "displacements in voxels", "Multiply each component by (n - 1) / 2, n being the image's size on that axis."),
    "convention_axes": Words(_TRIED, "components in the order X, Y, Z", "Reverse the order of the three components."),
    "convention_millimetres": Words(_TRIED, "displacements in voxels", "Divide each component by the voxel size, and mind the signs of world axes (ITK: x and y point the other way)."),
    "convention_inverse": Words(_TRIED, "a field on the fixed image's grid that points into the moving image", "Swap fixed and moving, or invert the field."),
    "convention_sign": Words(_TRIED, "a field on the fixed image's grid that points into the moving image", "Change the sign of the field."),
    "convention_deformation": Words(_TRIED, "displacements", "Subtract the voxel's own coordinates."),
    "suspect_normalised": Words("no component of a displacement is larger than {longest} voxels; it may be in normalised coordinates [-1, 1]", "displacements in voxels", "If so, multiply each component by (n - 1) / 2, n being the image's size on that axis.", "warning"),
    "suspect_deformation": Words("its values look like coordinates, not like displacements", "displacements", "If so, subtract the voxel's own coordinates.", "warning"),
    "suspect_zeros": Words("all its values are zero", "a registration", "Nothing to do if this is meant to be the unregistered baseline.", "warning"),
}  # fmt: skip

_CONFIG = {
    "config_missing": Words("there is no such file", "an evaluation config", "Check the path."),
    "config_not_json": Words("it is not JSON ({reason})", "an evaluation config in JSON", "Correct the file."),
    "config_key": Words("'{key}' is missing", "the keys name, expected_shape, eval_pairs, evaluation_methods", "Add the key."),
    "config_value": Words("'{key}' is {value}", "{wanted}", "Correct the value."),
    "config_metric": Words("the metric '{metric}' is not known", "one of {known}", "Correct the metric's name."),
    "config_path": Words("'{path}' is not a path that we can use", "a relative path ending in _<subject>_<modality>.nii.gz", "Correct the path."),
    "config_duplicate": Words("{what} '{value}' stands there twice", "each one once", "Remove one of them."),
}  # fmt: skip

_GROUND_TRUTH = {
    "gt_missing": Words("the file is missing in the ground truth", "a file of this name", "Add the file."),
    "gt_unreadable": Words("it cannot be read ({reason})", "a NIfTI image or a CSV table", "Replace the file by an intact copy."),
    "gt_shape": Words("its shape is {shape}", "{expected_shape}", "Check that config and volumes belong together."),
    "gt_landmarks": Words("its landmarks cannot be used ({reason})", "the same landmarks in fixed and moving", "Replace the file."),
}  # fmt: skip

WORDS: Mapping[str, Words] = MappingProxyType(
    {**_ARCHIVE, **_FIELD, **_CONVENTIONS, **_CONFIG, **_GROUND_TRUTH}
)


@dataclass(frozen=True)
class Problem:
    """One fault of one file, told to the person who can mend it."""

    code: str
    file: str
    found: str
    expected: str
    remedy: str
    severity: Severity = "error"

    @property
    def message(self) -> str:
        """One or two plain sentences that name the file and say what to do."""
        return f"{self.file}: {self.found}; expected {self.expected}. {self.remedy}"

    def to_dict(self) -> dict[str, str]:
        """The parts and the message, ready for JSON."""
        return {**asdict(self), "message": self.message}


def problem(code: str, file: str, **facts: object) -> Problem:
    """The words of ``code`` filled with its facts.  Raises KeyError for an unknown code or a missing fact."""
    words = WORDS[code]
    found, expected, remedy = (text.format(**facts) for text in (words.found, words.expected, words.remedy))
    return Problem(code, file, found, expected, remedy, words.severity)


class ScoringError(Exception):
    """A coded fault; the code and its facts are checked when it is raised."""

    family: Mapping[str, Words] = WORDS

    def __init__(self, code: str, file: str = "", **facts: object) -> None:
        if code not in self.family:
            raise KeyError(code)
        self.code, self.file, self.facts = code, file, facts
        super().__init__(self.problem().message)

    def problem(self, file: str | None = None) -> Problem:
        """The fault as words; ``file`` names the file where the raiser did not know it."""
        return problem(self.code, file or self.file, **self.facts)

    def told_of(self, upload: str) -> Problem:  # noqa: ARG002 - only archives have another name
        """The fault by the name its sender knows: the upload's, or the file's in it that is at fault."""
        return self.problem()

    def __reduce__(self) -> tuple[object, ...]:
        # exceptions with keyword facts do not pickle by themselves, and worker processes send them back
        return _restore, (type(self), self.code, self.file, self.facts)


def _restore(kind: type[ScoringError], code: str, file: str, facts: dict[str, object]) -> ScoringError:
    return kind(code, file, **facts)


class InvalidArchive(ScoringError):
    """The zip or folder as a whole cannot be used."""

    family = _ARCHIVE

    def told_of(self, upload: str) -> Problem:
        return self.problem("" if self.code.startswith("member_") else upload)


class InvalidField(ScoringError):
    """One displacement field cannot be used."""

    family = {**_FIELD, **{code: words for code, words in _ARCHIVE.items() if code.startswith("member_")}}


class InvalidConfig(ScoringError):
    """An evaluation config cannot be used."""

    family = _CONFIG


class InvalidGroundTruth(ScoringError):
    """A ground-truth file is missing or cannot be used: the organizer's fault, not the participant's."""

    family = _GROUND_TRUTH
