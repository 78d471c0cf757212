"""Entries side by side on a case, as papers print them: a row a kind of picture, a column an entry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leaderboard.enums import PictureKind
from leaderboard.models import Rendering
from leaderboard.pictures.frame import PLANES, Plane
from leaderboard.queries.cases import CaseEntry
from leaderboard.views import pictures
from leaderboard.views.pictures import Key, Legend, Strip, View

MOST = 3
_K = PictureKind
# Title and reading of a row, and the kinds of the moving image, of the fixed one and of an entry.
ROWS: tuple[tuple[str, str, str, str, PictureKind], ...] = (
    ("Image", "Moving and fixed, then the moving one carried by each field.", _K.WARPED, _K.FIXED, _K.WARPED),
    ("Difference", "From the fixed image; dark is alike.", _K.DIFFERENCE, "", _K.DIFFERENCE),
    ("Labels", "Outlines of the structures; colours repeat.", _K.LABELS, _K.FIXED_LABELS, _K.LABELS),
    ("Landmarks", "What is farther from the slice is fainter.", _K.LANDMARKS, "", _K.LANDMARKS),
    ("Deformation", "Lines of the fixed grid, where the field puts them.", "", "", _K.GRID),
    ("Jacobian determinant", "Blue shrinks, orange grows.", "", "", _K.JACOBIAN),
)


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
    """What the page's table is made of."""

    entries: Sequence[CaseEntry]
    lines: Sequence[Line]
    plane: Plane
    planes: Sequence[Plane]
    cut: tuple[int, int]


def side_by_side(
    own: Rendering, entries: Sequence[CaseEntry], plane: Plane, challenge: str, case: str
) -> Leaders | None:
    """The first few entries that are drawn, in the order given; None where there are not two of them."""
    drawn = [one for one in entries if one.is_drawn][:MOST]
    if len(drawn) < 2:
        return None
    before = pictures.strips(own, challenge, f"case {case}")
    after = [
        pictures.strips(one.rendering, challenge, f"{one.row.method}, case {case}")
        for one in drawn
        if one.rendering is not None
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
        for title, words, moving, fixed, kind in ROWS
        if any(kind in strips for strips in after)
    ]
    number, of = own.facts["slices"][plane]
    return Leaders(drawn, lines, plane, PLANES, (number, of))


def _view(strips: Mapping[str, Strip], kind: str, at: int) -> View | None:
    return strips[kind].views[at] if kind in strips else None
