"""What a view refuses, in words: on a page, or in the form of the file that was asked for."""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from leaderboard.messages import Refused

BUSY = "busy"
RETRY_SECONDS = "5"

View = Callable[..., HttpResponseBase]


def answered(response: HttpResponse, refused: Refused) -> HttpResponse:
    """With the status of a refusal; while the site is busy with when to ask again."""
    response.status_code = 503 if refused.code == BUSY else 400
    if refused.code == BUSY:
        response["Retry-After"] = RETRY_SECONDS
    return response


def _telling(words: Callable[[HttpRequest, Refused], HttpResponse]) -> Callable[[View], View]:
    """A decorator of views that answers what they refuse by `words`."""

    def decorated(view: View) -> View:
        @wraps(view)
        def told(request: HttpRequest, challenge: str, *args: str, **kwargs: str) -> HttpResponseBase:
            try:
                return view(request, challenge, *args, **kwargs)
            except Refused as refused:
                return answered(words(request, refused), refused)

        return told

    return decorated


@_telling
def in_words(request: HttpRequest, refused: Refused) -> HttpResponse:
    """Answer what the view refuses by a page that says why."""
    return render(request, "boards/refused.html", {"refused": str(refused), "busy": refused.code == BUSY})


@_telling
def as_file(request: HttpRequest, refused: Refused) -> HttpResponse:
    """Answer what the view refuses by JSON where that was asked for, else by plain text."""
    if request.path.endswith(".json"):
        return JsonResponse({"error": str(refused)})
    return HttpResponse(f"{refused}\n", content_type="text/plain; charset=utf-8")
