"""Each unsafe setting of a production is named by a check, and no server starts with one."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site
from pytest_django import Settings

from leaderboard import checks
from leaderboard.checks import EXIT_UNSAFE, safe_to_deploy, storage_opens
from leaderboard.queries import health
from leaderboard.settings import BASE_DIR
from leaderboard.storage import backends
from tests.leaderboard.stack import Stack, free_port

KEY = "q7Rk2-vZ0xWc9LmT4bNj8YhPd3SgFa6UeQoViKtCyXwBzDuHnMrJlGsE"
SAFE: dict[str, Any] = {
    "DEBUG": False,
    "SECRET_KEY": KEY,
    "METRICS_TOKEN": "",
    "ALLOWED_HOSTS": ["lumir.example.org"],
    "SITE_URL": "https://lumir.example.org",
    "CSRF_TRUSTED_ORIGINS": ["https://lumir.example.org"],
    "SESSION_COOKIE_SECURE": True,
    "CSRF_COOKIE_SECURE": True,
    "SECURE_HSTS_SECONDS": 31_536_000,
    "SECURE_SSL_REDIRECT": True,
    "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https"),
    "ALLAUTH_TRUSTED_PROXY_COUNT": 1,
    "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
    "DEFAULT_FROM_EMAIL": "leaderboard@example.org",
    "REQUIRE_ORGANIZER_MFA": True,
    # The tests' own database is embedded, below the tests' DATA_DIR.
    "DATA_DIR": Path("/data"),
}
POLICY = site.CONTENT_SECURITY_POLICY["DIRECTIVES"]
UNSAFE: list[tuple[str, Any, str]] = [
    ("DEBUG", True, "E001"),
    ("SECRET_KEY", "short", "E002"),
    ("SECRET_KEY", "a" * 80, "E002"),
    ("SECRET_KEY", "django-insecure-" + KEY, "E002"),
    ("METRICS_TOKEN", "guess", "E003"),
    ("ALLOWED_HOSTS", [], "E004"),
    ("ALLOWED_HOSTS", ["lumir.example.org", "*"], "E004"),
    ("SITE_URL", "http://lumir.example.org", "E005"),
    ("SITE_URL", "https://elsewhere.example.org", "E006"),
    ("CSRF_TRUSTED_ORIGINS", ["http://lumir.example.org"], "E007"),
    ("CSRF_TRUSTED_ORIGINS", ["https://*.example.org"], "E007"),
    ("SESSION_COOKIE_SECURE", False, "E008"),
    ("CSRF_COOKIE_SECURE", False, "E008"),
    ("SESSION_COOKIE_HTTPONLY", False, "E009"),
    ("SECURE_HSTS_SECONDS", 0, "E010"),
    ("SECURE_SSL_REDIRECT", False, "E010"),
    ("ALLAUTH_TRUSTED_PROXY_COUNT", 0, "E011"),
    ("CONTENT_SECURITY_POLICY", None, "E012"),
    ("MIDDLEWARE", [name for name in site.MIDDLEWARE if "csp" not in name], "E012"),
    ("CONTENT_SECURITY_POLICY", {"DIRECTIVES": POLICY | {"script-src": ["'unsafe-inline'"]}}, "E013"),
    ("CONTENT_SECURITY_POLICY", {"DIRECTIVES": {"img-src": ["'self'"]}}, "E013"),
    ("CONTENT_SECURITY_POLICY", {"DIRECTIVES": POLICY | {"script-src-attr": ["'unsafe-inline'"]}}, "E013"),
    (
        "CONTENT_SECURITY_POLICY",
        {"DIRECTIVES": POLICY | {"style-src": ["'self'", "'unsafe-inline'"]}},
        "E013",
    ),
    ("CONTENT_SECURITY_POLICY", {"DIRECTIVES": POLICY | {"frame-ancestors": ["*"]}}, "E013"),
    ("CONTENT_SECURITY_POLICY", {"DIRECTIVES": POLICY | {"object-src": ["https:"]}}, "E013"),
    *(
        ("CONTENT_SECURITY_POLICY", {"DIRECTIVES": {k: v for k, v in POLICY.items() if k != name}}, "E013")
        for name in ("base-uri", "form-action", "frame-ancestors")
    ),
    ("DATA_DIR", site.DATA_DIR, "E014"),
    ("UPLOADS_ROOT", Path(site.STATIC_ROOT) / "uploads", "E015"),
    ("DATA_DIR", BASE_DIR / "static" / "data", "E015"),
    ("REDIS_URL", "redis://redis:6379/0", "E020"),
    ("CACHE_URL", "rediss://user@10.0.0.7:6379/0", "E020"),
    ("SCRATCH_ROOT", Path(site.STATIC_ROOT) / "scratch", "E015"),
    ("CAGE_SECONDS", 270, "E021"),
    ("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend", "E016"),
    ("EMAIL_BACKEND", "django.core.mail.backends.filebased.EmailBackend", "E016"),
    ("DEFAULT_FROM_EMAIL", "leaderboard@localhost", "W017"),
    ("REQUIRE_ORGANIZER_MFA", False, "W018"),
]


@pytest.fixture
def safe(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    # Tests with a browser need it; a check of Django's refuses it, and would hide what ours do not.
    monkeypatch.delenv("DJANGO_ALLOW_ASYNC_UNSAFE", raising=False)
    for name, value in SAFE.items():
        setattr(settings, name, value)
    return settings


def test_nothing_is_said_of_safe_settings(safe: Settings) -> None:
    assert safe_to_deploy(None) == []
    for address in ("redis://:secret@redis/0", "redis://[::1]:6379", "redis+socket:///run/valkey.sock"):
        safe.REDIS_URL = address
        assert safe_to_deploy(None) == []


@pytest.mark.parametrize(("name", "value", "code"), UNSAFE, ids=[f"{c}-{n}" for n, _, c in UNSAFE])
def test_each_unsafe_setting_is_named_and_refused(
    safe: Settings, capsys: pytest.CaptureFixture[str], name: str, value: Any, code: str
) -> None:
    setattr(safe, name, value)
    found = safe_to_deploy(None)
    assert [message.id for message in found] == [f"leaderboard.{code}"]
    assert all(message.hint for message in found)
    assert KEY not in str(found)
    # With it no server starts, but for a warning.
    safe.PRODUCTION = True
    if code.startswith("W"):
        checks.require_safe()
    else:
        with pytest.raises(SystemExit) as ended:
            checks.require_safe()
        assert ended.value.code == EXIT_UNSAFE
    assert f"leaderboard.{code}" in capsys.readouterr().err


def test_a_database_that_need_not_prove_who_it_is_is_told_of(
    safe: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = safe.DATABASES["default"]["OPTIONS"]
    monkeypatch.setitem(options, "sslmode", "verify-full")
    assert safe_to_deploy(None) == []
    monkeypatch.setitem(options, "sslmode", "require")
    assert [message.id for message in safe_to_deploy(None)] == ["leaderboard.W022"]


def test_an_embedded_broker_alone_is_refused(safe: Settings, tmp_path: Path) -> None:
    safe.DATA_DIR = tmp_path
    (tmp_path / "servers").mkdir()
    noted = tmp_path / "servers" / "servers.json"
    noted.write_text(json.dumps({"REDIS_URL": "redis://127.0.0.1:1/0"}))  # of an earlier start
    assert safe_to_deploy(None) == []
    noted.write_text(json.dumps({"REDIS_URL": safe.REDIS_URL}))
    (found,) = safe_to_deploy(None)
    assert (found.id, found.msg) == ("leaderboard.E014", "The embedded broker must not serve a production.")


def test_a_bucket_without_the_packages_for_it_is_told_before_the_first_upload(
    safe: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert storage_opens(None) == []
    monkeypatch.delitem(sys.modules, "leaderboard.bucket", raising=False)
    monkeypatch.setitem(sys.modules, "boto3.exceptions", None)
    safe.STORAGES = safe.STORAGES | backends("s3://lumir", "", "")
    (found,) = storage_opens(None)
    assert (found.id, found.hint) == ("leaderboard.E019", "Install the extra `s3` beside `site`.")
    with pytest.raises(health.Unwell, match="the bucket cannot be reached"):
        health._storage()


@pytest.mark.parametrize("server", ["web", "worker", "beat"])
def test_no_server_starts_in_an_unsafe_production(stack: Stack, server: str) -> None:
    stack.environment |= {"PRODUCTION": "true", "SECRET_KEY": "short", "LOG_FORMAT": "plain"}
    started = {
        "web": lambda: stack.web(free_port()),
        "worker": stack.worker,
        "beat": stack.beat,
    }[server]()
    assert started.wait(60) == EXIT_UNSAFE
    said = (stack.logs / f"0-{server}.log").read_text()
    assert "leaderboard.E002" in said
    assert "Not started" in said
    assert "Traceback" not in said


def printed(stack: Stack, code: str) -> subprocess.CompletedProcess[str]:
    code = f"import django; django.setup(); from django.conf import settings; {code}"
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=stack.environment, capture_output=True, text=True, check=False)


def test_secrets_are_read_from_files(stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    (tmp_path / "password").write_text("open sesame\n")
    del stack.environment["SECRET_KEY"]
    stack.environment |= {
        "REDIS_URL": "redis://redis:6379/0",
        "REDIS_PASSWORD_FILE": str(tmp_path / "password"),
        "SECRET_KEY_FILE": str(tmp_path / "key"),
        "DATABASE_PASSWORD_FILE": str(tmp_path / "password"),
    }
    told = printed(
        stack, "print(settings.SECRET_KEY, settings.DATABASES['default']['PASSWORD'], settings.CACHE_URL)"
    )
    assert told.stdout == f"{KEY} open sesame redis://:open%20sesame@redis:6379/0\n"

    stack.environment["SECRET_KEY"] = KEY
    twice = printed(stack, "print()")
    assert "Both SECRET_KEY and SECRET_KEY_FILE are set" in twice.stderr
    del stack.environment["SECRET_KEY"]
    (tmp_path / "key").unlink()
    missing = printed(stack, "print()")
    assert "SECRET_KEY_FILE cannot be read: No such file or directory." in missing.stderr
