"""Reading the public pages in a browser: figures drawn, no complaint of the console, no policy broken."""

import csv
import re
from pathlib import Path

import pytest
from django.core.cache import cache
from playwright.sync_api import Browser, Page, expect

from leaderboard.models import Challenge, Phase
from tests.e2e.conftest import drawn, listen
from tests.leaderboard import make, payload
from tests.leaderboard.stack import wait

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

BOARD = "/challenges/lumir/phases/validation/"
PAGES = ["/", "/challenges/lumir/", "/challenges/lumir/data/", BOARD]
FIGURES = [
    BOARD,
    "/challenges/lumir/datasets/t2-like/",
    "/challenges/lumir/entries/entry-0/",
    f"{BOARD}significance/",
    f"{BOARD}stability/",
    "/challenges/lumir/data/",
]


@pytest.fixture
def phase(transactional_db: None) -> Phase:
    cache.clear()
    challenge: Challenge = make.challenge(slug="lumir", notice="Simulated subjects.")
    phase = payload.phase(challenge)
    payload.entry(challenge)
    payload.snapshot(phase, 8)
    return phase


def test_pages_draw_without_a_complaint_and_fit(browser: Browser, live_server: object, phase: Phase) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 800}, color_scheme="dark")
    page = context.new_page()
    complaints = listen(page)
    for address in [*PAGES, *FIGURES[1:]]:
        page.goto(f"{live_server}{address}")
        drawn(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
    assert complaints == []
    context.close()


def test_a_figure_tells_switches_follows_the_theme_and_saves(
    page: Page, live_server: object, phase: Phase, tmp_path: Path
) -> None:
    complaints = listen(page)
    page.goto(f"{live_server}{FIGURES[1]}")
    drawn(page)
    figure = page.locator("[data-figure='figure-distributions']")
    figure.get_by_role("button", name="HD95").click()
    expect(figure.locator(".xtitle")).to_contain_text("HD95")
    expect(figure.get_by_text("HD95 as a table")).to_be_visible()
    expect(figure.get_by_text("DSC as a table")).to_be_hidden()

    matrix = page.locator("[data-figure='figure-significance']")
    matrix.scroll_into_view_if_needed()
    box = matrix.locator(".nsewdrag").bounding_box()
    assert box is not None
    # The top right cell: the first entry against the last.
    page.mouse.move(box["x"] + box["width"] * 15.5 / 16, box["y"] + box["height"] / 16)
    expect(matrix.locator(".hovertext")).to_contain_text("Method 0 against Method 7")

    title = figure.locator(".xtick text").first
    light = title.evaluate("text => getComputedStyle(text).fill")
    page.get_by_role("button", name="Dark mode").click()
    expect(title).not_to_have_css("fill", light)

    for name in ("SVG", "PNG", "CSV"):
        with page.expect_download() as download:
            figure.get_by_role("button", name=f"Save as {name}").click()
        download.value.save_as(tmp_path / name)
        assert download.value.suggested_filename == f"distributions-hd95.{name.lower()}"
    picture = (tmp_path / "SVG").read_text()
    assert picture.startswith("<svg")
    # A picture tells of itself what its page does.
    for words in (">Cases: HD95<", "whiskers: 1.5 times the box", "snapshot 5a5a5a5a"):
        assert words in picture
    assert (tmp_path / "PNG").read_bytes().startswith(b"\x89PNG")
    rows = list(csv.reader((tmp_path / "CSV").read_text().splitlines()))
    assert rows[:2] == [["method", "case", "HD95"], ["Method 0", payload.CASES[0], "2.0"]]
    assert complaints == []


def test_a_click_opens_what_a_mark_is_of_and_a_finger_sees_it_told_first(
    browser: Browser, live_server: object, phase: Phase
) -> None:
    context = browser.new_context(has_touch=True, viewport={"width": 1280, "height": 1600})
    page = context.new_page()
    complaints = listen(page)
    page.goto(f"{live_server}{BOARD}")
    drawn(page)
    figure = page.locator("[data-figure='figure-rank-heatmap']")
    box = figure.locator(".nsewdrag").bounding_box()
    assert box is not None
    top = box["y"] + box["height"] / 16
    # The third of three columns is of two datasets together: by dataset there is one for each.
    page.mouse.click(box["x"] + box["width"] * 5 / 6, top)
    expect(figure.get_by_role("button", name="By dataset")).to_have_attribute("aria-pressed", "true")
    expect(figure.locator(".xtick text")).to_have_count(3)
    page.touchscreen.tap(box["x"] + box["width"] * 5 / 6, top)
    expect(figure.locator(".hovertext")).to_contain_text("T2-like contrast, ACC")
    expect(page).to_have_url(f"{live_server}{BOARD}")
    page.touchscreen.tap(box["x"] + box["width"] * 5 / 6, top)
    expect(page).to_have_url(f"{live_server}/challenges/lumir/datasets/t2-like/?phase=validation")
    drawn(page)
    point = page.locator("[data-figure='figure-distributions'] .points path").first
    point.click(force=True)
    expect(page).to_have_url(
        re.compile(r"/cases/34\d\d_34\d\d/\?dataset=t2-like&phase=validation&entry=entry-0$")
    )
    assert complaints == []
    context.close()


def test_the_board_sorts_and_filters_and_the_address_follows(
    page: Page, live_server: object, phase: Phase
) -> None:
    page.goto(f"{live_server}{BOARD}")
    methods = page.locator("table[data-sortable] tbody th a:visible")
    page.get_by_role("columnheader", name="NDV").get_by_role("link").click()
    expect(methods.first).to_have_text("Method 7")
    expect(page).to_have_url(f"{live_server}{BOARD}?sort=NDV")
    page.get_by_role("columnheader", name="NDV").get_by_role("link").click()
    expect(methods.first).to_have_text("Method 6")
    page.get_by_label("Filter methods or teams").fill("team 3")
    expect(methods).to_have_text(["Method 3"])
    expect(page).to_have_url(f"{live_server}{BOARD}?sort=-NDV&q=team+3")
    # Every switch knows of it.
    for form in page.locator("form[data-asked]").all():
        expect(form.locator("[name=sort]")).to_have_value("-NDV")
        expect(form.locator("[name=q]")).to_have_value("team 3")
    zero_shot = page.get_by_role("link", name="Zero-shot")
    expect(zero_shot).to_have_attribute("href", re.compile("sort=-NDV&q=team"))
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV", exact=True).click()
    assert [line.split(",")[4] for line in Path(download.value.path()).read_text().splitlines()] == [
        "entry",
        "entry-3",
    ]
    page.reload()
    expect(methods).to_have_text(["Method 3"])
    page.get_by_label("Filter methods or teams").fill("nobody")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No method or team matches.")).to_be_visible()


def test_rules_between_tie_groups_follow_what_is_shown(page: Page, live_server: object, phase: Phase) -> None:
    # Groups of two: 0 and 1, 2 and 3, ...
    page.goto(f"{live_server}{BOARD}?sort=-DSC")
    ruled = page.locator("tr.new-group:visible th a")
    expect(ruled).to_have_count(0)
    page.get_by_role("columnheader", name="Rank", exact=True).get_by_role("link").click()
    expect(ruled).to_have_text(["Method 2", "Method 4", "Method 6"])
    page.goto(f"{live_server}{BOARD}")
    page.get_by_label("Filter methods or teams").fill("3")
    expect(ruled).to_have_count(0)
    page.get_by_label("Filter methods or teams").fill("")
    expect(ruled).to_have_text(["Method 2", "Method 4", "Method 6"])


def test_the_board_is_read_and_sorted_by_keyboard_alone_on_a_phone(
    page: Page, live_server: object, phase: Phase
) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(f"{live_server}{BOARD}")
    table = page.get_by_role("region", name="Leaderboard table")
    for _ in range(40):
        page.keyboard.press("Tab")
        if table.evaluate("region => region === document.activeElement"):
            break
    expect(table).to_be_focused()
    page.keyboard.press("ArrowRight")
    wait(lambda: table.evaluate("region => region.scrollLeft > 0"))
    # From the heads, which sort, into the rows, which lead to entries.
    for _ in range(5):
        page.keyboard.press("Tab")
    expect(page.get_by_role("columnheader", name="HD95").get_by_role("link")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("columnheader", name="HD95")).to_have_attribute("aria-sort", "ascending")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Method 0", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Method 0")


def test_paper_is_light_keeps_a_desk_s_columns_and_holds_the_plots(
    browser: Browser, live_server: object, phase: Phase
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme="dark")
    page = context.new_page()
    page.goto(f"{live_server}{BOARD}")
    drawn(page)
    widths = "window.widths = [...document.querySelectorAll('.main-svg')].map(svg => svg.clientWidth)"
    ink = "window.ink = getComputedStyle(document.querySelector('.xtick text')).fill"
    page.evaluate(f"addEventListener('beforeprint', () => {{ {widths}; {ink}; }})")
    page.pdf(format="A4")
    # Of 210 mm at 96 dots an inch the margins leave 180.
    assert (
        max(page.evaluate("widths"))
        <= 680
        < page.locator(".main-svg").first.evaluate("svg => svg.clientWidth")
    )
    assert page.evaluate("ink") != page.locator(".xtick text").first.evaluate(
        "one => getComputedStyle(one).fill"
    )
    page.set_viewport_size({"width": 680, "height": 800})
    page.emulate_media(media="print")
    row = page.locator("table[data-sortable] tbody tr").last
    expect(row.locator(".strip")).to_be_visible()
    expect(row.get_by_text("baseline", exact=True).locator("visible=true")).to_have_count(1)
    expect(row.get_by_text("Team 7").locator("visible=true")).to_have_count(1)
    page.emulate_media(media="screen")
    expect(row.locator(".strip")).to_be_hidden()
    expect(row.get_by_text("baseline", exact=True).locator("visible=true")).to_have_count(1)
    context.close()


def test_the_board_is_readable_without_script(browser: Browser, live_server: object, phase: Phase) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_server}{BOARD}")
    expect(page.locator("table[data-sortable] tbody tr")).to_have_count(8)
    page.get_by_label("Filter methods or teams").fill("team 3")
    page.keyboard.press("Enter")
    expect(page.locator("table[data-sortable] tbody tr")).to_have_count(1)
    page.goto(f"{live_server}{BOARD}")
    page.get_by_text("Columns", exact=True).click()
    page.get_by_label("HD95", exact=True).uncheck()
    page.get_by_role("button", name="Show these").click()
    expect(page.get_by_role("columnheader", name="HD95")).to_have_count(0)
    table = page.get_by_role("region", name="Leaderboard table")
    table.get_by_role("columnheader", name="NDV").get_by_role("link").click()
    expect(page.locator("table[data-sortable] tbody th a").first).to_have_text("Method 7")
    # Nothing is drawn, so the tables stand open, and what needs a script is not there.
    figure = page.locator("[data-figure='figure-significance']")
    expect(figure.get_by_text("Method 0 is better").first).to_be_visible()
    for absent in (
        figure.locator(".tools"),
        figure.locator("[data-plot]"),
        page.locator("[data-theme-switch]"),
    ):
        expect(absent).to_be_hidden()
    context.close()


def test_a_plot_that_cannot_be_drawn_says_so_and_opens_its_table(
    page: Page, live_server: object, phase: Phase
) -> None:
    page.route("**/plotly-cartesian*.js", lambda route: route.abort())
    page.goto(f"{live_server}{FIGURES[1]}")
    for figure in page.locator("[data-figure]").all():
        expect(figure.get_by_text("could not draw the plot")).to_be_visible()
        expect(figure.get_by_role("table")).to_have_count(1)
        expect(figure.get_by_role("button", name="Save as SVG")).to_be_hidden()
    page.unroute("**/plotly-cartesian*.js")
    # One that fails leaves the others alone.
    broken = "document.querySelector('[data-figure] script').textContent = '{'"
    page.add_init_script(
        f"document.addEventListener('readystatechange', () => {{ {broken}; }}, {{once: true}})"
    )
    page.reload()
    first, *others = page.locator("[data-figure]").all()
    expect(first.get_by_text("could not draw the plot")).to_be_visible()
    for figure in others:
        expect(figure.locator(".main-svg").first).to_be_attached()
        expect(figure.get_by_text("could not draw the plot")).to_be_hidden()
