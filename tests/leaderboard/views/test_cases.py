"""A case's page and files: what is shown, to whom, and that nothing of a hidden dataset is."""

import hashlib
import json
import re
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from leaderboard.domain import pictures
from leaderboard.enums import Aspect, Audience, PictureKind
from leaderboard.models import Case, Dataset, Phase, Picture, Rendering
from leaderboard.pictures.frame import PLANES
from leaderboard.views.pictures import AFTER, BEFORE
from leaderboard.views.pictures import KEYS as KEYS_OF
from tests.leaderboard import make, shown
from tests.leaderboard.shown import Place

pytestmark = pytest.mark.django_db
A = Audience
KEY = shown.KEYS[0]
VOLUMES = {
    True: (PictureKind.FIXED_VOLUME, PictureKind.FIXED_LABELS_VOLUME),
    False: (PictureKind.MORPH, PictureKind.LABELS_VOLUME),
}
FACTS = {
    "slices": {"axial": [24, 44], "coronal": [25, 50], "sagittal": [24, 40]},
    "oriented": True,
    "whites": [221.0, 220.0],
    "thinning": 1,
}


@pytest.fixture(autouse=True)
def _store(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def status(client: Client, address: str) -> int:
    answer = client.get(address)
    b"".join(answer)  # the test client lets go of a file when it was read to its end
    return answer.status_code


@pytest.fixture
def place() -> Place:
    """The ranked board of three teams; the first dataset is public, and its first case is drawn."""
    made = shown.place()
    Dataset.objects.filter(pk=made.datasets[0].pk).update(public=True)
    for evaluation in (None, *evaluations(made)):
        draw(made.datasets[0].cases.all()[0], evaluation)
    return made


def evaluations(place: Place) -> list[int]:
    return [submission.evaluations.get().pk for submission in place.submissions]


def draw(case: Case, evaluation: int | None) -> Rendering:
    """A finished rendering with a file for each picture, whose bytes are its own name."""
    rendering = Rendering.objects.create(
        case=case, evaluation_id=evaluation, made_of="x", state="done", facts=FACTS, seconds=1.0
    )
    flat = [(kind, plane, 40, 50) for kind in (AFTER if evaluation else BEFORE) for plane in PLANES]
    for kind, plane, width, height in [*flat, *((kind, "", 0, 0) for kind in VOLUMES[evaluation is None])]:
        content = f"{rendering.pk} {kind} {plane}".encode()
        picture = Picture.objects.create(
            rendering=rendering,
            kind=kind,
            plane=plane,
            width=width,
            height=height,
            bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
        )
        pictures.store().save(picture.path, ContentFile(content))
    return rendering


def addresses(place: Place, rendering: Rendering, few: bool = False) -> list[str]:
    """Of all files of a rendering; or of a few, each of another kind."""
    found = [f"{place.home}pictures/{rendering.name}/{one.filename}" for one in rendering.pictures.all()]
    wanted = ("warped-axial.webp", "morph.nii.gz", "fixed-volume.nii.gz")
    return [address for address in found if address.endswith(wanted)] if few else found


def page(client: Client, place: Place, query: str = "?dataset=t1", key: str = KEY) -> str:
    answer = client.get(f"{place.home}cases/{key}/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def of_team(place: Place, team: int) -> Rendering:
    return Rendering.objects.get(case__key=KEY, evaluation__submission=place.submissions[team])


def own(place: Place) -> Rendering:
    return Rendering.objects.get(case__key=KEY, evaluation=None)


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
    addresses = {
        "datasets/t1/": "?phase=test",
        f"cases/{KEY}/?dataset=t1&entry={slugs[0]}": f"?dataset=t1&amp;phase=test&amp;entry={slugs[0]}",
        f"cases/?entry={slugs[1]}": f"?phase=test&amp;entry={slugs[1]}",
        f"compare/?a={slugs[0]}&b={slugs[1]}": f"?phase=test&amp;a={slugs[0]}&amp;b={slugs[1]}",
    }

    def links() -> list[str]:
        pages = [client.get(place.home + address).content.decode() for address in addresses]
        return [found for html in pages for found in re.findall(r'href="([^"]*phase=test[^"]*)">Test<', html)]

    assert links() == []
    other = make.phase(challenge=place.challenge, slug="test", name="Test", closes_at=timezone.now())
    other.datasets.set(place.datasets)
    assert links() == []
    board = shown.newest()
    board.pk, board.phase = None, other
    board.save()
    Phase.objects.filter(pk=place.phase.pk).update(position=1)
    assert links() == list(addresses.values())
    # Entries are asked for only where they stand and have their names.
    board.payload["entries"] = board.payload["entries"][1:]
    board.save()
    gone = [address.replace(f"&amp;entry={slugs[0]}", "") for address in addresses.values()]
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


@pytest.mark.parametrize("of", ["case", "entry"])
def test_files_of_a_public_dataset_are_served_and_asked_for_again_each_time(
    client: Client, place: Place, of: str
) -> None:
    rendering = own(place) if of == "case" else of_team(place, 0)
    for address in addresses(place, rendering):
        answer = client.get(address)
        assert answer.status_code == 200
        name = address.rpartition("/")[2].removesuffix(".webp").removesuffix(".nii.gz")
        content = b"".join(answer)
        assert content.decode().replace(" ", "-").rstrip("-") == f"{rendering.pk}-{name}"
        assert answer["Content-Length"] == str(len(content))
        assert answer["Content-Disposition"] == f'inline; filename="{address.rpartition("/")[2]}"'
        volume = address.endswith(".nii.gz")
        assert answer["Content-Type"] == ("application/gzip" if volume else "image/webp")
        assert "Content-Encoding" not in answer
        assert answer["Cache-Control"] == "private, no-cache"
        again = client.get(address, headers={"If-None-Match": answer["ETag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_a_dataset_that_stops_being_public_is_served_no_more_at_once(place: Place) -> None:
    """With the rows and files still there, for everybody, organizers too, by every name and known tag."""
    public = Client()
    found = [own(place), of_team(place, 0)]
    asked = {a: public.get(a) for rendering in found for a in addresses(place, rendering)}
    tags = {address: (answer["ETag"], b"".join(answer))[0] for address, answer in asked.items()}
    Dataset.objects.filter(slug="t1").update(public=False)
    for address, tag in tags.items():
        assert public.get(address, headers={"If-None-Match": tag}).status_code == 404
    few = [address for rendering in found for address in addresses(place, rendering, few=True)]
    for client in place.browsers().values():
        assert {client.get(address).status_code for address in few} == {404}
        assert "/pictures/" not in page(client, place)
    for path in ("data/", "cases/"):
        assert "/pictures/" not in public.get(place.home + path).content.decode()


def test_guessed_names_lead_nowhere(place: Place, settings: Settings) -> None:
    rendering = own(place)
    picture = rendering.pictures.filter(kind="fixed", plane="axial").get()
    case = rendering.case
    folder = f"{place.home}pictures/{rendering.name}/"
    guesses = [
        f"{place.home}pictures/{uuid.uuid4()}/fixed-axial.webp",
        f"/challenges/{make.challenge().slug}/pictures/{rendering.name}/fixed-axial.webp",
        *(
            folder + name
            for name in (
                "",
                "fixed.webp",
                "fixed-axial",
                "fixed-axial.nii.gz",
                "fixed-volume",
                "fixed-volume.webp",
                "morph.nii.gz",
                "FIXED-axial.webp",
                "..%2f..%2ffixed-axial.webp",
                picture.sha256[:32],
            )
        ),
        *(f"/{root}/{picture.path}" for root in ("media", "pictures", "static", "media/pictures")),
        *(f"/{root}/{case.fixed.removeprefix('./')}" for root in ("media", "ground-truth", "static")),
        f"{place.home}cases/{KEY}/{case.fixed.rpartition('/')[2]}",
    ]
    for client in place.browsers().values():
        for guess in guesses:
            assert client.get(guess).status_code == 404, guess


@pytest.mark.parametrize(
    ("audiences", "accel"),
    [((), ""), ((A.PUBLIC,), "/private/"), ((A.PARTICIPANTS,), ""), ((A.OWN_TEAM,), "/private/")],
)
def test_pictures_follow_the_matrix(
    place: Place, settings: Settings, audiences: tuple[Audience, ...], accel: str
) -> None:
    """Of whom each viewer sees pictures, on the page, in the gallery and as files, whoever sends them."""
    settings.ACCEL_REDIRECT = accel
    expected: dict[str, set[int]] = {
        "public": {0, 1, 2} if audiences == (A.PUBLIC,) else set(),
        "member": {(): set(), (A.OWN_TEAM,): {1}}.get(audiences, {0, 1, 2}),
        "other": {(): set(), (A.OWN_TEAM,): {2}}.get(audiences, {0, 1, 2}),
        "organizer": {0, 1, 2},
    }
    place.show(Aspect.PICTURES, *audiences)
    for name, client in place.browsers().items():
        for team, entry in enumerate(place.entries):
            rendering = of_team(place, team)
            statuses = {status(client, address) for address in addresses(place, rendering, few=True)}
            assert statuses == ({200} if team in expected[name] else {404}), (name, team)
            html = page(client, place, f"?dataset=t1&entry={entry.slug}")
            assert (str(rendering.name) in html) == (team in expected[name])
            gallery = client.get(f"{place.home}cases/?entry={entry.slug}").content.decode()
            assert (str(rendering.name) in gallery) == (team in expected[name])
        # The case itself is its dataset's, which is public.
        assert {status(client, address) for address in addresses(place, own(place), few=True)} == {200}


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


def test_results_that_are_not_published_have_no_pictures(client: Client, place: Place) -> None:
    Phase.objects.update(publish_at=timezone.now() + timedelta(days=1))
    address = addresses(place, of_team(place, 0))[0]
    assert client.get(address).status_code == 404
    assert str(of_team(place, 0).name) not in page(client, place)


def test_an_evaluation_that_left_the_board_is_shown_no_more(client: Client, place: Place) -> None:
    old = of_team(place, 0)
    place.submissions[0].evaluations.update(current=False)
    stray = make.evaluation(place.submissions[0])
    rendering = draw(old.case, stray.pk)
    assert status(client, addresses(place, old)[0]) == 200
    assert client.get(addresses(place, rendering)[0]).status_code == 404


@pytest.mark.parametrize("entries", [1, 3])
def test_a_cases_page_has_a_constant_number_of_queries(
    client: Client, place: Place, entries: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    query = f"?dataset=t1&entry={place.entries[0].slug}" + f"&beside={place.entries[1].slug}" * (entries > 1)
    page(client, place, query)
    # Beside shows a second entry: its pictures are the one query more.
    with django_assert_max_num_queries(19 + (entries > 1)):
        page(client, place, query)
