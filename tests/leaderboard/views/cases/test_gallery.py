"""The worst cases of an entry, and examples of the data, in pictures."""

import re

import pytest
from django.core.cache import cache
from django.test import Client

from leaderboard.models import Challenge, Dataset
from tests.leaderboard import make, shown
from tests.leaderboard.shown import Place
from tests.leaderboard.views.cases.drawn import draw, evaluations, own

pytestmark = pytest.mark.django_db


def test_the_gallery_has_the_worst_cases_first_with_what_tells_most(client: Client, place: Place) -> None:
    for case in place.datasets[0].cases.all()[1:]:
        draw(case, evaluations(place)[0])
    html = client.get(f"{place.home}cases/?entry={place.entries[0].slug}&dataset=t1").content.decode()
    keys = re.findall(r"<span>(\d+_\d+)</span> <strong>([\d.]+)", html)
    # DSC falls with the case's number; NDV is 0 everywhere and says so.
    expected = [(key, f"{shown.dice(0, 0, at):.4f}") for at, key in reversed(list(enumerate(shown.KEYS)))]
    assert keys == expected
    assert "0 on every case" in html
    assert html.count("/mismatch-axial.webp") == 4
    by_ndv = client.get(f"{place.home}cases/?entry={place.entries[0].slug}&metric=NDV").content.decode()
    assert "0 on every case" in by_ndv
    assert "/mismatch-axial.webp" not in by_ndv
    assert client.get(f"{place.home}cases/?metric=nothing").status_code == 404
    assert client.get(f"{place.home}cases/?entry=nobody").status_code == 404
    assert client.get(f"{place.home}cases/?dataset=nothing").status_code == 404
    assert client.get(f"{place.home}cases/?phase=nothing").status_code == 404


def test_a_challenge_without_a_board_has_an_empty_gallery_that_leads_on(client: Client) -> None:
    cache.clear()
    challenge: Challenge = make.challenge()
    html = client.get(f"/challenges/{challenge.slug}/cases/").content.decode()
    assert "no entry is on a board yet" in html
    assert "Read what the challenge is about" in html


def test_the_data_page_has_an_example_of_each_public_dataset(client: Client, place: Place) -> None:
    html = client.get(f"{place.home}data/").content.decode()
    assert "An example" in html
    assert html.count("/fixed-axial.webp") == 1
    assert str(own(place).name) in html
    # Image, labels and landmarks stand beside the overview; a second dataset is shown below.
    beside = html[html.index('class="lead"') :]
    titles = re.findall(r"<h3>([^<]*)</h3>", beside)
    assert titles == ["Fixed image", "Fixed labels", "Landmarks before"]
    assert "What the other datasets look like" not in html
    Dataset.objects.filter(pk=place.datasets[1].pk).update(public=True)
    draw(place.datasets[1].cases.all()[0], None)
    other = client.get(f"{place.home}data/").content.decode()
    assert "What the other datasets look like" in other
    assert other.count("/fixed-axial.webp") == 2
