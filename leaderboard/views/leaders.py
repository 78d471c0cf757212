"""Entries side by side on a case, as papers print them: a row a kind of picture, a column an entry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import Http404, HttpRequest

from leaderboard.enums import PictureKind
from leaderboard.models import Case, Rendering
from leaderboard.pictures.frame import PLANES, Plane
from leaderboard.queries.cases import CaseEntry
from leaderboard.views import pictures
from leaderboard.views.pictures import Key, Legend, Strip, View

MOST = 3
_K = PictureKind
# Title and reading of a row, and the kinds of the moving image, of the fixed one and of an entry.
Row = tuple[str, str, str, str, PictureKind]
ROWS: tuple[Row, ...] = (
    ("Image", "Moving and fixed, then the moving one carried by each field.", _K.WARPED, _K.FIXED, _K.WARPED),
    ("Difference", "From the fixed image; dark is alike.", _K.DIFFERENCE, "", _K.DIFFERENCE),
    ("Labels", "Outlines of the structures; colours repeat.", _K.LABELS, _K.FIXED_LABELS, _K.LABELS),
    ("Landmarks", "What is farther from the slice is fainter.", _K.LANDMARKS, "", _K.LANDMARKS),
    ("Deformation", "Lines of the fixed grid, where the field puts them.", "", "", _K.GRID),
    ("Jacobian determinant", "Blue shrinks, orange grows.", "", "", _K.JACOBIAN),
)
# What the figure of the tasks shows: the images, what is judged, and the field.
OF_TASKS = tuple(row for row in ROWS if row[4] in (_K.WARPED, _K.LABELS, _K.LANDMARKS, _K.GRID))


@dataclass(frozen=True)
class Line:
    """One kind of picture in one plane: of the moving image, of the fixed one, and of each entry."""

    title: str
    words: str
    moving: View | None
    fixed: View | None
    views: Sequence[View | None]
    legend: Legend | None
    keys: Sequence[Key]


@dataclass(frozen=True)
class Leaders:
    """What the page's table is made of; `cut` is the slice's number and how many there are."""

    entries: Sequence[CaseEntry]
    lines: Sequence[Line]
    plane: Plane
    planes: Sequence[Plane]
    cut: tuple[int, int]


def asked_plane(request: HttpRequest) -> Plane:
    """The plane that `?plane=` names, by default the first, or 404."""
    asked = request.GET.get("plane", PLANES[0])
    plane = next((plane for plane in PLANES if plane == asked), None)
    if plane is None:
        raise Http404
    return plane


def leading(of_cases: Sequence[Sequence[CaseEntry]]) -> list[str]:
    """The first few entries that are drawn on any of the cases, in the order of the board."""
    drawn = {one.slug for entries in of_cases for one in entries if one.is_drawn}
    order = dict.fromkeys(one.slug for entries in of_cases for one in entries)
    return [slug for slug in order if slug in drawn][:MOST]


def side_by_side(
    own: Rendering, entries: Sequence[CaseEntry], plane: Plane, case: Case, rows: Sequence[Row] = ROWS
) -> Leaders:
    """The case before registration and what these entries made of it, in one plane."""
    challenge = case.dataset.challenge.slug
    before = pictures.strips(own, challenge, f"case {case.key}")
    after = [
        pictures.strips(one.rendering, challenge, f"{one.row.method}, case {case.key}")
        if one.rendering is not None and one.is_drawn
        else {}
        for one in entries
    ]
    at = PLANES.index(plane)
    lines = [
        Line(
            title,
            words,
            _view(before, moving, at),
            _view(before, fixed, at),
            [_view(strips, kind, at) for strips in after],
            next((strips[kind].legend for strips in after if kind in strips), None),
            pictures.KEYS.get(kind, ()),
        )
        for title, words, moving, fixed, kind in rows
        if any(kind in strips for strips in after) or (not after and moving in before and fixed in before)
    ]
    number, of = own.facts["slices"][plane]
    return Leaders(entries, lines, plane, PLANES, (number, of))


def _view(strips: Mapping[str, Strip], kind: str, at: int) -> View | None:
    return strips[kind].views[at] if kind in strips else None
