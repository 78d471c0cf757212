"""How sure the order is, as drawn and listed, held cell by cell against the snapshot; see `cells`."""

from collections.abc import Sequence

from tests.leaderboard.figures.reading import Data, Drawing, flat, same


def blobs(data: Data, views: Sequence[Drawing], _: str) -> None:
    (view,) = views
    intervals, circles, crosses = view.traces
    entries, resamples = data.board["entries"], data.board["stability"]["resamples"]
    names = [entry["method"] for entry in entries]
    counts = {
        (name, rank): count
        for name, entry in zip(names, entries, strict=True)
        for rank, count in enumerate(entry["rank_distribution"], 1)
        if count
    }
    same(zip(circles["y"], circles["x"], strict=True), counts)
    areas = [size**2 for size in circles["marker"]["size"]]
    # The area is the share, down to a smallest circle that can still be seen.
    same(areas, [max(22.0**2 * count / resamples, 2.5**2) for count in counts.values()])
    for text, ((name, rank), count) in zip(circles["hovertext"], counts.items(), strict=True):
        assert text == f"{name}<br>rank {rank} in {count / resamples:.1%} of the resamples"
    same(zip(crosses["y"], crosses["x"], strict=True), [(e["method"], e["rank"]) for e in entries])
    ends = [[*entry["rank_interval"], None] for entry in entries]
    same(intervals["x"], flat(ends))
    same(intervals["y"], flat([[name, name, None] for name in names]))
    for entry, row in zip(entries, view.table[1:], strict=True):
        low, high = entry["rank_interval"]
        # The three most frequent ranks; of equally frequent ones the better first.
        common = sorted((-count, rank) for rank, count in enumerate(entry["rank_distribution"], 1) if count)
        shares = ", ".join(f"{rank} ({-count / resamples:.0%})" for count, rank in common[:3])
        same(row, [entry["method"], f"{entry['rank']:g}", f"{low:g} to {high:g}", shares])


def schemes(data: Data, views: Sequence[Drawing], _: str) -> None:
    (view,) = views
    found = data.parts["agreement"]["schemes"]
    official = data.board["scheme"]["name"]
    order = [official, *(name for name in found["names"] if name != official)]
    same(view.table[0], ["Method", *order])
    by_name = {
        name: dict(zip(found["entries"], ranks, strict=True))
        for name, ranks in zip(found["names"], found["ranks"], strict=True)
    }
    for entry, trace, row in zip(data.names, view.traces, view.table[1:], strict=True):
        ranks = [by_name[name][entry] for name in order]
        same(trace["x"], range(len(order)))
        same(trace["y"], ranks)
        same(row, [data.names[entry], *(f"{rank:g}" for rank in ranks)])
        for text, name, rank in zip(trace["hovertext"], order, ranks, strict=True):
            assert text == f"{data.names[entry]}<br>{name}: rank {rank:g}"


def without(data: Data, views: Sequence[Drawing], _: str) -> None:
    (view,) = views
    cells, numbers = view.traces
    found = data.parts["agreement"]["without_dataset"]
    titles = [data.titles[slug] for slug in found["names"]]
    ranks = [dict(zip(found["entries"], column, strict=True)) for column in found["ranks"]]
    full = dict(zip(found["entries"], found["full"], strict=True))
    names = list(data.names.values())
    same(cells["x"], range(len(titles)))
    same(cells["y"], names)
    expected = []
    for entry, row, hovers in zip(data.names, cells["z"], cells["hovertext"], strict=True):
        same(row, [max(-3, min(3, full[entry] - column[entry])) for column in ranks])
        for at, (text, column) in enumerate(zip(hovers, ranks, strict=True)):
            lines = f"without {titles[at]}: rank {column[entry]:g}, with it {full[entry]:g}"
            assert text == f"{data.names[entry]}<br>{lines}"
            expected.append((data.names[entry], at, f"{column[entry]:g}"))
    same(zip(numbers["y"], numbers["x"], numbers["text"], strict=True), expected)
    same(
        view.table[1:],
        [
            [data.names[entry], f"{full[entry]:g}", *(f"{column[entry]:g}" for column in ranks)]
            for entry in data.names
        ],
    )
