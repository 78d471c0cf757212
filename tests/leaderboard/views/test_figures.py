"""Every plot of every page equals the snapshot cell by cell, and no cell escapes the comparison."""

import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import pytest
from django.test import Client
from pytest_django import Settings

from leaderboard import figures
from leaderboard.domain.ranking.tables import keep_table
from leaderboard.figures.distributions import case_distributions
from leaderboard.figures.figure import Figure
from leaderboard.figures.heatmap import rank_heatmap
from leaderboard.figures.overview import data_overview
from leaderboard.figures.paired import paired_figures
from leaderboard.figures.profile import entry_profile
from leaderboard.figures.ranks import entry_ranks
from leaderboard.figures.significance import significance_grid, significance_matrices
from leaderboard.figures.stability import blobs, bumps, without_each
from leaderboard.figures.structures import structure_profile
from leaderboard.figures.tradeoff import accuracy_against_regularity
from leaderboard.models import Challenge, Dataset, Entry, Phase
from scoring.ranking import Row, ScoreTable
from tests.leaderboard import make, payload
from tests.leaderboard.figures import cells, order, single, standing
from tests.leaderboard.figures.reading import Check, Data, Drawing, on_page
from tests.leaderboard.views.conftest import page

pytestmark = pytest.mark.django_db
HOME = "/challenges/lumir/"
BOARD = f"{HOME}phases/validation/"
COMPARE = f"{HOME}compare/?a=entry-0&b=entry-2"
NAMES = ("Alpha", "Bravo", "Charlie", "Delta", "Echo")
COUNT = len(NAMES)

# What makes a figure -> where it stands, under which key, what compares it, and what its page is of.
COMPARED: dict[Callable[..., Any], list[tuple[str, str, Check, str]]] = {
    rank_heatmap: [(BOARD, "rank-heatmap", cells.heatmap, "")],
    significance_matrices: [
        (BOARD, "significance", cells.significance, "in-domain"),
        (f"{HOME}datasets/t2-like/", "significance", cells.significance, "t2-like"),
    ],
    accuracy_against_regularity: [
        (BOARD, "tradeoff", standing.tradeoff, ""),
        (f"{HOME}entries/entry-1/", "tradeoff", standing.tradeoff, "entry-1"),
    ],
    case_distributions: [(f"{HOME}datasets/t2-like/", "distributions", single.distributions, "t2-like")],
    structure_profile: [(f"{HOME}datasets/t2-like/", "structures", cells.structures, "t2-like")],
    entry_ranks: [(f"{HOME}entries/entry-1/", "entry-ranks", standing.entry_ranks, "entry-1")],
    entry_profile: [(f"{HOME}entries/entry-1/", "profile", standing.profile, "entry-1")],
    blobs: [(f"{BOARD}stability/", "blobs", order.blobs, "")],
    bumps: [(f"{BOARD}stability/", "schemes", order.schemes, "")],
    without_each: [(f"{BOARD}stability/", "without", order.without, "")],
    significance_grid: [
        (f"{BOARD}significance/", "t2-like-dsc-and-hd95", cells.grid, "t2-like/in-domain"),
    ],
    data_overview: [(f"{HOME}data/", "data", cells.overview, "")],
    paired_figures: [
        (COMPARE, "paired", single.paired, "entry-0/entry-2"),
        (COMPARE, "differences", single.differences, "entry-0/entry-2"),
    ],
}
PLACES = [place for places in COMPARED.values() for place in places]


def drawn_with(rng: np.random.Generator) -> dict[str, Callable[[Any], Any]]:
    """Random values of each kind by the name that a snapshot gives them."""

    def some(low: float, high: float) -> Callable[[Any], Any]:
        return lambda _: round(float(rng.uniform(low, high)), 5)

    def signed(_: Any) -> float:
        return round(float(rng.normal()), 4)

    return {
        "values": some(0.1, 0.9),
        "means": some(0.1, 0.9),
        "mean": some(0.1, 0.9),
        "missing": lambda _: int(rng.integers(0, 3)),
        "ranks": lambda _: float(rng.integers(2, 11)) / 2,
        "full": lambda _: float(rng.integers(1, 9)),
        "tau": signed,
        "full_tau": signed,
        "p": some(0, 1),
        "p_adjusted": some(0, 1),
        "level": lambda _: int(rng.integers(0, 4)),
        "direction": lambda _: int(rng.choice([-1, 1])),
        "rank_biserial": signed,
        "rank_biserial_interval": signed,
        "cohens_d": signed,
        "cohens_d_interval": signed,
    }


def shaken(value: Any, kinds: dict[str, Callable[[Any], Any]], kind: str = "") -> Any:
    """The same shape with random numbers, so that no two cells are alike."""
    if isinstance(value, dict):
        return {key: shaken(inner, kinds, key if key in kinds else kind) for key, inner in value.items()}
    if isinstance(value, list):
        return [shaken(inner, kinds, kind) for inner in value]
    return kinds[kind](value) if kind and isinstance(value, int | float) else value


def renamed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: renamed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [renamed(inner) for inner in value]
    is_name = isinstance(value, str) and value.startswith("Method ")
    return NAMES[int(value.removeprefix("Method "))] if is_name else value


def board(rng: np.random.Generator) -> dict[str, Any]:
    made: dict[str, Any] = renamed(payload.board(COUNT))
    for dataset in made["datasets"]:
        dataset |= {"group": "zero-shot", "task": TASKS[dataset["slug"]]}
    for at, entry in enumerate(made["entries"]):
        entry["metrics"] = shaken(entry["metrics"], {"mean": drawn_with(rng)["mean"]})
        entry["rank_distribution"] = rng.multinomial(payload.RESAMPLES, [1 / COUNT] * COUNT).tolist()
        entry["rank_interval"] = sorted(rng.integers(1, COUNT + 1, 2).tolist())
        entry["metrics"]["NDV"]["mean"] *= at
    # The best by far, of the cases that it has.
    made["entries"][2]["metrics"]["DSC"] |= {"mean": 0.95, "missing": 1}
    return made


# Two datasets of the same kind, the second of which comes first by its task.
TASKS = {"in-domain": "subject-to-atlas", "t2-like": "atlas-to-subject"}


@pytest.fixture
def data(challenge: Challenge, phase: Phase, entry: Entry, settings: Settings, tmp_path: Path) -> Data:
    """A snapshot of random numbers with gaps, on which each page's figures are drawn."""
    settings.MEDIA_ROOT = tmp_path
    rng = np.random.default_rng(7)
    Dataset.objects.update(group="zero-shot", contrast="T2w", source="OASIS")
    for slug, task in TASKS.items():
        Dataset.objects.filter(slug=slug).update(task=task)
    make.dataset(challenge, ("1_0", "2_1"), slug="more", name="More", group="zero-shot", contrast="T2w")
    second = challenge.teams.get()
    Entry.objects.create(challenge=challenge, team=second, slug="entry-1", name="Bravo")
    parts = {name: shaken(renamed(part), drawn_with(rng)) for name, part in payload.parts(COUNT).items()}
    for name, part in parts.items():
        _leave_gaps(name, part)
    made = payload.snapshot(phase, COUNT, parts, payload=board(rng))
    rows = [
        (
            (d.get_group_display(), d.get_task_display(), d.contrast or "Contrast not told", d.name),
            d.source,
            d.cases.count(),
        )
        for d in challenge.datasets.order_by("position", "pk")
    ]
    keep_table(made.content_hash, ScoreTable.from_rows(_rows(parts), methods=NAMES))
    return Data(made.payload, parts, rows)


def _rows(parts: Mapping[str, Any]) -> Iterator[Row]:
    """The case values of the parts, of which comparisons are computed."""
    for slug in payload.DATASETS:
        part = parts[f"dataset/{slug}"]
        for metric, found in part["metrics"].items():
            for name, values in zip(NAMES, found["values"].values(), strict=True):
                for case, value in zip(part["cases"], values, strict=True):
                    yield name, slug, case, metric, value, None


def _leave_gaps(name: str, part: dict[str, Any]) -> None:
    if name == "heatmap":
        part["ranks"][1][2] = part["values"][1][2] = None
    elif name == "means":
        for entry, dataset, metric in (("entry-3", "t2-like", "HD95"), ("entry-1", "in-domain", "NDV")):
            part[entry][dataset][metric] = {"mean": None, "std": None, "missing": 3}
    elif name.startswith("dataset/"):
        part["metrics"]["DSC"]["values"]["entry-2"][1] = None
        part["metrics"]["HD95"]["values"]["entry-4"] = [None] * len(part["cases"])
        for matrix in part["significance"].values():
            matrix["cohens_d"][0][1] = matrix["level"][1][3] = None
    elif name.startswith("structures/"):
        part["metrics"]["HD95"]["means"]["entry-1"][0] = None


READ = ("ids", "parents", "labels", "values", "x", "y", "z", "text", "hovertext", "customdata")


def spots(value: list[Any]) -> Iterator[tuple[list[Any], int]]:
    for at, inner in enumerate(value):
        if isinstance(inner, list):
            yield from spots(inner)
        else:
            yield value, at


def others(value: Any) -> Iterator[Any]:
    """What a cell might wrongly be: another number, a word more, one digit changed."""
    if not isinstance(value, str):
        yield 0.123 if value is None else value + 1
        return
    yield f"{value}?"
    for found in re.finditer(r"\d+", value):
        last = found.end() - 1
        yield f"{value[:last]}{(int(value[last]) + 1) % 10}{value[last + 1 :]}"


def written(layout: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
    """Where a layout has words and the places of words: the ticks and titles of axes, and notes."""
    for name, part in layout.items():
        if name[1:].startswith("axis"):
            for key in ("tickvals", "ticktext", "categoryarray"):
                yield from spots(part.get(key, []))
            if "title" in part:
                yield part["title"], "text"
    for shape in layout.get("shapes", ()):
        yield from ((shape, key) for key in ("x0", "x1"))
    for note in layout.get("annotations", ()):
        yield from ((note, key) for key in ("text", "x", "y"))


def altered(views: list[Drawing]) -> Iterator[str]:
    """The figure with one cell changed at a time: of each trace's data, of circles' sizes and of tables.

    Of the layout, every word and the place of each.
    """
    for view in views:
        columns = {
            f"trace {number}, {name}": trace[name]
            for number, trace in enumerate(view.traces)
            for name in READ
            if isinstance(trace.get(name), list)
        } | {
            f"trace {number}, {name}": trace["marker"][name]
            for number, trace in enumerate(view.traces)
            for name in ("size", "color", "symbol")
            if isinstance(trace.get("marker", {}).get(name), list)
        }
        columns["table"] = view.table
        cells: list[tuple[str, Any, Any]] = [
            (column, *spot) for column, values in columns.items() for spot in spots(values)
        ]
        cells += [("layout", *spot) for spot in written(view.layout)]
        for meta in (trace["meta"] for trace in view.traces if "meta" in trace):
            cells += [("meta", meta, key) for key in meta if not isinstance(meta[key], list)]
            lists = [value for value in meta.values() if isinstance(value, list)]
            cells += [("meta", *spot) for value in lists for spot in spots(value)]
        for column, holder, at in cells:
            kept = holder[at]
            for holder[at] in others(kept):
                yield f"{view.name}, {column}, {at}: {kept!r} as {holder[at]!r}"
            holder[at] = kept


def differs(check: Check, data: Data, views: list[Drawing], of: str) -> bool:
    try:
        check(data, views, of)
    except (AssertionError, IndexError, KeyError, ValueError):
        return True
    return False


def test_every_plot_equals_the_snapshot_and_no_cell_escapes_the_comparison(
    client: Client, data: Data
) -> None:
    for address, key, check, of in PLACES:
        views = on_page(page(client, address))[key]
        check(data, views, of)
        escaped = [change for change in altered(views) if not differs(check, data, views, of)]
        assert not escaped, (key, escaped[:5])


def test_names_in_tables_are_links_that_lead_to_pages_of_the_phase(client: Client, data: Data) -> None:
    pages = {name: f"{HOME}entries/{slug}/" for slug, name in data.names.items()}
    pages |= {title: f"{HOME}datasets/{slug}/" for slug, title in data.titles.items()}
    kinds: dict[str, str] = {}
    for address, key, _, _ in PLACES:
        for view in on_page(page(client, address))[key]:
            # The data page is of no phase.
            query = "" if key == "data" else "?phase=validation"
            named = [cell for row in view.table for cell in row if cell in pages]
            told = [(text, link) for text, link in view.links if text in pages]
            assert told == [(name, pages[name] + query) for name in named], (key, view.name)
            for _, link in view.links:
                kinds.setdefault(link.removeprefix(HOME).split("/")[0], link)
    assert kinds.pop("#rank-heatmap-by-dataset")
    assert kinds.keys() == {"entries", "datasets", "cases", "compare", "phases"}
    for link in kinds.values():
        page(client, link)


def test_every_figure_that_there_is_is_compared() -> None:
    modules = [
        import_module(f"{figures.__name__}.{one.name}") for one in pkgutil.iter_modules(figures.__path__)
    ]
    made = {
        function
        for module in modules
        for _, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
        and get_type_hints(function).get("return") in (Figure, Figure | None, list[Figure])
    }
    assert made == COMPARED.keys()
