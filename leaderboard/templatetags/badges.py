"""What kind of entry a row is of."""

from collections.abc import Mapping
from typing import Protocol

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString

register = template.Library()


class Marked(Protocol):
    """An entry's row on a board."""

    @property
    def standing(self) -> Mapping[str, str]: ...
    @property
    def kind(self) -> str: ...
    @property
    def instance_specific(self) -> bool: ...


ISO = '<abbr{} title="instance-specific optimisation">ISO</abbr>'


@register.simple_tag
def badges(row: Marked, team: str = "") -> SafeString:
    """The row's badges; below, for phones and paper that have no room for them, the same with its team."""
    marks = [f'<span{{}} title="{meaning}">{word}</span>' for word, meaning in row.standing.items()]
    marks += ["<span{}>optimisation</span>"] if row.kind == "optimisation" else []
    marks += [ISO] if row.instance_specific else []
    beside = "".join(mark.format(' class="badge"') for mark in marks)
    below = "".join(mark.format("") for mark in marks) + (f"<span>{escape(team)}</span>" if team else "")
    return SafeString(f'{beside}<span class="below">{below}</span>')
