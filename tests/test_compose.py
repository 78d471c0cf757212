"""The compose file, read: no engine runs here, so its promises are checked one by one."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from leaderboard.demo.stage import site_commands

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return parsed


def test_every_service_is_there_with_a_health_check(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert set(services) == {"migrate", "web", "worker", "beat", "postgres", "redis"}
    assert [name for name, service in services.items() if "healthcheck" not in service] == ["migrate"]


def test_nothing_starts_before_the_migrations(compose: dict[str, Any]) -> None:
    for name in ("web", "worker", "beat"):
        wanted = compose["services"][name]["depends_on"]
        assert wanted["migrate"]["condition"] == "service_completed_successfully"


def test_the_site_s_processes_share_what_they_have_to(compose: dict[str, Any]) -> None:
    mounted = {str(volume).split(":")[1] for volume in compose["services"]["web"]["volumes"]}
    assert mounted == {"/data/ground-truth", "/data/uploads", "/data/media", "/data/imports"}
    assert compose["services"]["worker"]["volumes"] == compose["services"]["web"]["volumes"]


def test_the_worker_reads_the_queues_of_the_demo_s_worker(compose: dict[str, Any]) -> None:
    command = compose["services"]["worker"]["command"].split()
    demo = site_commands(8000)["worker"]
    assert command[command.index("-Q") + 1] == demo[demo.index("-Q") + 1]


def test_every_setting_it_gives_is_one_that_is_read(compose: dict[str, Any]) -> None:
    read = (ROOT / "leaderboard" / "settings.py").read_text()
    for name in compose["services"]["web"]["environment"]:
        assert re.search(rf'"{name}"', read), name
