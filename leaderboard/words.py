"""How times, spans of time and people are called, on pages and in mails alike."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone


def zone(name: str) -> ZoneInfo:
    """The time zone of a name; UTC for none, or for one that this system does not know (any more)."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def moment(at: datetime | None) -> str:
    """A time in the viewer's zone, which is named, and in UTC where that differs; nothing for no time."""
    if at is None:
        return ""
    there, utc = both_times(at)
    return f"{there} ({utc})" if utc else there


def both_times(at: datetime) -> tuple[str, str]:
    """A time in the viewer's zone and in UTC; the second is empty where they are the same.

    UTC names its day where it is another one: `2 Jul 2026, 00:00 JST` and `1 Jul 2026, 15:00 UTC`.
    """
    local, utc = timezone.localtime(at), at.astimezone(UTC)
    if local.utcoffset() == timedelta(0):
        return f"{_day(utc)}, {utc:%H:%M} UTC", ""
    beside = f"{utc:%H:%M}" if utc.date() == local.date() else f"{_day(utc)}, {utc:%H:%M}"
    return f"{_day(local)}, {local:%H:%M} {local.tzname()}", f"{beside} UTC"


def _day(at: datetime) -> str:
    return f"{at.day} {at:%b %Y}"


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


def person(user: AbstractBaseUser) -> str:
    """A person's name with the user name, or that alone: `Ada Lovelace (ada)`."""
    profile = getattr(user, "profile", None)
    username = user.get_username()
    return f"{profile.name} ({username})" if profile and profile.name else username
