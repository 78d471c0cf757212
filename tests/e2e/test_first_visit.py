"""A new user's whole way: account, mail, team, upload, board."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from leaderboard.domain.evaluation.ground_truth import import_dataset
from tests.e2e.conftest import PATIENCE, listen, mailed
from tests.leaderboard import make

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_from_sign_up_to_the_board(
    page: Page, site: str, mailbox: Path, phantom_folder: Path, tmp_path: Path
) -> None:
    complaints = listen(page)
    challenge = make.challenge(slug="lumir", terms="Be fair.")
    phase = make.phase(challenge=challenge, rules="lumir24")
    configs = [phantom_folder / name for name in ("segmentation.json", "landmark.json")]
    facts = {"name": "Phantom", "group": "in-domain"}
    phase.datasets.add(
        import_dataset(challenge, "phantom", configs, phantom_folder, phase.rules, **facts).dataset
    )

    page.goto(site)
    page.get_by_role("link", name="Enter the challenge").first.click()
    page.get_by_label("E-mail address").fill("ada@example.org")
    page.get_by_label("User name").fill("ada")
    page.get_by_label("Password", exact=True).fill("analytical-engine")
    page.get_by_label("The password again").fill("analytical-engine")
    page.get_by_role("button", name="Make the account").click()
    expect(page.locator("main")).to_contain_text("ada@example.org")

    page.goto(mailed(mailbox, r"http://\S+/confirm-email/[^\s\"]+"))
    page.get_by_role("button", name="Confirm").click()

    page.goto(f"{site}{phase.get_absolute_url()}submit/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("team")
    page.get_by_label("Team name").fill("Analytical Engines")
    page.get_by_label("We accept").check()
    page.get_by_role("button", name="Found").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Analytical Engines")

    page.goto(f"{site}{phase.get_absolute_url()}submit/")
    with page.expect_download() as download:
        page.get_by_role("link", name="Sample zip").click()
    sample = tmp_path / download.value.suggested_filename
    download.value.save_as(sample)
    page.get_by_label("Zip of displacement fields").set_input_files(sample)
    page.get_by_label("Name of the new method").fill("Difference Engine")
    page.get_by_role("button", name="Upload and score").click()

    page.wait_for_url(re.compile(r"/submissions/"))
    expect(page.get_by_role("status").first).to_have_text("Scored")
    expect(page.locator("main")).to_contain_text("8 of 8 cases scored")
    page.get_by_role("link", name="See the board").click()
    row = page.get_by_role("row").filter(has_text="Difference Engine")
    for _ in range(PATIENCE // 500):
        if row.count():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(row).to_contain_text("Analytical Engines")
    assert complaints == []
