"""Bootstrap resamples of the cases of a table."""

from collections.abc import Sequence
from zlib import crc32

import numpy as np

from scoring.ranking.evaluate import Repeats
from scoring.ranking.table import DatasetScores
from scoring.stats import subject_resamples


def draw(datasets: Sequence[DatasetScores], resamples: int, seed: int) -> Repeats:
    """Resample subjects within every dataset, see `scoring.stats.subject_resamples`.

    Every dataset has a stream of random numbers of its own, by its name: leaving one out, or looking at one
    alone, changes nothing for the others.
    """
    return {
        dataset.name: subject_resamples(
            dataset.subjects,
            resamples,
            np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(crc32(dataset.name.encode()),))),
        )
        for dataset in datasets
    }
