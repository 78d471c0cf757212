"""Private objects: the object, or 404 as if it were not there."""

import re
import uuid

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from leaderboard import rules
from leaderboard.context import nav_of
from leaderboard.enums import Aspect, RenderingState
from leaderboard.models import Challenge, Dataset, Entry, Phase, Picture, Submission, Team, Upload
from leaderboard.queries import challenges, snapshots
from leaderboard.queries.veil import ANONYMOUS, Veil


def challenge_or_404(slug: str) -> Challenge:
    return get_object_or_404(Challenge, slug=slug)


def phase_or_404(challenge: str, phase: str) -> Phase:
    return get_object_or_404(
        Phase.objects.select_related("challenge", "scheme"), challenge__slug=challenge, slug=phase
    )


def phase_of_navigation_or_404(request: HttpRequest, challenge: str, phase: str) -> Phase:
    """A phase, out of those of its challenge that the navigation has read."""
    of_all = [row.phase for row in nav_of(request).phases]
    found = next((one for one in of_all if (one.challenge.slug, one.slug) == (challenge, phase)), None)
    if found is None:
        raise Http404
    return found


def facts_of_navigation(request: HttpRequest) -> list[object]:
    """All that a page's head and navigation can say of phases, of which there is one, and their challenge."""
    rows = nav_of(request).phases
    models = [rows[0].phase.challenge, *(row.phase for row in rows)]
    values = [[vars(model)[field.attname] for field in model._meta.concrete_fields] for model in models]
    return [*values, *(row.state for row in rows)]


def asked_phase(request: HttpRequest, dataset: Dataset) -> Phase | None:
    """The phase named by `?phase=`, or 404, else the current one of those that have the dataset."""
    phases = phases_with(dataset)
    asked = request.GET.get("phase")
    if asked:
        return get_object_or_404(phases, slug=asked)
    return challenges.current_phase([challenges.phase_row(phase) for phase in phases])


def phases_with(dataset: Dataset) -> QuerySet[Phase]:
    return dataset.phases.select_related("challenge", "scheme")


def standing(request: HttpRequest, challenge: Challenge) -> rules.Standing:
    """What the viewer is to a challenge; asked once a request."""
    known: dict[int, rules.Standing] = vars(request).setdefault("standings", {})
    if challenge.pk not in known:
        known[challenge.pk] = rules.standing(request.user, challenge)
    return known[challenge.pk]


def sight(request: HttpRequest, phase: Phase) -> rules.Sight:
    """What the viewer sees of a phase's results; for organizers through the eyes that `?as=` names."""
    return rules.sight_of(standing(request, phase.challenge), phase, request.GET.get("as"))


def own_address(request: HttpRequest, veil: Veil) -> str:
    """The address of this page for the viewer's own eyes, in which entries have names."""
    query = request.GET.copy()
    query.pop("as", None)
    address = f"{request.path}?{query.urlencode(safe=',:')}" if query else request.path
    return re.sub(rf"{ANONYMOUS}\d+", lambda found: veil.true(found[0]) or found[0], address)


def submission_or_404(request: HttpRequest, pk: uuid.UUID) -> Submission:
    """A submission of the viewer's own team, of a challenge they organize, or whose log they may read."""
    related = Submission.objects.select_related(
        "phase__challenge", "entry__team__challenge", "submitted_by", "same_as__entry"
    )
    submission = get_object_or_404(related, pk=pk)
    phase, team = submission.phase, submission.entry.team.slug
    if not is_theirs(request, phase.challenge, team) and not may_read_log(request, phase, team):
        raise Http404
    return submission


def may_read_log(request: HttpRequest, phase: Phase, team: str) -> bool:
    """Whether the logs of a team's submissions are shown; those of others name files and people."""
    seen = sight(request, phase)
    named = is_theirs(request, phase.challenge, team) or seen.shows(Aspect.NAMES, team)
    return named and seen.shows(Aspect.LOGS, team)


def is_theirs(request: HttpRequest, challenge: Challenge, team: str) -> bool:
    """Whether a team is the viewer's own, or the viewer organizes its challenge and looks as themselves.

    Who looks "as participants" does so as whichever team is looked at.
    """
    viewer = standing(request, challenge)
    if viewer.is_organizer:
        return request.GET.get("as") in (None, "", "participants")
    return viewer.team == team


def team_or_404(request: HttpRequest, slug: str) -> Team:
    team = get_object_or_404(Team.objects.select_related("challenge"), slug=slug)
    if not is_theirs(request, team.challenge, team.slug):
        raise Http404
    return team


def captained_team_or_404(request: HttpRequest, slug: str) -> Team:
    """A team for its captain, or for an organizer of its challenge."""
    team = team_or_404(request, slug)
    if not (rules.is_captain(request.user, team) or rules.is_organizer(request.user, team.challenge)):
        raise Http404
    return team


def organized_or_404(request: HttpRequest, slug: str) -> Challenge:
    """A challenge for its organizers."""
    challenge = challenge_or_404(slug)
    if not rules.is_organizer(request.user, challenge):
        raise Http404
    return challenge


def own_entry_or_404(request: HttpRequest, challenge: str, slug: str) -> Entry:
    entry = get_object_or_404(
        Entry.objects.select_related("team", "challenge"), challenge__slug=challenge, slug=slug
    )
    if not rules.is_member(request.user, entry.team):
        raise Http404
    return entry


def own_upload_or_404(request: HttpRequest, pk: uuid.UUID) -> Upload:
    """An upload that the viewer began, for a team that the viewer is still in."""
    upload = get_object_or_404(Upload.objects.select_related("submission__entry__team"), pk=pk)
    is_own = upload.submission.submitted_by_id == request.user.pk
    if not is_own or not rules.is_member(request.user, upload.submission.entry.team):
        raise Http404
    return upload


def picture_or_404(request: HttpRequest, challenge: str, rendering: uuid.UUID, name: str) -> Picture:
    """A picture of a dataset that is public now; an entry's only while its phase shows it to the viewer."""
    kind, plane = name.removesuffix(".webp"), ""
    if kind != name:
        kind, _, plane = kind.rpartition("-")
    related = Picture.objects.select_related(
        "rendering__evaluation__submission__phase__challenge",
        "rendering__evaluation__submission__entry__team",
    )
    picture = get_object_or_404(
        related,
        rendering__name=rendering,
        rendering__state=RenderingState.DONE,
        rendering__case__dataset__public=True,
        rendering__case__dataset__challenge__slug=challenge,
        kind=kind if plane else name.removesuffix(".nii.gz"),
        plane=plane,
    )
    if picture.filename != name or not _shows(request, picture):
        raise Http404
    return picture


def _shows(request: HttpRequest, picture: Picture) -> bool:
    """A case before registration belongs to its dataset; a field's pictures to its phase and team."""
    evaluation = picture.rendering.evaluation
    if evaluation is None:
        return True
    phase, team = evaluation.submission.phase, evaluation.submission.entry.team.slug
    seen = sight(request, phase).of(team)
    return seen.shows(Aspect.PICTURES, team) and snapshots.stands(phase, seen, evaluation.pk)
