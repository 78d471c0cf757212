"""Numbers and ranks as the tables print them."""

from collections.abc import Mapping, Sequence

from django import template

register = template.Library()

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
def per_cent(part: float, whole: float) -> int:
    """How much of `whole` is `part`, in per cent; 0 of nothing."""
    return round(100 * part / whole) if whole else 0


@register.inclusion_tag("boards/_rank_strip.html")
def rank_strip(
    position: float, interval: Sequence[float] | None, ranked: int, *, width: int = 96
) -> Mapping[str, object]:
    """A dot at a rank with its interval, on the scale of 1 to `ranked` that all rows share."""
    low, high = interval if interval is not None else (position, position)
    step = (width - 8) / max(ranked - 1, 1)
    x = {
        name: f"{4 + (value - 1) * step:.1f}"
        for name, value in (("at", position), ("low", low), ("high", high))
    }
    return {"width": width, "x": x, "rank": position, "low": low, "high": high}
