"""What the project ships to be deployed, and what an operator gives beside it."""

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
SITE = {"migrate", "web", "transfers", "worker", "pictures", "mailer", "beat", "tools"}
# They end by themselves.
ONCE = {"migrate", "tools"}
GIVEN = {"SITE_HOST": "lumir.example.org", "DEFAULT_FROM_EMAIL": "leaderboard@example.org"}
SECRETS = {
    "secret_key": "q7Rk2-vZ0xWc9LmT4bNj8YhPd3SgFa6UeQoViKtCyXwBzDuHnMrJlGsE",
    "database_password": "an open secret",
    "redis_password": "another",
    "email_url": "smtp+tls://user:password@mail.example.org:587",
    "metrics_token": "measure-me-if-you-may",
}


def beside(name: str) -> dict[str, Any]:
    """A file of deploy/ that is given beside the compose file."""
    parsed: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / name).read_text())
    return parsed
