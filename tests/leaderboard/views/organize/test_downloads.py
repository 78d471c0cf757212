"""CSV downloads: read by a CSV reader, sent in pieces."""

import csv
import tracemalloc
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from leaderboard.enums import SubmissionState
from leaderboard.models import CaseResult
from leaderboard.queries import downloads
from tests.leaderboard import make
from tests.leaderboard.views.organize.conftest import Place, done

TABLES = "/organize/lumir/downloads/"


def rows(client: Client, name: str, query: str = "") -> list[dict[str, str]]:
    answer = client.get(f"{TABLES}{name}.csv{query}")
    assert answer.streaming
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(answer.getvalue().decode().splitlines()))


def test_results_are_tidy_to_the_last_bit(organizer: Client, place: Place) -> None:
    CaseResult.objects.filter(case__key="3455_3454").update(values={"DSC": 0.1 + 0.2, "HD95": float("inf")})
    found = rows(organizer, "results")
    told = [(row["case"], row["metric"], row["value"]) for row in found]
    assert told == [
        ("3455_3454", "DSC", "0.30000000000000004"),
        ("3455_3454", "HD95", "Inf"),
        ("3456_3455", "DSC", "1.5"),
        ("3456_3455", "Non-diffeomorphic Volumes", "NaN"),
    ]
    first = found[0]
    assert first["team"] == "Analytical Engines"
    assert first["entry"] == "Difference Engine"
    assert first["submission"] == str(place.submission.pk)
    assert first["dataset"] == "in-domain"
    assert (first["scorer"], first["rules"], first["ground_truth_version"]) == ("1.0", "lumir25", "0" * 64)


def test_old_evaluations_and_other_phases_stay_out(organizer: Client, place: Place) -> None:
    old = make.evaluation(place.submission, current=False)
    done(old, place.dataset.cases.all()[0].pk, {"DSC": 0.0})
    other = make.phase(challenge=place.challenge, slug="test")
    assert len(rows(organizer, "results")) == 4
    assert rows(organizer, "results", f"?phase={other.slug}") == []
    assert len(rows(organizer, "results", "?phase=validation")) == 4
    assert organizer.get(f"{TABLES}results.csv?phase=nothing").status_code == 404


def test_every_submission_has_its_line(organizer: Client, place: Place) -> None:
    make.submission(phase=place.phase, state=SubmissionState.INVALID, problems=[{"message": "x"}] * 3)
    found = rows(organizer, "submissions")
    assert [(row["state"], row["problems"]) for row in found] == [("scored", "0"), ("invalid", "3")]
    assert found[0]["sent_at"].endswith("Z")


def test_participants_have_their_terms(organizer: Client, place: Place) -> None:
    (row,) = rows(organizer, "participants")
    assert (row["user"], row["team"], row["role"]) == ("ada", "Analytical Engines", "captain")
    assert (row["terms_version"], row["terms_current"]) == ("1", "yes")
    type(place.challenge).objects.update(terms_version=2)
    assert rows(organizer, "participants")[0]["terms_current"] == "no"


@pytest.mark.parametrize(
    ("value", "text"), [(float("-inf"), "-Inf"), (1e-300, "1e-300"), (3.0, "3.0"), (float("nan"), "NaN")]
)
def test_numbers_read_back_as_they_were(value: float, text: str) -> None:
    assert downloads.number(value) == text
    assert repr(float(text)) == repr(value)


@pytest.mark.django_db(transaction=True)
def test_ten_times_the_results_take_no_more_memory() -> None:
    """Rows come from a cursor of the server: 10,000 lines are never in memory together."""
    phase = make.phase()
    keys = tuple(f"{number}_{number - 1}" for number in range(1001, 2001))
    dataset = make.dataset(phase.challenge, keys)
    values: dict[str, Any] = {"DSC": 0.5}
    cases = list(dataset.cases.values_list("pk", flat=True))

    def add() -> None:
        evaluation = make.evaluation(make.submission(phase=phase, state=SubmissionState.SCORED))
        finished = {"state": "done", "seconds": 1.0, "finished_at": evaluation.created_at, "values": values}
        CaseResult.objects.bulk_create(
            CaseResult(evaluation=evaluation, case_id=case, **finished) for case in cases
        )

    def peak() -> tuple[int, int]:
        tracemalloc.start()
        lines = sum(1 for _ in downloads.results_csv(phase.challenge))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return lines, most

    add()
    few, little = peak()
    for _ in range(9):
        add()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # by the numbers of a moment ago the database might join row by row
    many, much = peak()
    assert (few, many) == (1001, 10_001)
    assert much < 1.5 * little
