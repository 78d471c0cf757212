"""Small score tables."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import numpy as np
import pytest

from scoring.ranking import DatasetFacts, ScoreTable

Values = Mapping[str, Mapping[str, Sequence[float | None]]]
Simulated = Callable[..., ScoreTable]
T = TypeVar("T")


def known(value: T | None) -> T:
    """What is expected to be there."""
    assert value is not None
    return value


def table_of(values: Values, dataset: str = "d", facts: DatasetFacts | None = None) -> ScoreTable:
    """metric -> method -> case values, on one dataset."""
    rows = [
        (method, dataset, f"{case}", metric, value, None)
        for metric, by_method in values.items()
        for method, of_method in by_method.items()
        for case, value in enumerate(of_method)
    ]
    return ScoreTable.from_rows(rows, {dataset: facts or DatasetFacts()})


@pytest.fixture
def simulated() -> Simulated:
    """Four datasets of one kind each, six methods of rising quality, ZeroDisplacement the worst."""

    def make(seed: int = 5, cases: int = 12, labels: int = 8, landmarks: int = 5) -> ScoreTable:
        rng = np.random.default_rng(seed)
        methods = ["ZeroDisplacement", *(f"m{i}" for i in range(1, 6))]
        facts = {
            "t1": DatasetFacts("in-domain", "inter-subject"),
            "t2": DatasetFacts("zero-shot", "inter-subject"),
            "to-subject": DatasetFacts("zero-shot", "atlas-to-subject"),
            "to-atlas": DatasetFacts("zero-shot", "subject-to-atlas"),
        }
        rows = []
        for name in facts:
            for case in range(cases):
                hard = rng.random(labels)
                for quality, method in enumerate(methods):
                    dsc = np.clip(0.4 + 0.05 * quality + 0.2 * hard + rng.normal(0, 0.05, labels), 0, 1)
                    key = f"{case + 1}_{case}"
                    rows.append((method, name, key, "DSC", float(dsc.mean()), dsc.tolist()))
                    ndv = 0.0 if not quality else float(rng.random())
                    rows.append((method, name, key, "NDV", ndv, None))
                    if name == "t1":
                        tre = 5 - 0.5 * quality + rng.random(landmarks)
                        rows.append((method, name, key, "TRE", float(tre.mean()), tre.tolist()))
        return ScoreTable.from_rows(rows, facts)

    return make
