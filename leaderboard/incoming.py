"""Files of forms on their way in: onto the uploads' disk, and no further than there is room."""

import shutil
import weakref
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler
from django.http import HttpRequest

from leaderboard.domain import parts, uploads
from leaderboard.messages import Refused
from leaderboard.models import Phase


class RoomyHandler(TemporaryFileUploadHandler):
    """Django's, which stops where the disk would fill up: the form lacks its file, and it is known why."""

    ran_out = False

    def handle_raw_input(self, *given: Any, **more: Any) -> None:  # noqa: ARG002 the signature is Django's
        content_length = given[2]
        free = shutil.disk_usage(settings.FILE_UPLOAD_TEMP_DIR).free
        self.ran_out = free - content_length < settings.MIN_FREE_BYTES

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        self.file_name = args[1]
        if self.ran_out:
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
            self.ran_out = True
            with suppress(OSError):
                self.file.close()
            raise StopUpload from error


def want_of_room(request: HttpRequest, phase: Phase) -> Refused | None:
    """Why a form came without its file, if the disk is why."""
    for handler in request.upload_handlers:
        if isinstance(handler, RoomyHandler) and handler.ran_out:
            size = int(request.META.get("CONTENT_LENGTH") or 0)
            return uploads.no_room(phase, handler.file_name or "a file", size)
    return None
