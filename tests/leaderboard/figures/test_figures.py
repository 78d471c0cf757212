"""Every figure: valid for Plotly, strict JSON, colours from the tokens."""

import json
import re
from typing import Any

import plotly.graph_objects as go
import pytest

from leaderboard.figures.distributions import case_distributions
from leaderboard.figures.figure import Figure, flat, unique
from leaderboard.figures.heatmap import rank_heatmap
from leaderboard.figures.overview import Part, data_overview
from leaderboard.figures.paired import paired_figures
from leaderboard.figures.profile import entry_profile
from leaderboard.figures.ranks import entry_ranks
from leaderboard.figures.significance import Place, significance_grid, significance_matrices
from leaderboard.figures.stability import blobs, bumps, without_each
from leaderboard.figures.structures import structure_profile
from leaderboard.figures.tradeoff import Point, accuracy_against_regularity
from tests.leaderboard import payload
from tests.leaderboard.figures.tokens import DARK, LIGHT, TOKENS, contrast


def figures() -> list[Figure]:
    board, part = payload.board(4), payload.part("t2-like", 4)
    methods = {entry["entry"]: entry["method"] for entry in board["entries"]}
    values = {metric: found["values"] for metric, found in part["metrics"].items()}
    everywhere = payload.means(4)
    points = [Point(f"e{n}", f"Method {n}", 0.8 - n / 20, n / 100, "/there/") for n in range(4)]
    return [
        rank_heatmap(payload.heatmap(4), methods, payload.DATASETS, payload.METRICS),
        known(entry_ranks("entry-1", payload.heatmap(4), payload.DATASETS, 2.0)),
        significance_matrices(list(map(opening, part["significance"].values())), "T2-like contrast"),
        case_distributions(
            payload.METRICS, part["cases"], values, methods, dict.fromkeys(methods, "/{text}/")
        ),
        entry_profile("entry-1", payload.METRICS, payload.DATASETS, everywhere, methods),
        accuracy_against_regularity(points, "e1"),
        *certainty(methods),
        *paired_figures("Method 0", "Method 1", payload.METRICS, payload.DATASETS, [compared()]),
        known(structure_profile(payload.METRICS, payload.structures("t2-like", 4), methods)),
        data_overview(
            [
                Part(("In-domain", "Inter-subject", "T1w", "Labels"), "OASIS", 12, "/labels/"),
                Part(("Zero-shot", "Inter-subject", "T2w", "T2"), "", 8, "/t2/"),
            ]
        ),
    ]


def opening(matrix: dict[str, Any]) -> dict[str, Any]:
    return matrix | {"link": "/{row}/{column}/"}


def certainty(methods: dict[str, str]) -> list[Figure]:
    entries = [
        {"method": name, "rank": at + 1, "interval": (1, 4), "distribution": payload.distribution(at, 4)}
        for at, name in enumerate(methods.values())
    ]
    matrices = [opening(payload.matrix(metric, 4)) for metric in ("DSC", "HD95")]
    columns = [("strict", "official"), ("mean-rank", "τ 0.50")]
    ranks = [{entry: float(at) for at, entry in enumerate(methods, start=1)}] * 2
    return [
        blobs(entries, payload.RESAMPLES),
        bumps(list(methods), methods, columns, ranks),
        without_each(list(methods), methods, columns, ranks, ranks[0]),
        significance_grid([[Place("T2", "inter-subject", matrix)] for matrix in matrices], "grid", "Grid"),
    ]


def compared() -> dict[str, Any]:
    """Method 0 against 1 on the cases of the payload."""
    values = {m: [payload.case_values(m, n, 4) for n in (0, 1)] for m in ("DSC", "HD95")}
    metrics = {m: {"a": first, "b": second} for m, (first, second) in values.items()}
    return {"dataset": "t2-like", "cases": payload.CASES, "metrics": metrics}


def known(figure: Figure | None) -> Figure:
    assert figure is not None
    return figure


def coloured(value: Any) -> Any:
    """The figure as the page's script draws it in light mode."""
    if isinstance(value, str) and value.startswith("token:"):
        return TOKENS[value.removeprefix("token:")][LIGHT]
    if isinstance(value, dict):
        return {key: coloured(inner) for key, inner in value.items()}
    return [coloured(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize("figure", figures(), ids=lambda figure: figure.key)
def test_plotly_accepts_every_trace_and_layout(figure: Figure) -> None:
    for view in figure.json["views"]:
        drawn = go.Figure(data=coloured(list(view["data"])), layout=coloured(view["layout"]))
        assert len(drawn.data) == len(view["data"])


@pytest.mark.parametrize("figure", figures(), ids=lambda figure: figure.key)
def test_json_is_strict_and_carries_no_markup_that_needs_inline_styles(figure: Figure) -> None:
    text = json.dumps(figure.json, allow_nan=False)
    assert set(re.findall(r"<(\w+)", text)) <= {"br", "extra"}


@pytest.mark.parametrize("figure", figures(), ids=lambda figure: figure.key)
def test_colours_are_tokens_alone(figure: Figure) -> None:
    text = json.dumps(figure.json)
    assert not re.findall(r"#[0-9a-fA-F]{6}|rgb\(", text)
    assert set(re.findall(r"token:([\w-]+)", text)) <= TOKENS.keys()


def test_each_view_has_its_table() -> None:
    for figure in figures():
        for view in figure.views:
            assert view.table.rows
            assert {len(row) for row in view.table.rows} == {len(view.table.head)}


def test_flat_scale_has_equal_steps() -> None:
    assert flat(["a", "b"]) == [[0.0, "token:a"], [0.5, "token:a"], [0.5, "token:b"], [1.0, "token:b"]]


def test_cut_names_stay_different_categories() -> None:
    labels = unique(["the same long beginning, first", "the same long beginning, second"])
    assert labels[0] != labels[1]
    assert [label.rstrip("\u200b") for label in labels] == ["the same long beginning…"] * 2


@pytest.mark.parametrize("theme", [LIGHT, DARK])
@pytest.mark.parametrize("ink", ["ink", "ink-2", "ink-3", "accent", "good", "warn", "bad", "note"])
@pytest.mark.parametrize("ground", ["paper", "card", "accent-soft"])
def test_text_has_contrast(ink: str, ground: str, theme: int) -> None:
    assert contrast(TOKENS[ink][theme], TOKENS[ground][theme]) >= 4.5


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_a_filled_button_has_contrast(theme: int) -> None:
    assert contrast(TOKENS["on-accent"][theme], TOKENS["accent"][theme]) >= 4.5


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_magnitude_is_monotone_in_contrast_to_the_page(theme: int) -> None:
    steps = [contrast(TOKENS[f"seq-{step}"][theme], TOKENS["paper"][theme]) for step in range(7)]
    assert steps == sorted(steps, reverse=True)
