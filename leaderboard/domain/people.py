"""What people tell of themselves, and the terms they accept."""

import re
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from leaderboard.domain import notifications
from leaderboard.messages import Refused
from leaderboard.models import Challenge, Membership, Profile, TermsAcceptance


def profile_of(user: User) -> Profile:
    """A person's profile; an empty one, not saved, where there is none."""
    return Profile.objects.filter(user=user).first() or Profile(user=user)


def change_profile(user: User, **facts: Any) -> Profile:
    """Save a profile's fields; mails that wait follow a changed choice."""
    before = profile_of(user).mail
    with transaction.atomic():
        profile, _ = Profile.objects.update_or_create(user=user, defaults=facts)
        if profile.mail != before:
            notifications.reschedule(profile)
    return profile


def normal_orcid(text: str) -> str:
    """An ORCID iD as `0000-0002-1825-0097`, from that or its address. Raises Refused for a wrong one.

    The last character is a check digit of ISO 7064, MOD 11-2; 10 is written X.
    """
    bare = re.sub(r"^(https?://)?(www\.)?orcid\.org/", "", text.strip(), flags=re.IGNORECASE)
    characters = bare.replace("-", "").replace(" ", "").upper()
    if not re.fullmatch(r"[0-9]{15}[0-9X]", characters):
        raise Refused("orcid_wrong")
    total = 0
    for digit in characters[:-1]:
        total = (total + int(digit)) * 2
    if "0123456789X"[(12 - total % 11) % 11] != characters[-1]:
        raise Refused("orcid_wrong")
    return "-".join(characters[start : start + 4] for start in range(0, 16, 4))


def must_accept_terms(user: User, challenge: Challenge) -> bool:
    """Whether the terms as they are now were not accepted by this person yet."""
    if not challenge.terms:
        return False
    accepted = TermsAcceptance.objects.filter(challenge=challenge, user=user)
    return not accepted.filter(version__gte=challenge.terms_version).exists()


def require_terms(user: User, challenge: Challenge) -> None:
    """Raise Refused where the person has to accept the terms before anything else."""
    if must_accept_terms(user, challenge):
        raise Refused("terms_not_accepted", challenge=challenge.name)


def accept_terms(user: User, challenge: Challenge, version: int | None = None) -> int:
    """Record that a person accepted the challenge's terms, now; returns their version.

    version: the one that was read. Raises Refused where the terms have changed since.
    """
    with transaction.atomic():
        current = Challenge.objects.select_for_update(no_key=True).get(pk=challenge.pk).terms_version
        if version is not None and version != current:
            raise Refused("terms_changed")
        TermsAcceptance.objects.get_or_create(challenge=challenge, user=user, version=current)
        Membership.objects.filter(challenge=challenge, user=user).update(terms_version=current)
    return current
