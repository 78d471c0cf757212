"""What the pictures show, drawn pixel by pixel: windows, scales, outlines, grids, landmarks.

Arrays are pictures (rows, columns); `zoom` is the pixels a voxel takes, down and along.
"""

import io
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from leaderboard.pictures import scales
from leaderboard.pictures.scales import rgb

Zoom: TypeAlias = tuple[int, int]
Pixels: TypeAlias = NDArray[np.uint8]
Array: TypeAlias = NDArray[Any]

FINER = 2
"""Lines are drawn so much larger and shrunk: smooth edges."""


def window_of(image: Array) -> float:
    """The value shown white: the 99.5th percentile of what is not background."""
    inside = image[image > 0]
    return float(np.percentile(inside, 99.5)) if inside.size else 1.0


def enlarged(values: Array, zoom: Zoom) -> Array:
    """Every voxel as a rectangle of pixels."""
    return values.repeat(zoom[0], axis=0).repeat(zoom[1], axis=1)


def grey(values: Array, white: float, zoom: Zoom) -> Pixels:
    """An image between 0 (black) and `white`, smooth between voxels; (rows, columns)."""
    levels = (np.clip(np.nan_to_num(values) / white, 0, 1) * 255).round().astype(np.uint8)
    size = levels.shape[1] * zoom[1], levels.shape[0] * zoom[0]
    return np.asarray(Image.fromarray(levels).resize(size, Image.Resampling.BICUBIC))


def difference(warped: Array, fixed: Array, whites: tuple[float, float], zoom: Zoom) -> Pixels:
    """Warped minus fixed image, each in per cent of its window; RGB."""
    per_cent = 100 * (np.clip(warped / whites[0], 0, 1) - np.clip(fixed / whites[1], 0, 1))
    return scales.DIFFERENCE.colours(enlarged(per_cent, zoom))


def magnitude(u_mm: Array, zoom: Zoom) -> Pixels:
    return scales.MAGNITUDE.colours(enlarged(u_mm, zoom))


def jacobian(central: Array, least: Array, zoom: Zoom) -> Pixels:
    """Determinants as colours; voxels whose smallest determinant is not positive are marked as folds."""
    picture = scales.JACOBIAN.colours(enlarged(central, zoom))
    picture[enlarged(least <= 0, zoom)] = rgb(scales.FOLD)
    return picture


def edges(labels: Array, width: int = 1) -> NDArray[np.bool_]:
    """Pixels with another label within `width` pixels up, down, left or right."""
    found = np.zeros(labels.shape, bool)
    for step in range(1, width + 1):
        down = labels[step:] != labels[:-step]
        along = labels[:, step:] != labels[:, :-step]
        found[step:] |= down
        found[:-step] |= down
        found[:, step:] |= along
        found[:, :-step] |= along
    return found


def outlines(under: Pixels, labels: Array, zoom: Zoom) -> Pixels:
    """Each structure's border inside it, in the colour of its label, over a grey image; 0 has none."""
    large = enlarged(labels, zoom)
    border = edges(large, max(1, round(min(zoom) / 4))) & (large > 0)
    table = np.array(
        [rgb(scales.label_colour(label)) for label in range(int(large.max(initial=0)) + 1)], np.uint8
    )
    picture = _coloured(under)
    picture[border] = table[large[border]]
    return picture


def mismatch(under: Pixels, fixed: Array, carried: Array, zoom: Zoom) -> Pixels:
    """Over a grey image, the voxels whose carried label is not the fixed one."""
    picture = _coloured(under)
    wrong = enlarged(fixed != carried, zoom)
    mixed = 0.4 * picture[wrong] + 0.6 * np.array(rgb(scales.MISMATCH))
    picture[wrong] = mixed.round().astype(np.uint8)
    return picture


def grid_lines(down: Array, right: Array, zoom: Zoom) -> list[NDArray[np.float64]]:
    """Lines of the fixed grid where the field puts them: arrays (n, 2) of pixels (x, y), voxels' middles."""
    rows, columns = down.shape
    y = (np.arange(rows)[:, None] + down + 0.5) * zoom[0]
    x = (np.arange(columns)[None] + right + 0.5) * zoom[1]
    points = np.stack([x, y], -1)
    step = grid_step(max(rows, columns))
    return [points[row] for row in range(step // 2, rows, step)] + [
        points[:, column] for column in range(step // 2, columns, step)
    ]


def grid_step(voxels: int) -> int:
    """Voxels between the lines: about thirty lines on the longer side."""
    return max(2, round(voxels / 30))


def grid(down: Array, right: Array, zoom: Zoom) -> Pixels:
    """The deformed grid, light on black; RGB."""
    size = down.shape[1] * zoom[1], down.shape[0] * zoom[0]
    canvas = Image.new("RGB", (size[0] * FINER, size[1] * FINER))
    draw = ImageDraw.Draw(canvas)
    for line in grid_lines(down, right, zoom):
        draw.line([tuple(point) for point in line * FINER], fill=scales.GRID_LINE, width=FINER, joint="curve")
    return np.asarray(canvas.resize(size, Image.Resampling.BOX))


Mark: TypeAlias = tuple[float, float]


def landmarks(under: Pixels, pairs: Sequence[tuple[Mark, Mark, bool]], zoom: Zoom) -> Pixels:
    """Where landmarks should be (rings) and where they are (dots), over a grey image; RGB.

    pairs: target and carried, each as row and column in voxels, and whether they lie near the slice:
    others are fainter.
    """
    base = Image.fromarray(_coloured((under * 0.7).astype(np.uint8)))
    size = base.width * FINER, base.height * FINER
    layer = Image.new("RGBA", size)
    draw = ImageDraw.Draw(layer)
    radius = FINER * max(4.0, base.width / 36)
    for target, carried, near in sorted(pairs, key=lambda pair: pair[2]):
        alpha = 255 if near else 140
        (x0, y0), (x1, y1) = (_centre(mark, zoom) for mark in (target, carried))
        draw.line([(x0, y0), (x1, y1)], fill=(255, 255, 255, alpha), width=2 * FINER)
        draw.ellipse(
            [x0 - radius, y0 - radius, x0 + radius, y0 + radius],
            outline=(*rgb(scales.TARGET), alpha),
            width=3 * FINER,
        )
        half = radius / 2
        draw.ellipse([x1 - half, y1 - half, x1 + half, y1 + half], fill=(*rgb(scales.CARRIED), alpha))
    base.paste(small := layer.resize(base.size, Image.Resampling.BOX), mask=small)
    return np.asarray(base)


def _centre(mark: Mark, zoom: Zoom) -> tuple[float, float]:
    return FINER * (mark[1] + 0.5) * zoom[1], FINER * (mark[0] + 0.5) * zoom[0]


def _coloured(pixels: Pixels) -> Pixels:
    return np.repeat(pixels[..., None], 3, axis=2) if pixels.ndim == 2 else pixels.copy()


def encoded(pixels: Pixels) -> bytes:
    """A lossless WebP image."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "WEBP", lossless=True, quality=30, method=0)
    return out.getvalue()
