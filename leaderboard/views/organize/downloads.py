"""CSV of everything, sent line by line."""

from collections.abc import Callable, Iterator

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render

from leaderboard.models import Challenge
from leaderboard.queries import downloads, exports
from leaderboard.queries.downloads import Line
from leaderboard.views import access
from leaderboard.views.organize import found

TABLES: dict[str, Callable[[Challenge, str], Iterator[Line]]] = {
    "submissions": downloads.submissions_csv,
    "results": downloads.results_csv,
    "participants": lambda challenge, _: downloads.participants_csv(challenge),
}


def listed(request: HttpRequest, challenge: str) -> HttpResponse:
    """What can be taken along."""
    shown = access.organized_or_404(request, challenge)
    return render(request, "organize/downloads.html", {"challenge": shown, "phases": shown.phases.all()})


def table(request: HttpRequest, challenge: str, name: str) -> StreamingHttpResponse:
    """One table, of all phases or of the one that `?phase=` names."""
    shown = access.organized_or_404(request, challenge)
    if name not in TABLES:
        raise Http404
    phase = request.GET.get("phase", "")
    if phase:
        found.phase_or_404(request, challenge, phase)
    file = "-".join(word for word in (shown.slug, phase, name) if word)
    return StreamingHttpResponse(
        exports.csv_lines(TABLES[name](shown, phase)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{file}.csv"'},
    )
