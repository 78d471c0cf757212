"""Scores of methods on cases + a scheme -> a ranking, and how sure it is. Arrays in, frozen results out."""

from scoring.ranking.explain import Explanation, explain
from scoring.ranking.heatmap import Heatmap, heatmap
from scoring.ranking.results import RankedEntry, Ranking
from scoring.ranking.run import rank, recombine
from scoring.ranking.scheme import MetricRule, Scheme, TestRule
from scoring.ranking.schemes import PRESETS
from scoring.ranking.significance import LEVELS, SignificanceMatrix, significance
from scoring.ranking.stability import Agreement, Stability, across_schemes, leave_one_dataset_out, stability
from scoring.ranking.table import DatasetFacts, Row, ScoreTable, State, read_scores_csv

__all__ = [
    "LEVELS",
    "PRESETS",
    "Agreement",
    "DatasetFacts",
    "Explanation",
    "Heatmap",
    "MetricRule",
    "RankedEntry",
    "Ranking",
    "Row",
    "Scheme",
    "ScoreTable",
    "SignificanceMatrix",
    "Stability",
    "State",
    "TestRule",
    "across_schemes",
    "explain",
    "heatmap",
    "leave_one_dataset_out",
    "rank",
    "read_scores_csv",
    "recombine",
    "significance",
    "stability",
]
