"""The caged process: what it has, what it is bound by, and how its ends are told."""

import json
import os
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytest_django import Settings

from leaderboard.domain.evaluation import cage
from scoring.archive import open_fields
from scoring.errors import InvalidGroundTruth
from scoring.evaluate import score_case
from scoring.spec import RULES, read_config
from tests.leaderboard.stack import wait
from tests.scoring.files import gz, nifti
from tests.scoring.phantom import SHAPE

IMAGE = "imagesVal/PHANTOM_3455_0000.nii.gz"


@pytest.fixture(autouse=True)
def _fresh_cage() -> Iterator[None]:
    """Settings of one test must not bind the cage of the next."""
    cage.close()
    yield
    cage.close()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What is asked for a check that takes a good part of a second, and some 200 MiB."""
    path, side = tmp_path_factory.mktemp("large") / "large.zip", 160
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("disp_0001_0002.nii.gz", gz(nifti(np.zeros((side, side, side, 3), np.float32))))
    config = {
        "name": "T",
        "expected_shape": [side, side, side, 3],
        "eval_pairs": [{"fixed": "imagesTs/T_0001_0000.nii.gz", "moving": "imagesTs/T_0002_0000.nii.gz"}],
        "evaluation_methods": [{"name": "NDV", "metric": "ndv"}],
    }
    return {"fields": str(path), "name": "large.zip", "configs": [config]}


def look(folder: Path) -> list[int]:
    """A small job."""
    shape: list[int] = cage.run("check_volume", folder=str(folder), path=IMAGE)
    return shape


def pid() -> int:
    return cage._kept[0].process.pid


def of_process(what: str) -> str:
    return Path(f"/proc/{pid()}/{what}").read_text()


@contextmanager
def always(signal_number: int) -> Iterator[None]:
    """Send a signal to every cage as soon as it is at work."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.001):
            for kept in list(cage._kept):
                if kept.jobs:
                    with suppress(ProcessLookupError):
                        os.kill(kept.process.pid, signal_number)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def gone(process: int) -> bool:
    """Whether a process is no more, or only waits to be asked how it ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_a_case_has_the_same_numbers_inside_to_the_last_bit(phantom_folder: Path) -> None:
    content = json.loads((phantom_folder / "segmentation.json").read_text())
    config = read_config(content)
    with open_fields(phantom_folder / "submission.zip") as fields:
        direct = score_case(fields, config.pairs[0], config, phantom_folder, RULES["lumir25"])
    caged = cage.run(
        "score_pair",
        fields=str(phantom_folder / "submission.zip"),
        config=content,
        key=config.pairs[0].key,
        ground_truth=str(phantom_folder),
        rules="lumir25",
    )
    assert caged["values"] == dict(direct.values)
    assert {name: items.tobytes() for name, items in caged["items"].items()} == {
        name: items.tobytes() for name, items in direct.items.items()
    }
    assert caged["seconds"] > 0


def test_it_has_no_secret_no_connection_and_no_network(phantom_folder: Path) -> None:
    look(phantom_folder)
    names = {pair.partition("=")[0] for pair in of_process("environ").split("\0") if pair}
    assert names <= {*cage.PASSED_ON, "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"}
    assert os.environ["SECRET_KEY"] not in of_process("environ") + of_process("cmdline")
    files = [str(file.readlink()) for file in Path(f"/proc/{pid()}/fd").iterdir()]
    assert sorted(file.partition(":")[0] for file in files if not file.startswith("/")) == ["socket"]
    interfaces = {line.partition(":")[0].strip() for line in of_process("net/dev").splitlines()[2:]}
    ready = cage._kept[0].ready
    assert ready is not None
    assert (interfaces == {"lo"}) == (ready["network"] == "none") == cage.try_out()


def test_it_is_bound_in_memory_time_files_and_their_size(phantom_folder: Path, settings: Settings) -> None:
    settings.CAGE_MEMORY_MIB, settings.CAGE_SECONDS = 777, 123
    look(phantom_folder)
    limits = {line[:25].strip(): line[25:].split()[:2] for line in of_process("limits").splitlines()[1:]}
    assert limits["Max data size"] == [str(777 * 2**20)] * 2
    assert limits["Max file size"] == [str(cage.FILE_BYTES)] * 2
    assert limits["Max open files"] == [str(cage.OPEN_FILES)] * 2
    assert limits["Max core file size"] == ["0", "0"]
    assert 123 < int(limits["Max cpu time"][0]) < 123 + 60


def test_too_much_memory_is_told_after_a_second_try(large: dict[str, Any], settings: Settings) -> None:
    cage.try_out()  # what is compiled in this very process takes more room
    settings.CAGE_MEMORY_MIB = 180
    with pytest.raises(cage.Broken, match="more than the 180 MiB") as caught:
        cage.run("check_fields", **large)
    assert (caught.value.code, caught.value.final) == ("cage_memory", True)
    settings.CAGE_MEMORY_MIB = 500
    assert cage.run("check_fields", **large) == []


def test_silence_ends_the_process_and_is_told_after_a_second_try(
    large: dict[str, Any], phantom_folder: Path, settings: Settings
) -> None:
    look(phantom_folder)
    stopped = pid()
    settings.CAGE_SECONDS = 1
    with always(signal.SIGSTOP), pytest.raises(cage.Broken, match="longer than the 1 seconds") as caught:
        cage.run("check_fields", **large)
    assert (caught.value.code, caught.value.final) == ("cage_time", True)
    assert gone(stopped)
    assert cage._kept == []


def test_a_process_that_hangs_once_is_replaced_and_the_job_done(
    phantom_folder: Path, settings: Settings
) -> None:
    look(phantom_folder)
    stopped = pid()
    settings.CAGE_SECONDS = 1
    os.kill(stopped, signal.SIGSTOP)

    def give_time() -> None:
        wait(lambda: gone(stopped))
        settings.CAGE_SECONDS = 60

    helper = threading.Thread(target=give_time)
    helper.start()
    assert look(phantom_folder) == list(SHAPE)
    helper.join()


def test_too_much_computing_is_told_as_time(large: dict[str, Any]) -> None:
    with always(signal.SIGXCPU), pytest.raises(cage.Broken) as caught:
        cage.run("check_fields", **large)
    assert (caught.value.code, caught.value.final) == ("cage_time", True)


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL])
def test_a_crash_is_told_and_costs_one_try(
    large: dict[str, Any], phantom_folder: Path, number: signal.Signals
) -> None:
    with always(number), pytest.raises(cage.Broken, match=number.name) as caught:
        cage.run("check_fields", **large)
    assert (caught.value.code, caught.value.final) == ("cage_died", False)
    if number == signal.SIGSEGV:
        assert "Fatal Python error" in cage.detail_of(caught.value)
    assert look(phantom_folder) == list(SHAPE)


def test_a_process_that_died_between_two_jobs_is_replaced(phantom_folder: Path) -> None:
    look(phantom_folder)
    os.kill(pid(), signal.SIGKILL)
    wait(lambda: gone(pid()))
    assert look(phantom_folder) == list(SHAPE)


def test_it_is_renewed_after_so_many_jobs(phantom_folder: Path, settings: Settings) -> None:
    settings.CAGE_JOBS = 2
    seen = []
    for _ in range(4):
        look(phantom_folder)
        seen.append(pid())
    assert seen[0] == seen[1] != seen[2] == seen[3]


def test_faults_come_out_as_they_were_raised_and_cost_no_process(phantom_folder: Path) -> None:
    look(phantom_folder)
    before = pid()
    with pytest.raises(InvalidGroundTruth) as caught:
        cage.run("check_volume", folder=str(phantom_folder), path="imagesVal/none.nii.gz")
    assert (caught.value.code, caught.value.file) == ("gt_missing", "imagesVal/none.nii.gz")
    assert pid() == before


def test_only_what_is_on_the_list_is_done(phantom_folder: Path) -> None:
    with pytest.raises(cage.Broken) as caught:
        cage.run("os.system", command="true")
    assert caught.value.code == "cage_error"
    assert "KeyError: 'os.system'" in cage.detail_of(caught.value)


def test_it_dies_with_the_process_that_keeps_it(phantom_folder: Path) -> None:
    code = (
        "import django; django.setup()\n"
        "from leaderboard.domain.evaluation import cage\n"
        f"cage.run('check_volume', folder={str(phantom_folder)!r}, path={IMAGE!r})\n"
        "print(cage._kept[0].process.pid, flush=True)\n"
        "import time; time.sleep(60)\n"
    )
    keeper = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert keeper.stdout is not None
    kept = int(keeper.stdout.readline())
    assert not gone(kept)
    keeper.kill()
    keeper.wait()
    keeper.stdout.close()
    wait(lambda: gone(kept))
