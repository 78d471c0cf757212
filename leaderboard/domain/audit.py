"""The log of what people changed; its public part is the challenge's log of rule changes."""

from django.contrib.auth.models import User

from leaderboard.models import AuditEvent, Challenge, Phase


def record(
    challenge: Challenge,
    by: User | None,
    what: str,
    *,
    before: str = "",
    after: str = "",
    reason: str = "",
    phase: Phase | None = None,
    public: bool = False,
) -> AuditEvent:
    """Write one line; call it inside the transaction of the change itself."""
    return AuditEvent.objects.create(
        challenge=challenge,
        phase=phase,
        by=by,
        what=what[:200],
        before=before,
        after=after,
        reason=reason,
        public=public,
    )
