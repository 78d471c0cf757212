"""A ranking scheme as data: every choice named, so that two schemes differ in fields and not in code."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from scoring.metrics import METRICS, Metric
from scoring.stats.multiplicity import Correction
from scoring.stats.signed_rank import Method, ZeroMethod

Unit = Literal["item", "case"]
Compare = Literal["rank-sum", "signed-rank", "mean", "case-rank-mean", "case-rank-median"]
Count = Literal["losses", "wins", "wins-minus-losses"]
Score = Literal["slots", "min-max", "rank", "mean-rank"]
Ties = Literal["mean", "best", "worst"]
Combine = Literal["geometric-mean", "mean", "median"]
Pool = Literal["all", "subtask", "dataset"]
Missing = Literal["stand-in", "lowest-score"]
Status = Literal["published", "reconstructed", "recommended", "common"]
Direction = Literal["higher", "lower"]
Sides = Literal["two-sided", "one-sided"]
_Part = TypeVar("_Part", "Scheme", "MetricRule", "TestRule")


FACTS: Mapping[str, Metric] = {metric.short: metric for metric in METRICS.values()}
"""Metrics by the short names that score tables and schemes use."""

HARDEST: Mapping[str, str] = {"DSC30": "DSC", "HD9530": "HD95", "TRE30": "TRE"}
"""Metrics over the hardest items only -> the metric they are taken from."""


_ACCURACY = ("DSC", "TRE")


def base_metric(metric: str) -> str:
    """DSC for DSC30; every other metric is its own."""
    return HARDEST.get(metric, metric)


@dataclass(frozen=True, slots=True)
class MetricRule:
    """One metric of a scheme.

    weight: its weight when metrics are combined (relative). direction: which values are better. stand_in:
    what a missing or non-finite value is replaced with, unless a present one is worse; None: the worst
    possible value of the metric, or the worst one present in the table.
    """

    metric: str
    direction: Direction
    weight: float = 1.0
    stand_in: float | None = None


@dataclass(frozen=True, slots=True)
class TestRule:
    """How two methods are compared on one metric.

    alpha: a p value below it is a win. sides: two-sided with the sign, or one-sided. correction: over all
    pairs of the pool, within one metric. count: what a method's standing is. p_value and zero_method: see
    `scoring.stats.signed_rank`; the rank-sum test is asymptotic without correction for ties.
    """

    alpha: float = 0.05
    sides: Sides = "two-sided"
    correction: Correction = "none"
    count: Count = "losses"
    p_value: Method = "auto"
    zero_method: ZeroMethod = "wilcox"

    __test__ = False  # not a test class, whatever its name says to pytest


@dataclass(frozen=True, slots=True)
class Scheme:
    """Everything that decides a ranking.

    name, version: identify it; a changed copy gets a new version. title, source: for people. status:
    published, reconstructed (from results, without its code), recommended or common. metrics: what is
    ranked. unit: one value per item (label or landmark; case values where a metric has no items) or per
    case. compare: per metric, by a test of all pairs, by means, or by mean or median of the ranks within
    each case. test: for the two tests. score: what the comparison becomes: ``slots`` (evenly spaced from
    lowest to 1), ``min-max`` (0 worst to 1 best of the pool, of means only), ``rank`` (1 is best) or
    ``mean-rank`` (the mean or median of the ranks within each case, as it is). ties: mean, best or worst of
    the slots or ranks tied methods cover. combine: over the metrics, weighted. pool: cases compared
    together: all datasets, each subtask, or each dataset by itself; across: how the pools' scores are
    combined, equally weighted. missing: ``stand-in`` (see `MetricRule`) or ``lowest-score`` (any missing
    value of a metric costs the whole metric). A metric of which an entry has no value at all gets the
    lowest score either way. lowest: first slot. hardest_share, reference: DSC30 and TRE30 are taken over
    this share of the units, the worst ones of the reference method. accuracy: the metrics whose combined
    score is ACC.
    """

    name: str
    version: int
    title: str
    source: str
    status: Status
    metrics: tuple[MetricRule, ...]
    unit: Unit
    compare: Compare
    score: Score
    test: TestRule | None = None
    ties: Ties = "mean"
    combine: Combine = "geometric-mean"
    pool: Pool = "all"
    across: Combine = "mean"
    missing: Missing = "stand-in"
    lowest: float = 0.1
    hardest_share: float = 0.3
    reference: str = "ZeroDisplacement"
    accuracy: tuple[str, ...] = _ACCURACY

    def __post_init__(self) -> None:
        _check(self)

    @property
    def tested(self) -> bool:
        """Whether methods are compared pair by pair."""
        return self.compare in ("rank-sum", "signed-rank")

    @property
    def higher_is_better(self) -> bool:
        """Whether the larger score is the better one (ranks: the smaller)."""
        return self.score in ("slots", "min-max")

    def rule(self, metric: str) -> MetricRule:
        """The rule of one metric: its own, that of its base metric, or the metric's limits."""
        by_name = {rule.metric: rule for rule in self.metrics}
        own = by_name.get(metric) or by_name.get(base_metric(metric))
        if own is None:
            return MetricRule(metric, FACTS[base_metric(metric)].direction)
        return MetricRule(metric, own.direction, own.weight, own.stand_in)

    def to_dict(self) -> dict[str, Any]:
        """The scheme as JSON holds it; `from_dict` is the inverse."""
        return {**asdict(self), "metrics": [asdict(m) for m in self.metrics], "accuracy": list(self.accuracy)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Scheme":
        """Read a scheme. Errors: ValueError for an unknown field, a missing one, or a value of another type
        or out of its list."""
        values = dict(data)
        if values.get("test") is not None:
            values["test"] = _made("test", TestRule, values["test"])
        metrics = _listed("metrics", values.get("metrics", []))
        values["metrics"] = tuple(_made("metric", MetricRule, metric) for metric in metrics)
        values["accuracy"] = tuple(_listed("accuracy", values.get("accuracy", _ACCURACY)))
        return _made("scheme", cls, values)


def _listed(name: str, values: object) -> Sequence[Any]:
    if not isinstance(values, list | tuple):
        raise ValueError(f"{name} must be a list")  # noqa: TRY004 - the data's fault, not a type's
    return values


def _made(what: str, kind: type[_Part], values: object) -> _Part:
    if not isinstance(values, Mapping):
        raise ValueError(f"{what} must be an object")  # noqa: TRY004 - the data's fault, not a type's
    unknown = set(values) - {f.name for f in fields(kind)}
    if unknown:
        raise ValueError(f"{what}: unknown field {', '.join(sorted(unknown))}")
    lacking = [f.name for f in fields(kind) if f.default is MISSING and f.name not in values]
    if lacking:
        raise ValueError(f"{what}: no {', '.join(lacking)}")
    return kind(**values)


def _check(scheme: Scheme) -> None:
    for part in (scheme, *scheme.metrics, *([scheme.test] if scheme.test else [])):
        _check_values(part)
    names = [rule.metric for rule in scheme.metrics]
    for name in (*names, *scheme.accuracy):
        if not isinstance(name, str) or base_metric(name) not in FACTS:
            raise ValueError(f"metric {name} is none of {', '.join([*FACTS, *HARDEST])}")
    demands = (
        (bool(scheme.accuracy), "accuracy needs a metric"),
        (bool(names), "a scheme needs a metric"),
        (len(set(names)) == len(names), "a metric stands twice in the scheme"),
        (all(rule.weight > 0 for rule in scheme.metrics), "the weight of a metric must be positive"),
        (scheme.tested == (scheme.test is not None), "a test belongs to rank-sum and signed-rank alone"),
        (scheme.test is None or 0 < scheme.test.alpha < 1, "alpha must lie between 0 and 1"),
        (scheme.score != "min-max" or scheme.compare == "mean", "min-max scores are made of means"),
        (
            (scheme.score == "mean-rank") <= scheme.compare.startswith("case-rank"),
            "mean-rank scores are made of ranks within each case",
        ),
        (0 < scheme.hardest_share <= 1, "hardest_share must lie between 0 and 1"),
        (0 <= scheme.lowest < 1, "lowest must lie between 0 and 1"),
    )
    for met, demand in demands:
        if not met:
            raise ValueError(demand)


def _check_values(part: object) -> None:
    for name, kind in _KINDS[type(part)].items():
        value = getattr(part, name)
        if get_origin(kind) is Literal and value not in get_args(kind):
            raise ValueError(f"{name} {value!r} is none of {', '.join(get_args(kind))}")
        fine, wanted = _PLAIN.get(kind, (None, ""))
        if fine is not None and not fine(value):
            raise ValueError(f"{name} must be {wanted}")


_KINDS: Mapping[object, Mapping[str, Any]] = {
    kind: get_type_hints(kind) for kind in (Scheme, MetricRule, TestRule)
}


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


_PLAIN: Mapping[object, tuple[Callable[[object], bool], str]] = {
    str: (lambda value: isinstance(value, str), "a text"),
    int: (lambda value: type(value) is int, "a whole number"),
    float: (_is_finite, "a finite number"),
    float | None: (lambda value: value is None or _is_finite(value), "a finite number or null"),
}
