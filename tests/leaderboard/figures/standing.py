"""Where entries stand, as drawn and listed, held cell by cell against the snapshot; see `cells`."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from tests.leaderboard.figures.reading import DASH, HOME, Data, Drawing, called, ended, printed, same


def profile(data: Data, views: Sequence[Drawing], page: str) -> None:
    means = data.parts["means"]
    for view in views:
        metric, (others, own) = data.metrics[view.name], view.traces
        sign, decimals = 1 if metric["direction"] == "higher" else -1, metric["decimals"]
        points = {
            (data.titles[slug], name): of_one[slug][view.name]
            for entry, name in data.names.items()
            if (of_one := means.get(entry)) is not None
            for slug in data.titles
            if of_one.get(slug, {}).get(view.name, {}).get("mean") is not None
        }
        drawn = [
            mark
            for trace in (others, own)
            for mark in zip(trace["y"], trace["text"], trace["x"], trace["marker"]["symbol"], strict=True)
        ]
        expected = [
            (
                where,
                f"{name}{_lacking(one['missing'])}",
                one["mean"],
                _mark(one, own=name == data.names[page]),
            )
            for (where, name), one in points.items()
        ]
        assert sorted(drawn) == sorted(expected)
        assert view.title() == ended(metric)
        assert view.table[0] == ["Dataset", f"{view.name}, this entry", "Best", "Place by mean"]
        # Upwards: the first dataset stands at the top.
        drawn_from_below = view.layout["yaxis"]["categoryarray"]
        called(drawn_from_below[::-1], [row[0] for row in view.table[1:]])
        assert len(others["x"]) + len(own["x"]) == len(points)
        assert {text.split("<br>")[0] for text in own["text"]} == {data.names[page]}
        for title, *told in view.table[1:]:
            # Only a mean over all cases can be the best, or have a place.
            whole = [
                one["mean"] for (where, _), one in points.items() if where == title and not one["missing"]
            ]
            mine = points.get((title, data.names[page]), {"mean": None, "missing": 0})
            best = max(whole, key=lambda mean: sign * mean, default=None)
            lost = f" ({mine['missing']} missing)" if mine["missing"] else ""
            place = DASH
            if mine["mean"] is not None and not mine["missing"]:
                better = sum(sign * one > sign * mine["mean"] for one in whole)
                place = f"{better + 1} of {len(whole)}"
            same(told, [f"{printed(mine['mean'], decimals)}{lost}", printed(best, decimals), place])
        assert [row[0] for row in view.table[1:]] == [
            title for title in data.titles.values() if any(where == title for where, _ in points)
        ]


def _lacking(missing: int) -> str:
    return f"<br>{missing} case{'s' if missing > 1 else ''} missing" if missing else ""


def _mark(mean: Mapping[str, Any], *, own: bool) -> str:
    """Hollow where cases are missing; a ring, with a dot in it where none are, for the page's own entry."""
    if own:
        return "circle-open" if mean["missing"] else "circle-open-dot"
    return "circle-open" if mean["missing"] else "circle"


def entry_ranks(data: Data, views: Sequence[Drawing], page: str) -> None:
    """A trace a metric, a line a dataset; each mark between the half lines about its dataset's."""
    (view,) = views
    found = data.parts["heatmap"]
    own = found["ranks"][found["rows"].index(page)]
    cells = {
        (data.titles[column["datasets"][0]], column["metric"]): rank
        for column, rank in zip(found["columns"], own, strict=True)
        if len(column["datasets"]) == 1 and rank is not None
    }
    titles = list(dict.fromkeys(title for title, _ in cells))
    metrics = [metric for metric in ("ACC", "DSC30", "NDV", "TRE30") if any(m == metric for _, m in cells)]
    assert view.ticks("yaxis") == list(enumerate(titles))
    assert view.title() == "Rank (better to the left)"
    drawn, lanes = {}, set()
    for metric, trace in zip(metrics, view.traces, strict=True):
        assert trace["name"] == metric
        for rank, place, text in zip(trace["x"], trace["y"], trace["hovertext"], strict=True):
            title = titles[round(place)]
            lanes.add((metric, round(place - round(place), 6)))
            drawn[title, metric] = rank
            assert text == f"{title}<br>{metric}: rank {rank:g} of {len(found['rows'])}"
    assert drawn == cells
    # Each metric has a lane, and no two the same.
    assert len(lanes) == len(metrics) == len({lane for _, lane in lanes})
    (line,) = view.layout["shapes"]
    overall = next(entry["rank"] for entry in data.board["entries"] if entry["entry"] == page)
    assert line["x0"] == line["x1"] == overall
    rows = [[title, *(_told(cells.get((title, metric))) for metric in metrics)] for title in titles]
    same(view.table, [["Dataset", *metrics], *rows])


def _told(rank: float | None) -> str:
    return DASH if rank is None else f"{rank:g}"


def tradeoff(data: Data, views: Sequence[Drawing], page: str) -> None:
    """On a board, and on the page of the entry `page`, which has a ring there."""
    (view,) = views
    front, dots = view.traces
    pairs = {
        entry["method"]: (entry["metrics"]["DSC"], entry["metrics"]["NDV"]) for entry in data.board["entries"]
    }
    both = {name: (dsc["mean"], ndv["mean"]) for name, (dsc, ndv) in pairs.items()}
    both = {name: pair for name, pair in both.items() if None not in pair}
    missing = {name: max(one["missing"] for one in pairs[name]) for name in both}
    assert any(missing.values())
    # A NDV of 0 stands a decade below the smallest other one's.
    zero = 10.0 ** (math.floor(math.log10(min(ndv for _, ndv in both.values() if ndv > 0))) - 1)
    unbeaten = {
        name
        for name, (dsc, ndv) in both.items()
        if not missing[name]
        and not any(
            (d >= dsc and n <= ndv) and (d, n) != (dsc, ndv)
            for other, (d, n) in both.items()
            if not missing[other]
        )
    }
    own = [bool(page) and name == data.names[page] for name in both]
    rest = ["token:ink" if mine else "token:line-3" for mine in own]
    colours = ["token:accent" if name in unbeaten else tone for name, tone in zip(both, rest, strict=True)]
    same(dots["marker"]["color"], colours)
    same(dots["marker"]["size"], [15 if mine else 9 for mine in own])
    lost = [{"missing": missing[name]} for name in both]
    same(dots["marker"]["symbol"], [_mark(one, own=mine) for one, mine in zip(lost, own, strict=True)])
    same(dots["y"], [dsc for dsc, _ in both.values()])
    same(dots["x"], [ndv or zero for _, ndv in both.values()])
    decades = [10.0**decade for decade in range(round(math.log10(zero)), 3)]
    ticks = view.ticks()
    assert [place for place, _ in ticks] == decades[: len(ticks)]
    assert ticks[-1][0] > max(ndv for _, ndv in both.values())
    assert [_number(words) for _, words in ticks] == [0, *(place for place, _ in ticks[1:])]
    assert view.title() == "NDV, % of the mask, logarithmic (better to the left)"
    assert view.title("yaxis") == "DSC (better upwards)"
    assert all(text in ("", name) for text, name in zip(dots["text"], both, strict=True))
    assert any(dots["text"])
    for text, (name, (dsc, ndv)) in zip(dots["hovertext"], both.items(), strict=True):
        assert text == f"{name}<br>DSC {dsc:.4f}, NDV {ndv:.4f} %{_lacking(missing[name])}"
    slugs = {name: slug for slug, name in data.names.items()}
    assert dots["customdata"] == [f"{HOME}entries/{slugs[name]}/?phase=validation" for name in both]
    line = sorted((both[name][1], both[name][0]) for name in unbeaten)
    same(front["x"], [ndv or zero for ndv, _ in line])
    same(front["y"], [dsc for _, dsc in line])
    unbeaten_words = {name: DASH if missing[name] else "yes" if name in unbeaten else "no" for name in both}
    rows = [
        [name, f"{dsc:.4f}", f"{ndv:.4f}", str(missing[name]), unbeaten_words[name]]
        for name, (dsc, ndv) in both.items()
    ]
    same(view.table, [["Method", "DSC", "NDV, %", "Cases missing", "Unbeaten in both"], *rows])


def _number(words: str) -> float:
    """What `0.01` or `10⁻⁴` means."""
    digits = words.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    return float(words) if digits == words else 10.0 ** int(digits.removeprefix("10"))
