"""Pages of a long phase: 200 entries, 20 datasets, 4,000 cases."""

import gzip
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


@pytest.fixture
def phase(db: None, settings: Settings, tmp_path: Path) -> Phase:
    settings.MEDIA_ROOT = tmp_path
    cache.clear()
    phase = make.phase()
    large.snapshot(phase)
    return phase


def test_the_heaviest_figure_is_below_300_kb_compressed(client: Client, phase: Phase) -> None:
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
        response = client.get(address)
        assert response.status_code == 200, address
        figures = FIGURE.findall(response.content.decode())
        assert figures, address
        sizes = [len(gzip.compress(figure.encode())) for figure in figures]
        assert max(sizes) < LARGEST_FIGURE, (address, sizes)
