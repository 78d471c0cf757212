"""What a sight leaves of a snapshot: which rows, which numbers, which names. Every read of one passes here.

Whoever's name is hidden is called "Entry 3" and has an address that only the same phase understands.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from statistics import fmean
from typing import Any

from django.utils.crypto import salted_hmac

from leaderboard.enums import Aspect
from leaderboard.rules import Sight

# No name makes such a slug: slugs of names begin with no underscore.
ANONYMOUS = "_entry-"
_NO_STANDING: Mapping[str, Any] = {
    "rank": None,
    "rank_interval": None,
    "rank_distribution": None,
    "tie_group": None,
    "score": None,
    "rank_scores": {},
    "imputations": {},
    "metrics": {},
}
_NOBODY: Mapping[str, Any] = {
    "team": {"slug": "", "name": "", "affiliation": ""},
    "submission": "",
    "kind": "",
    "instance_specific": False,
    "organizers": False,
}


@dataclass(frozen=True)
class Veil:
    """What is shown of one snapshot.

    entries: each entry's slug to the one it is shown by, in the order of the page; names: to the name that
    it is shown by; methods: true names to slugs; own: the slugs of the viewer's own entries.
    """

    sight: Sight
    entries: Mapping[str, str]
    names: Mapping[str, str]
    methods: Mapping[str, str]
    own: frozenset[str]

    def shows(self, aspect: Aspect, entry: str | None = None) -> bool:
        """Whether an aspect of one entry is shown, or (default) of all entries together."""
        return self.sight.shows(aspect, self.sight.team if entry in self.own else None)

    def true(self, shown: str) -> str | None:
        """The entry that is shown by a slug."""
        return next((entry for entry, slug in self.entries.items() if slug == shown), None)

    def seen(self, aspect: Aspect) -> dict[str, str]:
        """The entries of which an aspect is shown: slug to the shown slug."""
        return {entry: slug for entry, slug in self.entries.items() if self.shows(aspect, entry)}


def veil_over(payload: Mapping[str, Any], content_hash: str, sight: Sight) -> Veil:
    """What a sight shows of a board's payload."""
    entries = payload["entries"]
    if entries:
        sight = sight.of(entries[0]["team"]["slug"])
    own = frozenset(entry["entry"] for entry in entries if entry["team"]["slug"] == sight.team)
    methods = {entry["method"]: entry["entry"] for entry in entries}
    veil = Veil(sight, {}, {}, methods, own)
    if not veil.shows(Aspect.AGGREGATES):
        # The order of a hidden ranking would tell it.
        entries = sorted(entries, key=_without_rank(veil, content_hash))
    slugs, names = {}, {}
    for number, entry in enumerate(entries, 1):
        named = veil.shows(Aspect.NAMES, entry["entry"])
        slugs[entry["entry"]] = entry["entry"] if named else f"{ANONYMOUS}{number}"
        names[entry["entry"]] = entry["method"] if named else f"Entry {number}"
    return Veil(sight, slugs, names, methods, own)


def _without_rank(veil: Veil, content_hash: str) -> Callable[[Mapping[str, Any]], str]:
    if veil.shows(Aspect.NAMES):
        return lambda entry: str(entry["method"]).lower()
    # Keyed: who knows the names must not find out which number each of them has.
    return lambda entry: salted_hmac("leaderboard.veil", f"{content_hash}/{entry['entry']}").hexdigest()


def veiled_entries(
    entries: Sequence[Mapping[str, Any]], veil: Veil, aspects: Sequence[Aspect] = ()
) -> list[dict[str, Any]]:
    """The entries of a payload of which one of the aspects (default: the aggregates) is shown.

    What else is hidden of them is left out.
    """
    seen = {slug for aspect in aspects or (Aspect.AGGREGATES,) for slug in veil.seen(aspect)}
    by_slug = {entry["entry"]: entry for entry in entries}
    order = by_slug if veil.shows(Aspect.AGGREGATES) else veil.entries
    return [_veiled(by_slug[slug], veil) for slug in order if slug in by_slug and slug in seen]


def _veiled(entry: Mapping[str, Any], veil: Veil) -> dict[str, Any]:
    slug = entry["entry"]
    made = {**entry, "own": slug in veil.own}
    if not veil.shows(Aspect.AGGREGATES, slug):
        made |= _NO_STANDING
    elif not veil.shows(Aspect.PER_DATASET, slug):
        made["imputations"] = {}
    if veil.entries[slug] != slug:
        made |= {"entry": veil.entries[slug], "method": veil.names[slug], **_NOBODY}
    return made


def veiled_part(name: str, part: Any, veil: Veil) -> Any:
    """A part of a snapshot by its name; None where nothing of it is shown."""
    kind = name.partition("/")[0]
    return _PARTS[kind](part, veil) if part is not None and kind in _PARTS else None


# Snapshots of earlier releases have no means.
CELLS = ("ranks", "values", "means", "missing")


def veiled_heatmap(heatmap: Mapping[str, Any], veil: Veil) -> dict[str, Any] | None:
    """Without the columns of single datasets where these are hidden."""
    if not veil.shows(Aspect.AGGREGATES):
        return None
    whole = veil.shows(Aspect.PER_DATASET)
    kept = [at for at, column in enumerate(heatmap["columns"]) if whole or len(column["datasets"]) > 1]
    if not kept:
        return None
    cells = {name: [[row[at] for at in kept] for row in heatmap[name]] for name in CELLS if name in heatmap}
    columns = [heatmap["columns"][at] for at in kept]
    return {**heatmap, "columns": columns, "rows": _slugs(heatmap["rows"], veil), **cells}


def _means(means: Mapping[str, Any], veil: Veil) -> dict[str, Any] | None:
    seen = veil.seen(Aspect.PER_DATASET)
    return {slug: means[entry] for entry, slug in seen.items() if entry in means} or None


def _agreement(agreement: Mapping[str, Any], veil: Veil) -> dict[str, Any] | None:
    if not veil.shows(Aspect.AGGREGATES):
        return None
    made = {key: {**found, "entries": _slugs(found["entries"], veil)} for key, found in agreement.items()}
    if not veil.shows(Aspect.PER_DATASET):
        made["without_dataset"] = {key: [] for key in agreement["without_dataset"]}
    return made


def _dataset(part: Mapping[str, Any], veil: Veil) -> dict[str, Any] | None:
    seen = veil.seen(Aspect.PER_DATASET)
    table = [
        {**line, "entry": seen[line["entry"]], "method": veil.names[line["entry"]]}
        for line in part["table"]
        if line["entry"] in seen
    ]
    return {**part, "table": table} if seen or veil.seen(Aspect.PER_CASE) else None


def _structures(part: Mapping[str, Any], veil: Veil) -> dict[str, Any] | None:
    seen = veil.seen(Aspect.PER_DATASET)
    metrics = {
        name: {**found, "means": _of(found["means"], seen), "missing": _of(found["missing"], seen)}
        for name, found in part["metrics"].items()
    }
    return {**part, "metrics": metrics} if seen else None


def _of(by_entry: Mapping[str, Any], seen: Mapping[str, str]) -> dict[str, Any]:
    return {slug: by_entry[entry] for entry, slug in seen.items() if entry in by_entry}


def veiled_matrix(matrix: Mapping[str, Any] | None, veil: Veil) -> dict[str, Any] | None:
    """A significance matrix; None where datasets are not shown of every entry."""
    if matrix is None or not veil.shows(Aspect.PER_DATASET):
        return None
    found = matrix if veil.shows(Aspect.AGGREGATES) else _in_order(matrix, veil)
    if found is None:
        return None
    return {
        **found,
        "entries": _slugs(found["entries"], veil),
        "methods": [veil.names[entry] for entry in found["entries"]],
        "tie_groups": [_slugs(group, veil) for group in found["tie_groups"]],
    }


def _in_order(matrix: Mapping[str, Any], veil: Veil) -> dict[str, Any] | None:
    """A matrix in an order that does not tell the ranking; None where only the first entries are in it."""
    if matrix["of"] > len(matrix["entries"]):
        return None
    place = {entry: at for at, entry in enumerate(matrix["entries"])}
    order = [place[entry] for entry in veil.entries if entry in place]
    grids = {
        name: [[grid[row][column] for column in order] for row in order]
        for name, grid in matrix.items()
        if name in _GRIDS and grid is not None
    }
    names = {name: [matrix[name][at] for at in order] for name in ("entries", "methods")}
    return {**matrix, **grids, **names, "tie_groups": []}


# Values of single cases have no place here: whoever reads them asks of each entry.
_PARTS: Mapping[str, Callable[[Any, Veil], Any]] = {
    "heatmap": veiled_heatmap,
    "means": _means,
    "agreement": _agreement,
    "dataset": _dataset,
    "structures": _structures,
    "matrix": veiled_matrix,
}

_GRIDS = frozenset(
    {
        "p",
        "p_adjusted",
        "level",
        "direction",
        "rank_biserial",
        "rank_biserial_interval",
        "cohens_d",
        "cohens_d_interval",
    }
)


def _slugs(entries: Sequence[str], veil: Veil) -> list[str]:
    return [veil.entries[entry] for entry in entries]


def veiled_explanation(found: Mapping[str, Any], entry: str, veil: Veil) -> dict[str, Any] | None:
    """How an entry's score came about; `entry` is its true slug."""
    if not veil.shows(Aspect.AGGREGATES, entry):
        return None
    whole = veil.shows(Aspect.PER_DATASET, entry)
    # Scores of pools are scores of datasets, or of few.
    pools = found["pools"] if whole or len(found["pools"]) == 1 else []
    made = [
        {**pool, "metrics": [_explained(metric, entry, veil) for metric in pool["metrics"]]} for pool in pools
    ]
    total = found["total"] if whole else None
    return {**found, "method": veil.names[entry], "pools": made, "total": total}


def _explained(metric: Mapping[str, Any], entry: str, veil: Veil) -> dict[str, Any]:
    """One metric, told against the entries whose standing is shown, in the order of the page."""
    whole, known = veil.shows(Aspect.PER_DATASET, entry), veil.seen(Aspect.AGGREGATES)
    order = {slug: at for at, slug in enumerate(veil.entries)}
    against = {veil.methods[one["opponent"]]: one for one in metric["comparisons"]}
    tied = {veil.methods[name] for name in metric["place"]["tied_with"]}

    def named(slugs: Iterable[str]) -> list[str]:
        return sorted((slug for slug in slugs if slug in known), key=order.__getitem__)

    return {
        **metric,
        "cases": metric["cases"] if veil.shows(Aspect.PER_CASE, entry) else [],
        "datasets": _by_dataset(metric["cases"]) if whole else [],
        "imputations": metric["imputations"] if whole else [],
        "comparisons": [{**against[slug], "opponent": veil.names[slug]} for slug in named(against)],
        "place": {**metric["place"], "tied_with": [veil.names[slug] for slug in named(tied)]},
    }


def _by_dataset(cases: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The mean on each dataset, weighted by the values that each case has."""
    found = []
    for dataset, group in groupby(cases, key=itemgetter("dataset")):
        of_one = list(group)
        units = [case["units"] for case in of_one]
        found.append(
            {
                "dataset": dataset,
                "cases": len(of_one),
                "units": sum(units),
                "mean": fmean((case["value"] for case in of_one), units),
                "stand_ins": sum(case["stand_ins"] for case in of_one),
            }
        )
    return found
