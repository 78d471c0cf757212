"""What a leaderboard's address asks for: which ranking, which rows and columns, in which order."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, time
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from leaderboard.domain.ranking import WhatIf
from leaderboard.messages import Refused

LARGEST_WEIGHT = 100.0


@dataclass(frozen=True)
class Asked:
    """The parameters of a leaderboard's address."""

    scheme: str = ""
    group: str = ""
    datasets: tuple[str, ...] = ()
    weights: tuple[tuple[str, float], ...] = ()
    columns: tuple[str, ...] = ()
    sort: str = ""
    q: str = ""
    at: str = ""

    @classmethod
    def of(cls, query: QueryDict) -> "Asked":
        """Read an address; raises Refused for a weight that is no number or a day that is no date."""
        until(query.get("at", ""))
        return cls(
            scheme=query.get("scheme", ""),
            group=query.get("group", ""),
            datasets=_listed(query, "datasets"),
            weights=_weights(query),
            columns=_listed(query, "columns"),
            sort=query.get("sort", ""),
            q=query.get("q", "").strip(),
            at=query.get("at", ""),
        )

    @property
    def until(self) -> datetime | None:
        """The moment whose board is asked for: a time, or the end of a day, in UTC; None for now."""
        return until(self.at)

    @property
    def day(self) -> str:
        """The day in UTC of that moment, as a field for dates has it; empty for now."""
        return self.until.astimezone(UTC).date().isoformat() if self.until else ""

    @property
    def is_endless(self) -> bool:
        """Whether readers can make up any number of such rankings: what is made of them is not kept."""
        return bool(self.datasets or self.weights)

    @property
    def changes_ranking(self) -> bool:
        return bool(self.scheme or self.group or self.datasets or self.weights)

    def what_if(self, official: str, groups: dict[str, str]) -> WhatIf:
        """The ranking asked for, empty where it is the official one; `groups` maps datasets to groups.

        Raises Refused for an unknown group.
        """
        if self.group and self.group not in groups.values():
            raise Refused("no_such_group", name=self.group, known=", ".join(dict.fromkeys(groups.values())))
        chosen = [slug for slug, group in groups.items() if group == self.group] if self.group else []
        wanted = {*chosen, *self.datasets}
        # In the board's order, and nothing where all are named: the same ranking has one name.
        known = tuple(slug for slug in groups if slug in wanted)
        unknown = tuple(slug for slug in self.datasets if slug not in groups)
        datasets = () if len(known) == len(groups) else known
        scheme = "" if self.scheme == official else self.scheme
        return WhatIf(scheme=scheme, datasets=(*datasets, *unknown), weights=self.weights)

    def query(self, **changes: Any) -> str:
        """The address's query with some of it changed: `?scheme=strict&group=zero-shot`, or nothing."""
        kept = replace(self, **changes).given()
        return "?" + urlencode(kept, safe=",:") if kept else ""

    def given(self) -> dict[str, str]:
        """The parameters that say something, as addresses write them."""
        named = {field.name: _written(getattr(self, field.name)) for field in fields(self)}
        return {name: value for name, value in named.items() if value}


def until(text: str) -> datetime | None:
    """The moment that `at=` names: a time, or the end of a day, in UTC; None for now. Raises Refused."""
    if not text:
        return None
    try:
        moment = _moment(text)
    except ValueError as error:
        raise Refused("no_such_day", text=text) from error
    # At either end of the calendar no other zone can tell the time.
    if not 2000 <= moment.year < 3000:
        raise Refused("no_such_day", text=text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _moment(text: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(text), time.max)
    except ValueError:
        return datetime.fromisoformat(text)


def _listed(query: QueryDict, name: str) -> tuple[str, ...]:
    """A comma-separated value, or the same name several times as forms write it."""
    return tuple(dict.fromkeys(part for value in query.getlist(name) for part in value.split(",") if part))


def _weights(query: QueryDict) -> tuple[tuple[str, float], ...]:
    """`weights=DSC:2,NDV:0`, or `weight-DSC=2` as the form writes it; a weight left empty is not changed."""
    pairs = [part.partition(":")[::2] for part in _listed(query, "weights")]
    given = ((name, query.get(name, "").strip()) for name in query if name.startswith("weight-"))
    pairs += [(name.removeprefix("weight-"), text) for name, text in given if text]
    return tuple(sorted({name: _weight(name, text) for name, text in pairs}.items()))


def _weight(name: str, text: str) -> float:
    try:
        weight = round(float(text), 2)
    except (ValueError, OverflowError):
        weight = -1.0
    if not 0 <= weight <= LARGEST_WEIGHT:
        raise Refused("no_weight", name=name, text=text, largest=f"{LARGEST_WEIGHT:g}")
    return weight


def _written(value: str | Iterable[Any]) -> str:
    if isinstance(value, str):
        return value
    return ",".join(part if isinstance(part, str) else f"{part[0]}:{part[1]:g}" for part in value)
