"""Cases that are drawn: every picture's bytes are its own name."""

import hashlib

from django.core.files.base import ContentFile
from django.test import Client

from leaderboard.domain import pictures
from leaderboard.enums import PictureKind
from leaderboard.models import Case, Picture, Rendering
from leaderboard.pictures.frame import PLANES
from leaderboard.views.pictures import AFTER, BEFORE
from tests.leaderboard import shown
from tests.leaderboard.shown import Place

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
