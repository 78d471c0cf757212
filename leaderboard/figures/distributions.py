"""How an entry's case values spread on one dataset: a box and every case as a point."""

from collections.abc import Mapping, Sequence
from functools import partial
from statistics import quantiles
from typing import Any

from leaderboard.figures import tidy
from leaderboard.figures.figure import Figure, Table, Trace, View, numbered, unique

LARGEST = 40


def case_distributions(
    metrics: Sequence[Mapping[str, Any]],
    cases: Sequence[str],
    values: Mapping[str, Mapping[str, Sequence[float | None]]],
    methods: Mapping[str, str],
    links: Mapping[str, str],
) -> Figure:
    """One view a metric: a row an entry, in board order, over the dataset's cases.

    `metrics` are a snapshot's; `values` maps metric and entry to the values in the order of `cases`;
    `methods` maps an entry to its name; `links` are where an entry's cases lead, with `{text}` for their key.
    """
    drawn = dict(list(methods.items())[:LARGEST])
    views = [_view(metric, cases, values[metric["name"]], drawn, links, methods) for metric in metrics]
    reading = (
        "Box: quartiles and median; whiskers: 1.5 times the box or the last case; points: cases; "
        "a click opens a case."
    )
    if len(drawn) < len(methods):
        reading += f" Shown: the first {len(drawn)} of {len(methods)} entries."
    return Figure("distributions", "Cases", reading, views)


def _view(
    metric: Mapping[str, Any],
    cases: Sequence[str],
    values: Mapping[str, Sequence[float | None]],
    methods: Mapping[str, str],
    links: Mapping[str, str],
    everybody: Mapping[str, str],
) -> View:
    entries = [entry for entry in methods if entry in values]
    labels = unique([methods[entry] for entry in entries])
    traces = [
        _box(label, cases, values[entry], metric["decimals"]) | {"meta": {"link": links[entry]}}
        for entry, label in zip(entries, labels, strict=True)
    ]
    layout = {
        "height": 28 * len(entries) + 64,
        "margin": {"l": 8, "r": 12, "t": 8, "b": 48},
        "showlegend": False,
        "boxgap": 0.35,
        "xaxis": {"title": {"text": axis_title(metric)}, "zeroline": False, "fixedrange": True},
        "yaxis": {
            "autorange": "reversed",
            "automargin": True,
            "showgrid": False,
            "fixedrange": True,
            "type": "category",
        },
    }
    rows = [_summary(methods[entry], values[entry], metric["decimals"]) for entry in entries]
    return View(
        metric["name"],
        traces,
        layout,
        Table(["Method", "Cases", "Minimum", "Quarter", "Median", "Three quarters", "Maximum"], rows),
        tidy=partial(tidy.distributions, metric, cases, values, everybody),
    )


def _box(label: str, cases: Sequence[str], values: Sequence[float | None], decimals: int) -> Trace:
    present = [(case, value) for case, value in zip(cases, values, strict=True) if value is not None]
    return {
        "type": "box",
        "orientation": "h",
        "name": label,
        "y": [label] * len(present),
        "x": [round(value, decimals + 2) for _, value in present],
        "text": [case for case, _ in present],
        "hovertemplate": "%{text}: %{x}<extra>" + label + "</extra>",
        "hoveron": "points",
        "boxpoints": "all",
        "jitter": 0.6,
        "pointpos": 0,
        "whiskerwidth": 0,
        "line": {"width": 1.2, "color": "token:accent"},
        "fillcolor": "token:accent-soft",
        "marker": {"size": 5, "opacity": 0.6, "color": "token:accent"},
    }


def _summary(method: str, values: Sequence[float | None], decimals: int) -> list[str]:
    present = sorted(value for value in values if value is not None)
    quarters = quantiles(present, method="inclusive") if len(present) > 1 else present * 3
    numbers = [present[0], *quarters, present[-1]] if present else [None] * 5
    return [method, str(len(present)), *(numbered(number, decimals) for number in numbers)]


def axis_title(metric: Mapping[str, Any]) -> str:
    """Name, unit and which end is better."""
    unit = f", {metric['unit']}" if metric["unit"] else ""
    better = "right" if metric["direction"] == "higher" else "left"
    return f"{metric['name']}{unit} (better to the {better})"
