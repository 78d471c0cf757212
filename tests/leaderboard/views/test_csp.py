"""Reports of breaches of the content security policy: as browsers send them, and as others may."""

import json
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from leaderboard import telemetry
from leaderboard.views import csp

OLD = {
    "csp-report": {
        "document-uri": "https://lumir.example.org/invitations/secret/",
        "effective-directive": "script-src-elem",
        "blocked-uri": "https://evil.example.com/x.js?who=ada",
        "source-file": "https://lumir.example.org/page?key=1",
    }
}
NEW = [{"type": "csp-violation", "body": {"effectiveDirective": "style-src-elem", "blockedURL": "inline"}}]


@pytest.fixture(autouse=True)
def _fresh() -> None:
    cache.clear()


def counted() -> float:
    return sum(sample.value for sample in next(iter(telemetry.CSP_REPORTS.collect())).samples[:1])


def send(client: Client, body: Any, content_type: str = "application/csp-report") -> int:
    text = body if isinstance(body, str) else json.dumps(body)
    return client.post("/csp-reports/", text, content_type=content_type).status_code


def test_both_kinds_are_counted_and_logged_without_secrets(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    before = counted()
    assert send(client, OLD) == 204
    assert send(client, NEW, "application/reports+json") == 204
    assert counted() - before == 2
    told: list[Any] = [record.msg for record in caplog.records if record.name == "leaderboard.views.csp"]
    # Paths and queries, where keys and names stand, are left out.
    assert [(line["directive"], line["blocked"], line["source"]) for line in told] == [
        ("script-src-elem", "https://evil.example.com", "https://lumir.example.org"),
        ("style-src-elem", "inline", ""),
    ]
    # Nothing else of a report is told, only of the request.
    known = {"directive", "blocked", "source", "event", "logger", "level", "timestamp", "request_id"}
    assert all(set(line) == known for line in told)


def test_what_is_no_report_does_no_harm(client: Client) -> None:
    before = counted()
    for body in ("{", "[]", "null", "[1, 2]", '{"csp-report": 5}', '"text"'):
        assert send(client, body) == 204
    assert send(client, OLD, "text/plain") == 415
    assert send(client, "x" * (csp.LARGEST + 1)) == 413
    assert client.get("/csp-reports/").status_code == 405
    assert counted() == before


def test_a_flood_is_stopped(client: Client) -> None:
    answers = [send(client, OLD) for _ in range(csp.FROM_ONE + 2)]
    assert answers == [204] * csp.FROM_ONE + [429] * 2
    other = client.post("/csp-reports/", "{}", content_type="application/csp-report", REMOTE_ADDR="10.0.0.9")
    assert other.status_code == 204


@pytest.mark.django_db
def test_every_page_names_where_to_report(client: Client) -> None:
    answer = client.get("/")
    policy = answer["Content-Security-Policy"].split("; ")
    assert {"report-uri /csp-reports/", "report-to csp"} <= set(policy)
    assert answer["Reporting-Endpoints"] == 'csp="/csp-reports/"'
