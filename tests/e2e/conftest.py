"""A browser against the site as its users have it: gunicorn, worker, beat, PostgreSQL and broker."""

import os
import re
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, expect
from pytest_django import Settings

from tests.leaderboard.conftest import phantom_folder, s3_server, stack, storage  # noqa: F401 fixtures
from tests.leaderboard.stack import Stack, free_port, listens

# Playwright's event loop runs in the tests' thread; Django would take that for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

# A busy machine is slow, not wrong: a passing test waits no longer by it.
PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str:
    """Where the system's browser is."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(path for name in names if (path := shutil.which(name)))


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return {"executable_path": chromium(), "args": FLAGS, "headless": True}


@pytest.fixture(autouse=True)
def _patience(context: BrowserContext) -> None:
    context.set_default_timeout(PATIENCE)


@pytest.fixture(autouse=True)
def _plain_static_names(settings: Settings) -> None:
    # The live server finds static files by their names in the sources, not by the manifest's.
    backend = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": backend}}


@pytest.fixture
def site(stack: Stack) -> str:  # noqa: F811 the fixture of that name
    """The address of a running site with one worker and beat."""
    port = free_port()
    address = f"http://localhost:{port}"
    stack.environment["SITE_URL"] = address
    stack.web(port)
    stack.worker()
    stack.beat()
    stack.wait(lambda: listens(port))
    return address


@pytest.fixture
def mailbox() -> Path:
    """Where the site's mails land as files."""
    folder = Path(os.environ["DATA_DIR"]) / "mail"
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def mailed(mailbox: Path, pattern: str, seconds: float = 90) -> str:
    """The first text of a mail that matches; waited for, since the worker sends it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        texts = [path.read_text() for path in mailbox.glob("*")]
        # Quoted-printable breaks long lines with an equals sign.
        found = re.search(pattern, "".join(texts).replace("=\n", ""))
        if found is not None:
            return found[0]
        time.sleep(0.2)
    raise AssertionError(f"no mail has {pattern}")


def listen(page: Page) -> list[str]:
    """Everything the browser complains of, violations of the content security policy among it."""
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(message.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return complaints


# Dots, lines, boxes, bars and sectors are paths; a matrix is an image; what a drawing waits in is a space.
MARKS = ".main-svg .trace path, .main-svg .points path, .main-svg .hm image, .main-svg .slice path"


def drawn(page: Page) -> int:
    """Wait until every figure of a page is drawn; how many there are."""
    plots = page.locator("[data-plot]").all()
    for plot in plots:
        expect(plot.locator(MARKS).first).to_be_attached()
        expect(plot.locator(".space")).to_have_count(0)
    return len(plots)
