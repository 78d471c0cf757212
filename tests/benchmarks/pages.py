"""What the pages of a long phase cost the server, by the site's own code, database and cache."""

from typing import Any

from tests.benchmarks import apart


def run() -> list[str]:
    """Markdown lines."""
    costs = apart.in_a_site("pages:costs", ALLOWED_HOSTS="testserver")
    words = costs[apart.WORDS]["again"]
    heaviest, size = max(
        (figure for cost in costs.values() for figure in cost["figures"].items()), key=lambda one: one[1]
    )
    return [
        "## Pages",
        "",
        "200 entries, 20 datasets, 4,000 cases. Milliseconds of the processor in the web process, and of its "
        "waiting for the database: of the first reader of a snapshot, and of the next ones.",
        "",
        "| page | first (ms) | again (ms) | again, over a page of words | queries, first and again "
        "| compressed (kB) |",
        "| --- | --- | --- | --- | --- | --- |",
        *(_row(name, cost, words) for name, cost in costs.items()),
        "",
        f"Heaviest figure: {heaviest}, {size / 1000:.0f} kB compressed (at most 300).",
    ]


def _row(name: str, cost: dict[str, Any], words: float) -> str:
    times = f"{1000 * cost['first']:.0f} | {1000 * cost['again']:.0f} | {cost['again'] / words:.1f}"
    queries = f"{cost['queries']}, {cost['queries_again']}"
    return f"| {name} | {times} | {queries} | {cost['size'] / 1000:.0f} |"
