"""`python -m tests.fuzz`: for FUZZ_MINUTES (10), from FUZZ_SEED (made up and printed where it is missing)."""

import os
import random
import sys
from pathlib import Path

from tests.fuzz.run import fuzz


def main() -> int:
    """1 where a file was at fault."""
    seed = int(os.environ.get("FUZZ_SEED") or random.SystemRandom().randrange(2**32))
    minutes = float(os.environ.get("FUZZ_MINUTES") or 10)
    print(f"Fuzzing for {minutes:g} minutes; FUZZ_SEED={seed}", flush=True)
    report = fuzz(60 * minutes, seed, Path("var/fuzz"))
    print("\n".join(report.lines()))
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
