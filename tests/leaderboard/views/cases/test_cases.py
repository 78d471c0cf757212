"""A case's page: what is shown, and to whom; its files are tried in `test_pictures`."""

import json
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from leaderboard.enums import Aspect, Audience
from leaderboard.models import Case, Dataset, Phase, Rendering, Snapshot
from leaderboard.views.pictures import AFTER, BEFORE
from leaderboard.views.pictures import KEYS as KEYS_OF
from tests.leaderboard import make, shown
from tests.leaderboard.shown import Place
from tests.leaderboard.views.cases.drawn import KEY, draw, evaluations, of_team, own, page

pytestmark = pytest.mark.django_db
A = Audience


def test_a_cases_page_shows_its_pictures_its_values_and_its_worst_structures(
    client: Client, place: Place
) -> None:
    html = page(client, place)
    for words, _ in (*BEFORE.values(), *AFTER.values()):
        assert f"<h3>{words}</h3>" in html
    assert 'alt="Warped, Cormorant Net, case 3455_3454: axial slice 24 of 44"' in html
    assert "radiological: the subject" in html
    for key in (key for keys in KEYS_OF.values() for key in keys):
        assert re.search(rf'"{key.colour}"[^>]*/></svg> {key.words}</span>', html)
    # Dice of the three labels, a step of an eighth below, at and above the case's value
    value = shown.dice(0, 0, 0)
    found = re.findall(r'scope="row">(Label \d)</th><td class="num">([\d.]+)</td>', html)
    assert found == [(f"Label {label}", f"{value + step / 8:.3f}") for label, step in enumerate((-1, 0, 1))]
    for team in range(3):
        assert f"{shown.dice(team, 0, 0):.4f}" in html


def test_two_entries_stand_side_by_side_and_the_case_has_neighbours(client: Client, place: Place) -> None:
    slugs = [entry.slug for entry in place.entries]
    for evaluation in (None, *evaluations(place)):
        draw(place.datasets[0].cases.all()[1], evaluation)
    html = page(client, place, f"?dataset=t1&entry={slugs[1]}&beside={slugs[2]}", shown.KEYS[1])
    assert html.index("Warped, Aardvark Net") < html.index("Warped, Bumblebee Net")
    assert "Warped, Cormorant Net" not in html[html.index('id="pictures"') :]
    assert "2 of 4" in html
    for neighbour in (shown.KEYS[0], shown.KEYS[2]):
        assert (
            f"cases/{neighbour}/?dataset=t1&amp;phase=validation&amp;entry={slugs[1]}&amp;beside={slugs[2]}"
            in html
        )
    for query in ("?dataset=t1&entry=nobody", "?dataset=nothing", "?dataset=t1&phase=nothing"):
        assert client.get(f"{place.home}cases/{KEY}/{query}").status_code == 404


def strips(html: str) -> list[tuple[str, str]]:
    """Title and owner of each strip below the choice of entries."""
    chosen = html[html.index('id="pictures"') : html.index("data-viewer>")]
    return re.findall(r"<h3>([^<]*)</h3><p><strong>([^<]*)</strong>", chosen)


def test_what_a_field_does_stands_beside_the_case_before(client: Client, place: Place) -> None:
    html = page(client, place)
    assert strips(html) == [
        *(("Moving image", "Before"), ("Warped", "Cormorant Net")),
        *(("Difference before", "Before"), ("Difference", "Cormorant Net")),
        *(("Moving labels", "Before"), ("Propagated labels", "Cormorant Net")),
        *(("Label mismatch before", "Before"), ("Label mismatch", "Cormorant Net")),
        *(("Landmarks before", "Before"), ("Landmarks after", "Cormorant Net")),
        ("Fixed labels", "Before"),
        *((title, "Cormorant Net") for title in ("Deformation grid", "Displacement", "Jacobian determinant")),
    ]
    first, second = (entry.slug for entry in place.entries[:2])
    html = page(client, place, f"?dataset=t1&entry={first}&beside={second}")
    assert strips(html)[:2] == [("Warped", "Cormorant Net"), ("Warped", "Aardvark Net")]
    assert len(strips(html)) == 2 * len(AFTER)
    # Then the case before stands by itself.
    assert "<h3>Difference before</h3><p>" in html[html.index('id="before"') :]


def test_any_entry_with_pictures_is_looked_at_in_the_viewer(client: Client, place: Place) -> None:
    second, third = (entry.slug for entry in place.entries[1:])
    html = page(client, place, f"?dataset=t1&entry={second}&beside={third}")
    found = json.loads(html[html.index('id="viewer-data"') :].partition(">")[2].partition("</script>")[0])
    assert found["fixed"].endswith(f"{own(place).name}/fixed-volume.nii.gz")
    for team, entry in enumerate(place.entries):
        assert found["entries"][entry.slug]["morph"].endswith(f"{of_team(place, team).name}/morph.nii.gz")
    assert f'<option value="{second}" selected>' in html[html.index("data-entry") :]
    place.show(Aspect.PICTURES, A.OWN_TEAM)
    own_only = page(place.browsers()["member"], place, f"?dataset=t1&entry={second}")
    assert [str(of_team(place, team).name) in own_only for team in range(3)] == [False, True, False]


def test_a_page_of_several_phases_leads_to_the_others(client: Client, place: Place) -> None:
    slugs = [entry.slug for entry in place.entries]
    switched = {
        "datasets/t1/": "?phase=test",
        f"cases/{KEY}/?dataset=t1&entry={slugs[0]}": f"?dataset=t1&amp;phase=test&amp;entry={slugs[0]}",
        f"cases/?entry={slugs[1]}": f"?phase=test&amp;entry={slugs[1]}",
        f"compare/?a={slugs[0]}&b={slugs[1]}": f"?phase=test&amp;a={slugs[0]}&amp;b={slugs[1]}",
    }

    def links() -> list[str]:
        pages = [client.get(place.home + address).content.decode() for address in switched]
        return [found for html in pages for found in re.findall(r'href="([^"]*phase=test[^"]*)">Test<', html)]

    assert links() == []
    other = make.phase(challenge=place.challenge, slug="test", name="Test", closes_at=timezone.now())
    other.datasets.set(place.datasets)
    assert links() == []
    board = shown.newest()
    board.pk, board.phase = None, other
    board.save()
    Phase.objects.filter(pk=place.phase.pk).update(position=1)
    assert links() == list(switched.values())
    # Entries are asked for only where they stand and have their names.
    board.payload["entries"] = board.payload["entries"][1:]
    board.save()
    gone = [address.replace(f"&amp;entry={slugs[0]}", "") for address in switched.values()]
    assert links() == [*gone[:3], "?phase=test"]
    Phase.objects.filter(pk=other.pk).update(publish_at=timezone.now() + timedelta(days=1))
    assert links() == []


def leaders(html: str) -> str:
    return html[html.index('id="leaders"') : html.index('aria-label="Entries to show"')]


def columns(html: str) -> list[str]:
    return re.findall(r'<th scope="col"><a[^>]*>([^<]*)</a>', leaders(html))


def test_the_leaders_stand_side_by_side_in_one_plane(client: Client, place: Place) -> None:
    html = page(client, place)
    assert "The leaders side by side" in html
    assert columns(html) == [f"{word} Net" for word in shown.WORDS]
    for team in range(3):
        assert f"<strong>{shown.dice(team, 0, 0):.4f}</strong>" in leaders(html)
    # Moving and fixed stand beside the entries where the case itself has such a picture.
    kinds = re.findall(r"([a-z-]+)-axial\.webp", leaders(html))
    assert kinds == [
        *("warped", "fixed", *["warped"] * 3),
        *("difference", *["difference"] * 3),
        *("labels", "fixed-labels", *["labels"] * 3),
        *("landmarks", *["landmarks"] * 3),
        *["grid"] * 3,
        *["jacobian"] * 3,
    ]
    assert "-coronal.webp" not in leaders(html)
    other = leaders(page(client, place, "?dataset=t1&plane=coronal"))
    assert set(re.findall(r"-(\w+)\.webp", other)) == {"coronal"}
    assert "coronal, 25 of 50" in other
    assert client.get(f"{place.home}cases/{KEY}/?dataset=t1&plane=oblique").status_code == 404


def test_a_hidden_ranking_is_not_told_by_the_order_of_the_leaders(client: Client, place: Place) -> None:
    place.show(Aspect.AGGREGATES)
    html = page(client, place)
    assert "Entries side by side" in html
    assert columns(html) == sorted(f"{word} Net" for word in shown.WORDS)
    assert "rank 1" not in leaders(html)
    Rendering.objects.filter(evaluation__in=evaluations(place)[1:]).delete()
    assert 'id="leaders"' not in page(client, place)


def test_the_same_data_in_another_task_are_a_click_away(client: Client, place: Place) -> None:
    first, second = place.datasets
    assert "in another task" not in page(client, place)
    Dataset.objects.update(contrast="T1w", population="adults")
    assert "in another task" not in page(client, place)
    Dataset.objects.filter(pk=second.pk).update(task="subject-to-atlas")
    # Turned round, the case of the same two subjects is the one that shares most.
    fixed, moving = KEY.split("_")
    turned = second.cases.get(key=shown.KEYS[2])
    Case.objects.filter(pk=turned.pk).update(fixed_subject=moving, moving_subject=fixed)
    Case.objects.filter(dataset=second, key=KEY).update(retired=True)
    found = re.findall(r'href="([^"]*)"( aria-current="true")?>(?:Inter-s|Subject to a)', page(client, place))
    assert found == [
        (f"{place.home}cases/{KEY}/?dataset=t1&amp;phase=validation", ' aria-current="true"'),
        (f"{place.home}cases/{turned.key}/?dataset=t2&amp;phase=validation", ""),
    ]
    Dataset.objects.filter(pk=first.pk).update(source="OASIS")
    assert "in another task" not in page(client, place)


def test_the_tasks_of_the_same_data_stand_on_one_page(client: Client, place: Place) -> None:
    address = f"{place.home}datasets/t1/tasks/"
    assert client.get(address).status_code == 404
    assert "another task" not in client.get(f"{place.home}datasets/t1/").content.decode()
    Dataset.objects.update(contrast="T1w", population="adults")
    Dataset.objects.filter(pk=place.datasets[1].pk).update(task="subject-to-atlas")
    for leading in ("datasets/t1/", f"cases/{KEY}/?dataset=t1"):
        assert f"{address}?phase=validation" in client.get(place.home + leading).content.decode()

    def told(query: str = "") -> tuple[list[str], list[str], list[str]]:
        html = client.get(address + query).content.decode()
        tasks = re.findall(r'scope="rowgroup"><a href="[^"]*dataset=(\w+)[^"]*">([^<]*)<', html)
        assert tasks == [("t1", "Inter-subject"), ("t2", "Subject to atlas")]
        methods = re.findall(r'<th scope="col"><a[^>]*>([^<]*)</a>', html)
        return methods, re.findall(r"([a-z-]+)-axial\.webp", html), re.findall(r"<strong>([\d.]+)<", html)

    # The leaders on the dataset that is public; the other one is hidden, and its values are not.
    one = [
        *("warped", "fixed", *["warped"] * 3, "labels", "fixed-labels", *["labels"] * 3),
        *("landmarks", *["landmarks"] * 3, *["grid"] * 3),
    ]
    methods, kinds, values = told()
    assert methods == [f"{word} Net" for word in shown.WORDS]
    assert kinds == one
    for dataset in range(2):
        assert {f"{shown.dice(team, dataset, 0):.4f}" for team in range(3)} <= set(values)
    assert client.get(address).content.decode().count("is not public, so there are no pictures") == 1
    # Each task has the same entries, drawn on its own case or not.
    Dataset.objects.update(public=True)
    draw(place.datasets[1].cases.get(key=KEY), None)
    draw(place.datasets[1].cases.get(key=KEY), evaluations(place)[1])
    of_one_entry = ("warped", "fixed", "warped", "labels", "fixed-labels", "labels", "landmarks")
    assert told()[1] == [*one, *of_one_entry, "landmarks", "grid"]
    assert client.get(f"{address}?plane=oblique").status_code == 404
    place.show(Aspect.NAMES)
    assert told()[0] == ["Entry 1", "Entry 2", "Entry 3"]
    for aspect in (Aspect.PER_CASE, Aspect.PICTURES):
        place.show(aspect)
    assert told() == ([], [*one[:2], "labels", "fixed-labels"] * 2, [])


def test_a_key_of_several_datasets_asks_which_and_a_unique_one_does_not(client: Client, place: Place) -> None:
    html = page(client, place, "")
    assert "Which one do you mean?" in html
    assert 'href="?dataset=t2"' in html
    Dataset.objects.get(slug="t2").cases.filter(key=KEY).update(key="9999_9998")
    assert "Before registration" in page(client, place, "")
    assert client.get(f"{place.home}cases/1111_2222/").status_code == 404


def test_a_hidden_datasets_case_says_so_and_has_no_picture(client: Client, place: Place) -> None:
    html = page(client, place, "?dataset=t2")
    assert "is not public, so there are no pictures" in html
    assert "/pictures/" not in html
    assert "data-viewer" not in html
    assert f"{shown.dice(0, 1, 0):.4f}" in html


def test_pictures_that_are_not_there_yet_are_announced(client: Client, place: Place) -> None:
    Rendering.objects.update(state="pending")
    html = page(client, place)
    assert "are being made" in html
    assert "/pictures/" not in html
    Rendering.objects.update(state="failed")
    assert "could not be made" in page(client, place)


def test_a_case_is_read_as_it_stood_with_the_pictures_of_what_still_stands(
    client: Client, place: Place
) -> None:
    slug = place.entries[0].slug
    earlier, other = shown.newest(), make.evaluation(place.submissions[0], current=False)
    draw(place.datasets[0].cases.all()[0], other.pk)
    parts = list(earlier.parts.all())
    earlier.pk, earlier.content_hash = None, "e" * 64
    for counted in earlier.inputs["evaluations"]:
        if counted["entry"] == slug:
            counted["evaluation"] = other.pk
    earlier.save()
    Snapshot.objects.filter(pk=earlier.pk).update(created_at=timezone.now() - timedelta(days=9))
    for part in parts:
        part.pk, part.snapshot = None, earlier
        part.save()
    day = f"{timezone.now() - timedelta(days=8):%Y-%m-%d}"
    html = page(client, place, f"?dataset=t1&at={day}&entry={slug}")
    assert "An earlier board." in html
    assert f"{shown.dice(0, 0, 0):.4f}" in html
    assert "Pictures are shown of what stands on the board now" in html
    assert columns(html) == [f"{word} Net" for word in shown.WORDS[1:]]
    assert str(Rendering.objects.get(evaluation=other).name) not in html
    gallery = client.get(f"{place.home}cases/?entry={slug}&at={day}").content.decode()
    assert "Pictures are shown of what stands on the board now" in gallery
    assert "/mismatch-axial.webp" not in gallery
    for address in (f"cases/{KEY}/?dataset=t1&at={day}", f"cases/?at={day}"):
        html = client.get(place.home + address).content.decode()
        body = html[html.index("<main") : html.index("<footer")].replace("What stands now", "")
        links = re.findall(r'href="([^"#]*phase=[^"#]*)"', body)
        assert links
        assert all("at=" in link for link in links)


def test_values_are_hidden_where_single_cases_are(client: Client, place: Place) -> None:
    place.show(Aspect.PER_CASE)
    html = page(client, place)
    assert not any(shown.marks(team).found(Aspect.PER_CASE, html) for team in range(3))
    assert "worst first" not in html
    assert "Warped, Cormorant Net" in html
    gallery = client.get(f"{place.home}cases/").content.decode()
    assert "No single cases are shown" in gallery
    Phase.objects.update(visibility={"aggregates": ["public"]})
    html = page(client, place)
    assert "No results of this case are shown." in html
    assert "Before registration" in html


def test_hidden_names_are_in_no_word_and_no_address_of_a_case(client: Client, place: Place) -> None:
    place.show(Aspect.NAMES)
    for address in (
        f"cases/{KEY}/?dataset=t1",
        "cases/",
        f"cases/{KEY}/?dataset=t1&entry=_entry-2&beside=_entry-1",
    ):
        html = client.get(place.home + address).content.decode()
        body = re.sub("<header.*?</header>", "", html, flags=re.DOTALL)
        assert "Entry 2" in body
        assert not any(shown.marks(team).found(Aspect.NAMES, body) for team in range(3))


@pytest.mark.parametrize("entries", [1, 3])
def test_a_cases_page_has_a_constant_number_of_queries(
    client: Client, place: Place, entries: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    query = f"?dataset=t1&entry={place.entries[0].slug}" + f"&beside={place.entries[1].slug}" * (entries > 1)
    page(client, place, query)
    # Beside shows a second entry: its pictures are the one query more.
    with django_assert_max_num_queries(19 + (entries > 1)):
        page(client, place, query)
