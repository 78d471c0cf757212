"""The room for files of other machines: bounded, filled once, never half, never emptied under somebody."""

import os
import threading
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from pytest_django import Settings

from leaderboard import scratch


@pytest.fixture(autouse=True)
def root(settings: Settings, tmp_path: Path) -> Path:
    settings.SCRATCH_ROOT, settings.SCRATCH_BYTES = tmp_path / "scratch", 100
    return tmp_path / "scratch"


class Source:
    """Something of a size, that counts how often it is fetched."""

    def __init__(self, size: int) -> None:
        self.size, self.fetched = size, 0

    def fetch(self, path: Path) -> None:
        self.fetched += 1
        path.write_bytes(bytes(self.size))

    def held(self, name: str) -> AbstractContextManager[Path]:
        return scratch.held(name, lambda: self.size, self.fetch)


def use(name: str, size: int = 40) -> None:
    with Source(size).held(name) as path:
        assert path.stat().st_size == size


def names(root: Path) -> set[str]:
    return {path.name for path in root.rglob("*") if path.is_file()}


def test_what_was_used_longest_ago_goes_first(root: Path) -> None:
    use("a")
    use("b")
    os.utime(root / "a", (1, 1))
    os.utime(root / "b", (2, 2))
    use("a")  # used again
    use("c")
    assert names(root) == {"a", "c"}


def test_what_is_in_use_stays_and_without_room_nothing_is_fetched(root: Path) -> None:
    source = Source(70)
    with Source(40).held("a"):
        use("b")
        with pytest.raises(OSError, match="SCRATCH_BYTES"), source.held("large"):
            pass
        assert "a" in names(root)
    assert source.fetched == 0
    use("large", 70)
    assert names(root) == {"large"}


def test_what_is_on_its_way_counts_as_taken(root: Path) -> None:
    def fetch(path: Path) -> None:
        assert path.stat().st_size == 60
        with pytest.raises(OSError, match="SCRATCH_BYTES"), Source(60).held("b"):
            pass
        path.write_bytes(bytes(60))

    with scratch.held("a", lambda: 60, fetch):
        assert sum(path.stat().st_size for path in root.iterdir()) == 60
    use("b", 60)
    assert names(root) == {"b"}


def test_of_many_that_ask_at_once_one_fetches(root: Path) -> None:
    # Often, for a late one may find the file just after it looked for it in vain.
    files = [str(number) for number in range(200)]
    source, begun = Source(0), threading.Barrier(5)

    def ask() -> None:
        for name in files:
            begun.wait()
            with source.held(f"folder/{name}") as path:
                assert path.exists()

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert source.fetched == len(files)
    assert names(root) == set(files)


def test_what_broke_off_is_never_taken_for_whole_and_makes_room(root: Path) -> None:
    def half(path: Path) -> None:
        path.write_bytes(bytes(90))
        raise ConnectionError

    with pytest.raises(ConnectionError), scratch.held("a", lambda: 95, half):
        pass
    assert names(root) == {"a.part"}
    use("b", 50)
    assert names(root) == {"b"}
    with pytest.raises(ConnectionError), scratch.held("a", lambda: 40, half):
        pass
    use("a")
    assert (root / "a").stat().st_size == 40
