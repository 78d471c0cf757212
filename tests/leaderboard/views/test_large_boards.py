"""Pages of a long phase: 200 entries, 20 datasets, 4,000 cases."""

import gzip
import json
import re
from pathlib import Path

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from leaderboard.models import Phase
from tests.leaderboard import large, make

LARGEST_FIGURE = 300_000
FIGURE = re.compile(r'<script[^>]*type="application/json"[^>]*>(.*?)</script>', re.DOTALL)


LARGEST_PAGE = 400_000


@pytest.fixture
def phase(db: None, settings: Settings, tmp_path: Path) -> Phase:
    settings.MEDIA_ROOT = tmp_path
    cache.clear()
    return make.phase()


def figures_of(client: Client, address: str) -> tuple[str, list[str]]:
    response = client.get(address)
    assert response.status_code == 200, address
    html = response.content.decode()
    figures = FIGURE.findall(html)
    assert figures, address
    sizes = [len(gzip.compress(figure.encode())) for figure in figures]
    assert max(sizes) < LARGEST_FIGURE, (address, sizes)
    return html, figures


def test_the_heaviest_figure_is_below_300_kb_compressed(client: Client, phase: Phase) -> None:
    large.snapshot(phase)
    home = f"/challenges/{phase.challenge.slug}/"
    board = phase.get_absolute_url()
    pages = (
        board,
        f"{board}heatmap/",
        f"{board}stability/",
        f"{board}significance/",
        f"{home}datasets/d00/",
        f"{home}entries/zerodisplacement/",
        f"{home}data/",
    )
    for address in pages:
        figures_of(client, address)


def test_two_entries_on_4000_cases_and_133_structures_are_compared_on_a_light_page(
    client: Client, phase: Phase
) -> None:
    large.snapshot(phase, entries=3, labels=133)
    address = f"/challenges/{phase.challenge.slug}/compare"
    html, (paired, _) = figures_of(client, f"{address}/?a=m001&b=m002")
    assert len(gzip.compress(html.encode())) < LARGEST_PAGE
    # Every case is drawn and stands in the file; the page lists those that differ most.
    drawn = {
        view["name"]: sum(len(trace["x"]) for trace in view["data"][1:])
        for view in json.loads(paired)["views"]
    }
    assert drawn == {"DSC": 4000, "HD95": 4000, "NDV": 4000, "TRE": 200}
    assert html.count("The 200 cases that differ most, of 4,000.") == 3
    lines = client.get(f"{address}.csv?a=m001&b=m002").content.decode().splitlines()
    assert len(lines) == 1 + 4 * 4000  # the first dataset's part, which has landmarks, stands for all
    assert html.count('scope="row">Label ') == 2 * 20 * 133
