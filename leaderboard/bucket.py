"""Files in a bucket that speaks S3: read through the machine's scratch, written in parts."""

import errno
import hashlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from storages.backends.s3 import S3Storage

from leaderboard import scratch
from leaderboard.folder import Kept, Unreachable

GONE = frozenset({"404", "NoSuchKey", "NotFound"})


class Bucket(S3Storage):  # type: ignore[misc]  # django-storages has no types
    """One kind of files in a bucket; what boto raises comes out as an OSError of the builtin families."""

    remote = True

    def __init__(self, kind: str, addressing: str = "", attempts: int = 4, **options: Any) -> None:
        self._kind = kind
        style = {"s3": {"addressing_style": addressing}} if addressing else {}
        config = Config(
            connect_timeout=5,
            read_timeout=60,
            retries={"mode": "standard", "total_max_attempts": attempts},
            **style,
        )
        super().__init__(client_config=config, **options)

    def _key(self, name: str) -> str:
        key: str = self._normalize_name(str(PurePosixPath(name)))
        return key

    def exists(self, name: str) -> bool:
        with _told():
            return bool(super().exists(name))

    def delete(self, name: str) -> None:
        with _told():
            super().delete(name)

    def _save(self, name: str, content: Any) -> str:
        with _told():
            return str(super()._save(name, content))

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        with _told():
            folders, names = super().listdir(path)
        return folders, names

    def take(self, path: Path, name: str, *, move: bool = False) -> None:
        with _told():
            self.bucket.upload_file(str(path), self._key(name), Config=self.transfer_config)
        if move:
            path.unlink()

    def copy(self, name: str, other: str) -> None:
        with _told():
            source = {"Bucket": self.bucket_name, "Key": self._key(name)}
            self.bucket.copy(source, self._key(other), Config=self.transfer_config)

    @contextmanager
    def at_hand(self, name: str, sha256: str = "") -> Iterator[Path]:
        name = str(PurePosixPath(name))
        kept = f"{sha256}{PurePosixPath(name).suffix}" if sha256 else name
        thing = self.bucket.Object(self._key(name))

        def size() -> int:
            with _told():
                return int(thing.content_length)

        def fetch(path: Path) -> None:
            with path.open("r+b") as file:
                self._download(name, file)
            if sha256:
                _require(path, sha256, name)

        with ExitStack() as stack:
            try:
                path = stack.enter_context(scratch.held(f"{self._kind}/{kept}", size, fetch))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                raise Unreachable(f"no room in the scratch for {name}") from error
            yield path

    def fetch(self, name: str, target: Path) -> None:
        with target.open("wb") as file:
            self._download(name, file)

    def _download(self, name: str, file: IO[bytes]) -> None:
        # Into the very file whose lock is held: boto's `download_file` would put another in its place.
        with _told():
            self.bucket.Object(self._key(name)).download_fileobj(file, Config=self.transfer_config)

    @contextmanager
    def folder_at_hand(self, folder: str, names: Iterable[str]) -> Iterator[Path]:
        with ExitStack() as stack:
            for name in sorted(set(names)):
                with suppress(FileNotFoundError):
                    stack.enter_context(self.at_hand(f"{folder}/{name}"))
            yield Path(settings.SCRATCH_ROOT) / self._kind / folder

    def walk(self, below: str = "") -> Iterator[Kept]:
        prefix = f"{self._key(below)}/" if below else f"{self.location.strip('/')}/"
        with _told():
            for found in self.bucket.objects.filter(Prefix=prefix):
                name = found.key[len(self.location.strip("/")) + 1 :]
                yield Kept(name, found.size, found.last_modified)

    def workshop(self) -> Path:
        folder = Path(settings.SCRATCH_ROOT)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def look(self) -> None:
        with _told():
            self.connection.meta.client.head_bucket(Bucket=self.bucket_name)

    def abort_unfinished(self, before: datetime, *, dry_run: bool = False) -> int:
        with _told():
            prefix = f"{self.location.strip('/')}/"
            old = [
                part
                for part in self.bucket.multipart_uploads.filter(Prefix=prefix)
                if part.initiated < before
            ]
            for part in [] if dry_run else old:
                part.abort()
        return len(old)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in GONE:
            raise FileNotFoundError(code) from error
        raise Unreachable(f"the bucket answers {code}") from error
    except (BotoCoreError, Boto3Error) as error:
        raise Unreachable(f"the bucket does not answer ({type(error).__name__})") from error


def _require(path: Path, sha256: str, name: str) -> None:
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
            raise Unreachable(f"{name} came with another hash than it was sent with")
