"""The named schemes. A changed preset gets a higher version; its earlier snapshots keep the data they ran
with."""

from collections.abc import Mapping
from types import MappingProxyType

from scoring.ranking.scheme import FACTS, MetricRule, Scheme, TestRule, base_metric


def _rules(**weights: float) -> tuple[MetricRule, ...]:
    return tuple(
        MetricRule(metric, FACTS[base_metric(metric)].direction, weight) for metric, weight in weights.items()
    )


_LEARN2REG = _rules(TRE=1, TRE30=1, DSC=1, DSC30=1, NDV=1)
_PLAIN = _rules(DSC=1, HD95=1, TRE=1, NDV=1)

_ALL = (
    Scheme(
        name="l2r-code",
        version=1,
        title="Learn2Reg, as its code runs it",
        source=(
            "MDL-UzL/L2R, ranking/ranking_utils.py: unpaired rank-sum tests on items, fewest losses. Items "
            "of all datasets are flattened together: the published code has one flat array per metric."
        ),
        status="published",
        metrics=_LEARN2REG,
        unit="item",
        compare="rank-sum",
        test=TestRule(alpha=0.05, count="losses", p_value="asymptotic"),
        score="slots",
    ),
    Scheme(
        name="l2r-text",
        version=1,
        title="Learn2Reg, as its text describes it",
        source="MDL-UzL/L2R, ranking/readme.md: paired signed-rank tests, p < 0.05, comparisons won",
        status="published",
        metrics=_LEARN2REG,
        unit="item",
        compare="signed-rank",
        test=TestRule(alpha=0.05, count="wins"),
        score="slots",
    ),
    Scheme(
        name="strict",
        version=1,
        title="Strict: one value per case, Holm-corrected",
        source="Signed-rank tests on case values, Holm's correction over all pairs, wins minus losses",
        status="recommended",
        metrics=_PLAIN,
        unit="case",
        compare="signed-rank",
        test=TestRule(alpha=0.05, correction="holm", count="wins-minus-losses"),
        score="slots",
    ),
    Scheme(
        name="snapshot-minmax",
        version=1,
        title="LUMIR validation snapshot, 2024",
        source="JHU-MedImage-Reg/LUMIR_L2R, README: 1/6 Dice + 1/6 HD95 + 1/3 TRE + 1/3 NDV, min-max scaled",
        status="published",
        metrics=_rules(DSC=1, HD95=1, TRE=2, NDV=2),
        unit="case",
        compare="mean",
        score="min-max",
        combine="mean",
    ),
    Scheme(
        name="mean-rank",
        version=1,
        title="Mean of the ranks within each case",
        source="Rank, then average: ranks within each case, averaged over cases, then over metrics",
        status="common",
        metrics=_PLAIN,
        unit="case",
        compare="case-rank-mean",
        score="mean-rank",
        combine="mean",
    ),
    Scheme(
        name="median-rank",
        version=1,
        title="Median of the ranks within each case",
        source="Rank, then median: ranks within each case, their median over cases, averaged over metrics",
        status="common",
        metrics=_PLAIN,
        unit="case",
        compare="case-rank-median",
        score="mean-rank",
        combine="mean",
    ),
    Scheme(
        name="mean-then-rank",
        version=1,
        title="Rank of the mean",
        source="Average, then rank: mean over cases, rank of the means, averaged over metrics",
        status="common",
        metrics=_PLAIN,
        unit="case",
        compare="mean",
        score="rank",
        combine="mean",
    ),
    Scheme(
        name="lumir24",
        version=1,
        title="LUMIR test phase, 2024 (reconstructed)",
        source=(
            "Read back from the published scores (no code is public): geometric mean of five rank scores, "
            "ZeroDisplacement ranked among the methods, mean of tied slots. Whether one metric was DSC30 or "
            "HD95 cannot be told from the scores; this preset takes HD95, which the published table shows."
        ),
        status="reconstructed",
        metrics=_rules(TRE=1, TRE30=1, DSC=1, HD95=1, NDV=1),
        unit="item",
        compare="rank-sum",
        test=TestRule(alpha=0.05, count="losses", p_value="asymptotic"),
        score="slots",
    ),
)

PRESETS: Mapping[str, Scheme] = MappingProxyType({scheme.name: scheme for scheme in _ALL})
"""Every published or common scheme by name; the first is the one a phase gets when nobody chose."""
