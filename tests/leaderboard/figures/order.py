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
    assert view.title() == "Rank (better to the left)"
    assert view.table[0] == ["Method", "Rank", "95 % interval", "Most frequent ranks"]
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
    of = found["names"].index(official)
    taus = [f"τ {found['tau'][of][found['names'].index(name)]:.2f}" for name in order[1:]]
    words = [f"{name} {note}" for name, note in zip(order, ["official", *taus], strict=True)]
    same(view.ticks(), list(enumerate(words)))
    last = by_name[order[-1]]
    same(view.notes, [(name, len(order) - 1, last[entry]) for entry, name in data.names.items()])


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
    notes = [f"{title} τ {tau:.2f}" for title, tau in zip(titles, found["full_tau"], strict=True)]
    same(view.ticks(), list(enumerate(notes)))
    same(view.table[0], ["Method", "All datasets", *(f"Without {title}" for title in titles)])
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
