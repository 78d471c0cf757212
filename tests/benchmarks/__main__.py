"""Every benchmark, each part printed when it is done: `make bench`, or the parts that are named after it."""

import sys
from importlib import import_module
from pathlib import Path

PARTS = ("engine", "ranking", "pages", "readers", "uploads", "load", "machines", "planning")
RESULTS = Path(__file__).with_name("results.md")


def main(wanted: list[str]) -> None:
    """Run the parts named, or all."""
    unknown = set(wanted) - set(PARTS)
    if unknown:
        raise SystemExit(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    lines: list[str] = []
    for part in wanted or PARTS:
        found = [*import_module(f"tests.benchmarks.{part}").run(), ""]
        print("\n".join(found), flush=True)
        lines += found
    text = "\n".join(lines)
    if not wanted:
        RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
