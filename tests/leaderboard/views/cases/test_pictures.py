"""The pictures and volumes of cases as files: who gets them, and that nobody gets one of a hidden dataset."""

import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from leaderboard.enums import Aspect, Audience
from leaderboard.models import Dataset, Phase
from tests.leaderboard import make
from tests.leaderboard.shown import Place
from tests.leaderboard.views.cases.drawn import KEY, addresses, draw, of_team, own, page

pytestmark = pytest.mark.django_db
A = Audience


def status(client: Client, address: str) -> int:
    answer = client.get(address)
    b"".join(answer)  # the test client lets go of a file when it was read to its end
    return answer.status_code


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
