"""Pictures on pages: strips of three planes with their words and scales, and the files behind them."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

from leaderboard.domain import pictures
from leaderboard.enums import PictureKind
from leaderboard.models import Dataset, Picture, Rendering
from leaderboard.pictures import scales
from leaderboard.pictures.frame import EDGES, PLANES
from leaderboard.pictures.scales import Scale
from leaderboard.queries import cases
from leaderboard.views import access, files

_K = PictureKind
# Title and one line that says how to read it: of the case itself, and of a field.
BEFORE: Mapping[str, tuple[str, str]] = {
    _K.FIXED: ("Fixed image", "What the moving image is brought onto."),
    _K.WARPED: ("Moving image", "As it is, on the same slices."),
    _K.DIFFERENCE: ("Difference before", "Moving minus fixed; dark is alike."),
    _K.FIXED_LABELS: (
        "Fixed labels",
        f"Each structure outlined; {len(scales.LABEL_COLOURS)} colours take turns, so several share one.",
    ),
    _K.LABELS: ("Moving labels", "The same structures before registration, over the moving image."),
    _K.MISMATCH: (
        "Label mismatch before",
        "Voxels whose moving label is not the fixed one, over the fixed image.",
    ),
    _K.LANDMARKS: (
        "Landmarks before",
        "What is farther from the slice is fainter.",
    ),
}
AFTER: Mapping[str, tuple[str, str]] = {
    _K.WARPED: ("Warped", "The moving image carried by the field."),
    _K.DIFFERENCE: ("Difference", "Warped minus fixed; dark is alike."),
    _K.LABELS: ("Propagated labels", "The moving labels carried by the field, over the warped image."),
    _K.MISMATCH: (
        "Label mismatch",
        "Voxels whose propagated label is not the fixed one, over the fixed image.",
    ),
    _K.LANDMARKS: (
        "Landmarks after",
        "What is farther from the slice is fainter.",
    ),
    _K.GRID: ("Deformation grid", "Lines of the fixed grid, where the field puts them in the moving image."),
    _K.MAGNITUDE: ("Displacement", "Length of the displacement."),
    _K.JACOBIAN: (
        "Jacobian determinant",
        "Blue shrinks, orange grows. A fold: one of the ten determinants that NDV sums is not positive.",
    ),
}
SCALES: Mapping[str, Scale] = {
    _K.DIFFERENCE: scales.DIFFERENCE,
    _K.MAGNITUDE: scales.MAGNITUDE,
    _K.JACOBIAN: scales.JACOBIAN,
}


@dataclass(frozen=True)
class Key:
    """What a mark of one colour means; shape: `fill`, `ring` or `dot`."""

    shape: str
    colour: str
    words: str


_SHOULD = Key("ring", scales.TARGET, "where it should be")
KEYS: Mapping[str, Sequence[Key]] = {
    _K.MISMATCH: [Key("fill", scales.MISMATCH, "wrong label")],
    _K.LANDMARKS: [_SHOULD, Key("dot", scales.CARRIED, "where it is")],
    _K.JACOBIAN: [Key("fill", scales.FOLD, "fold")],
}
TYPES = {".webp": "image/webp", ".gz": "application/gzip"}


@dataclass(frozen=True)
class Legend:
    """A colour scale for the page: stops and ticks by their place in per cent."""

    title: str
    unit: str
    stops: Sequence[tuple[str, str]]
    ticks: Sequence[tuple[str, str]]

    @property
    def words(self) -> str:
        unit = f", {self.unit}" if self.unit else ""
        return f"{self.title}{unit}: {', '.join(word for _, word in self.ticks)}"


@dataclass(frozen=True)
class View:
    """One picture in one plane; `edges` are the letters at its left, right, top and bottom."""

    url: str
    alt: str
    width: int
    height: int
    edges: tuple[str, ...]


@dataclass(frozen=True)
class Strip:
    """One kind of picture in its three planes."""

    kind: str
    title: str
    words: str
    views: Sequence[View]
    legend: Legend | None
    keys: Sequence[Key]


def legend_of(scale: Scale) -> Legend:
    count = len(scale.stops) - 1
    stops = [(f"{100 * at / count:.1f}%", colour) for at, colour in enumerate(scale.stops)]
    places = [scale.place(value) for value, _ in scale.ticks]
    ticks = [(f"{100 * place:.1f}", word) for place, (_, word) in zip(places, scale.ticks, strict=True)]
    return Legend(scale.title, scale.unit, stops, ticks)


def picture_url(picture: Picture, challenge: str) -> str:
    return reverse("picture", args=[challenge, picture.rendering.name, picture.filename])


def strips(rendering: Rendering, challenge: str, of: str) -> dict[str, Strip]:
    """A finished rendering's pictures by kind, in reading order; `of` names whose they are."""
    found = {(one.kind, one.plane): one for one in _pictures(rendering)}
    words = BEFORE if rendering.evaluation_id is None else AFTER
    return {
        kind: Strip(
            kind,
            *words[kind],
            [_view(found[kind, plane], rendering, challenge, f"{words[kind][0]}, {of}") for plane in PLANES],
            legend_of(SCALES[kind]) if kind in SCALES else None,
            KEYS.get(kind, ()),
        )
        for kind in words
        if (kind, "axial") in found
    }


def _pictures(rendering: Rendering) -> Iterable[Picture]:
    for picture in rendering.pictures.all():
        picture.rendering = rendering
        yield picture


def _view(picture: Picture, rendering: Rendering, challenge: str, what: str) -> View:
    at, of = rendering.facts["slices"][picture.plane]
    edges = EDGES[picture.plane] if rendering.facts["oriented"] else ()  # type: ignore[index]
    alt = f"{what}: {picture.plane} slice {at} of {of}"
    return View(picture_url(picture, challenge), alt, picture.width, picture.height, tuple(edges))


@dataclass(frozen=True)
class Example:
    """The first case of a dataset: its image, and its labels or landmarks."""

    rendering: Rendering
    strips: Sequence[Strip]


def examples(datasets: Iterable[Dataset]) -> list[Example]:
    """One example of each public dataset that has pictures, in the datasets' order."""
    public = [dataset for dataset in datasets if dataset.public]
    found = cases.example_renderings(public)
    made = []
    for dataset in public:
        if dataset.pk in found:
            of_one = strips(found[dataset.pk], dataset.challenge.slug, dataset.name)
            kinds = (_K.FIXED, _K.FIXED_LABELS, _K.LANDMARKS)
            made.append(Example(found[dataset.pk], [of_one[kind] for kind in kinds if kind in of_one]))
    return made


def lead(examples: Sequence[Example]) -> tuple[list[tuple[Rendering, Strip]], list[Example]]:
    """An image, its labels, and landmarks, each of the first example that has it; and the other examples."""
    first: dict[str, tuple[Rendering, Strip]] = {}
    for example in examples:
        for strip in example.strips:
            first.setdefault(strip.kind, (example.rendering, strip))
    shown = {rendering.pk for rendering, _ in first.values()}
    return list(first.values()), [example for example in examples if example.rendering.pk not in shown]


def volumes(rendering: Rendering, challenge: str) -> dict[str, dict[str, Any]]:
    """Address and bytes of a rendering's volumes, by kind."""
    return {
        one.kind: {"url": picture_url(one, challenge), "bytes": one.bytes}
        for one in _pictures(rendering)
        if not one.plane
    }


def picture(request: HttpRequest, challenge: str, rendering: uuid.UUID, name: str) -> HttpResponseBase:
    """One file, as long as its dataset is public and its phase shows it to the viewer; asked every time."""
    found = access.picture_or_404(request, challenge, rendering, name)
    kind = TYPES[f".{name.rpartition('.')[2]}"]
    return files.sent(
        request,
        pictures.store(),
        found.path,
        name=name,
        kind=kind,
        size=found.bytes,
        sha256=found.sha256,
    )
