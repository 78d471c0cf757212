"""What a page draws and lists, and the snapshot that it is compared with."""

import html
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

DASH = "\N{EN DASH}"
_FIGURE = re.compile(r'<figure class="figure" data-figure="figure-([^"]+)">(.*?)</figure>', re.DOTALL)
_TABLE = re.compile(r"<details data-table.*?</details>", re.DOTALL)


@dataclass(frozen=True)
class Drawing:
    """One view of a figure as a page has it: traces, and the table below with its head."""

    name: str
    traces: list[dict[str, Any]]
    table: list[list[str]]


def on_page(text: str) -> dict[str, list[Drawing]]:
    """The figures of a page by their keys."""
    found = {}
    for key, body in _FIGURE.findall(text):
        spec = json.loads(re.findall(r"<script[^>]*>(.*?)</script>", body, re.DOTALL)[0])
        tables = [
            [
                [html.unescape(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)]
                for row in re.findall(r"<tr>.*?</tr>", table, re.DOTALL)
            ]
            for table in _TABLE.findall(body)
        ]
        views = zip(spec["views"], tables, strict=True)
        found[key] = [Drawing(view["name"], view["data"], table) for view, table in views]
    return found


@dataclass(frozen=True)
class Data:
    """A snapshot's payload and its parts by name; datasets: (path, source, cases) as the data page shows."""

    board: Mapping[str, Any]
    parts: Mapping[str, Any]
    datasets: Sequence[Sequence[Any]] = ()

    @property
    def names(self) -> dict[str, str]:
        return {entry["entry"]: entry["method"] for entry in self.board["entries"]}

    @property
    def titles(self) -> dict[str, str]:
        return {dataset["slug"]: dataset["name"] for dataset in self.board["datasets"]}

    @property
    def metrics(self) -> dict[str, Mapping[str, Any]]:
        return {metric["name"]: metric for metric in self.board["metrics"]}


Check = Callable[[Data, Sequence[Drawing], str], None]


def same(found: Iterable[Any], expected: Iterable[Any]) -> None:
    """Equal, but for what rounding to the printed decimals and to 12 digits of a file makes."""
    one, other = list(found), list(expected)
    assert len(one) == len(other), (one, other)
    for a, b in zip(one, other, strict=True):
        if isinstance(a, float) and isinstance(b, float):
            assert a == pytest.approx(b, rel=1e-9, abs=1e-12), (one, other)
        else:
            assert a == b, (one, other)


def called(labels: Sequence[str], names: Sequence[str]) -> None:
    """Labels of an axis, which may be cut, in the order of the names."""
    for label, name in zip(labels, names, strict=True):
        assert label
        assert name.startswith(label.rstrip("\u200b").removesuffix("…")), (label, name)


def printed(value: float | None, decimals: int) -> str:
    return DASH if value is None else f"{value:.{decimals}f}"


def flat(rows: Iterable[Iterable[Any]]) -> list[Any]:
    return [cell for row in rows for cell in row]
