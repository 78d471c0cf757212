"""The compose file, read, for no engine runs here: its promises one by one."""

import re
import shlex
from typing import Any
from urllib.parse import urlsplit

from django.core.management import get_commands

from leaderboard.demo.stage import QUEUES, site_commands
from tests.benchmarks import planning
from tests.deploy.shipped import ONCE, ROOT, SITE, beside

# Where settings are read from the environment.
READ = ("settings.py", "serving.py", "environment.py")


def test_every_service_is_there_with_a_health_check(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert set(services) == SITE | {"proxy", "postgres", "redis", "cache"}
    assert {name for name, service in services.items() if "healthcheck" not in service} == ONCE


def test_nothing_starts_before_the_migrations(compose: dict[str, Any]) -> None:
    for name in SITE - ONCE:
        wanted = compose["services"][name]["depends_on"]
        assert wanted["migrate"]["condition"] == "service_completed_successfully"


def test_no_service_has_rights_or_room_without_end(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert service["read_only"] is True, name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}, name
    for name in SITE:
        service = compose["services"][name]
        assert (service["user"], service["cap_drop"]) == ("1000:1000", ["ALL"])
    assert "USER leaderboard" in (ROOT / "Dockerfile").read_text()


def test_only_the_proxy_is_reached_from_outside(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    assert compose["networks"]["inside"] == {"internal": True}
    assert {name for name, service in services.items() if service["networks"] == ["inside"]} == {
        "postgres",
        "redis",
        "cache",
        # They open people's files.
        "worker",
        "pictures",
    }


def test_secrets_stand_in_files(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for name, value in service.get("environment", {}).items():
            is_secret = re.search("SECRET|PASSWORD|TOKEN|EMAIL_URL", name)
            assert not is_secret or str(value).startswith("/run/secrets/"), name
        for name in service.get("secrets", []):
            assert compose["secrets"][name]["file"].startswith("./secrets/")
    for ignored in (".gitignore", ".dockerignore"):
        assert "secrets" in (ROOT / ignored).read_text()


def test_the_site_s_processes_share_what_they_have_to(compose: dict[str, Any]) -> None:
    mounted = {str(volume).split(":")[1] for volume in compose["services"]["web"]["volumes"]}
    folders = {f"/data/{name}" for name in ("ground-truth", "uploads", "media", "imports")}
    assert mounted == folders | {"/app/numba-cache"}
    for name in SITE - {"tools"}:
        assert compose["services"][name]["volumes"] == compose["services"]["web"]["volumes"]
    tools = compose["services"]["tools"]["volumes"]
    assert tools == [*compose["services"]["web"]["volumes"], "./backups:/backups"]


def written() -> list[list[str]]:
    """The words of each line of docker compose that the docs have to be copied."""
    blocks = re.findall(r"```\n(.*?)```", (ROOT / "docs" / "operations.md").read_text(), re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    found = [line.partition("docker compose ")[2] for line in lines if "docker compose " in line]
    return [shlex.split(line, comments=True) for line in found]


def test_what_the_docs_have_run_finds_its_service_command_and_folders(
    compose: dict[str, Any],
) -> None:
    checked = set()
    for words in written():
        verb = next((word for word in words if word in {"run", "exec"}), None)
        if verb is None:
            continue
        rest = words[words.index(verb) + 1 :]
        service = next(word for word in rest if word in compose["services"])
        mounts = [str(one) for one in compose["services"][service].get("volumes", [])]
        mounts += [rest[number + 1] for number, word in enumerate(rest) if word == "-v"]
        told = rest[rest.index(service) + 1 :]
        if "manage.py" in told:
            command = told[told.index("manage.py") + 1]
            assert command in get_commands(), words
            checked.add(command)
        for path in (word for word in told if word.startswith("/")):
            (mount,) = [one.split(":") for one in mounts if path.startswith(one.split(":")[1])]
            # What is mounted read-only is read from.
            assert mount[2:] in ([], ["ro"]), words
            assert mount[2:] == [] or mount[1] == "/from", words
    assert checked >= {"backup", "restore", "import_dataset", "doctor", "check", "createsuperuser", "janitor"}


def test_the_workers_together_read_the_queues_of_the_demo_s_worker(compose: dict[str, Any]) -> None:
    commands = [compose["services"][name]["command"].split() for name in ("worker", "pictures", "mailer")]
    read = [command[command.index("-Q") + 1].split(",") for command in commands]
    assert read[1:] == [["pictures"], ["mailing"]]
    assert sorted(queue for queues in read for queue in queues) == sorted(QUEUES.split(","))
    assert commands[1][0] == "nice"


def test_the_image_has_every_extra_that_a_setting_needs() -> None:
    installed = re.search(r"--editable \.\[([\w,]+)\]", (ROOT / "Dockerfile").read_text())
    assert installed is not None
    lines = (ROOT / "README.md").read_text().splitlines()
    needed = {
        extra for line in lines if line.startswith("| `") for extra in re.findall(r"extra `(\w+)`", line)
    }
    assert needed == {"s3", "sentry"}
    assert set(installed[1].split(",")) == needed | {"site"}


def test_workers_elsewhere_reach_what_the_site_s_machine_shares(compose: dict[str, Any]) -> None:
    shared, workers = beside("shared.yml")["services"], beside("elsewhere.yml")["services"]
    published = {name: service["ports"][0].rsplit("}:", 1)[1] for name, service in shared.items()}
    assert published == {"postgres": "5432:5432", "redis": "6379:6379", "cache": "6380:6379"}
    assert all("${PRIVATE_ADDRESS" in service["ports"][0] for service in shared.values())
    given = workers["worker"]["environment"]
    asked = {name: urlsplit(re.sub(r"\$\{.*?\}", "site", url)).port for name, url in given.items()}
    assert asked == {"DATABASE_URL": 5432, "REDIS_URL": 6379, "CACHE_URL": 6380}
    assert set(workers) == {"worker", "pictures"}
    words = workers["worker"]["command"].split()
    assert "storing" not in words[words.index("-Q") + 1]


def test_the_database_has_connections_for_all(compose: dict[str, Any]) -> None:
    assert planning.web_threads(compose) == 2 * 20 + 2 * 40
    workers = planning.connections_of_workers((8, 1, 1))
    elsewhere, others = 100, 10
    allowed = planning.connections_allowed(compose)
    assert planning.web_threads(compose) + workers + elsewhere + others < allowed


def test_transfers_is_web_with_more_threads(compose: dict[str, Any]) -> None:
    web, transfers = compose["services"]["web"], compose["services"]["transfers"]
    assert transfers == web | {"environment": web["environment"] | {"WEB_THREADS": "40"}}


def test_prometheus_asks_every_service_that_counts_requests(compose: dict[str, Any]) -> None:
    (job,) = beside("prometheus.yml")["scrape_configs"]
    (group,) = job["static_configs"]
    probed = {name for name, one in compose["services"].items() if "healthz" in str(one.get("healthcheck"))}
    assert {target.removesuffix(":8000") for target in group["targets"]} == probed - {"proxy"}
    assert job["authorization"]["credentials_file"] == "/run/secrets/metrics_token"
    server = beside("metrics.yml")["services"]["prometheus"]
    assert "metrics_token" in server["secrets"]
    assert (server["networks"][0], server["ports"]) == ("inside", ["127.0.0.1:9090:9090"])


def test_web_starts_as_in_the_demo(compose: dict[str, Any]) -> None:
    started = re.search(r"CMD \[(.*)\]", (ROOT / "Dockerfile").read_text())
    assert started is not None
    words = [word.strip(' "') for word in started[1].split(",")]
    assert words[1:6] == site_commands(8000)["web"][1:6]


def test_every_setting_it_gives_is_one_that_is_read(compose: dict[str, Any]) -> None:
    read = "".join((ROOT / "leaderboard" / name).read_text() for name in READ)
    for given in (compose, *map(beside, ("bucket.yml", "sentry.yml", "tls.yml"))):
        for name in given["services"]["transfers"]["environment"]:
            assert re.search(rf'"{name.removesuffix("_FILE")}"', read), name


def test_errors_are_reported_from_where_there_is_a_way_out(compose: dict[str, Any]) -> None:
    given = beside("sentry.yml")
    outside = {name for name in SITE if "outside" in compose["services"][name]["networks"]}
    assert set(given["services"]) == outside - ONCE
    assert all(set(service["secrets"]) == set(given["secrets"]) for service in given["services"].values())


def test_over_tls_every_process_has_the_ca_and_reaches_the_servers(compose: dict[str, Any]) -> None:
    given = beside("tls.yml")
    assert set(given["services"]) == SITE
    for name, service in given["services"].items():
        assert set(service["environment"]) == {"DATABASE_URL", "REDIS_URL", "CACHE_URL"}
        assert service["secrets"] == ["ca"]
        assert "outside" in service.get("networks", compose["services"][name]["networks"])
    docs = (ROOT / "docs" / "operations.md").read_text()
    # The secret is a file below /run/secrets, by its name.
    assert set(re.findall(r"(?:sslrootcert|ssl_ca_certs)=([\w/]+)", docs)) == {"/run/secrets/ca"}


def test_the_proxy_finds_private_files_where_the_site_keeps_them(compose: dict[str, Any]) -> None:
    written = (ROOT / "deploy" / "nginx.conf").read_text()
    (setting,) = {compose["services"][name]["environment"]["ACCEL_REDIRECT"] for name in SITE}
    (block,) = re.findall(rf"location {setting} {{(.*?)}}", written, re.DOTALL)
    lines = [line.strip() for line in block.strip().splitlines()]
    assert lines[0] == "internal;"
    # The site's MEDIA_ROOT, and the same files at the same place in the proxy, to read.
    assert lines[1] == "alias /data/media/;"
    assert "media:/data/media" in compose["services"]["web"]["volumes"]
    assert "media:/data/media:ro" in compose["services"]["proxy"]["volumes"]
    assert "DATA_DIR=/data " in (ROOT / "Dockerfile").read_text()
    assert not {"MEDIA_ROOT", "DATA_DIR"} & set(compose["services"]["web"]["environment"])
