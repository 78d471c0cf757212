"""Bootstrap resamples of the cases of a table."""

from collections.abc import Sequence
from functools import lru_cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from scoring.ranking.evaluate import Repeats
from scoring.ranking.table import DatasetScores
from scoring.stats import subject_resamples


def draw(datasets: Sequence[DatasetScores], resamples: int, seed: int) -> Repeats:
    """Resample subjects within every dataset, see `scoring.stats.subject_resamples`.

    Every dataset has a stream of random numbers of its own, by its name: leaving one out, or looking at one
    alone, changes nothing for the others.
    """
    return {dataset.name: _drawn(dataset.name, dataset.subjects, resamples, seed) for dataset in datasets}


@lru_cache(maxsize=32)
def _drawn(name: str, subjects: tuple[tuple[str, str], ...], resamples: int, seed: int) -> NDArray[np.uint16]:
    """The same for every metric of a dataset; read-only."""
    stream = np.random.SeedSequence(seed, spawn_key=(crc32(name.encode()),))
    drawn = subject_resamples(subjects, resamples, np.random.default_rng(stream))
    drawn.setflags(write=False)
    return drawn
