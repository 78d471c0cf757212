"""A figure's file has every number of the snapshot as it is there, of all entries."""

import csv
import io
from urllib.parse import parse_qsl

import pytest
from django.test import Client

from leaderboard.enums import Aspect, Audience
from leaderboard.models import Phase
from tests.leaderboard.figures.reading import Data
from tests.leaderboard.views.test_figures import BOARD, COUNT, HOME, PLACES, data  # noqa: F401 fixture

pytestmark = pytest.mark.django_db
DATASET = f"{HOME}datasets/t2-like/"


def rows(client: Client, page: str, figure: str, **query: str) -> list[list[str]]:
    """The file without its head."""
    answer = client.get(page, {"figure": figure, **query})
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.reader(io.StringIO(answer.content.decode())))[1:]


def text(value: float | None) -> str:
    return "" if value is None else repr(value)


def test_case_values_and_structures_are_all_there(client: Client, data: Data) -> None:  # noqa: F811
    part, named = data.parts["dataset/t2-like"], data.names
    for metric, found in part["metrics"].items():
        assert rows(client, DATASET, "distributions", view=metric) == [
            [named[entry], case, text(value)]
            for entry in named
            for case, value in zip(part["cases"], found["values"][entry], strict=True)
        ]
    found = data.parts["structures/t2-like"]["metrics"]["HD95"]
    assert rows(client, DATASET, "structures", view="HD95") == [
        [named[entry], one["name"], str(one["cases"]), str(missing), text(mean)]
        for entry in named
        for one, missing, mean in zip(
            found["structures"], found["missing"][entry], found["means"][entry], strict=True
        )
    ]


def test_every_pair_has_its_effects_with_both_ends(client: Client, data: Data) -> None:  # noqa: F811
    matrix = data.parts["dataset/t2-like"]["significance"]["DSC"]
    numbers = ("level", "direction", "p", "p_adjusted")
    expected = []
    for row in range(COUNT):
        for column in range(row + 1, COUNT):
            if matrix["level"][row][column] is None:
                continue
            cells = [matrix[name][row][column] for name in numbers]
            for effect in ("rank_biserial", "cohens_d"):
                cells += [
                    matrix[effect][row][column],
                    *(matrix[f"{effect}_interval"][row][column] or [None] * 2),
                ]
            names = [matrix["methods"][row], matrix["methods"][column]]
            expected.append(["T2-like contrast", "DSC", *names, str(matrix["cases"]), *map(text, cells)])
    assert len(expected) == COUNT * (COUNT - 1) // 2 - 1
    assert rows(client, DATASET, "significance", view="DSC") == expected


def test_ranks_have_their_scores_and_every_resampled_place(client: Client, data: Data) -> None:  # noqa: F811
    found = data.parts["heatmap"]
    assert rows(client, BOARD, "rank-heatmap", view="By subtask") == [
        [
            data.names[entry],
            column["title"],
            column["metric"],
            *(text(found[name][row][at]) for name in ("ranks", "values", "means", "missing")),
        ]
        for row, entry in enumerate(found["rows"])
        for at, column in enumerate(found["columns"])
        if column["dataset"] is None
    ]
    at_entry = found["rows"].index("entry-1")
    assert rows(client, f"{HOME}entries/entry-1/", "entry-ranks") == [
        [
            data.titles[column["datasets"][0]],
            column["metric"],
            *(text(found[name][at_entry][at]) for name in ("ranks", "values", "means", "missing")),
        ]
        for at, column in enumerate(found["columns"])
        if len(column["datasets"]) == 1
    ]
    places = rows(client, f"{BOARD}stability/", "blobs")
    for entry in data.board["entries"]:
        given = {int(one[4]): int(one[5]) for one in places if one[0] == entry["method"]}
        assert given == {at: n for at, n in enumerate(entry["rank_distribution"], start=1) if n}
    assert {one[6] for one in places} == {str(data.board["stability"]["resamples"])}


def test_each_dataset_is_a_row_of_the_overview_s_files(client: Client, data: Data) -> None:  # noqa: F811
    expected = [[path[3], *path[:3], source, str(cases)] for path, source, cases in data.datasets]
    for view in ("By group, task and contrast", "By source"):
        assert rows(client, f"{HOME}data/", "data", view=view) == expected


def test_others_means_stand_in_an_entry_s_file(client: Client, data: Data) -> None:  # noqa: F811
    means = data.parts["means"]
    assert rows(client, f"{HOME}entries/entry-1/", "profile", view="NDV") == [
        [
            data.names[entry],
            title,
            *(text(means[entry][slug]["NDV"][key]) for key in ("mean", "std", "missing")),
        ]
        for entry in data.names
        for slug, title in data.titles.items()
        if means[entry][slug]["NDV"]["mean"] is not None
    ]


def test_every_figure_of_a_page_has_a_file_where_files_are_shown(
    client: Client,
    data: Data,  # noqa: F811
    phase: Phase,
) -> None:
    pages = [(address, key) for address, key, *_ in PLACES if address]
    for address, key in pages:
        page, _, query = address.partition("?")
        given = dict(parse_qsl(query))
        assert rows(client, page, key, **given)
        assert client.get(page, {"figure": "nothing", **given}).status_code == 404
        assert client.get(page, {"figure": key, "view": "nothing", **given}).status_code == 404
    everybody = [each.value for each in (Audience.PUBLIC, Audience.PARTICIPANTS, Audience.OWN_TEAM)]
    phase.visibility = {each.value: everybody for each in Aspect} | {Aspect.DOWNLOADS.value: []}
    phase.save()
    for address, key in pages:
        if key != "data":
            page, _, query = address.partition("?")
            assert client.get(page, {"figure": key, **dict(parse_qsl(query))}).status_code == 404
