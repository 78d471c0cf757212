"""The worked example of this package's README, computed: ``python -m scoring.ranking.example`` prints it."""

from collections.abc import Iterable, Sequence

from scoring.ranking.explain import Explanation, MetricExplanation, Total, explain
from scoring.ranking.run import rank
from scoring.ranking.schemes import PRESETS
from scoring.ranking.table import Row, ScoreTable

EXPLAINED = "Beta"

_CASES = ("2_1", "3_2", "4_3", "5_4")
_QUALITY = {"Alpha": 0.30, "Beta": 0.27, "Gamma": 0.22, "ZeroDisplacement": 0.0}
_FOLDS = {"Alpha": 5, "Beta": 2, "Gamma": 2, "ZeroDisplacement": 0}


def example_table() -> ScoreTable:
    """Four methods, four cases, three labels and three landmarks each: numbers made up by a formula."""
    return ScoreTable.from_rows(_rows())


def _rows() -> Iterable[Row]:
    for method, quality in _QUALITY.items():
        for c, case in enumerate(_CASES):
            dsc = [round(0.50 + quality + 0.04 * label - 0.03 * c, 2) for label in range(3)]
            tre = [round(5.0 - 8.0 * quality + 0.5 * point + 0.2 * c, 2) for point in range(3)]
            yield method, "in-domain", case, "DSC", sum(dsc) / 3, dsc
            yield method, "in-domain", case, "TRE", sum(tre) / 3, tre
            yield method, "in-domain", case, "NDV", round(0.01 * _FOLDS[method] * (1 + c), 2), None


def worked_example() -> str:
    """Markdown: the table, the ranking under ``l2r-code``, and how one score of it came about."""
    table, scheme = example_table(), PRESETS["l2r-code"]
    ranking = rank(table, scheme)
    metrics = [rule.metric for rule in scheme.metrics]
    board = [
        [str(e.rank), e.method, *(_number(e.metrics[m].mean) for m in metrics), _number(e.score)]
        for e in ranking.entries
    ]
    explanation = explain(table, scheme)[EXPLAINED]
    parts = [
        _markdown_table(["rank", "method", *(f"mean {m}" for m in metrics), "score"], board),
        *(_metric_words(metric) for metric in explanation.pools[0].metrics),
        _total_words(explanation),
    ]
    return "\n\n".join(parts) + "\n"


def _metric_words(metric: MetricExplanation) -> str:
    tests = [[c.opponent, _number(c.z), _p_words(c.p), c.outcome] for c in metric.comparisons]
    cases = ", ".join(f"{_number(case.value)} ({case.case}, {case.units})" for case in metric.cases)
    return "\n\n".join(
        (
            f"**{metric.metric}** ({metric.direction} is better): {metric.units} values, mean "
            f"{_number(metric.mean)}. Case means (case, values): {cases}.",
            _markdown_table([f"{EXPLAINED} against", "z", "p", "outcome"], tests),
            f"Lost {metric.lost}, won {metric.won}: {_place_words(metric)} {_number(metric.rank_score)}.",
        )
    )


def _place_words(metric: MetricExplanation) -> str:
    place = metric.place
    if not place.tied_with:
        return f"position {place.positions[0]}, the slot"
    slots = " + ".join(_number(slot) for slot in place.slots)
    return (
        f"positions {place.positions[0]} to {place.positions[1]} shared with {', '.join(place.tied_with)}, "
        f"the mean of their slots ({slots}) / {len(place.slots)} ="
    )


def _p_words(p: float) -> str:
    return "< 0.0001" if p < 0.0001 else f"{p:.4f}"


def _total_words(explanation: Explanation) -> str:
    total = explanation.pools[0].total
    if total is None or total.total is None:
        raise ValueError("the example has every metric of its scheme")
    return (
        f"**Score**: {_product(total)} = {total.total:.6f}, and its {total.weights:.0f}th root is "
        f"{_number(total.result)}: rank {explanation.rank} of {explanation.of}."
    )


def _product(total: Total) -> str:
    return " × ".join(_number(term) for term in total.terms)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}".rstrip("0").rstrip(".")


def _markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    print(worked_example(), end="")
