"""Every benchmark, each part printed when it is done: all of them, or those that are named.

`--write` puts what was found into results.md, part by part, in the place of what stood there.
"""

import argparse
import re
from importlib import import_module
from pathlib import Path

PARTS = ("engine", "ranking", "boards", "pages", "readers", "uploads", "load", "machines", "planning")
RESULTS = Path(__file__).with_name("results.md")


def main() -> None:
    """Run the parts named, or all."""
    asked = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    asked.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    asked.add_argument("--write", action="store_true", help=f"renew these parts of {RESULTS.name}")
    given = asked.parse_args()
    if unknown := set(given.parts) - set(PARTS):
        asked.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    for part in given.parts or PARTS:
        found = "\n".join(import_module(f"tests.benchmarks.{part}").run())
        print(found, flush=True)
        if given.write and found.startswith("## "):
            RESULTS.write_text(renewed(RESULTS.read_text(encoding="utf-8"), found), encoding="utf-8")


def renewed(results: str, found: str) -> str:
    """The results with a part, which begins with its heading, in the place of the one of that heading."""
    parts = re.split(r"(?m)^(?=## )", results)
    heading = found.partition("\n")[0]
    at = next((at for at, part in enumerate(parts) if part.startswith(f"{heading}\n")), len(parts))
    parts[at : at + 1] = [found]
    return "\n\n".join(part.strip() for part in parts if part.strip()) + "\n"


if __name__ == "__main__":
    main()
