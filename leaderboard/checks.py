"""What keeps an unsafe production from starting: `manage.py check --deploy`, and each server as it starts.

A process calls itself production unless PRODUCTION=false says otherwise; `manage.py` says so where it
starts embedded servers.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import ERROR, CheckMessage, Error, Tags, Warning, register, run_checks  # noqa: A004
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import storages

from leaderboard.storage import KINDS

SHORTEST_SECRET = 50
SHORTEST_TOKEN = 16
UNSAFE_SOURCES = frozenset({"*", "http:", "https:", "data:", "'unsafe-inline'", "'unsafe-eval'"})
# Fetch directives with what each falls back to before default-src, and those that nothing stands in for.
FETCHED: Mapping[str, tuple[str, ...]] = {
    "script-src": (),
    "script-src-elem": ("script-src",),
    "script-src-attr": ("script-src",),
    "style-src": (),
    "object-src": (),
    "connect-src": (),
    "frame-src": ("child-src",),
    "worker-src": ("child-src", "script-src"),
}
LED = ("base-uri", "form-action", "frame-ancestors")
# Of libpq: TLS without knowing with whom.
UNCHECKED = frozenset({"allow", "prefer", "require", "verify-ca"})
NOT_MAIL = frozenset({"console", "dummy", "locmem", "filebased"})
EXIT_UNSAFE = 78
"""EX_CONFIG of sysexits.h."""


@register(Tags.security, deploy=True)
def safe_to_deploy(app_configs: Any, **_: Any) -> list[CheckMessage]:  # noqa: ARG001 the signature is Django's
    """Every reason why these settings must not face the world."""
    return [*_code(), *_hosts(), *_https(), *_content(), *_places(), *_limits(), *_people()]


@register(Tags.files)
def storage_opens(app_configs: Any, **_: Any) -> list[CheckMessage]:  # noqa: ARG001 as above
    """Whether this installation has the packages that STORAGE_URL needs."""
    hint = "Install the extra `s3` beside `site`."
    try:
        for name in KINDS:
            storages[name]
    except ImproperlyConfigured as error:
        return [Error(f"Files cannot be kept: {error}", hint=hint, id="leaderboard.E019")]
    return []


def require_safe() -> None:
    """End this process with words where production would be unsafe. Warnings are only told."""
    if not settings.PRODUCTION:
        return
    found = run_checks(include_deployment_checks=True)
    for message in found:
        sys.stderr.write(f"{message}\n")
    if any(message.level >= ERROR for message in found):
        sys.stderr.write(
            "Not started: these settings are unsafe in production. Mend them, or say PRODUCTION=false "
            "on a machine of your own.\n"
        )
        sys.exit(EXIT_UNSAFE)


def _code() -> Iterator[CheckMessage]:
    if settings.DEBUG:
        yield Error("DEBUG shows code and settings to everybody.", hint="Unset DEBUG.", id="leaderboard.E001")
    key = str(settings.SECRET_KEY)
    if len(key) < SHORTEST_SECRET or len(set(key)) < 10 or key.startswith("django-insecure"):
        hint = "Make one: python -c 'import secrets; print(secrets.token_urlsafe(64))'"
        yield Error("SECRET_KEY is short or easy to guess.", hint=hint, id="leaderboard.E002")
    token = settings.METRICS_TOKEN
    if token and len(token) < SHORTEST_TOKEN:
        hint = f"Take at least {SHORTEST_TOKEN} characters."
        yield Error("METRICS_TOKEN is short.", hint=hint, id="leaderboard.E003")


def _hosts() -> Iterator[CheckMessage]:
    hosts = settings.ALLOWED_HOSTS
    if not hosts or "*" in hosts:
        hint = "Name the site's hosts in ALLOWED_HOSTS."
        yield Error("Any host's name would be believed.", hint=hint, id="leaderboard.E004")
    site = urlsplit(settings.SITE_URL)
    if site.scheme != "https":
        hint = "SITE_URL=https://..."
        yield Error("Links in mails do not lead to https.", hint=hint, id="leaderboard.E005")
    elif hosts and not _is_among(site.hostname or "", hosts):
        hint = "Name its host in ALLOWED_HOSTS."
        yield Error("SITE_URL leads to a host that is not answered.", hint=hint, id="leaderboard.E006")
    for origin in settings.CSRF_TRUSTED_ORIGINS:
        if not origin.startswith("https://") or "*" in origin:
            hint = "Name each as https://host."
            message = f"CSRF_TRUSTED_ORIGINS trusts {origin}."
            yield Error(message, hint=hint, id="leaderboard.E007")


def _https() -> Iterator[CheckMessage]:
    hint = "Set HTTPS=true."
    if not (settings.SESSION_COOKIE_SECURE and settings.CSRF_COOKIE_SECURE):
        yield Error("Cookies would go over plain http.", hint=hint, id="leaderboard.E008")
    if not settings.SESSION_COOKIE_HTTPONLY:
        yield Error("Scripts could read the session's cookie.", hint=hint, id="leaderboard.E009")
    if not settings.SECURE_HSTS_SECONDS or not settings.SECURE_SSL_REDIRECT:
        yield Error("Browsers are not held to https.", hint=hint, id="leaderboard.E010")
    if settings.SECURE_PROXY_SSL_HEADER and not settings.ALLAUTH_TRUSTED_PROXY_COUNT:
        message = "X-Forwarded-Proto is believed though no proxy is trusted: anybody can send it."
        hint = "Set TRUSTED_PROXIES to the number of your own proxies before the site."
        yield Error(message, hint=hint, id="leaderboard.E011")


def _content() -> Iterator[CheckMessage]:
    policy = (getattr(settings, "CONTENT_SECURITY_POLICY", None) or {}).get("DIRECTIVES", {})
    if "csp.middleware.CSPMiddleware" not in settings.MIDDLEWARE or not policy:
        hint = "Keep CSPMiddleware and CONTENT_SECURITY_POLICY."
        yield Error("There is no content security policy.", hint=hint, id="leaderboard.E012")
        return
    if loose := [name for name in (*FETCHED, *LED) if UNSAFE_SOURCES.intersection(_sources(policy, name))]:
        message = f"The content security policy is open in {', '.join(loose)}."
        hint = "Let each be 'self' or 'none', and name base-uri, form-action and frame-ancestors too."
        yield Error(message, hint=hint, id="leaderboard.E013")


def _sources(policy: Mapping[str, Any], name: str) -> Iterable[str]:
    """What a directive allows: where it is not named, what the one it falls back to does, or everything."""
    names = (name, *FETCHED[name], "default-src") if name in FETCHED else (name,)
    return next((policy[each] for each in names if each in policy), ["*"])


def _places() -> Iterator[CheckMessage]:
    if embedded := list(_embedded(Path(settings.DATA_DIR) / "servers")):
        hint = "Name servers of your own in DATABASE_URL and REDIS_URL."
        message = f"The embedded {' and '.join(embedded)} must not serve a production."
        yield Error(message, hint=hint, id="leaderboard.E014")
    if any(map(_is_open, {settings.REDIS_URL, settings.CACHE_URL})):
        hint = "Give the server a password (requirepass) and set REDIS_PASSWORD."
        message = "Broker or cache are on a network without a password: who reaches them gives orders."
        yield Error(message, hint=hint, id="leaderboard.E020")
    if settings.DATABASES["default"].get("OPTIONS", {}).get("sslmode") in UNCHECKED:
        hint = "Set sslmode=verify-full in DATABASE_URL, and sslrootcert to the file of its CA."
        message = "The database's certificate is not checked: who stands in between reads everything."
        yield Warning(message, hint=hint, id="leaderboard.W022")
    served = [Path(settings.STATIC_ROOT), settings.BASE_DIR / "static", settings.NODE_MODULES]
    for name in (
        "DATA_DIR",
        "UPLOADS_ROOT",
        "GROUND_TRUTH_ROOT",
        "MEDIA_ROOT",
        "IMPORT_ROOT",
        "SCRATCH_ROOT",
    ):
        if _is_below(str(getattr(settings, name)), served):
            message = f"{name} lies where static files are served to everybody."
            yield Error(message, hint="Move it out of the static files.", id="leaderboard.E015")


def _embedded(folder: Path) -> Iterator[str]:
    """Which of the servers are those that `manage.py` starts below `folder`."""
    if _is_below(str(settings.DATABASES["default"].get("HOST", "")), [folder]):
        yield "database"
    with suppress(OSError, ValueError):
        if json.loads((folder / "servers.json").read_text()).get("REDIS_URL") == settings.REDIS_URL:
            yield "broker"


def _limits() -> Iterator[CheckMessage]:
    # A case whose cage dies is tried once more in a fresh one, within the same task.
    if settings.SCORING_SOFT_LIMIT.total_seconds() <= 2 * settings.CAGE_SECONDS:
        hint = "Set SCORING_SOFT_LIMIT_SECONDS above twice CAGE_SECONDS."
        message = "A case that hangs would end its worker, and not in its cage."
        yield Error(message, hint=hint, id="leaderboard.E021")


def _people() -> Iterator[CheckMessage]:
    if settings.EMAIL_BACKEND.split(".")[-2] in NOT_MAIL:
        hint = "Name a mail server: EMAIL_URL=smtp+tls://user:password@host:587"
        yield Error("Mails would not be sent to anybody.", hint=hint, id="leaderboard.E016")
    if settings.DEFAULT_FROM_EMAIL.endswith("@localhost"):
        hint = "Set DEFAULT_FROM_EMAIL."
        yield Warning("Mails come from localhost and will be refused.", hint=hint, id="leaderboard.W017")
    if not settings.REQUIRE_ORGANIZER_MFA:
        hint = "Set REQUIRE_ORGANIZER_MFA=true."
        message = "A stolen password of an organizer opens everything."
        yield Warning(message, hint=hint, id="leaderboard.W018")


def _is_open(address: str) -> bool:
    """Whether a server of the network is asked without a password."""
    parts = urlsplit(address)
    host = parts.hostname or "localhost"
    is_here = host == "localhost" or host.startswith("127.") or host == "::1"
    return not (parts.password or is_here or parts.scheme in {"unix", "redis+socket"})


def _is_among(host: str, allowed: Sequence[str]) -> bool:
    return any(host == name or (name.startswith(".") and f".{host}".endswith(name)) for name in allowed)


def _is_below(path: str, folders: Sequence[Path]) -> bool:
    return bool(path) and any(Path(path).resolve().is_relative_to(folder.resolve()) for folder in folders)
