"""Where the site's files lie: STORAGE_URL names a bucket, or without it they lie in folders.

    s3://BUCKET[/PREFIX][?endpoint=https://HOST:PORT][&region=NAME][&addressing=path|virtual]

A bucket has the same names below its prefix as DATA_DIR has below it, so that files can be moved over.
"""

import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.core.exceptions import ImproperlyConfigured

# Name in STORAGES -> the setting of the folder, what is below it, and where that is in a bucket.
KINDS = {
    "uploads": ("UPLOADS_ROOT", "", "uploads"),
    "ground-truth": ("GROUND_TRUTH_ROOT", "", "ground-truth"),
    "pictures": ("MEDIA_ROOT", "pictures", "media/pictures"),
    "tables": ("MEDIA_ROOT", "tables", "media/tables"),
}
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"([A-Za-z0-9_-][A-Za-z0-9._-]*/)*")
_ADDRESSING = frozenset({"path", "virtual"})


def backends(address: str, access_key: str, secret_key: str) -> dict[str, dict[str, Any]]:
    """What STORAGES has for each kind of files. Raises ImproperlyConfigured."""
    if bool(access_key) != bool(secret_key):
        raise ImproperlyConfigured("Only one of S3_ACCESS_KEY and S3_SECRET_KEY is set; name both or none.")
    if not address:
        if access_key:
            raise ImproperlyConfigured("S3_ACCESS_KEY is set without a STORAGE_URL that it opens.")
        return {name: _folder(setting, below) for name, (setting, below, _) in KINDS.items()}
    options, prefix = _parsed(address)
    keys = {"access_key": access_key, "secret_key": secret_key} if access_key else {}
    return {
        name: {
            "BACKEND": "leaderboard.bucket.Bucket",
            "OPTIONS": {**options, **keys, "location": f"{prefix}{place}", "kind": name},
        }
        for name, (_, _, place) in KINDS.items()
    }


def _folder(setting: str, below: str) -> dict[str, Any]:
    return {"BACKEND": "leaderboard.folder.Folder", "OPTIONS": {"setting": setting, "below": below}}


def _parsed(address: str) -> tuple[dict[str, str], str]:
    """The bucket's options, and a prefix that is empty or ends with a slash."""
    parts = urlsplit(address)
    prefix = f"{parts.path.strip('/')}/" if parts.path.strip("/") else ""
    if parts.scheme != "s3" or parts.fragment or not _BUCKET.fullmatch(parts.netloc):
        raise ImproperlyConfigured(
            "STORAGE_URL is s3://BUCKET[/PREFIX]; keys stand in S3_ACCESS_KEY and S3_SECRET_KEY."
        )
    if not _PREFIX.fullmatch(prefix):
        raise ImproperlyConfigured("The prefix of STORAGE_URL is made of letters, digits, dots, - and _.")
    given = parse_qsl(parts.query, keep_blank_values=True)
    asked = dict(given)
    if len(asked) < len(given) or not set(asked) <= {"endpoint", "region", "addressing"}:
        raise ImproperlyConfigured("STORAGE_URL takes endpoint, region and addressing, each once.")
    if "endpoint" in asked and not _is_endpoint(asked["endpoint"]):
        raise ImproperlyConfigured("The endpoint in STORAGE_URL is https://HOST[:PORT], or http:// inside.")
    if asked.get("addressing", "path") not in _ADDRESSING:
        raise ImproperlyConfigured("The addressing in STORAGE_URL is path or virtual.")
    names = {"endpoint": "endpoint_url", "region": "region_name", "addressing": "addressing"}
    return {"bucket_name": parts.netloc} | {names[name]: value for name, value in asked.items()}, prefix


def _is_endpoint(address: str) -> bool:
    parts = urlsplit(address)
    plain = not (parts.path.strip("/") or parts.query or parts.username)
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and plain
