"""What `make audit` says of what its tools found, with answers as they print them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.shipped import ROOT

LOOKED_UP = {"name": "django", "version": "5.2.1", "vulns": []}
FLAW = {"id": "GHSA-1", "fix_versions": ["3.2.0"], "aliases": [], "description": "d"}
FLAWED = {"name": "jinja2", "version": "3.1.6", "vulns": [FLAW]}
SKIPPED = {"name": "ours", "skip_reason": "not found"}
CLEAN: dict[str, Any] = {"vulnerabilities": {}, "metadata": {}}


@pytest.mark.parametrize(
    ("packages", "npm", "code", "words"),
    [
        ([LOOKED_UP], CLEAN, 0, "audit: no known vulnerability"),
        ([LOOKED_UP, FLAWED], CLEAN, 1, "python: jinja2 3.1.6: GHSA-1, mended in 3.2.0."),
        ([LOOKED_UP, SKIPPED], CLEAN, 1, "python: ours was NOT looked up."),
        ([LOOKED_UP], {"vulnerabilities": {"htmx.org": {"severity": "high"}}}, 1, "npm: htmx.org: high."),
        ([LOOKED_UP], {"message": "network", "error": {}}, 2, "looked up (npm error network)."),
        (None, CLEAN, 2, "python: the advisory service did not answer; no package was looked up."),
    ],
)
def test_only_what_was_looked_up_and_is_clean_passes(
    tmp_path: Path, packages: list[Any] | None, npm: dict[str, Any], code: int, words: str
) -> None:
    (tmp_path / "python.json").write_text("" if packages is None else json.dumps({"dependencies": packages}))
    (tmp_path / "npm.json").write_text(json.dumps(npm))
    (tmp_path / "npm.log").write_text("npm warn old\nnpm error network\n\n")
    command = [sys.executable, str(ROOT / ".ci" / "audited.py"), str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == code
    assert words in ran.stdout
