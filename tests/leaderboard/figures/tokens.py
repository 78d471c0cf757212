"""The design tokens as the style sheet gives them, and the contrast of two colours."""

import re
from pathlib import Path

_CSS = (Path(__file__).parents[3] / "static/css/tokens.css").read_text()

LIGHT, DARK = 0, 1
TOKENS: dict[str, tuple[str, str]] = {
    name: (light, dark)
    for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);", _CSS)
} | {name: (both, both) for name, both in re.findall(r"--([\w-]+): (#\w{6});", _CSS)}


def contrast(first: str, second: str) -> float:
    """Contrast ratio of WCAG 2.2, https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio."""
    brighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
