"""Files of forms on their way in: onto the uploads' disk, and no further than they may come."""

import os
import weakref
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from allauth.core import ratelimit
from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler
from django.http import HttpRequest
from django.utils import timezone

from leaderboard import rules
from leaderboard.domain import attempts, parts, people, room, teams
from leaderboard.messages import Refused
from leaderboard.models import Challenge, Phase

# What a form has beside its file.
FORM_BYTES = 2**20
STATUS = {"file_too_large": 413, "too_many_begun": 429, "no_room": 507}


def _may_submit(user: User, challenge: str, phase: str) -> bool:
    """Whether somebody may send a file to a phase at all. Raises Refused where not now."""
    asked = Phase.objects.select_related("challenge").filter(challenge__slug=challenge, slug=phase).first()
    team = teams.team_of(user, asked.challenge) if asked else None
    if asked is None or team is None or people.must_accept_terms(user, asked.challenge):
        return False
    attempts.require_attempt(team, asked, timezone.now(), sender=user)
    return True


def _organizes(user: User, challenge: str, **_: Any) -> bool:
    return any(rules.is_organizer(user, asked) for asked in Challenge.objects.filter(slug=challenge))


# The addresses that take files, and from whom.
FORMS: Mapping[str, Callable[..., bool]] = {
    "submit": _may_submit,
    "organize_dataset_new": _organizes,
    "organize_dataset_renew": _organizes,
}


class GuardedHandler(TemporaryFileUploadHandler):
    """Django's, which takes files only where and from whom they are wanted, and none that fills up the disk.

    Forms are read before a view, and its log-in, are asked. The form then lacks its file: `why_without_file`.
    What a file may still bring is its length beyond its blocks: that is how others on their way count it.
    """

    refused: Refused | None = None
    code = ""
    whole = come = 0
    let_in = False

    def handle_raw_input(self, *given: Any, **more: Any) -> None:  # noqa: ARG002 the signature is Django's
        self.whole = given[2]
        if self.whole > settings.MAX_UPLOAD_BYTES + FORM_BYTES:
            self.code = "file_too_large"

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        self.file_name = args[1]
        if not self.let_in and not self._lets_in():
            raise StopUpload(connection_reset=True)
        if self.code or self.refused:
            raise StopUpload
        self.let_in = True
        super().new_file(*args, **kwargs)
        # A request that breaks off in the middle of a file never comes to close it.
        weakref.finalize(self.request, self.file.close)
        self._promise(self.whole - self.come)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.come += len(raw_data)
        try:
            super().receive_data_chunk(raw_data, start)
            self.file.flush()
        except OSError as error:
            self._end(error)

    def file_complete(self, file_size: int) -> Any:
        os.truncate(self.file.temporary_file_path(), file_size)
        return super().file_complete(file_size)

    def _lets_in(self) -> bool:
        """Whether files are wanted of whoever asks, where they ask; what counts is counted here."""
        request = self.request
        match = request.resolver_match if isinstance(request, HttpRequest) else None
        form = FORMS.get(match.view_name) if match else None
        if request is None or match is None or form is None or not isinstance(request.user, User):
            return False
        try:
            wanted = form(request.user, **match.kwargs)
        except Refused as refused:
            self.refused = refused
            return True
        if wanted and not self.code and not ratelimit.consume(request, action="upload", user=None):
            self.code = "too_many_begun"
        return wanted

    def _promise(self, more: int) -> None:
        """Be as long as the file may become, and make sure with all others' promises that there is room."""
        try:
            os.truncate(self.file.temporary_file_path(), more)
        except OSError as error:
            self._end(error)
        if room.is_short_by(room.promised()):
            self._end(OSError(next(iter(parts.FULL)), "promised to others"))

    def _end(self, error: OSError) -> None:
        if error.errno not in parts.FULL:
            raise error
        self.code = "no_room"
        with suppress(OSError):
            self.file.close()
        raise StopUpload from error


def why_without_file(request: HttpRequest, challenge: Challenge) -> Refused | None:
    """Why a form came without its file, if the handler is why."""
    for handler in request.upload_handlers:
        if not isinstance(handler, GuardedHandler):
            continue
        name, size = handler.file_name or "a file", int(request.META.get("CONTENT_LENGTH") or 0)
        if handler.code == "file_too_large":
            return room.too_large(name, size)
        if handler.code == "too_many_begun":
            return Refused("too_many_begun", limit=settings.UPLOADS_PER_HOUR)
        return room.no_room(challenge, name, size) if handler.code else handler.refused
    return None
