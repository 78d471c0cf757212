"""What organizers' addresses name: the object of a challenge that the viewer organizes, or 404."""

import uuid

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from leaderboard.models import Dataset, DatasetImport, Entry, Phase, Rescoring, Submission, Team
from leaderboard.queries.organizing import rescorings_of
from leaderboard.views import access


def phase_or_404(request: HttpRequest, challenge: str, phase: str) -> Phase:
    owner = access.organized_or_404(request, challenge)
    return get_object_or_404(owner.phases.select_related("challenge", "scheme"), slug=phase)


def dataset_or_404(request: HttpRequest, challenge: str, dataset: str) -> Dataset:
    owner = access.organized_or_404(request, challenge)
    return get_object_or_404(owner.datasets.select_related("challenge"), slug=dataset)


def import_or_404(request: HttpRequest, challenge: str, pk: int) -> DatasetImport:
    owner = access.organized_or_404(request, challenge)
    return get_object_or_404(DatasetImport.objects.select_related("challenge", "by"), challenge=owner, pk=pk)


def submission_or_404(request: HttpRequest, challenge: str, pk: uuid.UUID) -> Submission:
    owner = access.organized_or_404(request, challenge)
    related = Submission.objects.select_related("phase__challenge", "entry__team")
    return get_object_or_404(related, phase__challenge=owner, pk=pk)


def team_or_404(request: HttpRequest, challenge: str, team: str) -> Team:
    owner = access.organized_or_404(request, challenge)
    return get_object_or_404(owner.teams.select_related("challenge"), slug=team)


def entry_or_404(request: HttpRequest, challenge: str, entry: str) -> Entry:
    owner = access.organized_or_404(request, challenge)
    return get_object_or_404(owner.entries.select_related("challenge", "team"), slug=entry)


def rescoring_or_404(request: HttpRequest, challenge: str, pk: int) -> Rescoring:
    owner = access.organized_or_404(request, challenge)
    return get_object_or_404(rescorings_of(owner).select_related("phase__challenge", "phase__scheme"), pk=pk)
