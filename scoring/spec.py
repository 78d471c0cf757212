"""A challenge as data: evaluation configs, pairs and rules.

Reads the evaluation configs of Learn2Reg and LUMIR as they are published.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any, Literal

from scoring.errors import InvalidConfig

SCORER_VERSION = "1.0"

MAX_LABELS = 255  # label maps are scored as bytes; one value stands for all other labels
KINDS = ("dice", "hd95", "tre", "ndv", "sdlogj")
_IMAGE = re.compile(r"(?P<subject>[A-Za-z0-9]{4})_(?P<modality>\d{4})\.nii\.gz$")


@dataclass(frozen=True)
class Rules:
    """How an official evaluator fills the gaps that its configs leave.

    ``ndv_mask`` names the image whose positive voxels count for NDV; ``hard_quantile`` gives per metric
    kind the quantile that metrics.json calls "30"; ``landmarks`` says whether TRE reads label volumes or
    CSV points; ``float32_npz`` keeps the rounding of an evaluator that works on .npz fields in single
    precision; ``spacing`` is the unit of HD95; ``groups`` are the extra Dice aggregates, one per config
    after the first.
    """

    name: str
    version: str
    eval_version: str
    ndv_mask: Literal["moving", "fixed"]
    hard_quantile: Mapping[str, float]
    landmarks: Literal["volume", "csv"]
    float32_npz: bool = False
    spacing: Literal["voxel", "mm"] = "voxel"
    groups: tuple[str, ...] = ()
    sorted_aggregates: bool = True

    def __reduce__(self) -> tuple[object, ...]:
        # read-only mappings do not pickle: a worker process takes its own rules of this name
        return _named_rules, (self.name,)


_LOW = MappingProxyType(dict.fromkeys(KINDS, 0.3))
_L2R = MappingProxyType({**_LOW, "tre": 0.7, "sdlogj": 0.7})
RULES: Mapping[str, Rules] = MappingProxyType(
    {
        rules.name: rules
        for rules in (
            Rules("lumir24", "1", "2.0", "moving", _LOW, "volume"),
            Rules(
                "lumir25", "1", "3.0", "fixed", MappingProxyType({**_LOW, "tre": 0.7}), "volume",
                groups=("ID_dice", "OOD_dice", "MM_dice"),
            ),
            Rules("l2r", "1", "2.0", "fixed", _L2R, "csv", float32_npz=True, sorted_aggregates=False),
            Rules(
                "l2r-mm", "1", "2.0", "fixed", _L2R, "csv", float32_npz=True, spacing="mm",
                sorted_aggregates=False,
            ),
        )
    }
)  # fmt: skip


def _named_rules(name: str) -> Rules:
    return RULES[name]


@dataclass(frozen=True)
class MetricSpec:
    """One evaluation method of a config: its name there, its kind, its labels or its landmark folder."""

    name: str
    metric: str
    labels: tuple[int, ...] = ()
    dest: str = "landmarks"


@dataclass(frozen=True)
class Pair:
    """One fixed and one moving image, as relative paths of the config."""

    fixed: str
    moving: str

    @property
    def fixed_subject(self) -> str:
        return _parts(self.fixed)[0]

    @property
    def fixed_modality(self) -> str:
        return _parts(self.fixed)[1]

    @property
    def moving_subject(self) -> str:
        return _parts(self.moving)[0]

    @property
    def moving_modality(self) -> str:
        return _parts(self.moving)[1]

    @property
    def same_kind(self) -> bool:
        """Whether the short name is allowed: equal modalities, or fixed 0000 and moving 0001."""
        modalities = self.fixed_modality, self.moving_modality
        return modalities[0] == modalities[1] or modalities == ("0000", "0001")

    @property
    def key(self) -> str:
        """The field's canonical name without ``disp_``: 3455_3454, or 4024_0001_4033_0000."""
        return self.field_names[0].removeprefix("disp_")

    @property
    def official_key(self) -> str:
        """The case's name in metrics.json: 3455_0000<--3454_0000."""
        return f"{self.fixed_subject}_{self.fixed_modality}<--{self.moving_subject}_{self.moving_modality}"

    @property
    def field_names(self) -> tuple[str, ...]:
        """Accepted file names without suffix, the canonical one first."""
        short = f"disp_{self.fixed_subject}_{self.moving_subject}"
        long = f"disp_{self.fixed_subject}_{self.fixed_modality}_{self.moving_subject}_{self.moving_modality}"
        return (short, long) if self.same_kind else (long,)


@dataclass(frozen=True)
class EvaluationConfig:
    """One evaluation config.  ``expected_shape`` is X, Y, Z, 3; ``source`` the file it came from, if any."""

    name: str
    expected_shape: tuple[int, int, int, int]
    pairs: tuple[Pair, ...]
    metrics: tuple[MetricSpec, ...]
    masked: bool = False
    source: str = ""

    def metric_names(self, kind: str) -> tuple[str, ...]:
        """The names this config gives to a kind ('dice', 'hd95', 'tre', 'ndv', 'sdlogj')."""
        return tuple(m.name for m in self.metrics if m.metric == kind)

    @property
    def kinds(self) -> dict[str, str]:
        """Metric name -> kind."""
        return {m.name: m.metric for m in self.metrics}

    @property
    def ranked(self) -> tuple[MetricSpec, ...]:
        """The metrics that rankings see: the first of each kind, since boards have one column a kind."""
        first = {m.metric: m for m in reversed(self.metrics)}
        return tuple(m for m in self.metrics if first[m.metric] is m)


def _parts(path: str) -> tuple[str, str]:
    match = _IMAGE.search(path)
    if match is None:
        raise InvalidConfig("config_path", path=path)
    return match["subject"], match["modality"]


def read_config(source: str | Path | Mapping[str, Any]) -> EvaluationConfig:
    """Read one evaluation config from a JSON file or from its parsed content.

    Raises:
        InvalidConfig: with a code; every value is checked, unknown further keys are left alone.
    """
    if isinstance(source, Mapping):
        return _Reader(source, "config").read()
    path = Path(source)
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise InvalidConfig("config_missing", path.name) from None
    except (ValueError, OSError, RecursionError) as error:
        raise InvalidConfig("config_not_json", path.name, reason=type(error).__name__) from None
    if not isinstance(content, dict):
        raise InvalidConfig("config_not_json", path.name, reason="not an object")
    return _Reader(content, path.name).read()


@dataclass(frozen=True)
class _Reader:
    content: Mapping[str, Any]
    file: str

    def read(self) -> EvaluationConfig:
        name = self.content.get("name", self.content.get("task_name"))
        self.need(isinstance(name, str) and bool(name), "name", name, "a text")
        masked = self.content.get("masked_evaluation", False)
        self.need(isinstance(masked, bool), "masked_evaluation", masked, "true or false")
        pairs = tuple(self.pair(p) for p in self.list_of("eval_pairs"))
        metrics = tuple(self.metric(m) for m in self.list_of("evaluation_methods"))
        self.once("pair", [p.key for p in pairs])  # it names the field, too
        self.once("metric", [m.name for m in metrics])
        labels = {label for metric in metrics for label in metric.labels}
        self.need(len(labels) <= MAX_LABELS, "labels", len(labels), f"at most {MAX_LABELS} different labels")
        return EvaluationConfig(str(name), self.shape(), pairs, metrics, masked, self.file)

    def need(self, fine: bool, key: str, value: object, wanted: str) -> None:  # noqa: FBT001
        if not fine:
            raise InvalidConfig("config_value", self.file, key=key, value=repr(value)[:80], wanted=wanted)

    def once(self, what: str, values: list[Any]) -> None:
        seen: set[Any] = set()
        for value in values:
            if value in seen:
                raise InvalidConfig("config_duplicate", self.file, what=what, value=value)
            seen.add(value)

    def list_of(self, key: str) -> list[Mapping[str, Any]]:
        if key not in self.content:
            raise InvalidConfig("config_key", self.file, key=key)
        value = self.content[key]
        fine = isinstance(value, list) and bool(value) and all(isinstance(v, dict) for v in value)
        self.need(fine, key, value, "a list of objects")
        return list(value)

    def shape(self) -> tuple[int, int, int, int]:
        if "expected_shape" not in self.content:
            raise InvalidConfig("config_key", self.file, key="expected_shape")
        value = self.content["expected_shape"]
        fine = isinstance(value, list) and len(value) == 4 and all(type(n) is int and n > 0 for n in value)
        self.need(fine and value[3] == 3, "expected_shape", value, "four positive integers, the last one 3")
        return value[0], value[1], value[2], value[3]

    def pair(self, content: Mapping[str, Any]) -> Pair:
        for side in ("fixed", "moving"):
            if side not in content:
                raise InvalidConfig("config_key", self.file, key=side)
            path = content[side]
            self.need(isinstance(path, str), side, path, "a path")
            inside = not PurePosixPath(path).is_absolute() and ".." not in PurePosixPath(path).parts
            if not inside or "\\" in path or not _IMAGE.search(path):
                raise InvalidConfig("config_path", self.file, path=path)
        return Pair(content["fixed"], content["moving"])

    def metric(self, content: Mapping[str, Any]) -> MetricSpec:
        for key in ("name", "metric"):
            if key not in content:
                raise InvalidConfig("config_key", self.file, key=key)
            self.need(isinstance(content[key], str) and bool(content[key]), key, content[key], "a text")
        kind = content["metric"]
        if kind not in KINDS:
            raise InvalidConfig("config_metric", self.file, metric=kind, known=", ".join(KINDS))
        labels = content.get("labels", [])
        fine = isinstance(labels, list) and all(type(n) is int for n in labels)
        self.need(fine, "labels", labels, "a list of integers")
        if kind in ("dice", "hd95"):
            self.need(
                0 < len(labels) <= MAX_LABELS, "labels", labels, f"a list of 1 to {MAX_LABELS} integers"
            )
            self.once("label", labels)
        dest = content.get("dest", "landmarks")
        self.need(isinstance(dest, str) and dest.isalnum(), "dest", dest, "the name of a folder")
        return MetricSpec(content["name"], kind, tuple(labels), dest)


def ground_truth_files(pair: Pair, config: EvaluationConfig, rules: Rules | None = None) -> dict[str, str]:
    """The ground-truth files that scoring a pair needs: role -> path relative to the ground truth.

    Roles: fixed_image, moving_image; fixed_labels, moving_labels; mask (may be absent on disk, as
    officially); fixed_<dest>, moving_<dest> for each landmark folder.  "images" in the path becomes
    "labels" and so on.
    """
    rules = rules or RULES["lumir24"]
    kinds = {m.metric for m in config.metrics}
    files = {"fixed_image": pair.fixed, "moving_image": pair.moving}
    if kinds & {"dice", "hd95"}:
        files["fixed_labels"] = pair.fixed.replace("images", "labels")
        files["moving_labels"] = pair.moving.replace("images", "labels")
    if config.masked:
        files["mask"] = pair.fixed.replace("images", "masks")
    for metric in config.metrics:
        if metric.metric == "tre":
            folder = _landmark_folder(pair, metric.dest, rules)
            for side, path in (("fixed", pair.fixed), ("moving", pair.moving)):
                place = path.replace("images", folder)
                if rules.landmarks == "csv":
                    place = place.replace(".nii.gz", ".csv")
                files[f"{side}_{metric.dest}"] = place
    return files


def _landmark_folder(pair: Pair, dest: str, rules: Rules) -> str:
    """Correspondences of differing modalities stand in a folder of their own, named differently by the
    two programs."""
    if pair.same_kind:
        return dest
    low, high = sorted((pair.fixed_modality, pair.moving_modality))
    if rules.landmarks == "csv":
        return f"{dest}{low}{high}"
    return f"{dest}{int(low)}{int(high)}" if dest == "keypoints" else dest
