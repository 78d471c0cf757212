"""What is done to the site while it works; each kind has a name and does its harm at a random moment.

Each returns whether there was something to harm: what met nothing is tried again and never counted.
"""

import os
import resource
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from random import Random

import redis
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from kombu.exceptions import OperationalError

from leaderboard import tasks
from leaderboard.models import CaseResult, Phase, Submission
from tests.leaderboard.rig import Broker, Rig, no_room

WORKERS = ("worker-1", "worker-2")
WAITS_SECONDS = 3.0


class Harm(threading.Thread):
    """Does one harm after the other until it has done as many as wanted."""

    def __init__(self, rig: Rig, broker: Broker, wanted: int, every: float, seed: int) -> None:
        super().__init__(daemon=True)
        self.rig, self.broker, self.wanted, self.every = rig, broker, wanted, every
        self.random, self.done, self.missed = Random(seed), Counter[str](), Counter[str]()
        self.stopping = threading.Event()
        self.kinds: dict[str, Callable[[], bool]] = {
            "a worker killed": lambda: rig.kill(self.random.choice(WORKERS)),
            "both workers killed": self._both,
            "a caged scorer killed": self._cage,
            "a caged scorer that hangs": lambda: self._cage(signal.SIGSTOP),
            "a caged scorer without memory": self._memory,
            "a worker stopped for longer than a lease": self._stall,
            "the web server killed": lambda: rig.kill("web"),
            "beat killed": lambda: rig.kill("beat"),
            "the broker killed, its data lost": self._lose,
            "the broker silent for two seconds": self._silence,
            "all lines to the broker dropped": self._hang_up,
            "the database crashed and recovered": self._crash,
            "all lines to the database dropped": self._cut,
            "messages doubled": self._double,
            "messages in reverse order": self._reverse,
            "the clock jumped past every lease": self._jump,
            "a worker's clock and beat's an hour fast or slow": self._skew,
            "no room on the workers' disk for two seconds": lambda: self._fill(*WORKERS),
            "no room for uploads for two seconds": lambda: self._fill("web"),
        }

    def run(self) -> None:
        turns = Counter(dict.fromkeys(self.kinds, 0))
        while self.done.total() < self.wanted:
            if self.stopping.wait(self.random.uniform(0.5, 1.5) * self.every):
                return
            # Each kind as often as every other, in an order that the seed knows.
            least = min(turns.values())
            name = self.random.choice([name for name, count in turns.items() if count == least])
            turns[name] += 1
            hit = self._hits(self.kinds[name])
            self.done[name] += hit
            self.missed[name] += not hit

    def _hits(self, harm: Callable[[], bool]) -> bool:
        """Do it as soon as there is something to harm, for a while."""
        deadline, hit = time.monotonic() + WAITS_SECONDS, False
        while not hit and time.monotonic() < deadline and not self.stopping.wait(0.05):
            with suppress(DatabaseError, redis.RedisError, OSError, OperationalError):
                hit = harm()
            connection.close()
        return hit

    def stop(self) -> None:
        self.stopping.set()
        self.join()

    def never(self) -> list[str]:
        """Kinds that never met anything."""
        return [name for name in self.kinds if not self.done[name]]

    def _both(self) -> bool:
        killed = [self.rig.kill(name) for name in WORKERS]
        return all(killed)

    def _cages(self) -> list[int]:
        found = subprocess.run(["pgrep", "-f", "scoring.cage"], capture_output=True, text=True, check=False)
        return [int(pid) for pid in found.stdout.split() if self._is_ours(int(pid))]

    def _cage(self, what: signal.Signals = signal.SIGKILL) -> bool:
        own = self._cages()
        if own:
            os.kill(self.random.choice(own), what)
        return bool(own)

    def _memory(self) -> bool:
        """The kernel gives it no page more from now on."""
        own = self._cages()
        if own:
            resource.prlimit(self.random.choice(own), resource.RLIMIT_DATA, (2**20, 2**20))
        return bool(own)

    def _fill(self, *names: str) -> bool:
        with no_room(limited := [pid for name in names for pid in self.rig.pids(name)]):
            time.sleep(2)
        # Some were started meanwhile, with the limit of who started them.
        for pid in (pid for name in names for pid in self.rig.pids(name)):
            with suppress(ProcessLookupError, ValueError):
                _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))
        return bool(limited)

    def _skew(self) -> bool:
        names, hour = (self.random.choice(WORKERS), "beat"), self.random.choice((-3600, 3600))
        with self.rig.clocks_worn(*names):
            time.sleep(3)
            for name in names:
                self.rig.clocks[name].jump(hour)
            time.sleep(4)
        return True

    def _is_ours(self, pid: int) -> bool:
        """Whether a process works on this soak's data."""
        with suppress(OSError), open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123 no file on a disk
            parent = int(stat.read().rsplit(")", 1)[1].split()[1])
            return any(os.getpgid(parent) == process.pid for process in self.rig.running.values())
        return False

    def _stall(self) -> bool:
        group = self.rig.running[self.random.choice(WORKERS)].pid
        os.killpg(group, signal.SIGSTOP)
        time.sleep(settings.LEASE.total_seconds() + 1.5)
        os.killpg(group, signal.SIGCONT)
        return True

    def _lose(self) -> bool:
        self.broker.kill()
        time.sleep(0.5)
        self.broker.start()
        return True

    def _silence(self) -> bool:
        with self.broker.stopped():
            time.sleep(2)
        return True

    def _hang_up(self) -> bool:
        line = redis.Redis.from_url(self.broker.url)
        return bool(line.client_kill_filter(_type="normal", skipme=True))

    def _crash(self) -> bool:
        """PostgreSQL ends all its processes and recovers from its log when one of them is killed."""
        backends = self._backends()
        if backends:
            os.kill(self.random.choice(backends), signal.SIGKILL)
        return bool(backends)

    def _cut(self) -> bool:
        backends = self._backends()
        for pid in backends:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
        return bool(backends)

    def _backends(self) -> list[int]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname IS NOT NULL AND pid <> pg_backend_pid()"
            )
            return [pid for (pid,) in cursor.fetchall()]

    def _double(self) -> bool:
        """Three messages more for whatever there is, done or not."""
        results = list(CaseResult.objects.order_by("?").values_list("pk", flat=True)[:10])
        for _ in range(3):
            for pk in Submission.objects.order_by("?").values_list("pk", flat=True)[:10]:
                tasks.check_submission.delay(str(pk))
            for result in results:
                tasks.score_case.delay(result)
            for phase in Phase.objects.values_list("pk", flat=True):
                tasks.update_board.delay(phase)
        return bool(results)

    def _reverse(self) -> bool:
        line, longest = redis.Redis.from_url(self.broker.url), 0
        for queue in ("checking", "scoring", "boards"):
            with line.pipeline() as pipe:
                pipe.lrange(queue, 0, -1)
                pipe.delete(queue)
                waiting = pipe.execute()[0]
            if waiting:
                line.lpush(queue, *waiting)
            longest = max(longest, len(waiting))
        return longest > 1

    def _jump(self) -> bool:
        held = 0
        with connection.cursor() as cursor, transaction.atomic():
            for table in ("submission", "caseresult", "phase"):
                cursor.execute(
                    f"UPDATE leaderboard_{table} SET lease_until = lease_until - interval '1 hour' "  # noqa: S608
                    "WHERE lease_until IS NOT NULL"
                )
                held += cursor.rowcount
        return held > 0
