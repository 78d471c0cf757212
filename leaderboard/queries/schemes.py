"""A ranking scheme in words, so that nobody has to read code to know how a board was made."""

from collections.abc import Mapping
from typing import Any

STATUS: Mapping[str, str] = {
    "published": "published",
    "reconstructed": "reconstructed from published results; the code that made them is not public",
    "recommended": "recommended by this site",
    "common": "a common alternative",
}
_UNIT = {"item": "every label and landmark of every case by itself", "case": "one value per case"}
_COMPARE = {
    "rank-sum": "every pair of entries, by unpaired rank-sum tests",
    "signed-rank": "every pair of entries, by paired signed-rank tests",
    "mean": "the means over all values",
    "case-rank-mean": "the mean of the ranks within each case",
    "case-rank-median": "the median of the ranks within each case",
}
_CORRECTION = {"none": "not corrected", "holm": "Holm-corrected", "bonferroni": "Bonferroni-corrected"}
_COUNT = {
    "losses": "fewest comparisons lost",
    "wins": "most comparisons won",
    "wins-minus-losses": "most wins minus losses",
}
_SCORE = {
    "slots": "places become evenly spaced rank scores from {lowest:g} to 1",
    "min-max": "means are scaled from 0 (worst entry) to 1 (best entry)",
    "rank": "the rank itself (lower is better)",
    "mean-rank": "the mean of the ranks itself (lower is better)",
}
_COMBINE = {"geometric-mean": "geometric mean", "mean": "mean", "median": "median"}
_POOL = {
    "all": "all datasets together",
    "subtask": "each subtask by itself",
    "dataset": "each dataset by itself",
}


def status_words(scheme: Mapping[str, Any]) -> str:
    return STATUS[scheme["status"]]


def scheme_words(spec: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What decides a ranking, as pairs of a short name and a sentence."""
    metrics = ", ".join(_metric_words(rule) for rule in spec["metrics"])
    rows = [
        ("Ranked by", metrics),
        ("Values", _UNIT[spec["unit"]]),
        ("Compared", f"{_COMPARE[spec['compare']]}; {_POOL[spec['pool']]}"),
    ]
    test = spec["test"]
    if test is not None:
        sides = f"{test['sides']}, p < {test['alpha']:g}, {_CORRECTION[test['correction']]}"
        rows += [("Test", sides), ("Place", _COUNT[test["count"]])]
    rows += [
        (
            "Score",
            f"{_SCORE[spec['score']].format(lowest=spec['lowest'])}; {_COMBINE[spec['combine']]} of them",
        ),
        ("Missing values", _missing_words(spec)),
    ]
    if any(rule["metric"].endswith("30") for rule in spec["metrics"]):
        hardest = f"the worst {spec['hardest_share']:.0%} of {spec['reference']}'s, the same for all entries"
        rows.append(("Hardest values", hardest.replace("%", " %")))
    return rows


def _metric_words(rule: Mapping[str, Any]) -> str:
    weight = "" if rule["weight"] == 1 else f" (weight {rule['weight']:g})"
    return f"{rule['metric']}{weight}"


def _missing_words(spec: Mapping[str, Any]) -> str:
    if spec["missing"] == "lowest-score":
        return "one missing value costs the whole metric"
    return "replaced by the worst possible value, or the worst one present"
