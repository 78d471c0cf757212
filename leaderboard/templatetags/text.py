"""Words: Markdown of organizers as safe HTML."""

import nh3
from django import template
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

register = template.Library()
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")


@register.filter
def markdown(text: str) -> SafeString:
    """Markdown as HTML; scripts, styles and event handlers do not survive."""
    return mark_safe(nh3.clean(_MARKDOWN.render(text)))  # noqa: S308 cleaned on this very line
