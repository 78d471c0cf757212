"""The signed-in user of a request, typed."""

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest


def signed_in(request: HttpRequest) -> User:
    """The user; PermissionDenied where a view forgot to require one."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
