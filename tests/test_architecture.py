"""Who may import whom; the contracts stand in pyproject.toml."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_import_contracts_are_kept() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_engine_starts_without_the_site_and_without_a_compiler() -> None:
    """`python -m scoring` must not pull in what an install without extras does not have; nor what is slow."""
    code = (
        "import sys, scoring.__main__; "
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'django', 'celery', 'numba'}))"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
