"""Links and forms that change one thing of the address asked for."""

from collections.abc import Mapping
from typing import Any, Protocol

from django import template
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

register = template.Library()


class Asking(Protocol):
    @property
    def sort(self) -> str: ...

    def query(self, **changes: Any) -> str: ...

    def given(self) -> Mapping[str, str]: ...


@register.simple_tag
def asking(asked: Asking, **changes: Any) -> str:
    """The query of an address with some of it changed; `.` where nothing is left of it."""
    return asked.query(**changes) or "."


@register.simple_tag
def sorting(asked: Asking, key: str) -> str:
    """The query that sorts by a column, and turns the order where it is sorted by it already."""
    return asked.query(sort=f"-{key}" if asked.sort == key else key)


@register.simple_tag
def without(request: HttpRequest, name: str) -> str:
    """The address of this page without one of its parameters."""
    query = request.GET.copy()
    query.pop(name, None)
    return f"{request.path}?{query.urlencode(safe=',:')}" if query else request.path


@register.simple_tag
def keeping(asked: Asking, *but: str) -> SafeString:
    """Hidden fields by which a form keeps all of an address but what it asks for itself."""
    kept = ((name, value) for name, value in asked.given().items() if name not in but)
    return format_html_join("", '<input type="hidden" name="{}" value="{}">', kept)
