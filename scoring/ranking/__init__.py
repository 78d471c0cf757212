"""Scores of methods on cases + a scheme -> a ranking, and how sure it is. Arrays in, frozen results out."""

from scoring.ranking.heatmap import Heatmap, heatmap
from scoring.ranking.results import RankedEntry, Ranking
from scoring.ranking.run import rank
from scoring.ranking.scheme import MetricRule, Scheme, TestRule
from scoring.ranking.schemes import PRESETS
from scoring.ranking.significance import LEVELS, SignificanceMatrix, significance
from scoring.ranking.table import DatasetFacts, Row, ScoreTable, State, read_scores_csv

__all__ = [
    "LEVELS",
    "PRESETS",
    "DatasetFacts",
    "Heatmap",
    "MetricRule",
    "RankedEntry",
    "Ranking",
    "Row",
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
