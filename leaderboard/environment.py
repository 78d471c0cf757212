"""What the environment says, read strictly: what is missing or makes no sense stops the start, with words."""

import os
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()


def secret(name: str) -> str:
    """The value of NAME, or what stands in the file that NAME_FILE names; empty where neither is set."""
    value, path = os.environ.get(name, ""), os.environ.get(f"{name}_FILE", "")
    if value and path:
        raise ImproperlyConfigured(f"Both {name} and {name}_FILE are set; name one of them.")
    if not path:
        return value
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error.strerror}.") from error


def required(name: str, hint: str) -> str:
    value = secret(name)
    if not value:
        raise ImproperlyConfigured(f"{name} is not set, nor {name}_FILE: {hint}")
    return value


def with_password(address: str, password: str) -> str:
    """An address with a password in it, where it has none of its own."""
    parts = urlsplit(address)
    if not parts.netloc or parts.password or not password:
        return address
    user, _, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user}:{quote(password, safe='')}@{host}").geturl()


def with_checked_certificate(name: str, address: str) -> str:
    """The address of a Redis-protocol server; over TLS (`rediss://`) only one that proves who it is.

    Of an address that says nothing of it the broker's library believes whoever answers, the cache's does not.
    """
    parts = urlsplit(address)
    if parts.scheme != "rediss":
        return address
    asked = parse_qs(parts.query)
    if {"ssl_cert_reqs", "ssl_check_hostname"} & set(asked):
        raise ImproperlyConfigured(f"{name}: the server's certificate is always checked; name its CA only.")
    for path in asked.get("ssl_ca_certs", []):
        if not Path(path).is_file():
            raise ImproperlyConfigured(f"{name} names a CA in ssl_ca_certs that is not there: {path}.")
    query = "&".join(filter(None, (parts.query, "ssl_cert_reqs=required")))
    return parts._replace(query=query).geturl()


def redis_server(name: str) -> str:
    """The address NAME of a Redis-protocol server, with REDIS_PASSWORD in it; empty where none is named."""
    return with_checked_certificate(name, with_password(secret(name), secret("REDIS_PASSWORD")))


def one_of(name: str, *known: str) -> str:
    """A word of a few; by default the first."""
    value: str = env.str(name, default=known[0])
    if value not in known:
        raise ImproperlyConfigured(f"{name} is {value}; it is {' or '.join(known)}.")
    return value


def positive(name: str, default: int) -> int:
    value: int = env.int(name, default=default)
    if value <= 0:
        raise ImproperlyConfigured(f"{name} is {value}; it must be greater than 0.")
    return value
