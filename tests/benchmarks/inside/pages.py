"""What pages of a long phase cost the server: the first time anybody reads a snapshot, and again.

Each page is asked for in processes that are made as gunicorn makes its own: the code is loaded, and one
page of words has been answered. Nothing of the snapshot is kept then. A cost is the processor's time of the
process and its waiting for the database, so that other work on the machine counts little.
"""

import gzip
import json
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from statistics import median
from typing import Any

import django
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection, connections
from django.test import Client
from django.test.client import ClientHandler
from django.urls import reverse
from django.utils import timezone

from leaderboard import serving
from leaderboard.models import Phase
from tests.benchmarks.apart import WORDS
from tests.benchmarks.inside import furnished

PROCESSES, TIMES = 3, 5
FIGURE = re.compile(r'<script[^>]*type="application/json"[^>]*>(.*?)</script>', re.DOTALL)


@dataclass(frozen=True)
class Cost:
    """Seconds and queries of an answer, at first and again; its bytes, compressed; those of its figures."""

    first: float
    again: float
    queries: int
    queries_again: int
    size: int
    figures: Mapping[str, int]


HANDLER = ClientHandler()
"""One for all, as a web server has one; each reads the folder of static files."""


def _client() -> Client:
    made = Client()
    made.handler = HANDLER
    return made


class Meter:
    """Queries of the default connection, and how long they were waited for."""

    def __init__(self) -> None:
        self.queries, self.waited = 0, 0.0

    def __call__(self, execute: Callable[..., Any], *given: Any) -> Any:
        begun, busy = time.perf_counter(), time.process_time()
        try:
            return execute(*given)
        finally:
            self.queries += 1
            self.waited += time.perf_counter() - begun - (time.process_time() - busy)


def costs() -> dict[str, dict[str, Any]]:
    """Of every kind of page, by what it is called."""
    # Elsewhere, for what it leaves in the memory would be forked too.
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=django.setup) as pool:
        slug = pool.submit(furnished.phase).result()
    serving.on_starting(None)
    HANDLER.load_middleware()
    phase = Phase.objects.select_related("challenge").get(slug=slug)
    stranger, member, organizer = _client(), _client(), _client()
    member.force_login(furnished.captain(phase))
    organizer.force_login(User.objects.create_superuser("operator", "operator@example.org"))
    pages = {
        WORDS: (stranger, [reverse("account_login")]),
        **{name: (stranger, asked) for name, asked in _public(phase).items()},
        "leaderboard, logged in": (member, [phase.get_absolute_url()]),
        **{f"organizers: {name}": (organizer, asked) for name, asked in _organizers(phase).items()},
    }
    try:
        return {name: asdict(_cost(*page)) for name, page in pages.items()}
    finally:
        serving.on_exit(None)


def _public(phase: Phase) -> dict[str, list[str]]:
    """Addresses of each kind; where there are several, no two of which ask for the same."""
    board, challenge = phase.get_absolute_url(), phase.challenge.slug
    known = f"?phase={phase.slug}"
    pair = f"{known}&a=m001&b=m002"
    return {
        "leaderboard": [board],
        "leaderboard, another order and other columns": _arranged(board),
        "leaderboard, filtered": [f"{board}?q=m{number}" for number in range(TIMES + 1)],
        "leaderboard of an earlier day": [f"{board}?at={timezone.now():%Y-%m-%d}"],
        "leaderboard.json": [f"{board}leaderboard.json"],
        "leaderboard.csv": [f"{board}leaderboard.csv"],
        "what-if: another scheme": [f"{board}?scheme=mean-rank"],
        "what-if: other weights": [f"{board}?weights=DSC:{number + 2}" for number in range(TIMES + 1)],
        "what-if: another scheme and weights": [
            f"{board}?scheme=mean-rank&weights=DSC:{number + 2}" for number in range(TIMES + 1)
        ],
        "what-if: a group": [f"{board}?group=zero-shot"],
        "what-if: one dataset": [f"{board}?datasets={one}" for one in _datasets(phase)[: TIMES + 1]],
        "what-if: 19 of 20 datasets": [
            f"{board}?datasets={','.join(one for one in _datasets(phase) if one != left)}"
            # Without the first one they are a group, whose board is kept.
            for left in _datasets(phase)[1 : TIMES + 2]
        ],
        "what-if: a scheme of tests on a group": [f"{board}?scheme=strict&group=zero-shot"],
        "rank heatmap": [f"{board}heatmap/"],
        "significance": [f"{board}significance/"],
        "significance, another correction": [f"{board}significance/?correction=holm"],
        "stability": [f"{board}stability/"],
        "dataset": [f"{reverse('dataset', args=[challenge, 'd00'])}{known}"],
        "entry": [f"{reverse('entry', args=[challenge, 'm001'])}{known}"],
        "how a score came about": [f"{reverse('score', args=[challenge, 'm001'])}{known}"],
        "comparison": [f"{reverse('compare', args=[challenge])}{pair}"],
        "case": [f"{reverse('case', args=[challenge, furnished.CASE])}{known}&dataset=d00"],
        "gallery": [f"{reverse('cases', args=[challenge])}{known}"],
        "data": [reverse("data", args=[challenge])],
        "challenge": [phase.challenge.get_absolute_url()],
        "home": [reverse("home")],
    }


def _arranged(board: str) -> list[str]:
    orders = ("DSC", "-HD95", "NDV", "-score-DSC", "method", "-rank")
    return [f"{board}?sort={order}&columns=interval,DSC,HD95,TRE,NDV,score-DSC" for order in orders]


def _datasets(phase: Phase) -> list[str]:
    return list(phase.datasets.values_list("slug", flat=True))


def _organizers(phase: Phase) -> dict[str, list[str]]:
    challenge = phase.challenge.slug
    names = ("submissions", "participants", "datasets", "phases", "log", "downloads")
    pages = {name: [reverse(f"organize_{name}", args=[challenge])] for name in names}
    one = [reverse("organize_phase", args=[challenge, phase.slug])]
    return {"overview": [reverse("organize", args=[challenge])], "phase": one, **pages}


def _cost(client: Client, addresses: Sequence[str]) -> Cost:
    """The least of the processes: what else runs only adds."""
    found = [_in_another_process(client, addresses) for _ in range(PROCESSES)]
    return replace(
        max(found, key=lambda one: one.size),
        first=min(one.first for one in found),
        again=min(one.again for one in found),
    )


def _in_another_process(client: Client, addresses: Sequence[str]) -> Cost:
    """By a process as gunicorn forks them, where nothing of any snapshot is kept."""
    cache.clear()
    connections.close_all()
    reader, writer = os.pipe()
    if not os.fork():
        try:
            os.write(writer, json.dumps(asdict(_measured(client, addresses))).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        text = answer.read()
    os.wait()
    return Cost(**json.loads(text))


def _measured(client: Client, addresses: Sequence[str]) -> Cost:
    _asked(_client(), reverse("account_login"))
    first, queries, content = _asked(client, addresses[0])
    others = [addresses[at % len(addresses)] for at in range(1, TIMES + 1)]
    again = [_asked(client, address) for address in others]
    return Cost(
        first,
        median(seconds for seconds, _, _ in again),
        queries,
        max(asked for _, asked, _ in again),
        len(gzip.compress(content)),
        {
            json.loads(figure)["key"]: len(gzip.compress(figure.encode()))
            for figure in FIGURE.findall(content.decode())
            if '"views"' in figure
        },
    )


def _asked(client: Client, address: str) -> tuple[float, int, bytes]:
    """Seconds, queries and content of an answer."""
    meter, begun = Meter(), time.process_time()
    with connection.execute_wrapper(meter):
        response = client.get(address)
    seconds = time.process_time() - begun + meter.waited
    if response.status_code != 200:
        raise SystemExit(f"{address}: {response.status_code}")
    return seconds, meter.queries, response.getvalue()
