"""Every page of the site, looked at by a machine: accessible, fitting a phone, without a complaint.

The pages are those that the table of roles (`tests.leaderboard.who`) lets somebody read; a new page is
looked at as soon as it has its row there.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site_settings
from playwright.sync_api import Browser, BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from tests.e2e.conftest import drawn, listen
from tests.leaderboard.test_who_may import ADDRESSES, Site, site  # noqa: F401 fixture
from tests.leaderboard.who import ROLES, row_of

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

AXE = Path(site_settings.BASE_DIR) / "node_modules/axe-core/axe.min.js"
READERS = ("public", "member", "organizer")
SERIOUS = """async only => {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"];
  const runOnly = only ? {type: "rule", values: [only]} : {type: "tag", values: tags};
  const found = await axe.run({runOnly, resultTypes: ["violations"]});
  return found.violations.filter(one => ["serious", "critical"].includes(one.impact))
    .map(one => `${one.id}: ${one.nodes.slice(0, 3).map(node => node.html.slice(0, 160)).join(" | ")}`);
}"""
# What holds a table, a figure or code wider or higher than itself, but cannot be brought into focus.
OUT_OF_REACH = """() => [...document.querySelectorAll("main :not(nav)")].filter(one => {
  const {overflowX, overflowY} = getComputedStyle(one);
  const wide = /auto|scroll/.test(overflowX) && one.scrollWidth > one.clientWidth + 1;
  const high = /auto|scroll/.test(overflowY) && one.scrollHeight > one.clientHeight + 1;
  return (wide || high) && one.tabIndex < 0 && one.checkVisibility();
}).map(one => one.outerHTML.slice(0, 120))"""


def pages(site: Site, role: str) -> Iterator[str]:  # noqa: F811 the fixture's value
    """One address of each page that a role reads and no earlier one does."""
    at = READERS.index(role)
    for name, pattern, converters in ADDRESSES:
        if name.startswith("admin:"):
            continue
        answers = [row_of(name).get[ROLES.index(reader)] for reader in READERS]
        if answers[at] not in ("200", "own") or "200" in answers[:at]:
            continue
        address = site.addresses(name, pattern, converters)[0]
        with closing(site.clients[role].get(address)) as answer:
            # A part of a page, for htmx, begins elsewhere.
            is_page = answer.status_code == 200 and answer.getvalue().lstrip()[:9].lower() == b"<!doctype"
        if is_page:
            yield address


def reading(browser: Browser, site: Site, role: str, address: str) -> BrowserContext:  # noqa: F811
    """A browser that is logged in as the role is."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, bypass_csp=True)
    session = site.clients[role].cookies.get("sessionid")
    if session is not None:
        context.add_cookies([{"name": "sessionid", "value": session.value, "url": address}])
    return context


def findings(page: Page) -> list[str]:
    """What is wrong with a page: in light and dark, on a desk and on a phone."""
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 900})
    page.add_script_tag(path=AXE)
    # Colours on their way from light to dark are neither.
    page.add_style_tag(content="* { transition: none !important }")
    found: list[Any] = page.evaluate(SERIOUS)
    page.emulate_media(color_scheme="dark")
    found += [f"dark: {one}" for one in page.evaluate(SERIOUS, "color-contrast")]
    page.set_viewport_size({"width": 360, "height": 800})
    found += [f"scrolls, but not by keyboard: {one}" for one in page.evaluate(OUT_OF_REACH)]
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        found.append("wider than a phone of 360 px")
    return found


@pytest.mark.parametrize("role", READERS)
def test_every_page_is_accessible_fits_a_phone_and_draws_no_complaint(
    browser: Browser,
    live_server: LiveServer,
    site: Site,  # noqa: F811
    role: str,
) -> None:
    addresses = list(pages(site, role))
    assert len(addresses) > 5
    context = reading(browser, site, role, live_server.url)
    page = context.new_page()
    complaints, wrong, plots = listen(page), [], 0
    for address in addresses:
        page.goto(f"{live_server}{address}")
        plots += drawn(page)
        wrong += [f"{address}: {one}" for one in findings(page)]
        wrong += [f"{address}: console: {one}" for one in complaints]
        complaints.clear()
    context.close()
    # Results are the public's here.
    assert (plots > 10) == (role == "public")
    assert not wrong, "\n".join(wrong)
