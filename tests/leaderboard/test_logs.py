"""The site's log: one JSON object a line, and one id from an upload's request to the last of its cases."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from leaderboard import logs
from leaderboard.domain.evaluation.ground_truth import import_dataset
from leaderboard.enums import SubmissionState
from leaderboard.models import Phase, Submission
from leaderboard.queries import challenges
from tests.leaderboard import make
from tests.leaderboard.stack import Stack
from tests.leaderboard.tus import Site

ID = "deadline-night.0001"


def lines(stack: Stack, process: str) -> list[dict[str, Any]]:
    found = "".join(path.read_text() for path in sorted(stack.logs.glob(f"*-{process}.log")))
    # Of its end a worker tells on the terminal, not in its log.
    spoken = {"", "worker: Warm shutdown (MainProcess)"}
    return [json.loads(line) for line in found.splitlines() if line not in spoken]


def test_one_id_leads_from_the_upload_to_the_last_case(stack: Stack, phantom_folder: Path) -> None:
    # Celery's warning of root comes before it lets anybody set its log up.
    quiet = "ignore:You're running the worker with superuser"
    stack.environment |= {"LOG_FORMAT": "json", "PYTHONWARNINGS": quiet}
    site = Site(stack)
    phase = Phase.objects.get()
    configs = [phantom_folder / "segmentation.json", phantom_folder / "landmark.json"]
    facts = {"name": "Set", "group": "in-domain"}
    imported = import_dataset(phase.challenge, "set", configs, phantom_folder, phase.rules, **facts)
    phase.datasets.add(imported.dataset)
    data = (phantom_folder / "submission.zip").read_bytes()
    location = site.begin(len(data))
    site.headers["X-Request-ID"] = ID
    connection = site.connect(location, 0, len(data))
    connection.send(data)
    answer = connection.getresponse()
    assert (answer.status, answer.headers["X-Request-ID"]) == (204, ID)
    connection.close()
    stack.worker()
    submission = Submission.objects.get()

    def is_scored() -> bool:
        submission.refresh_from_db()
        return submission.state == SubmissionState.SCORED

    stack.wait(is_scored)
    stack.end()

    asked = [line for line in lines(stack, "web") if location in str(line) or line["event"] == "request"]
    assert [line["logger"] for line in asked] == ["leaderboard.middleware"] * 2
    ours = [line for line in lines(stack, "web") if line.get("request_id") == ID]
    assert {line["submission"] for line in ours} == {str(submission.pk)}
    request = next(line for line in ours if line["event"] == "request")
    assert (request["view"], request["method"], request["status"]) == ("upload", "PATCH", 204)

    ours = [line for line in lines(stack, "worker") if line.get("request_id") == ID]
    about = [line for line in ours if "submission" in line]
    assert {line["submission"] for line in about} == {str(submission.pk)}
    assert {line["task"] for line in about} == {"check_submission", "score_case"}
    scored = [line["case"] for line in ours if line["event"] == "case_scored"]
    assert sorted(scored) == sorted(imported.dataset.cases.values_list("key", flat=True))
    assert [line["event"] for line in about if line["logger"] == "leaderboard.domain.states"] == [
        "checking",
        "queued",
        "scoring",
        "scored",
    ]


@pytest.mark.parametrize(
    ("given", "is_kept"),
    [
        ("4bf92f3577b34da6a3ce929d0e0e4736", True),
        ("short", False),
        ("x" * 65, False),
        ('"}\n{"event": "forged"', False),
        ("<script>alert(1)</script>", False),
        ("", False),
    ],
)
def test_only_what_looks_like_an_id_is_taken(given: str, is_kept: bool) -> None:
    assert (logs.accepted(given) == given) is is_kept
    assert logs.accepted(given).isascii()
    assert 8 <= len(logs.accepted(given)) <= 64


@pytest.mark.django_db
def test_every_answer_has_an_id_and_a_broken_page_shows_it(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [client.get(reverse("home")), client.get(reverse("home"))]
    assert len({answer["X-Request-ID"] for answer in answers}) == 2

    def broken(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(challenges, "phases_of", broken)
    page = reverse("challenge", args=[make.challenge().slug])
    client.raise_request_exception = False
    answer = client.get(page, headers={"X-Request-ID": ID})
    assert (answer.status_code, answer["X-Request-ID"]) == (500, ID)
    assert ID in answer.content.decode()


@pytest.mark.django_db
def test_no_line_tells_the_secrets_of_an_address(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    client.get(reverse("invitation", args=["a-token-that-lets-you-in"]) + "?email=a@example.org")
    client.get("/accounts/password/reset/key/5-a-token/")
    told = [record.message for record in caplog.records if record.name == "leaderboard.middleware"]
    assert len(told) == 2
    for line, view in zip(told, ("invitation", "account_reset_password_from_key"), strict=True):
        assert view in line
        assert "a-token" not in line
        assert "example.org" not in line
