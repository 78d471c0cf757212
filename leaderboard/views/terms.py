"""The terms of a challenge, to be accepted again where they changed."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from leaderboard.domain import people
from leaderboard.forms import AcceptForm
from leaderboard.messages import Refused
from leaderboard.models import TermsAcceptance
from leaderboard.templatetags.text import markdown
from leaderboard.views import access
from leaderboard.views.confirm import own_page
from leaderboard.views.people import signed_in


@login_required
def accept(request: HttpRequest, challenge: str) -> HttpResponse:
    """Read the terms and accept them; then on to the page that asked for it (`?next=`)."""
    shown, user = access.challenge_or_404(challenge), signed_in(request)
    form = AcceptForm(request.POST or None, challenge=shown)
    if form.is_valid():
        try:
            people.accept_terms(user, shown, form.cleaned_data["version"])
        except Refused as refused:
            messages.error(request, str(refused))
            return redirect(request.get_full_path())
        messages.success(request, "The terms are accepted.")
        return redirect(own_page(request.GET) or shown.get_absolute_url())
    context = {
        "challenge": shown,
        "form": form,
        "terms_html": markdown(shown.terms),
        "must_accept": people.must_accept_terms(user, shown),
        "accepted": TermsAcceptance.objects.filter(challenge=shown, user=user),
    }
    return render(request, "people/terms.html", context)
