"""What the benchmark of pages does inside a process with settings, a database and a cache of its own."""

import gzip
import json
import re
import time
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median

import numpy as np
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from leaderboard.domain import ranking
from leaderboard.enums import CaseState
from leaderboard.models import Case, CaseResult, Phase, Snapshot
from scoring.warmup import warm_up
from tests.leaderboard import large, make

ENTRIES, CASES, LABELS = 200, 38, 133
FIGURE = re.compile(r'<script[^>]*type="application/json"[^>]*>(.*?)</script>', re.DOTALL)


def new_result() -> dict[str, float]:
    """Seconds from the last result of a phase of 200 entries to its ranks, and to how sure they are."""
    warm_up()
    phase = _scored_phase()
    ranking.mark_stale(phase.pk)
    ranks = _seconds(lambda: ranking.update_board(phase.pk))
    (completion,) = ranking.to_complete()
    certainty = _seconds(lambda: ranking.complete_board(completion))
    assert Snapshot.objects.filter(phase=phase).count() == 2
    return {"ranks": ranks, "certainty": certainty}


def _scored_phase() -> Phase:
    """Results as workers leave them: 200 entries on 38 cases, two metrics of 133 labels each."""
    rng, now = np.random.default_rng(0), timezone.now()
    phase = make.phase(slug="scored", scheme=ranking.preset("l2r-code"))
    keys = tuple(f"{3455 + n}_{3454 + n}" for n in range(CASES))
    phase.datasets.add(make.dataset(phase.challenge, keys, slug="t1", name="T1"))
    cases = list(Case.objects.filter(dataset__phases=phase))
    team, hard = make.team(phase.challenge), rng.random((CASES, LABELS))
    for number in range(ENTRIES):
        name = f"Method {number}" if number else "ZeroDisplacement"
        submission = make.submission(
            phase=phase, entry=make.entry(team, name=name), state="scored", finished_at=now
        )
        evaluation = make.evaluation(submission)
        dice = 0.5 + 0.2 * hard + 0.001 * number + rng.normal(0, 0.03, hard.shape)
        CaseResult.objects.bulk_create(
            CaseResult(
                evaluation=evaluation,
                case=case,
                values={"DSC": float(own.mean()), "Non-diffeomorphic Volumes": float(rng.random())},
                items={"DSC": own.tolist()},
                state=CaseState.DONE,
                seconds=1.0,
                finished_at=now,
            )
            for case, own in zip(cases, dice, strict=True)
        )
    return phase


def page_seconds(phase: Phase, times: int) -> dict[str, float]:
    """Median seconds the server takes for pages of a large board, and for a page of words."""
    board = phase.get_absolute_url()
    addresses = {
        "page of words": [reverse("account_login")],
        "leaderboard (at most 50)": [board],
        "leaderboard, an order and columns not asked for before (at most 50)": _arranged(board, times),
        "leaderboard of an earlier day (at most 50)": [f"{board}?at={timezone.now():%Y-%m-%d}"],
        "leaderboard.json": [f"{board}leaderboard.json"],
        "what-if board, another scheme": [f"{board}?scheme=mean-rank&weights=DSC:2"],
        "what-if board, 19 of 20 datasets, by means": [f"{board}?datasets={','.join(_all_but_one(phase))}"],
        "dataset": [reverse("dataset", args=[phase.challenge.slug, "d00"])],
        "stability": [f"{board}stability/"],
        "comparison": [_comparison(phase)],
    }
    client = Client()
    return {name: _page_seconds(client, each, times) for name, each in addresses.items()}


def _arranged(board: str, count: int) -> list[str]:
    """Addresses of the whole table, no two of which ask for the same."""
    keys = ("DSC", "HD95", "TRE", "NDV", "score-DSC", "score-NDV", "rank", "method", "score")
    orders = [f"{sign}{key}" for key in keys for sign in ("", "-")]
    chosen = ("DSC,NDV", "interval,DSC,HD95,TRE,NDV,score-DSC", "score-DSC,score-NDV")
    found = [f"{board}?sort={order}&columns={columns}" for columns in chosen for order in orders]
    return found[: count + 1]


def _comparison(phase: Phase) -> str:
    return f"{reverse('compare', args=[phase.challenge.slug])}?a=m001&b=m002&phase={phase.slug}"


def _all_but_one(phase: Phase) -> list[str]:
    return list(phase.datasets.values_list("slug", flat=True))[1:]


def _page_seconds(client: Client, addresses: Sequence[str], times: int) -> float:
    """Of these in turn, after one that is not counted."""

    def once(address: str) -> None:
        response = client.get(address)
        assert response.status_code == 200, (address, response.status_code)

    once(addresses[-1])
    return median(_seconds(partial(once, addresses[at % len(addresses)])) for at in range(times))


def first_page_seconds(phase: Phase) -> float:
    """Seconds of the leaderboard where no part of its HTML is kept."""
    cache.clear()
    return _seconds(lambda: Client().get(phase.get_absolute_url()))


def heaviest_figure(phase: Phase) -> tuple[str, int]:
    """Key and compressed size of the largest figure on the pages of a large board."""
    board, challenge = phase.get_absolute_url(), phase.challenge.slug
    addresses = [board, f"{board}stability/", f"{board}significance/", _comparison(phase)]
    addresses += [reverse("dataset", args=[challenge, "d00"]), reverse("data", args=[challenge])]
    found = [
        (json.loads(figure)["key"], len(gzip.compress(figure.encode())))
        for address in addresses
        for figure in FIGURE.findall(Client().get(address).content.decode())
    ]
    return max(found, key=lambda one: one[1])


def large_phase() -> Phase:
    phase = make.phase(slug="large", scheme=ranking.preset(large.SCHEME.name))
    large.snapshot(phase)
    return phase


def _seconds(do: Callable[[], object]) -> float:
    begun = time.perf_counter()
    do()
    return time.perf_counter() - begun
