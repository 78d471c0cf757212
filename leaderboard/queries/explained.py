"""An explanation of a score as a page tells it: the same numbers, in sentences' order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leaderboard.queries.boards import Board

MOST_CASES = 400
NO_ROOT = 1.0


@dataclass(frozen=True)
class OfDataset:
    """One metric's case values on one dataset: their mean, weighted by the values each case has."""

    name: str
    cases: int
    units: int
    mean: float
    stand_ins: int


@dataclass(frozen=True)
class Step:
    """One metric: what was compared, the comparisons in the board's order, place and rank score.

    cases: each with the name of its dataset.
    """

    metric: Mapping[str, Any]
    arrow: str
    decimals: int
    datasets: list[OfDataset]
    cases: list[tuple[str, Mapping[str, Any]]]
    comparisons: list[Mapping[str, Any]]
    place: Mapping[str, Any]
    undecided: int

    @property
    def case_count(self) -> int:
        return sum(of.cases for of in self.datasets) or len(self.cases)

    @property
    def lists_cases(self) -> bool:
        return 0 < len(self.cases) <= MOST_CASES


@dataclass(frozen=True)
class Total:
    """How parts became one number: `terms` are named, `total` is their product or sum, None for a median."""

    how: str
    terms: list[tuple[str, float, float]]
    weights: float
    total: float | None
    result: float

    @property
    def sign(self) -> str:
        return "\N{MULTIPLICATION SIGN}" if self.how == "geometric-mean" else "+"


@dataclass(frozen=True)
class OfPool:
    """One pool of datasets that were compared together."""

    name: str
    steps: list[Step]
    total: Total | None


@dataclass(frozen=True)
class Explained:
    """How an entry's score came about."""

    rank: float
    of: int
    score: float | None
    higher_is_better: bool
    pools: list[OfPool]
    total: Total | None
    omitted: Sequence[Mapping[str, Any]]


def explained(found: Mapping[str, Any], board: Board) -> Explained:
    """What a veil leaves of the engine's explanation, told by names."""
    names = {dataset.slug: dataset.name for dataset in board.datasets}
    decimals = {metric.name: metric.decimals for metric in board.metrics}
    pools = [
        OfPool(
            pool["pool"],
            [_step(metric, names, decimals) for metric in pool["metrics"]],
            _total(pool["total"], {metric["metric"]: metric for metric in pool["metrics"]}),
        )
        for pool in found["pools"]
    ]
    return Explained(
        rank=found["rank"],
        of=found["of"],
        score=found["score"],
        higher_is_better=bool(board.scheme["higher_is_better"]),
        pools=pools,
        total=_total(found["total"], {}),
        omitted=found["omitted"],
    )


def _step(
    metric: Mapping[str, Any],
    names: Mapping[str, str],
    decimals: Mapping[str, int],
) -> Step:
    comparisons = metric["comparisons"]
    return Step(
        metric=metric,
        arrow="↑" if metric["direction"] == "higher" else "↓",
        decimals=decimals.get(metric["metric"].removesuffix("30"), 4),
        datasets=[_dataset(names, found) for found in metric["datasets"]],
        cases=[(names[case["dataset"]], case) for case in metric["cases"]],
        comparisons=comparisons,
        place=metric["place"],
        undecided=sum(one["outcome"] == "undecided" for one in comparisons),
    )


def _dataset(names: Mapping[str, str], found: Mapping[str, Any]) -> OfDataset:
    numbers = {name: found[name] for name in ("cases", "units", "mean", "stand_ins")}
    return OfDataset(name=names[found["dataset"]], **numbers)


def _total(total: Mapping[str, Any] | None, metrics: Mapping[str, Mapping[str, Any]]) -> Total | None:
    if total is None:
        return None
    weights = [metrics[name]["weight"] if name in metrics else NO_ROOT for name in total["parts"]]
    return Total(
        how=total["how"],
        terms=list(zip(total["parts"], total["terms"], weights, strict=True)),
        weights=total["weights"],
        total=total["total"],
        result=total["result"],
    )
