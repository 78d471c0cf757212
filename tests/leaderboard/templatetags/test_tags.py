import zoneinfo
from datetime import UTC, datetime, timedelta

import pytest
from django.http import QueryDict
from django.utils import timezone

from leaderboard.messages import Refused
from leaderboard.queries.boards import Cell, Metric
from leaderboard.templatetags.links import asking, sorting
from leaderboard.templatetags.numbers import (
    cell,
    effect,
    fixed,
    p_value,
    per_cent,
    rank,
    rank_strip,
    shares,
)
from leaderboard.templatetags.text import markdown
from leaderboard.templatetags.times import when
from leaderboard.views.asked import Asked
from leaderboard.words import duration, moment

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


def test_a_time_in_utc_is_said_once() -> None:
    with timezone.override(UTC):
        assert when(NOON) == '<time datetime="2026-07-01T12:00:00Z">1 Jul 2026, 12:00 UTC</time>'
        assert moment(NOON) == "1 Jul 2026, 12:00 UTC"


def test_a_time_elsewhere_carries_its_zone_and_utc() -> None:
    with timezone.override(zoneinfo.ZoneInfo("Europe/Berlin")):
        text = when(NOON)
    assert text.startswith('<time datetime="2026-07-01T12:00:00Z">1 Jul 2026, 14:00 CEST ')
    assert text.endswith('<span class="utc">(12:00 UTC)</span></time>')


def test_utc_names_its_day_where_it_is_another_one() -> None:
    with timezone.override(zoneinfo.ZoneInfo("Asia/Tokyo")):
        assert "2 Jul 2026, 00:00 JST" in when(NOON + timedelta(hours=3))
        assert "(1 Jul 2026, 15:00 UTC)" in when(NOON + timedelta(hours=3))
        assert moment(NOON + timedelta(hours=3)) == "2 Jul 2026, 00:00 JST (1 Jul 2026, 15:00 UTC)"


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("2026-01-31", "2026-01-31T23:59:59.999999+00:00"),
        ("20260131", "2026-01-31T23:59:59.999999+00:00"),
        ("2026-01-31T00:00", "2026-01-31T00:00:00+00:00"),
        ("2026-01-31T18:00+09:00", "2026-01-31T18:00:00+09:00"),
    ],
)
def test_a_day_stands_for_its_end_and_a_time_for_itself(text: str, until: str) -> None:
    assert Asked(at=text).until == datetime.fromisoformat(until)


@pytest.mark.parametrize("text", ["9999-12-31", "0001-01-01", "1999-12-31T23:00", "2026-02-30", "soon"])
def test_a_day_that_no_board_knows_is_no_date(text: str) -> None:
    with pytest.raises(Refused, match="is no date"):
        Asked.of(QueryDict(f"at={text}"))


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
    first = rank_strip(1, (1, 21), None, 21, width=120)
    assert '<line x1="4.0" x2="116.0"' in first
    assert '<circle cx="4.0"' in first
    assert 'aria-label="rank 1, 95 % interval 1 to 21"' in first
    assert '<line x1="60.0" x2="60.0"' in rank_strip(11, None, None, 21, width=120)


def test_a_bar_is_as_high_as_its_ranks_share_of_the_resamples() -> None:
    # 21 ranks on 120 pixels: 5.6 each; rank 2 in 3 of 4 resamples, 9 of 12 pixels high, rank 3 in one.
    strip = rank_strip(2, (2, 3), [0, 3, 1, *[0] * 18], 21, width=120)
    assert '<path stroke-width="5.0" d="M9.6 12v-9.0M15.2 12v-3.0"/>' in strip


def test_a_cell_marks_the_best_and_the_missing() -> None:
    metric = Metric("DSC", "Dice", "", "higher", 4)
    best = cell(Cell(metric, mean=0.5, std=0.1, best=True))
    assert best == '<td class="num best" data-value="0.5">0.5000<span class="sd">±0.1000</span></td>'
    assert "2 cases without a value" in cell(Cell(metric, mean=0.5, std=0.1, missing=2))
    assert cell(Cell(metric)) == '<td class="num" data-value="">\N{EN DASH}<span class="sd"></span></td>'


def test_p_values_effects_and_shares() -> None:
    assert (p_value(0.04567), p_value(0.00001), p_value(None)) == ("0.0457", "< 0.0001", "\N{EN DASH}")
    assert effect(0.5, (0.1, 0.9)) == '0.50 <span class="lohi">0.10 to 0.90</span>'
    assert (effect(0.5, None), effect(None, None)) == ("0.50", "\N{EN DASH}")
    assert shares(2, 1, 1, width=100) == {"width": 100, "won": "50.0", "lost": "25.0", "start": "75.0"}


def test_links_change_one_thing_of_an_address() -> None:
    asked = Asked(scheme="strict", sort="DSC")
    assert asking(asked, scheme="") == "?sort=DSC"
    assert asking(Asked(scheme="strict"), scheme="") == "."
    assert (sorting(asked, "DSC"), sorting(asked, "NDV")) == (
        "?scheme=strict&sort=-DSC",
        "?scheme=strict&sort=NDV",
    )


def test_markdown_is_safe() -> None:
    text = markdown("# Head\n\n[a](javascript:alert(1)) <script>x</script>\n\n|a|\n|-|\n|b|")
    assert "<h1>Head</h1>" in text
    assert "<table>" in text
    assert "<script" not in text
    assert 'href="javascript' not in text
