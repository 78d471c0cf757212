import pytest

from leaderboard.queries.schemes import STATUS, scheme_words, status_words
from scoring.ranking import PRESETS


@pytest.mark.parametrize("name", PRESETS)
def test_every_scheme_can_be_told_in_words(name: str) -> None:
    scheme = PRESETS[name]
    words = dict(scheme_words(scheme.to_dict()))
    assert all(rule.metric in words["Ranked by"] for rule in scheme.metrics)
    assert ("Test" in words) == scheme.tested
    assert status_words({"status": scheme.status}) == STATUS[scheme.status]


def test_words_name_weights_corrections_and_the_hardest_values() -> None:
    assert dict(scheme_words(PRESETS["snapshot-minmax"].to_dict()))["Ranked by"] == (
        "DSC, HD95, TRE (weight 2), NDV (weight 2)"
    )
    strict = dict(scheme_words(PRESETS["strict"].to_dict()))
    assert strict["Test"] == "two-sided, p < 0.05, Holm-corrected"
    assert strict["Place"] == "most wins minus losses"
    assert dict(scheme_words(PRESETS["l2r-code"].to_dict()))["Hardest values"].startswith("the worst 30 % of")
