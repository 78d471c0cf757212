"""Addresses of servers as the environment gives them; database, cache and broker are asked over real TLS."""

import os
from contextlib import closing
from pathlib import Path
from urllib.parse import quote, urlsplit

import kombu
import psycopg2
import pytest
import redis
from django.core.exceptions import ImproperlyConfigured
from django.db.backends.postgresql.base import DatabaseWrapper

from leaderboard import broker
from leaderboard.environment import env, with_checked_certificate
from tests.leaderboard import tls

ASKS_FOR_TLS = bytes.fromhex("0000000804d2162f")
"""PostgreSQL's SSLRequest: eight bytes, the code 80877103."""


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The servers' own, and one that they cannot prove to have."""
    folder = tmp_path_factory.mktemp("certificates")
    return tls.certified(folder, "ours"), tls.certified(folder, "another")


def test_the_database_is_asked_over_tls_and_only_if_it_is_the_one(certificates: tuple[Path, Path]) -> None:
    ours, another = certificates
    parts = urlsplit(os.environ["DATABASE_URL"])
    folder, _, name = parts.path.rpartition("/")

    def ask(host: str, ca: Path) -> bool:
        asked = f"sslmode=verify-full&sslrootcert={quote(str(ca))}"
        address = f"postgres://{parts.username}@{host}:{port}/{name}?{asked}"
        config = {"TIME_ZONE": None, **env.db_url_config(address)}
        params = DatabaseWrapper(config).get_connection_params()
        with closing(psycopg2.connect(**params)) as connection:
            return bool(connection.info.ssl_in_use)

    with tls.before(f"{folder}/.s.PGSQL.5432", ours, ASKS_FOR_TLS) as port:
        assert ask("127.0.0.1", ours)
        with pytest.raises(psycopg2.OperationalError, match="certificate verify failed"):
            ask("127.0.0.1", another)
        with pytest.raises(psycopg2.OperationalError, match="does not match host name"):
            ask("localhost", ours)


def test_cache_and_broker_are_asked_over_tls_and_only_if_they_are_the_ones(
    certificates: tuple[Path, Path],
) -> None:
    ours, another = certificates

    def of_cache(address: str) -> object:
        return broker.Cache(address, {})._cache.get_client().ping()

    def of_broker(address: str) -> object:
        with kombu.Connection(address, transport_options=broker.PATIENCE) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0)
            return connection.connected

    with tls.before(urlsplit(os.environ["REDIS_URL"]).netloc, ours) as port:
        for ask in (of_cache, of_broker):
            address = f"rediss://127.0.0.1:{port}/0"
            assert ask(with_checked_certificate("REDIS_URL", f"{address}?ssl_ca_certs={ours}"))
            refused = (
                address,  # nobody whom this system knows
                f"{address}?ssl_ca_certs={another}",
                f"rediss://localhost:{port}/0?ssl_ca_certs={ours}",
            )
            for wrong in refused:
                with pytest.raises((redis.ConnectionError, kombu.exceptions.OperationalError)):
                    ask(with_checked_certificate("REDIS_URL", wrong))


def test_tls_without_a_look_at_the_certificate_is_refused(tmp_path: Path) -> None:
    plain = "redis://:secret@redis:6379/0?ssl_cert_reqs=none"
    assert with_checked_certificate("REDIS_URL", plain) == plain
    for asked in ("ssl_cert_reqs=none", "ssl_check_hostname=false"):
        with pytest.raises(ImproperlyConfigured, match="CACHE_URL: the server's certificate is always"):
            with_checked_certificate("CACHE_URL", f"rediss://redis:6379/0?{asked}")
    with pytest.raises(ImproperlyConfigured, match=r"a CA in ssl_ca_certs that is not there: .*/ca\.pem"):
        with_checked_certificate("REDIS_URL", f"rediss://redis/0?ssl_ca_certs={tmp_path}/ca.pem")
