"""Links that change one thing of the address asked for."""

from typing import Any, Protocol

from django import template

register = template.Library()


class Asking(Protocol):
    @property
    def sort(self) -> str: ...

    def query(self, **changes: Any) -> str: ...


@register.simple_tag
def asking(asked: Asking, **changes: Any) -> str:
    """The query of an address with some of it changed; `.` where nothing is left of it."""
    return asked.query(**changes) or "."


@register.simple_tag
def sorting(asked: Asking, key: str) -> str:
    """The query that sorts by a column, and turns the order where it is sorted by it already."""
    return asked.query(sort=f"-{key}" if asked.sort == key else key)
