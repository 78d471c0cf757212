"""Every page of the site, looked at by a machine: accessible, fitting a phone, still, without a complaint.

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

from tests.e2e.conftest import PATIENCE, drawn, listen
from tests.leaderboard.addresses import ADDRESSES, Site, one_of_everything
from tests.leaderboard.who import ROLES, row_of

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

AXE = Path(site_settings.BASE_DIR) / "node_modules/axe-core/axe.min.js"
READERS = ("public", "member", "organizer")
DESK, PHONE, NARROW = (1280, 900), (390, 844), (360, 800)
# Of the page by which what is there moves away from under its reader; more is to be mended.
STILL = 0.02
# The debugger's way into a page: the policy lets no script in, and none is let in for the test.
SHIFTS = """window.shifts = [];
new PerformanceObserver(list => shifts.push(...list.getEntries()
  .filter(one => !one.hadRecentInput)
  .map(({value, sources}) => ({value, what: sources.map(({node}) => node?.className || node?.nodeName)}))
)).observe({type: "layout-shift", buffered: true});"""
SERIOUS = """async only => {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"];
  const runOnly = only ? {type: "rule", values: [only]} : {type: "tag", values: tags};
  const found = await axe.run({runOnly, resultTypes: ["violations"], preload: false});
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


@pytest.fixture
def site() -> Site:
    return one_of_everything()


def pages(site: Site, role: str) -> Iterator[str]:
    """One address of each page that a role reads and no earlier one does, and what it shows by its query."""
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
            yield from (address + query for query in ("", *site.queries(name)))


def look_as(context: BrowserContext, site: Site, role: str, address: str) -> None:
    context.clear_cookies()
    session = site.clients[role].cookies.get("sessionid")
    if session is not None:
        context.add_cookies([{"name": "sessionid", "value": session.value, "url": address}])


def visited(page: Page, address: str, size: tuple[int, int]) -> tuple[int, list[str]]:
    """How many plots a page draws, and what moved while it came."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(address)
    plots = drawn(page)
    shifts: list[Any] = page.evaluate("window.shifts")
    moved = sum(one["value"] for one in shifts)
    return plots, [f"moves by {moved:.3f} at {size[0]} px: {shifts}"] if moved > STILL else []


def findings(page: Page) -> list[str]:
    """What is wrong with a page that was loaded at a desk: in light and dark."""
    found: list[str] = page.evaluate(SERIOUS)
    page.emulate_media(color_scheme="dark")
    found += [f"dark: {one}" for one in page.evaluate(SERIOUS, "color-contrast")]
    page.emulate_media(color_scheme="light")
    return found


def findings_on_a_phone(page: Page) -> list[str]:
    page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    found = [f"scrolls, but not by keyboard: {one}" for one in page.evaluate(OUT_OF_REACH)]
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        found.append(f"wider than a phone of {NARROW[0]} px")
    return found


def test_every_page_is_accessible_fits_a_phone_stands_still_and_draws_no_complaint(
    browser: Browser,
    live_server: LiveServer,
    site: Site,
) -> None:
    # Colours on their way from light to dark are neither.
    context = browser.new_context(reduced_motion="reduce", color_scheme="light")
    context.set_default_timeout(PATIENCE)
    context.add_init_script(SHIFTS)
    context.add_init_script(path=AXE)
    page = context.new_page()
    complaints, wrong, drawn_in_all = listen(page), [], 0
    for role in READERS:
        look_as(context, site, role, live_server.url)
        addresses = list(pages(site, role))
        assert len(addresses) > 5
        for address in addresses:
            plots, moved = visited(page, f"{live_server}{address}", DESK)
            found = [*moved, *findings(page)]
            # People's own pages have no plots: they come to a phone as they come to a desk.
            if role == "public":
                found += visited(page, f"{live_server}{address}", PHONE)[1]
            found += [*findings_on_a_phone(page), *(f"console: {one}" for one in complaints)]
            wrong += [f"{role}, {address}: {one}" for one in found]
            drawn_in_all += plots
            complaints.clear()
    context.close()
    assert drawn_in_all > 20
    assert not wrong, "\n".join(wrong)
