"""Times carry their zone: the viewer's, and UTC beside it."""

from datetime import UTC, datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def when(at: datetime | None) -> SafeString | str:
    """A time in the viewer's zone with its abbreviation, and in UTC where that differs."""
    if at is None:
        return "\N{EN DASH}"
    local, utc = timezone.localtime(at), at.astimezone(UTC)
    stamp = utc.strftime("%Y-%m-%dT%H:%M:%SZ")
    text = f"{_day(local)}, {local:%H:%M} {local.tzname()}"
    if local.utcoffset() == timedelta(0):
        return format_html('<time datetime="{}">{}, {} UTC</time>', stamp, _day(utc), utc.strftime("%H:%M"))
    beside = f"{utc:%H:%M}" if utc.date() == local.date() else f"{_day(utc)}, {utc:%H:%M}"
    return format_html('<time datetime="{}">{} <span class="utc">({} UTC)</span></time>', stamp, text, beside)


def _day(at: datetime) -> str:
    return f"{at.day} {at:%b %Y}"


@register.filter
def left(at: datetime) -> str:
    """How long until `at`, in its two largest units: `3 days, 4 h`."""
    return duration(max(at - timezone.now(), timedelta(0)))


@register.filter
def duration(span: timedelta | float) -> str:
    """A span of time, or of seconds, in its two largest units."""
    seconds = round(span.total_seconds() if isinstance(span, timedelta) else span)
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, seconds = divmod(rest, 60)
    if days:
        return f"{days} day{'s' if days > 1 else ''}" + (f", {hours} h" if hours else "")
    if hours:
        return f"{hours} h" + (f", {minutes} min" if minutes else "")
    return (
        f"{minutes} min" + (f", {seconds} s" if seconds and minutes < 10 else "")
        if minutes
        else f"{seconds} s"
    )
