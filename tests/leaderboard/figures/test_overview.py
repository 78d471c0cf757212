from itertools import accumulate, pairwise
from typing import Any

from leaderboard.figures.overview import Part, data_overview

PARTS = [
    Part(("In-domain", "Inter-subject", "T1w", "Labels"), "OASIS", 12, "/labels/"),
    Part(("In-domain", "Inter-subject", "T1w", "Landmarks"), "OASIS", 4, "/landmarks/"),
    Part(("Zero-shot", "Atlas to subject", "T1w", "Atlas"), "", 8, "/atlas/"),
]


def sectors(ring: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """Where each sector of a ring begins and ends, in cases clockwise from the top."""
    ends = list(accumulate(ring["values"], initial=0))
    return dict(zip(ring["labels"], pairwise(ends), strict=True))


def test_a_sector_is_as_wide_as_the_cases_of_all_within_it() -> None:
    groups, tasks, contrasts, datasets = map(sectors, data_overview(PARTS).views[0].traces)
    assert groups == {"In-domain": (0, 16), "Zero-shot": (16, 24)}
    assert tasks["In-domain/Inter-subject"] == (0, 16)
    assert contrasts["In-domain/Inter-subject/T1w"] == (0, 16)
    assert datasets["In-domain/Inter-subject/T1w/Landmarks"] == (12, 16)
    assert datasets["Zero-shot/Atlas to subject/T1w/Atlas"] == (16, 24)


def test_what_is_told_in_turns_stands_within_its_own_sector() -> None:
    rings = data_overview([PARTS[0], PARTS[2], PARTS[1]]).views[0].traces
    for inner, outer in pairwise(map(sectors, rings)):
        for path, (first, last) in outer.items():
            around = inner[path.rpartition("/")[0]]
            assert around[0] <= first < last <= around[1], path


def test_rings_touch_and_leave_a_hole() -> None:
    rings = data_overview(PARTS).views[0].traces
    radii = [(ring["domain"]["x"][1] - ring["domain"]["x"][0]) / 2 for ring in rings]
    assert radii == sorted(radii)
    assert radii[-1] == 0.5
    for inside, ring, radius in zip([None, *radii], rings, radii, strict=False):
        hole = ring["hole"] * radius
        assert hole > 0 if inside is None else abs(hole - inside) < 1e-3


def test_a_dataset_opens_its_page_and_the_table_adds_up() -> None:
    view = data_overview(PARTS).views[0]
    outermost = view.traces[-1]
    links = dict(zip(outermost["labels"], outermost["customdata"], strict=True))
    assert links["Zero-shot/Atlas to subject/T1w/Atlas"] == "/atlas/"
    assert [link for ring in view.traces[:-1] for link in ring["customdata"] if link] == []
    assert [row[-1] for row in view.table.rows] == ["12", "4", "8", "24"]


def test_cases_are_counted_by_source() -> None:
    view = data_overview(PARTS).views[1]
    sources, datasets = map(sectors, view.traces)
    assert sources == {"OASIS": (0, 16), "Source not told": (16, 24)}
    assert datasets["OASIS/Landmarks"] == (12, 16)
    assert view.traces[1]["customdata"] == ["/labels/", "/landmarks/", "/atlas/"]
    assert view.table.rows == [["OASIS", "2", "16"], ["Source not told", "1", "8"], ["All", "3", "24"]]
