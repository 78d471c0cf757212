from leaderboard.figures.overview import Part, data_overview

PARTS = [
    Part(("In-domain", "Inter-subject", "T1w", "Labels"), "OASIS", 12, "/labels/"),
    Part(("In-domain", "Inter-subject", "T1w", "Landmarks"), "OASIS", 4, "/landmarks/"),
    Part(("Zero-shot", "Atlas to subject", "T1w", "Atlas"), "", 8, "/atlas/"),
]


def test_a_sector_is_as_wide_as_the_cases_of_all_within_it() -> None:
    trace = data_overview(PARTS).views[0].traces[0]
    counts = dict(zip(trace["ids"], trace["values"], strict=True))
    assert counts["In-domain"] == 16
    assert counts["In-domain/Inter-subject/T1w"] == 16
    assert counts["In-domain/Inter-subject/T1w/Landmarks"] == 4
    assert counts["Zero-shot/Atlas to subject/T1w/Atlas"] == 8
    # Every sector hangs on one that is there.
    assert set(trace["parents"]) <= {"", *trace["ids"]}


def test_a_dataset_opens_its_page_and_the_table_adds_up() -> None:
    view = data_overview(PARTS).views[0]
    trace = view.traces[0]
    links = dict(zip(trace["ids"], trace["customdata"], strict=True))
    assert links["Zero-shot/Atlas to subject/T1w/Atlas"] == "/atlas/"
    assert links["Zero-shot"] is None
    assert [row[-1] for row in view.table.rows] == ["12", "4", "8", "24"]
