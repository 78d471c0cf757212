"""The site in numbers, in Prometheus' format: rows and broker are read when somebody asks."""

import os
from collections.abc import Callable, Iterator

from django.db import Error
from kombu.exceptions import OperationalError
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from leaderboard import telemetry
from leaderboard.queries import health, measured
from leaderboard.queries.uploads import expected_bytes


def exposed() -> bytes:
    """Every number: the site's, and what all web processes counted together."""
    registry = CollectorRegistry()
    registry.register(_Site())
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        for metric in telemetry.ALL:
            registry.register(metric)
    return generate_latest(registry)


class _Site(Collector):
    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("leaderboard_up", "Whether a part can be asked.", labels=["part"])
        for part, read in (("database", _rows), ("broker", _messages)):
            try:
                found = list(read())
            except (Error, OperationalError, OSError):
                found = []
            up.add_metric([part], bool(found))
            yield from found
        up.add_metric(["cache"], _answers())
        yield up
        yield from _disks()


def _answers() -> bool:
    try:
        health.cache()
    except health.Unwell:
        return False
    return True


def _rows() -> Iterator[Metric]:
    yield _gauge("submissions", "Submissions by state.", "state", measured.submissions())
    waiting = measured.waiting()
    yield _gauge(
        "queue_rows", "Work that waits or is done.", "queue", {name: q[0] for name, q in waiting.items()}
    )
    yield _gauge(
        "queue_oldest_seconds",
        "How long the oldest waits.",
        "queue",
        {name: q[1] for name, q in waiting.items()},
    )
    cases = measured.cases()
    yield HistogramMetricFamily(
        "leaderboard_case_seconds", "Seconds to score a case.", buckets=cases.buckets, sum_value=cases.seconds
    )
    yield CounterMetricFamily("leaderboard_cases_scored", "Cases scored.", value=cases.count)
    for name, help_text, read in GAUGES:
        yield GaugeMetricFamily(f"leaderboard_{name}", help_text, value=read())


GAUGES: tuple[tuple[str, str, Callable[[], float]], ...] = (
    ("uploads_unfinished", "Uploads that have begun and are not whole.", measured.unfinished_uploads),
    ("upload_bytes_expected", "Bytes that they may still bring.", expected_bytes),
    ("workers_alive", "Workers heard of within a minute.", health.workers_alive),
    ("mail_failures", "Mails that did not go out so far.", measured.failed_mails),
)


def _messages() -> Iterator[Metric]:
    yield _gauge("broker_messages", "Messages that wait.", "queue", measured.messages())


def _disks() -> Iterator[Metric]:
    disks = health.disks()
    yield _gauge("disk_free_bytes", "Free room.", "folder", {disk.name: disk.free for disk in disks})
    yield _gauge("disk_total_bytes", "All room.", "folder", {disk.name: disk.total for disk in disks})


def _gauge(name: str, help_text: str, label: str, values: dict[str, float] | dict[str, int]) -> Metric:
    family = GaugeMetricFamily(f"leaderboard_{name}", help_text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
