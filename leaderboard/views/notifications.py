"""What the viewer was told."""

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from leaderboard.domain import notifications, people
from leaderboard.models import Notification
from leaderboard.views.people import signed_in

A_PAGE = 50


@login_required
def listed(request: HttpRequest) -> HttpResponse:
    """All notifications of the viewer, newest first."""
    user = signed_in(request)
    page = Paginator(Notification.objects.filter(user=user), A_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "mail": people.profile_of(user).get_mail_display()}
    return render(request, "notifications/list.html", context)


@login_required
def follow(request: HttpRequest, notification: int) -> HttpResponse:
    """Mark one of the viewer's own as read and go where it leads."""
    user = signed_in(request)
    told = get_object_or_404(Notification, pk=notification, user=user)
    notifications.read(user, told.pk)
    return redirect(told.url or "notifications")


@require_POST
@login_required
def read_all(request: HttpRequest) -> HttpResponse:
    """Mark all of the viewer's notifications as read."""
    notifications.read(signed_in(request))
    return redirect("notifications")
