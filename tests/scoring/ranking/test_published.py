"""Published tables of LUMIR 2024 follow from the schemes that are said to have made them."""

from dataclasses import replace

import pytest

from scoring.ranking import PRESETS, rank
from scoring.ranking.combine import competition_ranks

from .conftest import table_of

# JHU-MedImage-Reg/LUMIR_L2R, README of 2 August 2024, validation snapshot: min-max scaled Dice, TRE, NDV and
# HD95, and the score; the rows in the order of their ranks 1 to 28. The ends 0 and 1 of the scales belong
# to entries that the table does not show.
SNAPSHOT = [
    (1.0000, 0.9636, 0.9991, 0.9639, 0.9815), (0.9948, 0.9535, 1.0000, 0.9512, 0.9755),
    (0.9583, 0.9623, 0.9999, 0.9529, 0.9726), (0.9740, 0.9638, 0.9987, 0.9212, 0.9700),
    (0.9911, 0.9444, 0.9947, 0.9432, 0.9688), (0.9891, 0.9526, 0.9901, 0.9298, 0.9674),
    (0.9953, 0.9338, 0.9928, 0.9399, 0.9647), (0.9917, 0.8877, 0.9969, 1.0000, 0.9602),
    (0.9661, 0.9156, 0.9982, 0.9438, 0.9563), (0.9281, 0.9514, 0.9992, 0.9080, 0.9562),
    (0.9521, 0.9113, 0.9878, 0.9248, 0.9458), (0.9714, 0.8793, 0.9984, 0.9416, 0.9447),
    (0.9229, 0.9176, 0.9863, 0.8835, 0.9357), (0.9583, 0.8932, 0.9791, 0.9023, 0.9342),
    (0.9240, 0.8982, 0.9877, 0.8907, 0.9311), (0.9203, 0.9049, 0.9856, 0.8810, 0.9304),
    (0.9005, 0.9248, 0.9810, 0.8641, 0.9294), (0.9208, 0.8893, 0.9889, 0.8900, 0.9279),
    (0.9156, 0.9077, 0.9527, 0.8615, 0.9163), (0.9005, 0.8940, 0.9712, 0.8581, 0.9148),
    (0.9688, 0.9284, 0.8825, 0.8933, 0.9140), (0.8521, 0.8875, 0.9992, 0.8294, 0.9091),
    (0.8719, 0.8585, 0.9973, 0.8158, 0.8999), (0.8057, 0.8553, 1.0000, 0.8428, 0.8932),
    (0.8714, 0.8493, 0.9613, 0.8104, 0.8838), (0.8938, 0.9040, 0.8525, 0.8036, 0.8684),
    (0.8297, 0.7823, 0.9970, 0.7848, 0.8622), (0.7083, 0.7856, 0.9147, 0.7297, 0.8064),
]  # fmt: skip

# The same repository, README, test phase: score and rank of its 21 rows.
TEST_SCORES = [
    0.814,
    0.781,
    0.737,
    0.723,
    0.722,
    0.702,
    0.668,
    0.667,
    0.561,
    0.526,
    0.518,
    0.487,
    0.423,
    0.402,
]
TEST_SCORES += [0.384, 0.379, 0.361, 0.351, 0.265, 0.157, 0.157]


def test_the_validation_snapshot_follows_from_its_weights() -> None:
    names = [f"{i:02}" for i in range(1, 29)]
    columns = dict(zip(("DSC", "TRE", "NDV", "HD95"), zip(*SNAPSHOT, strict=True), strict=False))
    values = {
        metric: dict(zip([*names, "best", "worst"], [[v] for v in (*column, 1.0, 0.0)], strict=True))
        for metric, column in columns.items()
    }
    scheme = PRESETS["snapshot-minmax"]
    # The published numbers are scaled already: the larger is the better one for every metric.
    rules = tuple(replace(rule, direction="higher") for rule in scheme.metrics)
    ranking = rank(table_of(values), replace(scheme, metrics=rules))
    assert [e.method for e in ranking.entries] == ["best", *names, "worst"]
    for name, row in zip(names, SNAPSHOT, strict=True):
        # Four rounded decimals in, four rounded decimals out.
        assert ranking.entry(name).score == pytest.approx(row[-1], abs=1.01e-4)


def test_two_entries_of_the_test_phase_share_rank_20() -> None:
    assert competition_ranks(TEST_SCORES, higher_is_better=True).tolist() == [*range(1, 20), 20, 20]
