"""A case in a browser: pictures drawn by a real worker, and the viewer with WebGL in software."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from playwright.sync_api import Browser, BrowserType, Page, expect
from pytest_django import Settings

from leaderboard.domain import pictures, ranking
from leaderboard.domain.evaluation import pictures as making
from leaderboard.models import Case, Dataset, Phase, Rendering
from tests.e2e.conftest import listen
from tests.leaderboard import make
from tests.leaderboard.domain.conftest import Score, phantom_phase, scored  # noqa: F401 fixtures

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WEBGL = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"]
LIT = """canvas => {
  const context = canvas.getContext("webgl2"), [x, y] = [canvas.width, canvas.height];
  const pixels = new Uint8Array(4 * x * y);
  for (const viewer of document.querySelector("[data-viewer]").viewers) viewer.drawScene();
  context.readPixels(0, 0, x, y, context.RGBA, context.UNSIGNED_BYTE, pixels);
  let lit = 0;
  for (let at = 0; at < pixels.length; at += 4) lit += pixels[at] + pixels[at + 1] + pixels[at + 2] > 90;
  return lit / (x * y);
}"""
CROSS_HAIRS = "() => document.querySelector('[data-viewer]').viewers.map(one => [...one.scene.crosshairPos])"


@pytest.fixture(autouse=True)
def _own_pictures(settings: Settings, tmp_path: Path) -> None:
    cache.clear()
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def case(phantom_phase: Phase, scored: Score) -> Case:  # noqa: F811 the fixtures of these names
    """A drawn case of a public dataset, before and after registration by two entries on the board."""
    Dataset.objects.update(public=True)
    for name in ("My method", "Other method"):
        scored(phantom_phase, make.entry(make.team(phantom_phase.challenge), name=name))
    ranking.update_board(phantom_phase.pk)
    pictures.order()
    found: Case = Case.objects.order_by("position")[0]
    for pk in Rendering.objects.filter(case=found).values_list("pk", flat=True):
        making.render(pk)
    return found


@pytest.fixture
def webgl(browser_type: BrowserType, browser_type_launch_args: dict[str, Any]) -> Iterator[Browser]:
    flags = [flag for flag in browser_type_launch_args["args"] if flag != "--disable-gpu"]
    browser = browser_type.launch(**{**browser_type_launch_args, "args": [*flags, *WEBGL]})
    yield browser
    browser.close()


def address(live_server: object, case: Case) -> str:
    return f"{live_server}/challenges/{case.dataset.challenge.slug}/cases/{case.key}/"


def pictures_loaded(page: Page) -> None:
    for image in page.locator(".plane img").all():
        image.scroll_into_view_if_needed()
        expect(image).to_have_js_property("complete", value=True)
        assert image.evaluate("image => image.naturalWidth") > 0


def test_the_viewer_draws_links_its_cross_hairs_and_morphs(
    webgl: Browser, live_server: object, case: Case
) -> None:
    page = webgl.new_page(viewport={"width": 1280, "height": 900})
    complaints = listen(page)
    page.goto(address(live_server, case))
    pictures_loaded(page)
    # Fixed and moving; five kinds before beside seven after; side by side five kinds in one plane.
    expect(page.locator(".plane img")).to_have_count(3 * (2 + 5 + 7) + 15)
    # Nothing of the viewer is loaded before it is asked for.
    assert not page.evaluate(
        "performance.getEntriesByType('resource').some(e => /niivue|nii\\.gz/.test(e.name))"
    )
    page.get_by_role("button", name="Open the viewer").click()
    page.locator("[data-ready]").wait_for()
    canvases = [page.locator(f"canvas[data-{name}]") for name in ("fixed", "morph")]
    for canvas in canvases:
        assert canvas.evaluate(LIT) > 0.02

    before = page.evaluate(CROSS_HAIRS)
    assert before[0] == pytest.approx(before[1])
    canvases[0].focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("PageUp")
    after = page.evaluate(CROSS_HAIRS)
    assert after[0] == pytest.approx(after[1])
    assert after[0] != pytest.approx(before[0])
    box = canvases[1].bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.45, box["y"] + box["height"] * 0.3)
    page.wait_for_function(f"JSON.stringify(({CROSS_HAIRS})()[0]) !== '{[round(v, 9) for v in after[0]]}'")
    clicked = page.evaluate(CROSS_HAIRS)
    assert clicked[0] == pytest.approx(clicked[1], abs=1e-6)
    expect(page.locator("[data-place]")).to_contain_text("mm (right, anterior, superior)")

    warped = canvases[1].evaluate(LIT)
    page.locator("[data-way]").fill("0")
    expect(page.locator("[data-title]")).to_have_text("Moving")
    assert canvases[1].evaluate(LIT) != pytest.approx(warped, rel=1e-6)
    page.locator("[data-opacity]").fill("0.8")
    expect(page.locator("[data-opacity-words]")).to_have_text("0.80")
    # The moving image over the fixed one, then that of another entry.
    alone = canvases[0].evaluate(LIT)
    page.locator("[data-over]").fill("1")
    expect(page.locator("[data-fixed-title]")).to_have_text("Moving over fixed")
    assert canvases[0].evaluate(LIT) != pytest.approx(alone, rel=1e-6)
    kept = page.evaluate(CROSS_HAIRS)
    page.locator("[data-entry]").select_option("other-method")
    expect(page.locator("[data-controls]")).to_be_enabled()
    expect(page.locator("[data-say]")).to_have_text("")
    fetched = "performance.getEntriesByType('resource').filter(e => /morph/.test(e.name)).length"
    assert page.evaluate(fetched) == 2
    assert page.evaluate(CROSS_HAIRS)[0] == pytest.approx(kept[0], abs=1e-6)
    assert complaints == []
    page.close()


def test_without_webgl_the_viewer_says_so_and_a_phone_shows_the_pictures(
    browser_type: BrowserType, browser_type_launch_args: dict[str, Any], live_server: object, case: Case
) -> None:
    args = [*browser_type_launch_args["args"], "--disable-3d-apis"]
    browser = browser_type.launch(**{**browser_type_launch_args, "args": args})
    page = browser.new_page(viewport={"width": 360, "height": 800}, color_scheme="dark")
    complaints = listen(page)
    page.goto(address(live_server, case))
    pictures_loaded(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect(page.get_by_text("This browser has no WebGL 2")).to_be_visible()
    expect(page.get_by_role("button", name="Open the viewer")).to_be_hidden()
    assert complaints == []
    browser.close()


def test_without_script_another_entry_is_chosen_all_the_same(
    browser: Browser, live_server: object, case: Case
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address(live_server, case))
    expect(page.get_by_role("button", name="Open the viewer")).to_be_hidden()
    page.locator("select[name=entry]").select_option("my-method")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_role("heading", name="Every entry on this case")).to_be_visible()
    assert page.url.endswith("?dataset=phantom&phase=validation&entry=my-method&beside=")
    context.close()
