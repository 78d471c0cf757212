"""Numbers and ranks as the tables print them."""

import html
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


class _Decimal(Protocol):
    @property
    def decimals(self) -> int: ...


class Measured(Protocol):
    """A mean over cases as the tables show it."""

    @property
    def metric(self) -> _Decimal: ...
    @property
    def mean(self) -> float | None: ...
    @property
    def std(self) -> float | None: ...
    @property
    def missing(self) -> int: ...
    @property
    def best(self) -> bool: ...


NOTHING = "\N{EN DASH}"


@register.filter
def fixed(value: float | None, decimals: int) -> str:
    """A number with a fixed precision; a dash where it is missing."""
    return NOTHING if value is None else f"{value:.{decimals}f}"


@register.filter
def rank(value: float | None) -> str:
    """A rank: whole, or with its half where entries tie; a dash for an entry that is not ranked."""
    return NOTHING if value is None else f"{value:g}"


@register.filter
def cell(value: Measured) -> SafeString:
    """A table's cell: mean and spread, marked where it is the best or where cases are missing."""
    # Numbers alone, put together without escaping: a board has thousands of cells.
    decimals = value.metric.decimals
    mark = ""
    if value.missing:
        words = f"{value.missing} case{'s' if value.missing > 1 else ''} without a value"
        mark = f'<abbr class="missing" title="{words}">*</abbr>'
    spread = "" if value.std is None else f"±{value.std:.{decimals}f}"
    exact = "" if value.mean is None else value.mean
    return SafeString(
        f'<td class="num{" best" if value.best else ""}" data-value="{exact}">{mark}'
        f'{fixed(value.mean, decimals)}<span class="sd">{spread}</span></td>'
    )


@register.filter
def table_head(names: Sequence[str]) -> SafeString:
    """The head of a table of text."""
    return SafeString("<tr>" + "".join(f'<th scope="col">{_linked(name)}</th>' for name in names) + "</tr>")


@register.filter
def table_rows(rows: Sequence[Sequence[str]]) -> SafeString:
    """The body of a table of text; the first text of a line names it."""
    # Not by the template: figures have thousands of cells.
    return SafeString("".join(map(_table_row, rows)))


def _table_row(line: Sequence[str]) -> str:
    # Escaped at once: no text has the character that stands between them.
    texts = html.escape("\0".join(line)).split("\0")
    for at, text in enumerate(line):
        if type(text) is not str:
            texts[at] = _linked(text, texts[at])
    return f'<tr><th scope="row">{texts[0]}</th>{"".join([f"<td>{text}</td>" for text in texts[1:]])}</tr>'


def _linked(text: str, escaped: str = "") -> str:
    """A text, as a link where it has the address of a page."""
    escaped, url = escaped or html.escape(text), getattr(text, "url", None)
    return f'<a href="{html.escape(url)}">{escaped}</a>' if url else escaped


@register.filter
def script_json(value: Mapping[str, Any]) -> SafeString:
    """Strict JSON for a page's script element, escaped as Django's `json_script` does, which takes long."""
    text = json.dumps(value)
    for mark in "<>&":
        text = text.replace(mark, f"\\u{ord(mark):04X}")
    return SafeString(f'<script type="application/json">{text}</script>')


@register.filter
def p_value(value: float | None) -> str:
    """A p value with three digits; a very small one as a bound."""
    if value is None:
        return NOTHING
    return "< 0.0001" if value < 0.0001 else f"{value:.4f}"


def score_cell(value: float | None) -> SafeString:
    """A table's cell of a rank score."""
    exact = "" if value is None else value
    return SafeString(f'<td class="num" data-value="{exact}">{fixed(value, 3)}</td>')


@register.filter
def per_cent(part: float, whole: float) -> int:
    """How much of `whole` is `part`, in per cent; 0 of nothing."""
    return round(100 * part / whole) if whole else 0


def rank_strip(
    position: float,
    interval: Sequence[float] | None,
    distribution: Sequence[int] | None,
    ranked: int,
    *,
    width: int = 96,
) -> SafeString:
    """A dot at a rank with its interval, and above it how often each rank came out over the resamples.

    The scale of 1 to `ranked` is shared by all rows.
    """
    low, high = interval if interval is not None else (position, position)
    step = (width - 8) / max(ranked - 1, 1)
    x_low, x_high, x_at = (f"{4 + (value - 1) * step:.1f}" for value in (low, high, position))
    bars = _bars(distribution, step) if distribution else ""
    told = f"rank {rank(position)}, 95 % interval {rank(low)} to {rank(high)}"
    return SafeString(
        f'<svg class="strip" width="{width}" height="20" role="img" aria-label="{told}">{bars}'
        f'<line x1="{x_low}" x2="{x_high}" y1="16" y2="16"/><circle cx="{x_at}" cy="16" r="3.2"/></svg>'
    )


BARS_HEIGHT = 12
WIDEST_BAR = 5.0


def _bars(counts: Sequence[int], step: float) -> str:
    """An SVG path: one upright line a rank that came out, as high as its share of the resamples."""
    wide = min(max(step - 0.6, 1.0), WIDEST_BAR)
    starts, heights = _starts(len(counts), step), _heights(sum(counts))
    lines = [f"{start}{heights[count]}" for start, count in zip(starts, counts, strict=True) if count]
    return f'<path stroke-width="{wide:.1f}" d="{"".join(lines)}"/>'


# A board has thousands of bars, at the same places and of the same heights.
@lru_cache(maxsize=8)
def _starts(ranks: int, step: float) -> list[str]:
    return [f"M{4 + at * step:.1f} {BARS_HEIGHT}v-" for at in range(ranks)]


@lru_cache(maxsize=8)
def _heights(total: int) -> list[str]:
    return [f"{max(BARS_HEIGHT * count / max(total, 1), 0.4):.1f}" for count in range(total + 1)]


@register.simple_tag
def effect(value: float | None, interval: Sequence[float] | None) -> SafeString | str:
    """An effect size with its interval."""
    if value is None:
        return NOTHING
    if interval is None:
        return f"{value:.2f}"
    return format_html(
        '{} <span class="lohi">{} to {}</span>', f"{value:.2f}", *(f"{v:.2f}" for v in interval)
    )


@register.inclusion_tag("boards/_shares.html")
def shares(wins: int, ties: int, losses: int, *, width: int = 90) -> Mapping[str, object]:
    """A bar in three parts: wins, ties, losses."""
    whole = max(wins + ties + losses, 1)
    won, lost = (f"{width * part / whole:.1f}" for part in (wins, losses))
    start = f"{width * (wins + ties) / whole:.1f}"
    return {"width": width, "won": won, "lost": lost, "start": start}
