"""The board of a long phase: from a new result to its ranks, by the site's own code and database."""

from tests.benchmarks import apart


def run() -> list[str]:
    """Markdown lines."""
    new = apart.in_a_site("boards:new_result")
    return [
        "## Boards",
        "",
        "| 200 entries, 38 cases, 133 labels: from the last result | seconds |",
        "| --- | --- |",
        f"| to the ranks, figures' data included (at most 10) | {new['ranks']:.1f} |",
        f"| then, in another task, to intervals, agreement and other schemes | {new['certainty']:.1f} |",
    ]
