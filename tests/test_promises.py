"""Each promise of docs/promises.md names tests that there are."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PATH = re.compile(r"`([\w/]+(?:\.py)?)`")


def named(cell: str) -> list[Path]:
    """The files and folders that a row names; a short name belongs to a folder of the one before."""
    found: list[Path] = []
    for name in PATH.findall(cell):
        if "/" not in name and not name.endswith(".py"):
            continue
        before = found[-1].parents if found else []
        places = [ROOT, *before] if found else [ROOT]
        found.append(next((place / name for place in places if (place / name).exists()), ROOT / name))
    return found


def test_every_promise_names_tests_that_there_are() -> None:
    lines = (ROOT / "docs" / "promises.md").read_text().splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")][2:]
    assert len(rows) > 20
    for promise, shown in rows:
        tests = named(shown)
        assert tests, promise
        for path in tests:
            assert path.exists(), f"{promise}: {path.relative_to(ROOT)}"
            files = [path] if path.is_file() else list(path.rglob("test_*.py"))
            assert any("def test_" in file.read_text() for file in files), promise
