"""Scores of methods on cases + a scheme -> a ranking, and how sure it is. Pure: arrays in, frozen results
out."""

from scoring.ranking.heatmap import Heatmap, heatmap
from scoring.ranking.results import Ranking
from scoring.ranking.run import rank
from scoring.ranking.scheme import MetricRule, Scheme, TestRule
from scoring.ranking.schemes import PRESETS
from scoring.ranking.significance import SignificanceMatrix, significance
from scoring.ranking.table import DatasetFacts, ScoreTable, State, read_scores_csv

__all__ = [
    "PRESETS",
    "DatasetFacts",
    "Heatmap",
    "MetricRule",
    "Ranking",
    "Scheme",
    "ScoreTable",
    "SignificanceMatrix",
    "State",
    "TestRule",
    "heatmap",
    "rank",
    "read_scores_csv",
    "significance",
]
