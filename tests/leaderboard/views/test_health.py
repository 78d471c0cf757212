"""What load balancers and operators are told, of faults that are really made."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from leaderboard import embedded
from leaderboard.enums import CaseState, SubmissionState
from leaderboard.models import CaseResult, DatasetImport, Letter, Phase, Upload, Worker
from tests.leaderboard import make
from tests.leaderboard.stack import Stack, free_port, listens

PARTS = ["database", "broker", "storage", "workers", "queue"]


def beat(seconds_ago: float = 0) -> None:
    seen = timezone.now() - timedelta(seconds=seconds_ago)
    Worker.objects.update_or_create(name="w@t", defaults={"pid": 1, "started_at": seen, "seen_at": seen})


def failing(client: Client) -> list[str]:
    answer = client.get("/readyz")
    told = answer.json()
    failed = [name for name, part in told["parts"].items() if not part["ok"]]
    assert answer.status_code == (503 if failed else 200)
    assert told["ready"] is not bool(failed)
    assert list(told["parts"]) == PARTS
    return failed


@pytest.mark.django_db
def test_ready_when_every_part_does_its_work(client: Client) -> None:
    beat()
    assert failing(client) == []
    lines = client.get("/readyz", headers={"Accept": "text/plain"}).content.decode().splitlines()
    assert [line.split()[:2] for line in lines] == [["ok", f"{name}:"] for name in PARTS]


@pytest.mark.django_db
def test_a_silent_worker_a_full_disk_and_a_queue_that_stands_still_are_named(
    client: Client, settings: Settings, tmp_path: Path
) -> None:
    beat(61)
    assert failing(client) == ["workers"]
    beat()
    settings.MIN_FREE_BYTES = 2**60
    assert failing(client) == ["storage"]
    settings.MIN_FREE_BYTES, settings.UPLOADS_ROOT = 1, tmp_path / "gone"
    assert failing(client) == ["storage"]
    assert str(tmp_path) not in client.get("/readyz").content.decode()
    settings.UPLOADS_ROOT = tmp_path
    long_ago = timezone.now() - settings.QUEUE_LIMIT - timedelta(seconds=5)
    waiting = make.submission(state=SubmissionState.RECEIVED, received_at=long_ago)
    assert failing(client) == ["queue"]
    # A long queue that moves is no fault.
    dataset = make.dataset(waiting.phase.challenge)
    other = make.evaluation(make.submission(phase=waiting.phase, state=SubmissionState.SCORED))
    done = {"state": CaseState.DONE, "seconds": 1.0, "finished_at": timezone.now()}
    CaseResult.objects.create(evaluation=other, case=dataset.cases.all()[0], **done)
    assert failing(client) == []


@pytest.mark.django_db
def test_a_worker_of_mails_does_not_stand_in_for_one_that_scores(client: Client) -> None:
    beat()
    Worker.objects.update(queues="mailing,pictures")
    assert failing(client) == ["workers"]
    told = client.get("/readyz").json()["parts"]["workers"]["words"]
    assert told == "1 alive, but none reads sweeping, boards, storing, checking, scoring"
    now = timezone.now()
    rest = {"queues": "sweeping,boards,storing,checking,scoring", "pid": 2, "started_at": now}
    other = Worker.objects.create(name="other@t", seen_at=now, **rest)
    assert failing(client) == []
    Worker.objects.filter(pk=other.pk).update(seen_at=now - timedelta(seconds=61))
    assert failing(client) == ["workers"]


@pytest.mark.django_db
def test_boards_mails_and_imports_that_nobody_does_are_named(client: Client, settings: Settings) -> None:
    beat()
    phase, now = make.phase(), timezone.now()
    old = now - settings.QUEUE_LIMIT - timedelta(seconds=5)
    phases = Phase.objects.filter(pk=phase.pk)
    letter = Letter.objects.create(to="a@example.org", subject="S", text="T", mail_after=old)
    asked = {"by": make.user(), "slug": "t1", "facts": {}, "configs": [], "rules": "lumir25"}
    wanted = DatasetImport.objects.create(challenge=phase.challenge, created_at=old, **asked)
    phases.update(board_stale_since=old)

    def words() -> str:
        assert failing(client) == ["queue"]
        return str(client.get("/readyz").json()["parts"]["queue"]["words"]).partition(": ")[2]

    assert words() == "1 of boards, 1 of mailing, 1 of imports"
    DatasetImport.objects.filter(pk=wanted.pk).update(lease_until=now + timedelta(minutes=1))
    Letter.objects.filter(pk=letter.pk).update(mail_after=now)
    assert words() == "1 of boards"
    # It stumbles, and each new result makes it stale anew.
    phases.update(board_stale_since=now, tries=settings.MAX_TRIES)
    assert words() == "1 of boards"
    phases.update(tries=settings.MAX_TRIES - 1)
    assert failing(client) == []


@pytest.mark.django_db
def test_probes_ask_by_bare_address_without_https(client: Client, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT, settings.ALLOWED_HOSTS = True, ["lumir.example.org"]
    beat()
    for path in ("/healthz", "/readyz", "/metrics"):
        assert client.get(path, headers={"Host": "10.0.0.7"}).status_code == 200
    assert client.get("/", headers={"Host": "10.0.0.7"}).status_code == 400


@pytest.mark.django_db
def test_one_look_is_told_to_all_who_ask_within_a_while(client: Client, settings: Settings) -> None:
    beat()
    assert failing(client) == []
    settings.READY_KEPT = timedelta(hours=1)
    beat(61)
    assert failing(client) == []
    with CaptureQueriesContext(connection) as asked:
        client.get("/readyz")
    assert not asked
    settings.READY_KEPT = timedelta()
    assert failing(client) == ["workers"]


@pytest.fixture
def own_servers(stack: Stack, tmp_path: Path) -> Iterator[tuple[ExitStack, ExitStack]]:
    """A database and a broker that only one test's web process uses, and that can be stopped."""
    with ExitStack() as database, ExitStack() as broker:
        addresses = {
            "DATABASE_URL": database.enter_context(embedded.postgresql(tmp_path / "postgresql")),
            "REDIS_URL": broker.enter_context(embedded.valkey(tmp_path / "valkey")),
        }
        stack.environment |= addresses
        yield database, broker


def asked(address: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(address, timeout=20) as answer:  # noqa: S310 our own address
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_a_dead_database_and_a_dead_broker_are_named_and_the_process_still_answers(
    stack: Stack, own_servers: tuple[ExitStack, ExitStack]
) -> None:
    database, broker = own_servers
    # The machine's disk is not what is looked at, however full it is.
    stack.environment["MIN_FREE_BYTES"] = "1"
    port = free_port()
    stack.web(port)
    stack.wait(lambda: listens(port))
    address = f"http://localhost:{port}"

    def told() -> dict[str, Any]:
        status, body = asked(f"{address}/readyz")
        assert status == 503
        for secret in (str(stack.logs.parent), "127.0.0.1", stack.environment["SECRET_KEY"]):
            assert secret not in body
        return {name: part["ok"] for name, part in json.loads(body)["parts"].items()}

    # On a busy machine it may answer later than /readyz waits for it.
    stack.wait(lambda: told()["broker"])
    broker.close()
    stack.keep_free(urlsplit(stack.environment["REDIS_URL"]).port or 0)
    assert not told()["broker"]
    database.close()
    assert told() == dict.fromkeys(PARTS, False) | {"storage": True}
    assert asked(f"{address}/healthz") == (200, "ok\n")
    metrics = asked(f"{address}/metrics")[1]
    assert 'leaderboard_up{part="database"} 0.0' in metrics
    assert 'leaderboard_up{part="broker"} 0.0' in metrics
    assert 'leaderboard_up{part="cache"} 0.0' in metrics


def read(body: bytes) -> dict[tuple[str, ...], float]:
    """Name and labels of each sample -> value."""
    families = text_string_to_metric_families(body.decode())
    samples = (sample for family in families for sample in family.samples)
    return {(sample.name, *sample.labels.values()): sample.value for sample in samples}


@pytest.mark.django_db
def test_the_site_in_numbers(client: Client) -> None:
    beat()
    phase = make.phase()
    dataset = make.dataset(phase.challenge, ("1_2", "2_3", "3_4"))
    now = timezone.now()
    scoring = make.submission(
        phase=phase, state=SubmissionState.SCORING, received_at=now - timedelta(minutes=3)
    )
    evaluation = make.evaluation(scoring, created_at=now - timedelta(minutes=2))
    for case, seconds in zip(dataset.cases.all()[:2], (0.2, 7.0), strict=True):
        done = {"state": CaseState.DONE, "seconds": seconds, "finished_at": now}
        CaseResult.objects.create(evaluation=evaluation, case=case, **done)
    CaseResult.objects.create(evaluation=evaluation, case=dataset.cases.all()[2])
    uploading = make.submission(phase=phase, state=SubmissionState.UPLOADING)
    Upload.objects.create(submission=uploading, length=100, offset=30, expires_at=now)
    Letter.objects.create(to="a@example.org", subject="s", text="t", mail_after=now, mail_error="refused")

    told = read(client.get("/metrics").content)
    expected = {
        ("leaderboard_up", "broker"): 1,
        ("leaderboard_up", "cache"): 1,
        ("leaderboard_submissions", "scoring"): 1,
        ("leaderboard_submissions", "failed"): 0,
        ("leaderboard_queue_rows", "scoring"): 1,
        ("leaderboard_queue_rows", "checking"): 0,
        ("leaderboard_queue_oldest_seconds", "checking"): 0,
        ("leaderboard_queue_rows", "mailing"): 1,
        ("leaderboard_cases_scored_total",): 2,
        ("leaderboard_case_seconds_count",): 2,
        ("leaderboard_case_seconds_sum",): 7.2,
        ("leaderboard_case_seconds_bucket", "0.1"): 0,
        ("leaderboard_case_seconds_bucket", "0.25"): 1,
        ("leaderboard_case_seconds_bucket", "5.0"): 1,
        ("leaderboard_case_seconds_bucket", "10.0"): 2,
        ("leaderboard_case_seconds_bucket", "+Inf"): 2,
        ("leaderboard_uploads_unfinished",): 1,
        ("leaderboard_upload_bytes_expected",): 70,
        ("leaderboard_workers_alive",): 1,
        ("leaderboard_mail_failures",): 1,
    }
    assert {key: told.get(key) for key in expected} == expected
    assert 120 <= told[("leaderboard_queue_oldest_seconds", "scoring")] < 150
    assert told[("leaderboard_disk_free_bytes", "Uploads")] > 0
    assert ("leaderboard_broker_messages", "scoring") in told


@pytest.mark.django_db
def test_requests_are_counted_by_view(client: Client) -> None:
    key = ("leaderboard_http_requests_total", "GET", "200", "home")
    before = read(client.get("/metrics").content)
    client.get("/")
    client.get("/nothing-here/")
    after = read(client.get("/metrics").content)
    assert after[key] - before.get(key, 0) == 1
    assert after[("leaderboard_http_request_seconds_count", "home")] >= 1
    assert not [key for key in after if "nothing" in str(key)]


@pytest.mark.parametrize(
    ("token", "proxies", "headers", "address", "status"),
    [
        ("", 0, {}, "127.0.0.1", 200),
        ("", 0, {}, "::1", 200),
        ("", 0, {}, "10.0.0.7", 404),
        ("", 0, {}, "", 404),
        ("", 0, {"X-Forwarded-For": "127.0.0.1"}, "127.0.0.1", 404),
        ("", 1, {}, "127.0.0.1", 404),
        ("measure-me-please", 1, {"Authorization": "Bearer measure-me-please"}, "10.0.0.7", 200),
        ("measure-me-please", 0, {"Authorization": "Bearer guessed"}, "127.0.0.1", 404),
        ("measure-me-please", 0, {"Authorization": "Bearer gu\u00e9ssed"}, "127.0.0.1", 404),
        ("measure-me-please", 0, {}, "127.0.0.1", 404),
    ],
)
@pytest.mark.django_db
def test_metrics_are_hidden_from_everybody_else(
    client: Client,
    settings: Settings,
    token: str,
    proxies: int,
    headers: dict[str, str],
    address: str,
    status: int,
) -> None:
    settings.METRICS_TOKEN, settings.ALLAUTH_TRUSTED_PROXY_COUNT = token, proxies
    assert client.get("/metrics", headers=headers, REMOTE_ADDR=address).status_code == status


def test_all_web_processes_are_counted_together(stack: Stack) -> None:
    port = free_port()
    stack.web(port)
    stack.wait(lambda: listens(port))
    address = f"http://localhost:{port}"
    for _ in range(40):
        assert asked(f"{address}/healthz")[0] == 200
    told = read(asked(f"{address}/metrics")[1].encode())
    assert told[("leaderboard_http_requests_total", "GET", "200", "healthz")] == 40
