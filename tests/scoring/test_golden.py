"""Equality with the official programs on the phantom challenge.

Provenance of golden/lumir24.json: evaluation.py of JHU-MedImage-Reg/LUMIR_L2R (folder L2R_LUMIR_Eval),
unchanged, Python 3.11, numpy 1.26.4, scipy 1.11.4, nibabel 5.4, run on the folder that ``write_phantom``
makes (-c1 landmark.json -c2 segmentation.json).  golden/lumir25.json: evaluation.py of
JHU-MedImage-Reg/LUMIR25_L2R25 (folder LUMIR25_Evalution_GC) in the same way, segmentation.json given for
-s1, -s2 and -s3.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scoring.__main__ import main
from tests.scoring.phantom_l2r import write_learn2reg

GOLDEN = Path(__file__).parent / "golden"
CONFIGS = {
    "lumir24": ["landmark", "segmentation"],
    "lumir25": ["landmark", "segmentation", "segmentation", "segmentation"],
    "l2r": ["task"],
}


@pytest.fixture(scope="module", params=sorted(CONFIGS))
def both(request: pytest.FixtureRequest, phantom: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The official metrics.json and ours."""
    rules = request.param
    output = tmp_path_factory.mktemp(rules) / "metrics.json"
    if rules == "l2r":
        phantom = output.parent / "task"
        write_learn2reg(phantom)
    configs = [part for name in CONFIGS[rules] for part in ("--config", str(phantom / f"{name}.json"))]
    places = ["--ground-truth", str(phantom), "--fields", str(phantom / "submission")]
    assert main(["score", *configs, *places, "--rules", rules, "--output", str(output)]) == 0
    return json.loads((GOLDEN / f"{rules}.json").read_text()), json.loads(output.read_text())


def leaves(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value of a JSON document with its path, in the document's order."""
    if isinstance(node, dict | list):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            yield from leaves(value, (*path, str(key)))
    else:
        yield path, node


def exact(path: tuple[str, ...]) -> bool:
    """Whether a value must agree to the last bit: all but NDV and SDlogJ, which sum in another order."""
    return not {"Non-diffeomorphic Volumes", "LogJacDetStd"} & set(path)


def test_layout_is_the_official_one(both: Any) -> None:
    official, ours = both
    assert [path for path, _ in leaves(ours)] == [path for path, _ in leaves(official)]


def test_dsc_hd95_tre_are_bit_equal(both: Any) -> None:
    official, ours = ({p: repr(v) for p, v in leaves(document) if exact(p)} for document in both)
    assert ours == official


def test_ndv_and_sdlogj_agree_to_1e_12(both: Any) -> None:
    official, ours = ({p: v for p, v in leaves(document) if not exact(p)} for document in both)
    assert len(official) > 0
    assert ours == pytest.approx(official, rel=1e-12, abs=0, nan_ok=True)


def test_the_phantom_holds_the_edge_cases() -> None:
    official = json.loads((GOLDEN / "lumir24.json").read_text())
    hd95 = [v for path, v in leaves(official["cases"]) if "HD95" in path]
    tre = [v for path, v in leaves(official["cases"]) if "TRE_lm" in path]
    assert any(math.isnan(v) for v in hd95)  # a label absent in fixed or moving
    assert any(math.isinf(v) for v in hd95)  # a label that only the warp loses
    assert any(math.isnan(v) for v in tre)  # a landmark that vanishes
