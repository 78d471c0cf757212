"""What a submission's page says of its file."""

import pytest
from django.test import Client

from tests.leaderboard import make

pytestmark = pytest.mark.django_db


def page_of(state: str, severity: str) -> str:
    problem = {"code": "any", "file": "disp_3455_3454.nii.gz", "severity": severity, "message": "All zeros."}
    shown = make.submission(state=state, problems=[problem])
    client = Client()
    client.force_login(shown.submitted_by)
    return client.get(shown.get_absolute_url()).content.decode()


def test_problems_of_an_invalid_file_cost_nothing_and_lead_to_another_upload() -> None:
    page = page_of("invalid", "error")
    assert "1 problem in the file; no attempt was used" in page
    assert "Upload a mended file" in page


@pytest.mark.parametrize("state", ["queued", "scoring", "scored"])
def test_suspicions_of_a_file_that_is_scored_promise_no_attempt_back(state: str) -> None:
    page = page_of(state, "warning")
    assert "1 suspicion about the file, which is scored as it is" in page
    assert "no attempt was used" not in page
    assert "Upload a mended file" not in page
