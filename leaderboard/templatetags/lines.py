"""Small lines of numbers beside words."""

from collections.abc import Sequence

from django import template
from django.utils.safestring import SafeString

register = template.Library()
HEIGHT = 24


@register.simple_tag
def course_line(values: Sequence[float], at: int | None = None, width: int = 96) -> SafeString:
    """Numbers in their order as a line, higher is further up; a dot at one of them."""
    low, high = min(values), max(values)
    step = (width - 8) / max(len(values) - 1, 1)
    points = [
        (4 + number * step, HEIGHT - 4 - (HEIGHT - 8) * (value - low) / ((high - low) or 1.0))
        for number, value in enumerate(values)
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dot = "" if at is None else f'<circle cx="{points[at][0]:.1f}" cy="{points[at][1]:.1f}" r="3"/>'
    size = f'width="{width}" height="{HEIGHT}"'
    return SafeString(f'<svg class="course" {size} aria-hidden="true"><polyline points="{line}"/>{dot}</svg>')
