"""What people tell of themselves."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from leaderboard.domain import people
from leaderboard.forms import ProfileForm
from leaderboard.views.people import signed_in


@login_required
def edit(request: HttpRequest) -> HttpResponse:
    """Change name, affiliation, ORCID iD, time zone, and what is mailed."""
    user = signed_in(request)
    form = ProfileForm(request.POST or None, instance=people.profile_of(user))
    if form.is_valid():
        people.change_profile(user, **form.cleaned_data)
        messages.success(request, "Your profile is changed.")
        return redirect("profile")
    return render(request, "people/profile.html", {"form": form, "now": timezone.now()})
