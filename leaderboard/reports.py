"""Reports of errors to a Sentry server, where SENTRY_DSN names one; they carry no personal data."""

import re
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured

from leaderboard import logs

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

# What a request may tell of itself; everything else of it stays here.
_HEADERS = frozenset({"content-type", "content-length", "accept"})
_ADDRESS = re.compile(r"[^\s@<>\"'(),;:]+@[^\s@<>\"'(),;:]+")
HIDDEN = "[removed]"


def begin(dsn: str, release: str) -> None:
    """Report from this process on; does nothing without a DSN."""
    if not dsn:
        return
    try:
        import sentry_sdk
    except ImportError as error:
        raise ImproperlyConfigured("SENTRY_DSN is set, but the extra `sentry` is not installed.") from error
    sentry_sdk.init(
        dsn=dsn,
        release=release,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        server_name="site",
        before_send=scrubbed,
    )


def scrubbed(event: "Event", hint: "Hint") -> "Event | None":  # noqa: ARG001 the signature is Sentry's
    """An event without people: no user, cookies, addresses of mail or keys in addresses of pages."""
    event.pop("user", None)
    event.pop("extra", None)
    event["tags"] = {logs.REQUEST_ID: logs.current_id()}
    if "request" in event:
        event["request"] = _request(event["request"])
    # Named by the view, not by the address: invitations and passwords have their keys in it.
    found: Event = _without_addresses(event)
    return found


def _request(request: dict[str, Any]) -> dict[str, Any]:
    headers = {name: value for name, value in request.get("headers", {}).items() if name.lower() in _HEADERS}
    return {"method": request.get("method"), "headers": headers}


def _without_addresses(value: Any) -> Any:
    if isinstance(value, str):
        return _ADDRESS.sub(HIDDEN, value)
    if isinstance(value, dict):
        return {key: _without_addresses(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_addresses(item) for item in value]
    return value
