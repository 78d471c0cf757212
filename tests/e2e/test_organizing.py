"""An organizer's whole way in a browser: ground truth, a phase, open, paused, frozen, published."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from leaderboard.models import Challenge, Phase
from tests.e2e.conftest import listen
from tests.leaderboard import make, payload
from tests.leaderboard.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PASSWORD = "rank-honestly"


@pytest.fixture
def challenge(transactional_db: None) -> Challenge:
    challenge, organizer = make.challenge(slug="lumir"), make.user(username="olga", password=PASSWORD)
    EmailAddress.objects.create(user=organizer, email=organizer.email, verified=True, primary=True)
    challenge.organizers.add(organizer)
    return challenge


def ground_truth(folder: Path, target: Path) -> Path:
    """The phantom's volumes in one folder, zipped."""
    for kind in ("imagesVal", "labelsVal", "landmarksVal", "masksVal"):
        shutil.copytree(folder / kind, target / "gt" / kind)
    return Path(shutil.make_archive(str(target / "gt"), "zip", target, "gt"))


def sure(page: Page, link: str, button: str, reason: str = "") -> None:
    """Follow a link that asks, and answer."""
    page.get_by_role("link", name=link, exact=True).click()
    if reason:
        page.get_by_label("Reason").fill(reason)
    page.get_by_role("button", name=button, exact=True).click()


# One row of the planted boards as page, CSV and JSON write its mean of DSC.
NUMBER = ("0.7400", ",0.74,", '"mean": 0.74')


@dataclass(frozen=True)
class Public:
    """A browser of nobody, and what it finds of a board on page, CSV and JSON alike."""

    page: Page
    board: str

    def texts(self) -> list[str]:
        self.page.goto(self.board)
        files = [self.page.request.get(f"{self.board}leaderboard.{ending}") for ending in ("csv", "json")]
        return [self.page.content(), *(file.text() if file.ok else "" for file in files)]

    def sees(self, *words: str | tuple[str, ...]) -> set[str | tuple[str, ...]]:
        """Those of the words that all three have; what one has, the others must have, too."""
        texts, found = self.texts(), set()
        for word in words:
            each = word if isinstance(word, tuple) else (word,) * len(texts)
            has = {one in text for one, text in zip(each, texts, strict=True)}
            assert len(has) == 1, word
            found |= {word} if has == {True} else set()
        return found


@pytest.fixture
def public(context: BrowserContext, site: str) -> Iterator[Public]:
    browser = context.browser
    assert browser is not None
    nobody = browser.new_context()
    yield Public(nobody.new_page(), f"{site}/challenges/lumir/phases/test-phase/")
    nobody.close()


def test_a_phase_from_the_official_configs_to_its_publication(
    page: Page,
    public: Public,
    site: str,
    stack: Stack,
    challenge: Challenge,
    phantom_folder: Path,
    tmp_path: Path,
) -> None:
    complaints = listen(page)
    page.goto(f"{site}/accounts/login/")
    page.get_by_label("E-mail address or user name").fill("olga")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_text("olga", exact=True).click()
    page.get_by_role("link", name="Organize LUMIR").click()
    expect(page.get_by_text("at work")).to_be_visible()

    page.get_by_role("link", name="Datasets", exact=True).click()
    page.get_by_role("link", name="Import a dataset").click()
    configs = [phantom_folder / name for name in ("segmentation.json", "landmark.json")]
    page.get_by_label("Official evaluation configs").set_input_files(configs)
    page.get_by_label("or a zip of the files").set_input_files(ground_truth(phantom_folder, tmp_path))
    page.get_by_label("Rules of scoring").select_option("lumir24")
    page.get_by_label("Name").fill("Phantom")
    page.get_by_label("Group").select_option("in-domain")
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("status").filter(has_text="Imported")).to_be_visible()
    expect(page.locator(".means")).to_contain_text("8")

    page.get_by_role("link", name="Phases", exact=True).click()
    page.get_by_role("link", name="Make a phase").click()
    page.get_by_label("Name", exact=True).fill("Test phase")
    page.get_by_label("Kind").select_option("test")
    page.get_by_label("Opens").fill("2040-01-01T12:00")
    page.get_by_label("Phantom").check()
    page.get_by_label("Per case: Public").uncheck()
    page.get_by_label("Names: Public").uncheck()
    page.get_by_role("button", name="Make the phase").click()
    expect(page.locator(".lede")).to_contain_text("opens soon")
    board = f"{site}/challenges/lumir/phases/test-phase/"
    assert Client().get("/challenges/lumir/phases/test-phase/pairs.csv").content.count(b"\n") == 9

    # The board that was asked for is computed first, with nobody on it.
    stack.wait(lambda: Phase.objects.filter(board_stale_since=None).exists())
    payload.snapshot(Phase.objects.get(), created_at=timezone.now())
    everything = ("Method 1", "Entry 2", NUMBER, "Method 9")
    assert public.sees(*everything) == {"Entry 2", NUMBER}
    public.page.goto(f"{site}/challenges/lumir/entries/_entry-2/?phase=test-phase")
    expect(public.page.get_by_role("heading", level=1)).to_have_text("Entry 2")
    expect(public.page.get_by_role("heading", name="On every dataset", exact=True)).to_be_visible()
    expect(public.page.get_by_text("worst first")).to_have_count(0)

    page.get_by_role("link", name="Change it").click()
    page.get_by_label("Opens").fill("2024-01-01T12:00")
    page.get_by_label("Publishes").fill("2041-01-01T00:00")
    page.get_by_label("Why you change it").fill("Everything is ready.")
    page.get_by_role("button", name="Save the changes").click()
    expect(page.locator(".lede")).to_contain_text("open")
    assert Phase.objects.get().opens_at.year == 2024
    assert public.sees(*everything) == set()
    expect(public.page.get_by_text("are published")).to_be_visible()

    sure(page, "Pause", "Pause", "A disk is full.")
    expect(page.locator(".lede")).to_contain_text("paused")
    sure(page, "Resume", "Resume")
    sure(page, "Freeze now", "Freeze now")
    expect(page.locator(".lede")).to_contain_text("frozen since")
    newer = payload.board()
    newer["entries"][1] |= {"method": "Method 9", "team": newer["entries"][1]["team"] | {"name": "Nine"}}
    payload.snapshot(Phase.objects.get(), payload=newer, content_hash="6b" * 32, created_at=timezone.now())
    assert public.sees(*everything) == {"Entry 2", NUMBER}
    expect(public.page.get_by_text("newer results are held back")).to_be_visible()

    page.get_by_role("link", name="the public", exact=True).click()
    expect(page.get_by_text("You look through others' eyes.")).to_be_visible()
    expect(page.get_by_role("link", name="Entry 2")).to_be_visible()
    page.get_by_role("link", name="Back to your own").click()
    expect(page.get_by_role("link", name="Method 9")).to_be_visible()
    page.goto(f"{site}/organize/lumir/phases/test-phase/")
    sure(page, "Publish now", "Publish now", "Agreed by all organizers.")
    expect(page.locator(".lede")).to_contain_text("published")
    assert Phase.objects.get().freeze_at is None
    assert public.sees(*everything) == {"Entry 2", NUMBER}
    page.get_by_role("link", name="Change it").click()
    page.get_by_label("Names: Public").check()
    page.get_by_role("button", name="Save the changes").click()
    expect(page.locator(".lede")).to_contain_text("published")
    assert public.sees(*everything) == {"Method 9", NUMBER}

    page.goto(f"{site}/challenges/lumir/changes/")
    for words in (
        "Everything is ready.",
        "A disk is full.",
        "Agreed by all organizers.",
        "Phase Test phase created",
    ):
        expect(page.get_by_text(words)).not_to_have_count(0)
    page.goto(board)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Test phase")
    assert complaints == []
