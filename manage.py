#!/usr/bin/env python
"""Django's command line; starts the embedded servers where none are named in the environment."""

import signal
import sys

from leaderboard.embedded import serving_this_process


def main() -> None:
    # Ended politely, too, the servers of this process have to stop.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with serving_this_process():
        # Django reads its settings at import of its management: the servers' addresses come first.
        from django.core.management import execute_from_command_line

        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
