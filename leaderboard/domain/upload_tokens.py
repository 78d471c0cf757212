"""Keys with which a person uploads from the command line: signed, short-lived, and stored nowhere."""

from django.contrib.auth.models import User
from django.core import signing
from django.utils.crypto import constant_time_compare

LIFE_DAYS = 7
_SALT = "leaderboard.uploads"


def token_for(user: User) -> str:
    """A key that opens uploads for seven days, or until the password is changed."""
    return signing.dumps([user.pk, _password_mark(user)], salt=_SALT)


def user_of(token: str) -> User | None:
    """The active person whose key this is, or None where it is false, too old, or revoked."""
    try:
        pk, mark = signing.loads(token, salt=_SALT, max_age=LIFE_DAYS * 86_400)
    except signing.BadSignature:
        return None
    user = User.objects.filter(pk=pk, is_active=True).first()
    return user if user and constant_time_compare(mark, _password_mark(user)) else None


def _password_mark(user: User) -> str:
    return user.get_session_auth_hash()[:16]
