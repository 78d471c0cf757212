"""How django-allauth does things here: mail through the queue, invitations that confirm an address."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.sites.shortcuts import get_current_site
from django.core.mail import EmailMultiAlternatives
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.urls import reverse

from leaderboard.domain import invitations, mail
from leaderboard.messages import WORDS

# The invitation that somebody followed before having an account.
INVITATION = "invitation"


class Backend(AuthenticationBackend):  # type: ignore[misc]  # it has no types
    """allauth's, which takes as long for who has no account."""

    def _authenticate(self, request: HttpRequest | None, **credentials: Any) -> Any:
        # What may be either is given as both, and the password of an address that is known checked twice.
        if credentials.get("username"):
            credentials.pop("email", None)
        return super()._authenticate(request, **credentials)


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]  # it has no types
    error_messages = DefaultAccountAdapter.error_messages | {
        "too_many_login_attempts": WORDS["too_many_log_ins"]
    }

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Put a mail into the queue: a mail server that is away must not keep anybody from signing up."""
        whole = {"request": self.request, "email": email, "current_site": get_current_site(self.request)}
        message: EmailMultiAlternatives = self.render_mail(template_prefix, email, whole | context)
        html = str(message.alternatives[0][0]) if message.alternatives else ""
        mail.post(email, str(message.subject), str(message.body), html)

    def send_account_already_exists_mail(self, email: str) -> None:
        """Tell the owner of an address that somebody signed up with it, at the price of a new account."""
        # That takes the time of a hash, and the lack of it would tell who has an account.
        make_password(self.request.POST.get("password1", ""))
        super().send_account_already_exists_mail(email)

    def is_email_verified(self, request: HttpRequest, email: str) -> bool:
        """An address that an invitation was mailed to is confirmed by having followed its link."""
        return invitations.verifies(request.session.get(INVITATION, ""), email)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Back to the invitation that brought somebody here, else to the start."""
        token = request.session.get(INVITATION)
        return reverse("invitation", args=[token]) if token else resolve_url(settings.LOGIN_REDIRECT_URL)

    get_signup_redirect_url = get_login_redirect_url
