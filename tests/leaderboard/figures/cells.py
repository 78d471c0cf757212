"""What is drawn and listed, held cell by cell against the snapshot that it was made from.

Each check raises where one number, name or word differs; expected values are read from the snapshot alone.
"""

from collections.abc import Mapping, Sequence
from itertools import accumulate, combinations, groupby, pairwise
from statistics import fmean
from typing import Any

from tests.leaderboard.figures.reading import (
    DASH,
    HOME,
    Data,
    Drawing,
    called,
    flat,
    printed,
    same,
    unfolded,
)

_HOVER = "{} against {}<br>{}, {}<br>p {}, corrected {}<br>rank-biserial {}<br>Cohen's d {}"
TASKS = {
    "inter-subject": "inter-subject",
    "atlas-to-subject": "atlas to subject",
    "subject-to-atlas": "subject to atlas",
}
HEAD = ["Row", "Column", "Verdict", "Level", "p", "p corrected", "Rank-biserial", "Cohen's d"]
LEVELS = ("not significant", "p < .05", "p < .01", "p < .001")


def heatmap(data: Data, views: Sequence[Drawing], _: str) -> None:
    found = data.parts["heatmap"]
    columns = list(enumerate(found["columns"]))
    picked = {
        "By subtask": [pair for pair in columns if pair[1]["dataset"] is None],
        "By dataset": [pair for pair in columns if len(pair[1]["datasets"]) == 1],
    }
    worst = max(rank for row in found["ranks"] for rank in row if rank is not None)
    for view in views:
        cells, numbers = view.traces
        names = [data.names[entry] for entry in found["rows"]]
        ranks = [[row[at] for at, _ in picked[view.name]] for row in found["ranks"]]
        values, means, missing = (
            [[row[at] for at, _ in picked[view.name]] for row in found[key]]
            for key in ("values", "means", "missing")
        )
        called(cells["y"], names)
        same(cells["x"], range(len(picked[view.name])))
        steps = [None if rank is None else round(6 * (rank - 1) / (worst - 1)) for rank in flat(ranks)]
        same(flat(cells["z"]), steps)
        heads = [(column["title"], column["metric"]) for _, column in picked[view.name]]
        if view.name == "By dataset":
            heads = [
                (data.titles[column["datasets"][0]], column["metric"]) for _, column in picked[view.name]
            ]
        same(view.table[0], ["Method", *(f"{title}, {metric}" for title, metric in heads)])
        expected_texts = [
            f"{name}<br>{title}, {metric}<br>rank {DASH if rank is None else f'{rank:g}'}, "
            f"rank score {printed(value, 3)}{_compared(data, metric, mean, lost)}"
            for name, row, scores, *facts in zip(names, ranks, values, means, missing, strict=True)
            for (title, metric), rank, value, mean, lost in zip(heads, row, scores, *facts, strict=True)
        ]
        same(flat(cells["hovertext"]), expected_texts)
        same(view.ticks(), list(enumerate(metric for _, metric in heads)))
        opened = [_opened(column["datasets"]) for _, column in picked[view.name]]
        assert cells["meta"]["columns"] == opened
        assert [link for text, link in view.links if text in view.table[0]] == opened
        titles = [title for title, _ in heads]
        same(view.notes, _headings(titles))
        edges = [at - 0.5 for at, (one, other) in enumerate(pairwise(titles), 1) if one != other]
        assert [(rule["x0"], rule["x1"]) for rule in view.layout["shapes"]] == [(at, at) for at in edges]
        drawn = set(zip(numbers["y"], numbers["x"], numbers["text"], strict=True))
        expected = {
            (name, at, f"{rank:g}")
            for name, row in zip(names, ranks, strict=True)
            for at, rank in enumerate(row)
            if rank is not None
        }
        assert drawn == expected
        assert len(numbers["text"]) == len(expected)
        rows = [[DASH if rank is None else f"{rank:g}" for rank in row] for row in ranks]
        same(view.table[1:], [[name, *row] for name, row in zip(names, rows, strict=True)])
    assert [view.name for view in views] == [
        name for name in picked if name == "By subtask" or len(views) > 1
    ]


def _compared(data: Data, metric: str, mean: float | None, lost: int) -> str:
    """The mean of what was compared."""
    if mean is None:
        return ""
    facts = data.metrics[metric.removesuffix("30")]
    unit = f" {facts['unit']}" if facts["unit"] else ""
    return f"<br>{metric} {mean:.{facts['decimals']}f}{unit}{f', {lost} missing' if lost else ''}"


def _opened(datasets: Sequence[str]) -> str:
    """The page of a dataset; of several the figure's view by dataset."""
    one = f"{HOME}datasets/{datasets[0]}/?phase=validation"
    return one if len(datasets) == 1 else "#rank-heatmap-by-dataset"


def _headings(titles: Sequence[str]) -> list[tuple[str, float, int]]:
    """One above the middle of each run of the same title."""
    runs = [(title, len(list(run))) for title, run in groupby(titles)]
    ends = list(accumulate(size for _, size in runs))
    return [(title, end - (size + 1) / 2, 1) for (title, size), end in zip(runs, ends, strict=True)]


def _triangle(matrix: Mapping[str, Any], trace: Mapping[str, Any]) -> None:
    """One matrix of paired tests: colours, dots and hover texts above the diagonal, nothing below."""
    names = matrix["methods"]
    link = f"{HOME}compare/?phase=validation&a={{row}}&b={{column}}"
    assert trace["meta"] == {"link": link, "entries": matrix["entries"]}
    called(trace["x"], names)
    called(trace["y"], names)
    for row in range(len(names)):
        for column in range(len(names)):
            found = {key: trace[key][row][column] for key in ("z", "text", "hovertext")}
            if column <= row:
                assert found == {"z": None, "text": "", "hovertext": ""}
                continue
            level, sign = matrix["level"][row][column], matrix["direction"][row][column]
            assert found["z"] == (None if level is None else level * sign)
            assert found["text"] == ("·" if level == 0 else "")
            words = [] if level is None else _pair(matrix, row, column)
            assert found["hovertext"] == _HOVER.format(*words) if words else not found["hovertext"]


def _pair(matrix: Mapping[str, Any], row: int, column: int) -> list[str]:
    """What is told of two entries: names, verdict, level, p, corrected p and two effect sizes."""
    sizes = []
    for key in ("rank_biserial", "cohens_d"):
        value, ends = matrix[key][row][column], (matrix[f"{key}_interval"] or {})[row][column]
        told = printed(value, 2)
        sizes.append(f"{told} ({ends[0]:.2f} to {ends[1]:.2f})" if value is not None and ends else told)
    p = [f"{matrix[key][row][column]:.2g}" for key in ("p", "p_adjusted")]
    names, level = matrix["methods"], LEVELS[matrix["level"][row][column]]
    return [names[row], names[column], _verdict(matrix, row, column), level, *p, *sizes]


def _verdict(matrix: Mapping[str, Any], row: int, column: int) -> str:
    level, sign = matrix["level"][row][column], matrix["direction"][row][column]
    if not level or not sign:
        return "no significant difference"
    return f"{matrix['methods'][row if sign > 0 else column]} is better"


def _pairs(matrix: Mapping[str, Any]) -> list[list[str]]:
    """The table's rows: every two entries once."""
    places = combinations(range(len(matrix["methods"])), 2)
    return [_pair(matrix, *place) for place in places if matrix["level"][place[0]][place[1]] is not None]


def significance(data: Data, views: Sequence[Drawing], page: str) -> None:
    """On a dataset's page of that dataset; on a board's of the one that its title names."""
    (slug,) = (slug for slug, title in data.titles.items() if slug == page or f"on {title}:" in page)
    matrices = data.parts[f"dataset/{slug}"]["significance"]
    for view in views:
        (trace,) = view.traces
        _triangle(matrices[view.name], trace)
        assert view.table[0] == HEAD
        same(view.table[1:], _pairs(matrices[view.name]))
    assert {view.name for view in views} <= matrices.keys()


def grid(data: Data, views: Sequence[Drawing], page: str) -> None:
    """Rows DSC and HD95, columns the tasks in their order; `page` names the datasets of these."""
    (view,) = views
    datasets = {dataset["slug"]: dataset for dataset in data.board["datasets"]}
    places = [(metric, datasets[slug]) for metric in ("DSC", "HD95") for slug in page.split("/")]
    told, spots = [], []
    for (metric, dataset), trace, note in zip(places, view.traces, view.notes, strict=True):
        matrix = data.parts[f"dataset/{dataset['slug']}"]["significance"][metric]
        _triangle(matrix, trace)
        told += [[metric, dataset["name"], *row] for row in _pairs(matrix)]
        left, top = (view.layout[f"{one}axis{trace[f'{one}axis'][1:]}"]["domain"] for one in "xy")
        assert note == (f"{metric}, {TASKS[dataset['task']]}", left[0], top[1])
        spots.append((-top[1], left[0]))
    assert spots == sorted(set(spots))
    same(view.table, [["Metric", "Dataset", *HEAD], *told])


def structures(data: Data, views: Sequence[Drawing], page: str) -> None:
    part = data.parts[f"structures/{page}"]
    assert [view.name for view in views] == [name for name in data.metrics if name in part["metrics"]]
    for view in views:
        metric, found, (trace,) = data.metrics[view.name], part["metrics"][view.name], view.traces
        entries = [entry for entry in data.names if entry in found["means"]]
        at = {one["name"]: place for place, one in enumerate(found["structures"])}
        decimals, difficulty = metric["decimals"], []
        called(trace["x"], [data.names[entry] for entry in entries])
        heads = ["Structure", "Cases", "Mean over all", *(data.names[entry] for entry in entries)]
        assert view.table[0] == heads
        names = [row[0] for row in view.table[1:]]
        called(trace["y"], names)
        assert sorted(names) == sorted(at)
        for name, cells, hovers, row in zip(
            names, trace["z"], trace["hovertext"], view.table[1:], strict=True
        ):
            values = [found["means"][entry][at[name]] for entry in entries]
            missing = [found["missing"][entry][at[name]] for entry in entries]
            present = [value for value in values if value is not None]
            cases, mean = found["structures"][at[name]]["cases"], fmean(present) if present else None
            difficulty.append((mean or 0) * (1 if metric["direction"] == "higher" else -1))
            same(cells, [None if value is None else round(value, decimals) for value in values])
            same(row, [name, str(cases), printed(mean, decimals), *(printed(v, decimals) for v in values)])
            for text, entry, value, gaps in zip(hovers, entries, values, missing, strict=True):
                gap = f"<br>without a value in {gaps} of {cases} cases" if gaps else ""
                assert text == f"{name}<br>{data.names[entry]}: {printed(value, decimals)}{gap}"
        assert difficulty == sorted(difficulty)
        # Strong is the best mean of all, pale nearly the worst: the two ends of the scale.
        higher = metric["direction"] == "higher"
        strong, pale = (trace[end] for end in (("zmax", "zmin") if higher else ("zmin", "zmax")))
        present = [value for of_one in found["means"].values() for value in of_one if value is not None]
        assert strong == (max if higher else min)(present)
        words = f"strong {printed(strong, decimals)}, pale {printed(pale, decimals)}"
        assert view.notes == [(words, 0, 1)]


def overview(data: Data, views: Sequence[Drawing], _: str) -> None:
    """Datasets are rows of (group, task, contrast, name), source and number of cases."""
    by_task, by_source = views
    slugs = {title: slug for slug, title in data.titles.items()}
    # A dataset that no board has is called by its slug.
    opened = [f"{HOME}datasets/{slugs.get(path[3], path[3].lower())}/" for path, *_ in data.datasets]
    for view in views:
        leaves = dict(zip(map(unfolded, view.traces[-1]["text"]), view.traces[-1]["customdata"], strict=True))
        assert [leaves[path[3]] for path, *_ in data.datasets] == opened
        assert {link for ring in view.traces[:-1] for link in ring["customdata"]} == {None}
    _rings(by_task, [(path, source and f"from {source}", n) for path, source, n in data.datasets])
    rows = [[path[3], *path[:3], source or DASH, str(cases)] for path, source, cases in data.datasets]
    total = sum(cases for *_, cases in data.datasets)
    assert by_task.table[0] == ["Dataset", "Group", "Task", "Contrast", "Source", "Cases"]
    same(by_task.table[1:], [*rows, ["All", "", "", "", "", str(total)]])
    told = [(source or "Source not told", path, n) for path, source, n in data.datasets]
    _rings(by_source, [((source, path[3]), ", ".join(path[:3]), n) for source, path, n in told])
    counts = {source: [n for other, _, n in told if other == source] for source, *_ in told}
    rows = [[source, str(len(found)), str(sum(found))] for source, found in counts.items()]
    assert by_source.table[0] == ["Source", "Datasets", "Cases"]
    same(by_source.table[1:], [*rows, ["All", str(len(told)), str(total)]])


def _rings(view: Drawing, leaves: Sequence[tuple[Sequence[str], str, int]]) -> None:
    """Leaves: path, what hovering says beside the count, number of cases; a trace is a ring."""
    depths, total = len(leaves[0][0]), sum(cases for *_, cases in leaves)
    around = [("", total)]
    for depth, trace in enumerate(view.traces, start=1):
        ring = list(zip(trace["labels"], trace["values"], strict=True))
        for (place, count), text, words in zip(ring, trace["hovertext"], trace["text"], strict=True):
            path = place.split("/")
            within = [leaf for leaf in leaves if list(leaf[0][:depth]) == path]
            assert count == sum(cases for *_, cases in within) > 0
            assert words.replace("<br>", " ") == path[-1]
            head, numbers, *hints = text.split("<br>")
            assert (head, numbers) == (", ".join(path), f"{count} cases, {count / total:.0%} of all")
            assert hints == [hint for _, hint, _ in within if depth == depths and hint]
        assert {place for place, _ in ring} == {"/".join(path[:depth]) for path, *_ in leaves}
        # Each sector of the ring inside is filled by its own, in turn.
        inside = [(place.rpartition("/")[0], count) for place, count in ring]
        filled = [(place, sum(n for _, n in group)) for place, group in groupby(inside, lambda one: one[0])]
        assert filled == around
        around = ring
    assert len(view.traces) == depths
