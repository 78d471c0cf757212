"""Bootstrap over subjects, for cases that share them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def subject_resamples(
    subjects: Sequence[tuple[str, str]], resamples: int, rng: np.random.Generator
) -> NDArray[np.uint16]:
    """How often every case stands in each bootstrap resample, [resamples, cases].

    subjects: (fixed, moving) of every case. A draw is a subject, with replacement, and brings all cases it
    takes part in; as many are drawn as fill the data set on average. With independent cases that is the
    ordinary bootstrap of cases; with consecutive pairs, where neighbours share a subject, cases come in
    runs and the variance of a mean of values with autocovariance g is (g0 + g1) / n in place of the g0 / n
    of drawing cases (the truth being (g0 + 2 g1) / n). Drawing all subjects, each with its cases, would
    count every case twice and halve the variance; the product of both subjects' counts (pigeonhole
    bootstrap, doi 10.1214/07-AOAS122) would triple it. A subject of all cases, such as an atlas, is no
    random draw and is left out of it.
    """
    if not subjects:
        return np.zeros((resamples, 0), dtype=np.uint16)
    stars = _stars(subjects)
    names = {name: i for i, name in enumerate(dict.fromkeys(name for star in stars for name in star))}
    draws = max(1, round(len(subjects) * len(names) / sum(len(star) for star in stars)))
    drawn = rng.multinomial(draws, np.full(len(names), 1.0 / len(names)), size=resamples)
    repeats = np.stack([drawn[:, [names[name] for name in star]].sum(axis=1) for star in stars], axis=1)
    return repeats.astype(np.uint16)


def _stars(subjects: Sequence[tuple[str, str]]) -> list[tuple[str | int, ...]]:
    """The subjects each case is drawn by: its one or two, without those that all cases have."""
    common = set(subjects[0]).intersection(*subjects) if len(subjects) > 1 else set()
    stars: list[tuple[str | int, ...]] = []
    for index, pair in enumerate(subjects):
        own = tuple(dict.fromkeys(name for name in pair if name not in common))
        stars.append(own or (index,))
    return stars


def percentile_interval(
    samples: NDArray[np.float64], level: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Percentile interval along the last axis, of values that occur (inverse of the distribution function).

    samples: [..., resamples]; NaN are left out, all NaN give NaN. Returns lower and upper ends, [...].
    """
    ordered = np.sort(samples, axis=-1)
    count = (~np.isnan(ordered)).sum(axis=-1)
    tail = (1.0 - level) / 2.0
    ends = []
    for share in (tail, 1.0 - tail):
        # Rounding keeps 0.025 x 1000 at the 25th value, whatever 1 - 0.975 is in binary.
        place = np.clip(np.ceil(np.round(share * count, 9)).astype(np.intp) - 1, 0, None)
        ends.append(np.take_along_axis(ordered, place[..., None], axis=-1)[..., 0])
    return ends[0], ends[1]
