"""A server on the loopback that speaks S3, and buckets on it."""

import itertools
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from django.conf import settings

from leaderboard.storage import backends
from tests.leaderboard.stack import free_port

KEYS = ("an access key", "an open secret")
_number = itertools.count(1)


@contextmanager
def serving(port: int = 0) -> Iterator[str]:
    """Run moto's server in a thread of this process; yields its address."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", port, verbose=False)
    server.start()
    try:
        host, found = server.get_host_and_port()
        yield f"http://{host}:{found}"
    finally:
        server.stop()


def made(server: str) -> str:
    """A STORAGE_URL of a new bucket."""
    name = f"bucket-{os.getpid()}-{next(_number)}"
    quick = Config(retries={"total_max_attempts": 2})
    keys = {"aws_access_key_id": KEYS[0], "aws_secret_access_key": KEYS[1], "region_name": "us-east-1"}
    client = boto3.client("s3", endpoint_url=server, config=quick, **keys)
    client.create_bucket(Bucket=name)
    client.close()
    return f"s3://{name}/site?endpoint={server}&region=us-east-1"


def away() -> dict[str, Any]:
    """STORAGES of a bucket whose server does not answer."""
    gone = backends(f"s3://gone?endpoint=http://127.0.0.1:{free_port()}", *KEYS)
    for one in gone.values():
        one["OPTIONS"]["attempts"] = 1
    return {**settings.STORAGES, **gone}


def environment_of(storage: str) -> dict[str, str]:
    """What a process needs to find the storage of a test."""
    if storage == "folders":
        return {}
    names = ("S3_ACCESS_KEY", "S3_SECRET_KEY")
    told = dict(zip(names, KEYS, strict=True))
    return told | {"STORAGE_URL": storage, "SCRATCH_ROOT": str(settings.SCRATCH_ROOT)}
