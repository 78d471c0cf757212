"""Times carry their zone: the viewer's, and UTC beside it."""

from datetime import UTC, datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from leaderboard.words import both_times, duration

register = template.Library()
register.filter("duration", duration)


@register.simple_tag
def when(at: datetime | None) -> SafeString | str:
    """A time in the viewer's zone with its abbreviation, and in UTC where that differs."""
    if at is None:
        return "\N{EN DASH}"
    there, utc = both_times(at)
    stamp = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if not utc:
        return format_html('<time datetime="{}">{}</time>', stamp, there)
    return format_html('<time datetime="{}">{} <span class="utc">({})</span></time>', stamp, there, utc)


@register.filter
def left(at: datetime) -> str:
    """How long until `at`, in its two largest units: `3 days, 4 h`."""
    return duration(max(at - timezone.now(), timedelta(0)))
