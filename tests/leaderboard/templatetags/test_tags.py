import zoneinfo
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from leaderboard.templatetags.numbers import fixed, per_cent, rank, rank_strip
from leaderboard.templatetags.text import markdown
from leaderboard.templatetags.times import duration, when

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


def test_a_time_in_utc_is_said_once() -> None:
    with timezone.override(UTC):
        assert when(NOON) == '<time datetime="2026-07-01T12:00:00Z">1 Jul 2026, 12:00 UTC</time>'


def test_a_time_elsewhere_carries_its_zone_and_utc() -> None:
    with timezone.override(zoneinfo.ZoneInfo("Europe/Berlin")):
        text = when(NOON)
    assert text.startswith('<time datetime="2026-07-01T12:00:00Z">1 Jul 2026, 14:00 CEST ')
    assert text.endswith('<span class="utc">(12:00 UTC)</span></time>')


def test_utc_names_its_day_where_it_is_another_one() -> None:
    with timezone.override(zoneinfo.ZoneInfo("Asia/Tokyo")):
        assert "2 Jul 2026, 00:00 JST" in when(NOON + timedelta(hours=3))
        assert "(1 Jul 2026, 15:00 UTC)" in when(NOON + timedelta(hours=3))


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=5), "5 s"),
        (timedelta(seconds=65), "1 min, 5 s"),
        (timedelta(minutes=40, seconds=5), "40 min"),
        (timedelta(hours=2), "2 h"),
        (timedelta(days=1, hours=3), "1 day, 3 h"),
        (timedelta(days=2), "2 days"),
        (89.6, "1 min, 30 s"),
    ],
)
def test_a_span_in_its_two_largest_units(span: timedelta | float, words: str) -> None:
    assert duration(span) == words


def test_numbers() -> None:
    assert (fixed(0.12345, 3), fixed(None, 3)) == ("0.123", "\N{EN DASH}")
    assert (rank(2), rank(2.5), rank(None)) == ("2", "2.5", "\N{EN DASH}")
    assert (per_cent(1, 3), per_cent(0, 0)) == (33, 0)


def test_the_strip_runs_from_the_first_rank_to_the_last() -> None:
    assert rank_strip(1, (1, 21), 21, width=120)["x"] == {"at": "4.0", "low": "4.0", "high": "116.0"}
    assert rank_strip(11, None, 21, width=120)["x"] == {"at": "60.0", "low": "60.0", "high": "60.0"}


def test_markdown_is_safe() -> None:
    text = markdown("# Head\n\n[a](javascript:alert(1)) <script>x</script>\n\n|a|\n|-|\n|b|")
    assert "<h1>Head</h1>" in text
    assert "<table>" in text
    assert "<script" not in text
    assert 'href="javascript' not in text
