"""What a page draws and lists, and the snapshot that it is compared with."""

import html
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

DASH = "\N{EN DASH}"
HOME = "/challenges/lumir/"
_FIGURE = re.compile(r'<figure class="figure" data-figure="figure-([^"]+)">(.*?)</figure>', re.DOTALL)
_TABLE = re.compile(r"<details data-table.*?</details>", re.DOTALL)
_CELL = re.compile(r"<t[hd][^>]*>(.*?)</t[hd]>", re.DOTALL)
_LINK = re.compile(r'<a href="([^"]*)">(.*?)</a>')
_TAG = re.compile(r"</?a\b[^>]*>")


@dataclass(frozen=True)
class Drawing:
    """One view of a figure as a page has it: traces, layout, and the table below with its head.

    links: (text, address) of the table's links.
    """

    name: str
    traces: list[dict[str, Any]]
    layout: dict[str, Any]
    table: list[list[str]]
    links: list[tuple[str, str]]

    def ticks(self, axis: str = "xaxis") -> list[tuple[float, str]]:
        """Places and words of an axis."""
        one = self.layout[axis]
        return list(zip(one["tickvals"], map(unfolded, one["ticktext"]), strict=True))

    def title(self, axis: str = "xaxis") -> str:
        text: str = self.layout[axis]["title"]["text"]
        return text

    @property
    def notes(self) -> list[tuple[str, Any, Any]]:
        """Words written into the drawing, and where: text, x, y."""
        return [(unfolded(note["text"]), note["x"], note["y"]) for note in self.layout.get("annotations", ())]


def on_page(text: str) -> dict[str, list[Drawing]]:
    """The figures of a page by their keys."""
    found = {}
    for key, body in _FIGURE.findall(text):
        spec = json.loads(re.findall(r"<script[^>]*>(.*?)</script>", body, re.DOTALL)[0])
        tables = [
            [
                [html.unescape(_TAG.sub("", cell)) for cell in _CELL.findall(row)]
                for row in re.findall(r"<tr>.*?</tr>", table, re.DOTALL)
            ]
            for table in _TABLE.findall(body)
        ]
        links = [
            [(html.unescape(text), html.unescape(link)) for link, text in _LINK.findall(table)]
            for table in _TABLE.findall(body)
        ]
        found[key] = [
            Drawing(view["name"], view["data"], view["layout"], table, of_table)
            for view, table, of_table in zip(spec["views"], tables, links, strict=True)
        ]
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


def unfolded(text: str) -> str:
    """Words in one line."""
    return text.replace("<br>", " ")


def measured(metric: Mapping[str, Any]) -> str:
    """A metric with its unit, as axes name it."""
    return f"{metric['name']}, {metric['unit']}" if metric["unit"] else str(metric["name"])


def ended(metric: Mapping[str, Any]) -> str:
    """The same with the end that is better."""
    return f"{measured(metric)} (better to the {'right' if metric['direction'] == 'higher' else 'left'})"


def printed(value: float | None, decimals: int) -> str:
    return DASH if value is None else f"{value:.{decimals}f}"


def flat(rows: Iterable[Iterable[Any]]) -> list[Any]:
    return [cell for row in rows for cell in row]
