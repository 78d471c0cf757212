"""Files of forms on their way in: onto the uploads' disk, and no further than they may come."""

import shutil
import weakref
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler
from django.http import HttpRequest

from leaderboard.domain import parts, uploads
from leaderboard.messages import Refused
from leaderboard.models import Challenge

# What a form has beside its file.
FORM_BYTES = 2**20


class GuardedHandler(TemporaryFileUploadHandler):
    """Django's, which takes no file of a stranger, none that is too large and none that fills up the disk.

    Forms are read before a view, and its log-in, are asked. The form then lacks its file: `why_without_file`.
    """

    code = ""

    def handle_raw_input(self, *given: Any, **more: Any) -> None:  # noqa: ARG002 the signature is Django's
        content_length = given[2]
        free = shutil.disk_usage(settings.FILE_UPLOAD_TEMP_DIR).free
        if content_length > settings.MAX_UPLOAD_BYTES + FORM_BYTES:
            self.code = "file_too_large"
        elif free - content_length < settings.MIN_FREE_BYTES:
            self.code = "no_room"

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        self.file_name = args[1]
        if not isinstance(self.request, HttpRequest) or not self.request.user.is_authenticated:
            raise StopUpload(connection_reset=True)
        if self.code:
            raise StopUpload
        super().new_file(*args, **kwargs)
        # A request that breaks off in the middle of a file never comes to close it.
        weakref.finalize(self.request, self.file.close)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        try:
            super().receive_data_chunk(raw_data, start)
            self.file.flush()
        except OSError as error:
            if error.errno not in parts.FULL:
                raise
            self.code = "no_room"
            with suppress(OSError):
                self.file.close()
            raise StopUpload from error


def why_without_file(request: HttpRequest, challenge: Challenge) -> Refused | None:
    """Why a form came without its file, if the handler is why."""
    for handler in request.upload_handlers:
        if isinstance(handler, GuardedHandler) and handler.code:
            name, size = handler.file_name or "a file", int(request.META.get("CONTENT_LENGTH") or 0)
            too_large = handler.code == "file_too_large"
            return uploads.too_large(name, size) if too_large else uploads.no_room(challenge, name, size)
    return None
