"""Numbers and ranks as the tables print them."""

from collections.abc import Mapping, Sequence
from typing import Protocol

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
    decimals = value.metric.decimals
    mark = ""
    if value.missing:
        words = f"{value.missing} case{'s' if value.missing > 1 else ''} without a value"
        mark = format_html('<abbr class="missing" title="{}">*</abbr>', words)
    spread = "" if value.std is None else f"±{value.std:.{decimals}f}"
    return format_html(
        '<td class="num{}" data-value="{}">{}{}<span class="sd">{}</span></td>',
        " best" if value.best else "",
        "" if value.mean is None else value.mean,
        mark,
        fixed(value.mean, decimals),
        spread,
    )


@register.filter
def p_value(value: float | None) -> str:
    """A p value with three digits; a very small one as a bound."""
    if value is None:
        return NOTHING
    return "< 0.0001" if value < 0.0001 else f"{value:.4f}"


def score_cell(value: float | None) -> SafeString:
    """A table's cell of a rank score."""
    shown = "" if value is None else value
    return format_html('<td class="num" data-value="{}">{}</td>', shown, fixed(value, 3))


@register.filter
def per_cent(part: float, whole: float) -> int:
    """How much of `whole` is `part`, in per cent; 0 of nothing."""
    return round(100 * part / whole) if whole else 0


@register.inclusion_tag("boards/_rank_strip.html")
def rank_strip(
    position: float,
    interval: Sequence[float] | None,
    distribution: Sequence[int] | None,
    ranked: int,
    *,
    width: int = 96,
) -> Mapping[str, object]:
    """A dot at a rank with its interval, and above it how often each rank came out over the resamples.

    The scale of 1 to `ranked` is shared by all rows.
    """
    low, high = interval if interval is not None else (position, position)
    step = (width - 8) / max(ranked - 1, 1)
    x = {
        name: f"{4 + (value - 1) * step:.1f}"
        for name, value in (("at", position), ("low", low), ("high", high))
    }
    bars = _bars(distribution or (), step)
    return {"width": width, "x": x, "rank": position, "low": low, "high": high, "bars": bars}


BARS_HEIGHT = 12
WIDEST_BAR = 5.0


def _bars(counts: Sequence[int], step: float) -> str:
    """An SVG path: one bar a rank that came out, its height the share of the resamples."""
    total, wide = sum(counts), min(max(step - 0.6, 1.0), WIDEST_BAR)
    return "".join(
        f"M{4 + at * step - wide / 2:.1f} {BARS_HEIGHT}v-{max(BARS_HEIGHT * count / total, 0.4):.1f}"
        f"h{wide:.1f}V{BARS_HEIGHT}z"
        for at, count in enumerate(counts)
        if count
    )


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
