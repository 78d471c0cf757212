"""python -m tests.soak --submissions 500 --faults 100 --seed 1: exit code 1 where anything is lost."""

import argparse
import os
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

from leaderboard import embedded


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--submissions", type=int, default=500)
    parser.add_argument("--faults", type=int, default=100)
    parser.add_argument("--every", type=float, default=3.0, help="seconds between two faults, on average")
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    from tests.leaderboard.rig import Broker

    broker = Broker(folder / "broker")
    (folder / "logs").mkdir()
    try:
        with embedded.postgresql(folder / "postgresql") as address:
            os.environ |= {
                "DATABASE_URL": address,
                "REDIS_URL": broker.url,
                "SECRET_KEY": "soak",
                "PRODUCTION": "false",
                "DATA_DIR": str(folder / "data"),
                "EMAIL_URL": "dummymail://",
                "LEASE_SECONDS": "4",
                "SWEEP_SECONDS": "1",
                "CAGE_SECONDS": "10",
                # A file that is killed as often as this would rightly end as failed.
                "MAX_TRIES": "50",
                "DJANGO_SETTINGS_MODULE": "leaderboard.settings",
            }
            import django

            django.setup()
            warnings.simplefilter("ignore")
            from tests.soak import run

            done = run.soak(folder, broker, wanted)
    finally:
        broker.server.stop()
    if done:
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if done else 1


sys.exit(main())
