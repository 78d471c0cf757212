"""Submitting a file and following it until it is on the board."""

import uuid
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from zipstream import ZipStream

from leaderboard import incoming, rules
from leaderboard.domain import attempts, parts, people, ranking, room, submissions, teams, upload_tokens
from leaderboard.domain.evaluation import handouts
from leaderboard.enums import Aspect
from leaderboard.forms import SubmitForm
from leaderboard.messages import WORDS, Refused
from leaderboard.models import Case, Dataset, Phase, Submission, Team
from leaderboard.queries import snapshots
from leaderboard.queries.boards import Metric
from leaderboard.queries.ledger import ledger_of
from leaderboard.queries.progress import Progress, RunningMean, progress_of
from leaderboard.queries.uploads import to_go_on_with
from leaderboard.views import access
from leaderboard.views.people import signed_in


@never_cache
@login_required
def submit(request: HttpRequest, challenge: str, phase: str) -> HttpResponse:
    """Take a zip for one of the team's entries."""
    shown = access.phase_or_404(challenge, phase)
    team = teams.team_of(signed_in(request), shown.challenge)
    if team is None:
        messages.info(request, WORDS["no_team"].format(challenge=shown.challenge.name))
        return redirect("team_create", shown.challenge.slug)
    if people.must_accept_terms(signed_in(request), shown.challenge):
        messages.info(request, WORDS["terms_not_accepted"].format(challenge=shown.challenge.name))
        return redirect(f"{reverse('terms', args=[challenge])}?next={request.path}")
    form, status = SubmitForm(request.POST or None, request.FILES or None, team=team), 200
    if request.method == "POST" and (refused := incoming.why_without_file(request, shown.challenge)):
        room.tell_of(refused)
        form.errors.clear()  # fields behind the file were not read
        form.add_error(None, str(refused))
        status = incoming.STATUS.get(refused.code, 200)
    elif request.method == "POST" and form.is_valid():
        try:
            return redirect(_receive(request, shown, team, form))
        except Refused as refused:
            room.tell_of(refused)
            form.add_error(None, str(refused))
    return render(request, "submissions/submit.html", _page(request, shown, team, form), status=status)


def _receive(request: HttpRequest, phase: Phase, team: Team, form: SubmitForm) -> str:
    file: TemporaryUploadedFile = form.cleaned_data["file"]
    parts.settle(Path(file.temporary_file_path()))
    with transaction.atomic():
        entry = teams.chosen_entry(team, **form.method())
        return submissions.receive(phase, entry, signed_in(request), file).get_absolute_url()


def _page(request: HttpRequest, phase: Phase, team: Team, form: SubmitForm) -> dict[str, object]:
    where = [phase.challenge.slug, phase.slug]
    user, now = signed_in(request), timezone.now()
    return {
        "challenge": phase.challenge,
        "phase": phase,
        "team": team,
        "form": form,
        "cases_count": Case.objects.filter(dataset__phases=phase).count(),
        "sample_url": reverse("sample_zip", args=where),
        "pairs_url": reverse("pairs_csv", args=where),
        "configs_url": reverse("configs_zip", args=where),
        "preflight_url": reverse("preflight", args=where),
        "uploads_url": reverse("uploads"),
        "unfinished": to_go_on_with(user, phase).order_by("submission__created_at"),
        "check_command": handouts.check_command(phase),
        "score": _own_machine(request, phase),
        "uploads_address": request.build_absolute_uri(reverse("uploads")),
        "max_bytes": settings.MAX_UPLOAD_BYTES,
        "expiry": settings.UPLOAD_EXPIRY,
        "token": upload_tokens.token_for(user),
        "token_days": upload_tokens.LIFE_DAYS,
        "ledger": ledger_of(team, phase, now),
        "refusal": attempts.refusal(team, phase, now, sender=user),
    }


def detail(request: HttpRequest, submission: uuid.UUID) -> HttpResponse:
    """A submission: its progress, log and results."""
    seen = _seen(request, submission)
    score = _own_machine(request, seen["phase"], seen["submission"].filename)
    return render(request, "submissions/detail.html", seen | {"score": score})


def _own_machine(request: HttpRequest, phase: Phase, filename: str = "fields.zip") -> dict[str, object]:
    """What it takes to score a file as the site does, without the site."""
    return {
        "command": handouts.score_command(phase, filename),
        "scorer": request.build_absolute_uri(reverse("scorer_zip")),
        "configs": reverse("configs_zip", args=[phase.challenge.slug, phase.slug]),
        "datasets": phase.datasets.filter(public=True),
        "hidden": phase.datasets.filter(public=False).count(),
    }


def progress(request: HttpRequest, submission: uuid.UUID) -> HttpResponse:
    """The live part of a submission's page."""
    return render(request, "submissions/_progress.html", _seen(request, submission))


def _seen(request: HttpRequest, pk: uuid.UUID) -> dict[str, Any]:
    """What the viewer may see of a submission: means and log as the phase's matrix says."""
    shown = access.submission_or_404(request, pk)
    challenge, team = shown.phase.challenge, shown.entry.team
    sight = access.sight(request, shown.phase)
    progress, logs = progress_of(shown), access.may_read_log(request, shown.phase, team.slug)
    theirs = access.is_theirs(request, challenge, team.slug)
    told = sight.shows(Aspect.AGGREGATES, team.slug) and (theirs or _stood_at_the_freeze(shown, sight))
    return {
        "submission": shown,
        "entry": shown.entry,
        "phase": shown.phase,
        "challenge": challenge,
        "progress": progress,
        "means": _means(shown.phase, progress) if told else [],
        "logs": logs,
        "events": shown.events.all() if logs else (),
        "is_theirs": theirs,
        "is_organizer": sight.is_organizer,
        "is_member": theirs and rules.is_member(request.user, team),
        "may_choose": rules.may_choose(shown.phase, timezone.now()),
    }


def _means(phase: Phase, progress: Progress) -> list[tuple[Metric, RunningMean]]:
    """The means over the cases done, as boards name and order them."""
    if not progress.running_means:
        return []
    known = ranking.metrics_by_name(phase)
    found = [(Metric(**known[name]), progress.running_means.get(name)) for name in known]
    return [(metric, mean) for metric, mean in found if mean is not None]


def _stood_at_the_freeze(shown: Submission, sight: rules.Sight) -> bool:
    """Whether a submission is on the board that is shown, where a frozen one stands in for the present."""
    if not snapshots.is_frozen(shown.phase):
        return True
    current = shown.evaluations.filter(current=True).values_list("pk", flat=True).first()
    return current is not None and snapshots.stands(shown.phase, sight, current)


def sample_zip(request: HttpRequest, challenge: str, phase: str) -> StreamingHttpResponse:
    """A correct zip of zero fields, to see names, shape and type."""
    shown = access.phase_or_404(challenge, phase)
    return _sent(handouts.sample_zip(shown), f"{challenge}-{phase}-zero-fields.zip")


def _sent(archive: ZipStream, name: str) -> StreamingHttpResponse:
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Length": str(len(archive)),
    }
    return StreamingHttpResponse(archive, content_type="application/zip", headers=headers)


def pairs_csv(request: HttpRequest, challenge: str, phase: str) -> HttpResponse:
    """The pairs of a phase and the name of each one's field."""
    shown = access.phase_or_404(challenge, phase)
    name = f"{challenge}-{phase}-pairs.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(handouts.pairs_csv(shown), content_type="text/csv; charset=utf-8", headers=headers)


def configs_zip(request: HttpRequest, challenge: str, phase: str) -> HttpResponse:
    """The evaluation configs of a phase, for `python -m scoring check`."""
    shown = access.phase_or_404(challenge, phase)
    headers = {"Content-Disposition": f'attachment; filename="{challenge}-{phase}-configs.zip"'}
    return HttpResponse(handouts.configs_zip(shown), content_type="application/zip", headers=headers)


def ground_truth_zip(request: HttpRequest, challenge: str, dataset: str) -> StreamingHttpResponse:
    """Images, labels and landmarks of a public dataset; of no other, for nobody."""
    shown = get_object_or_404(Dataset, challenge__slug=challenge, slug=dataset, public=True)
    return _sent(handouts.ground_truth_zip(shown), f"{dataset}.zip")


def scorer_zip(request: HttpRequest) -> HttpResponse:
    """The scoring package alone, as this site runs it."""
    headers = {"Content-Disposition": 'attachment; filename="scorer.zip"'}
    return HttpResponse(handouts.scorer_zip(), content_type="application/zip", headers=headers)


def preflight(request: HttpRequest, challenge: str, phase: str) -> JsonResponse:
    """What a page needs to check a zip before it is uploaded."""
    return JsonResponse(handouts.preflight(access.phase_or_404(challenge, phase)))
