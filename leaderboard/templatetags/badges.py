"""What kind of entry a row is of."""

from typing import Protocol

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString

register = template.Library()


class Marked(Protocol):
    """An entry's row on a board."""

    @property
    def baseline(self) -> bool: ...
    @property
    def kind(self) -> str: ...
    @property
    def instance_specific(self) -> bool: ...
    @property
    def in_competition(self) -> bool: ...


ISO = '<abbr class="badge" title="instance-specific optimisation">ISO</abbr>'


@register.simple_tag
def badges(row: Marked, team: str = "") -> SafeString:
    """The row's badges; below, for screens that have no room for them, its standing and team."""
    marks = [_badge("baseline")] if row.baseline else []
    marks += [_badge("optimisation")] if row.kind == "optimisation" else []
    marks += [ISO] if row.instance_specific else []
    outside = not row.in_competition and not row.baseline
    marks += [_badge("out of competition")] if outside else []
    standing = "Baseline" if row.baseline else "Out of competition" if outside else ""
    below = " · ".join(escape(word) for word in (standing, team) if word)
    return SafeString(f'{"".join(marks)}<span class="below">{below}</span>')


def _badge(word: str) -> str:
    return f'<span class="badge">{word}</span>'
