"""Two people found a team: one invites by mail, the other signs up through the mailed link and is in."""

from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from playwright.sync_api import Browser, Page, expect

from leaderboard.models import Team, TermsAcceptance
from tests.e2e.conftest import mailed
from tests.leaderboard import make

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_two_people_found_a_team_by_invitation(
    page: Page, browser: Browser, site: str, mailbox: Path
) -> None:
    challenge = make.challenge(slug="lumir", terms="Be *fair*.")
    make.phase(challenge=challenge)
    ada = make.user(username="ada", password="analytical-engine")
    EmailAddress.objects.create(user=ada, email=ada.email, verified=True, primary=True)

    page.goto(f"{site}/challenges/lumir/teams/new/")
    page.get_by_label("E-mail address or user name").fill("ada")
    page.get_by_label("Password").fill("analytical-engine")
    page.get_by_role("button", name="Log in").click()
    page.get_by_label("Team name").fill("Analytical Engines")
    page.get_by_label("We accept").check()
    page.get_by_role("button", name="Found the team").click()
    page.get_by_label("E-mail address").fill("grace@example.org")
    page.get_by_role("button", name="Send the invitation").click()
    expect(page.get_by_role("status")).to_contain_text("on its way to grace@example.org")

    second = browser.new_context(timezone_id="Asia/Tokyo")
    guest = second.new_page()
    guest.goto(mailed(mailbox, r"http://\S+/invitations/[^\s\"]+"))
    expect(guest.get_by_role("heading", level=1)).to_have_text("Join Analytical Engines")
    guest.get_by_role("link", name="Make an account").click()
    expect(guest.get_by_label("E-mail address")).to_have_value("grace@example.org")
    guest.get_by_label("User name").fill("grace")
    guest.get_by_label("Password", exact=True).fill("compile-the-compiler")
    guest.get_by_label("The password again").fill("compile-the-compiler")
    guest.get_by_role("button", name="Make the account").click()

    # The link had come to the very address: no second mail has to be opened.
    expect(guest.get_by_role("heading", level=1)).to_have_text("Join Analytical Engines")
    expect(guest.get_by_role("region", name="Terms")).to_contain_text("Be fair.")
    guest.get_by_label("I accept").check()
    guest.get_by_role("button", name="Join the team").click()
    expect(guest.get_by_role("heading", level=1)).to_have_text("Analytical Engines")
    members = guest.get_by_role("table").first
    expect(members).to_contain_text("ada")
    expect(members).to_contain_text("grace")
    expect(members).to_contain_text("JST")
    second.close()

    page.goto(f"{site}/notifications/")
    expect(page.get_by_role("main")).to_contain_text("grace has joined Analytical Engines")
    mailed(mailbox, "Subject: grace has joined Analytical Engines")
    team = Team.objects.get(slug="analytical-engines")
    assert set(team.members.values_list("username", flat=True)) == {"ada", "grace"}
    assert set(TermsAcceptance.objects.values_list("user__username", "version")) == {("ada", 1), ("grace", 1)}
