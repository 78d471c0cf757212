"""Each promise of docs/promises.md names tests that there are."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FUNCTION = re.compile(r"`(test_\w+)`")
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


def rows() -> list[list[str]]:
    """Promise and what shows it, row by row."""
    lines = (ROOT / "docs" / "promises.md").read_text().splitlines()
    return [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")][2:]


def defined(path: Path) -> set[str]:
    """The tests of a file or of a folder's files."""
    files = [path] if path.is_file() else list(path.rglob("test_*.py"))
    return {name for file in files for name in re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)}


def test_every_promise_names_tests_that_there_are() -> None:
    assert len(rows()) > 20
    for promise, shown in rows():
        tests = [path for path in named(shown) if path.suffix != ".md"]
        assert tests, promise
        for path in tests:
            assert path.exists(), f"{promise}: {path.relative_to(ROOT)}"
            assert defined(path), promise
        there = set().union(*map(defined, tests))
        shown_by = set(FUNCTION.findall(shown))
        assert shown_by, f"{promise}: names files only"
        gone = shown_by - there
        assert not gone, f"{promise}: {', '.join(gone)}"
