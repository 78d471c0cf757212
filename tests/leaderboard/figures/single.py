"""Single cases as drawn and listed, held against the snapshot; see `cells`."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from tests.leaderboard.figures.reading import HOME, Data, Drawing, ended, flat, measured, printed, same


def distributions(data: Data, views: Sequence[Drawing], page: str) -> None:
    part = data.parts[f"dataset/{page}"]
    assert [view.name for view in views] == [name for name in data.metrics if name in part["metrics"]]
    for view in views:
        decimals, values = data.metrics[view.name]["decimals"], part["metrics"][view.name]["values"]
        entries = [entry for entry in data.names if entry in values]
        for entry, trace, row in zip(entries, view.traces, view.table[1:], strict=True):
            cases = [(k, v) for k, v in zip(part["cases"], values[entry], strict=True) if v is not None]
            same(trace["text"], [key for key, _ in cases])
            link = f"{HOME}cases/{{text}}/?dataset={page}&phase=validation&entry={entry}"
            assert trace["meta"] == {"link": link}
            same(trace["x"], [round(value, decimals + 2) for _, value in cases])
            same(trace["y"], [data.names[entry]] * len(cases))
            numbers = [value for _, value in cases]
            five = np.percentile(numbers, [0, 25, 50, 75, 100]) if numbers else [None] * 5
            same(row, [data.names[entry], str(len(cases)), *(printed(one, decimals) for one in five)])
        heads = ["Method", "Cases", "Minimum", "Quarter", "Median", "Three quarters", "Maximum"]
        assert view.table[0] == heads
        assert view.title() == ended(data.metrics[view.name])


def _compared(data: Data, metric: str, page: str) -> list[tuple[str, str, float, float]]:
    """(dataset, case, a, b) where both of `a/b` have a value."""
    return [
        (title, case, *both)
        for slug, title in data.titles.items()
        if metric in data.parts[f"dataset/{slug}"]["metrics"]
        for values in [data.parts[f"dataset/{slug}"]["metrics"][metric]["values"]]
        for case, *both in zip(
            data.parts[f"dataset/{slug}"]["cases"], *(values[entry] for entry in page.split("/")), strict=True
        )
        if None not in both
    ]


def _colour(better: float) -> str:
    """Blue where a is better, orange where b is."""
    return "token:row-3" if better > 0 else "token:col-3" if better < 0 else "token:line-3"


def paired(data: Data, views: Sequence[Drawing], page: str) -> None:
    a, b = (data.names[entry] for entry in page.split("/"))
    for view in views:
        line, *points = view.traces
        decimals, cases = data.metrics[view.name]["decimals"], _compared(data, view.name, page)
        assert line["x"] == line["y"]
        values = [value for case in cases for value in case[2:]]
        assert line["x"][0] <= min(values) <= max(values) <= line["x"][1]
        words = measured(data.metrics[view.name])
        assert (view.title(), view.title("yaxis")) == (f"{words}, {b}", f"{words}, {a}")
        assert view.table[0] == ["Case", "Dataset", a, b, "Difference"]
        sign = 1 if data.metrics[view.name]["direction"] == "higher" else -1
        shown = "&phase=validation&entry={}&beside={}".format(*page.split("/"))
        links = {title: f"{HOME}cases/{{text}}/?dataset={slug}{shown}" for slug, title in data.titles.items()}
        drawn = [
            (trace["meta"]["dataset"], *point)
            for trace in points
            for point in zip(trace["text"], trace["y"], trace["x"], trace["marker"]["color"], strict=True)
        ]
        expected = [
            (
                title,
                case,
                round(first, decimals + 2),
                round(second, decimals + 2),
                int(np.sign(sign * (first - second))),
            )
            for title, case, first, second in cases
        ]
        same(flat(drawn), flat(expected))
        hover = f"<br>%{{fullData.meta.a}} %{{y:.{decimals}f}}<br>%{{fullData.meta.b}} %{{x:.{decimals}f}}"
        for trace in points:
            assert (trace["meta"]["a"], trace["meta"]["b"]) == (a, b)
            assert trace["meta"]["link"] == links[trace["meta"]["dataset"]]
            assert trace["hovertemplate"] == f"%{{text}}, %{{fullData.meta.dataset}}{hover}<extra></extra>"
        told = [links[title].replace("{text}", case) for title, case, *_ in cases]
        assert [link for text, link in view.links if text in data.parts["dataset/t2-like"]["cases"]] == told
        for row, (title, case, first, second) in zip(view.table[1:], cases, strict=True):
            numbers = (printed(first, decimals), printed(second, decimals))
            same(row, [case, title, *numbers, f"{first - second:+.{decimals}f}"])


def differences(data: Data, views: Sequence[Drawing], page: str) -> None:
    """Bars side by side without a gap; each counts the differences within its edges."""
    for view in views:
        (bars,) = view.traces
        decimals = data.metrics[view.name]["decimals"] + 1
        found = np.array([a - b for *_, a, b in _compared(data, view.name, page)])
        # A little air stands between the bars.
        wide = bars["width"][0] / 0.92
        steps = [round((middle - wide / 2) / wide) for middle in bars["x"]]
        edges = [step * wide for step in (*steps, steps[-1] + 1)]
        same(bars["x"], [low + wide / 2 for low in edges[:-1]])
        assert steps == list(range(steps[0], steps[0] + len(steps)))
        # The extreme values lie on the outer edges.
        outer = edges[0] - 1e-9 * wide, edges[-1] + 1e-9 * wide
        counts = np.histogram(found, [outer[0], *edges[1:-1], outer[1]])[0].tolist()
        same(bars["y"], counts)
        assert sum(bars["y"]) == len(found)
        metric, (a, b) = data.metrics[view.name], (data.names[entry] for entry in page.split("/"))
        assert view.title() == f"{measured(metric)}, {a} minus {b}"
        assert view.title("yaxis") == "Cases"
        assert view.table[0] == ["From", "To", "Cases"]
        sign = 1 if metric["direction"] == "higher" else -1
        same(bars["marker"]["color"], [_colour(sign * middle) for middle in bars["x"]])
        for text, row, (low, high), count in zip(
            bars["hovertext"], view.table[1:], pairwise(edges), counts, strict=True
        ):
            ends = [_near(end, decimals) for end in (low, high)]
            assert text == f"{row[0]} to {row[1]}: {count} cases"
            assert row[0] in ends[0]
            assert row[1] in ends[1]
            assert row[2:] == [str(count)]


def _near(end: float, decimals: int) -> set[str]:
    """An edge as printed, which may lie in the middle between two printed numbers."""
    return {f"{end * (1 + shift) + 0.0:+.{decimals}f}" for shift in (-1e-9, 0, 1e-9)}
