"""Rendered parts of pages, kept: a snapshot never changes, so neither does its HTML."""

import hashlib
from collections.abc import Callable
from functools import cache as once
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.template.loader import get_template

KEPT_SECONDS = 86_400
RESULTS = ("boards", "cases", "challenges", "figures")
SOURCES = ("templates/**/*.html", "leaderboard/**/*.py")


def kept(make: Callable[[], dict[str, Any]], *key: object) -> dict[str, Any]:
    """What `make` returns, made at most once a day for a key; plain data only, no rows of the database."""
    name = name_of(*key)
    found: dict[str, Any] | None = cache.get(name)
    if found is None:
        found = make()
        cache.set(name, found, KEPT_SECONDS)
    return found


def name_of(*key: object) -> str:
    """The name by which something of this release is kept."""
    return hashlib.sha256(repr((_code(), *key)).encode()).hexdigest()


def prepare() -> None:
    """Read what the first pages of a process need, for all processes that are forked of this one."""
    _code()
    templates = settings.BASE_DIR / "templates"
    for area in RESULTS:
        for path in sorted((templates / area).glob("*.html")):
            get_template(f"{area}/{path.name}")


@once
def _code() -> str:
    """A hash of what makes the pages: another release must not show the HTML of the one before."""
    whole = hashlib.sha256()
    for pattern in SOURCES:
        for path in sorted(settings.BASE_DIR.glob(pattern)):
            whole.update(path.read_bytes())
    return whole.hexdigest()
