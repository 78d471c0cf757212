import numpy as np
import pytest

from scoring.stats import adjust

P = np.array([0.01, 0.04, 0.03, 0.005, 0.2])


def test_holm_steps_down_and_keeps_the_order() -> None:
    # By hand: sorted 0.005 x 5, 0.01 x 4, 0.03 x 3, 0.04 x 2 (raised to the one before), 0.2 x 1.
    assert adjust(P, "holm") == pytest.approx([0.04, 0.09, 0.09, 0.025, 0.2], rel=1e-14)


def test_bonferroni_multiplies_and_stops_at_one() -> None:
    assert adjust(P, "bonferroni") == pytest.approx([0.05, 0.2, 0.15, 0.025, 1.0], rel=1e-14)


def test_no_correction_changes_nothing() -> None:
    assert adjust(P, "none").tolist() == P.tolist()


def test_an_empty_family_is_empty() -> None:
    assert adjust(np.empty(0), "holm").size == 0


def test_an_unknown_correction_is_refused() -> None:
    with pytest.raises(ValueError, match="sidak"):
        adjust(P, "sidak")  # type: ignore[arg-type]
