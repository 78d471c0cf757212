"""STORAGE_URL: what is understood, and what is refused with words."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from leaderboard.storage import KINDS, backends

KEYS = ("an access key", "an open secret")


def test_a_bucket_is_named_with_all_that_is_needed() -> None:
    address = "s3://lumir-files/a/b?endpoint=https://s3.example.org:9000&region=eu-1&addressing=path"
    options = backends(address, *KEYS)["pictures"]["OPTIONS"]
    assert options == {
        "bucket_name": "lumir-files",
        "endpoint_url": "https://s3.example.org:9000",
        "region_name": "eu-1",
        "addressing": "path",
        "access_key": KEYS[0],
        "secret_key": KEYS[1],
        "location": "a/b/media/pictures",
        "kind": "pictures",
    }


def test_without_keys_those_of_the_machine_are_taken() -> None:
    options = backends("s3://lumir-files", "", "")["uploads"]["OPTIONS"]
    assert options == {"bucket_name": "lumir-files", "location": "uploads", "kind": "uploads"}


def test_without_an_address_files_lie_in_folders() -> None:
    found = backends("", "", "")
    assert set(found) == set(KINDS)
    assert {one["BACKEND"] for one in found.values()} == {"leaderboard.folder.Folder"}


@pytest.mark.parametrize(
    ("address", "keys", "words"),
    [
        ("s3://lumir-files", ("key", ""), "Only one of S3_ACCESS_KEY and S3_SECRET_KEY"),
        ("", KEYS, "without a STORAGE_URL"),
        ("lumir-files", KEYS, "is s3://BUCKET"),
        ("https://s3.example.org/lumir-files", KEYS, "is s3://BUCKET"),
        ("s3://", KEYS, "is s3://BUCKET"),
        ("s3://key:secret@lumir-files", KEYS, "keys stand in S3_ACCESS_KEY"),
        ("s3://LUMIR", KEYS, "is s3://BUCKET"),
        ("s3://lumir-files/../other", KEYS, "The prefix"),
        ("s3://lumir-files?region=a&region=b", KEYS, "each once"),
        ("s3://lumir-files?endpiont=https://s3.example.org", KEYS, "takes endpoint, region"),
        ("s3://lumir-files?endpoint=s3.example.org", KEYS, "The endpoint"),
        ("s3://lumir-files?endpoint=https://s3.example.org/lumir", KEYS, "The endpoint"),
        ("s3://lumir-files?addressing=auto", KEYS, "The addressing"),
    ],
)
def test_nonsense_is_refused(address: str, keys: tuple[str, str], words: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=words):
        backends(address, *keys)
