"""Keys for uploads from the command line: for whom they open, and when no longer."""

import pytest

from leaderboard.domain import upload_tokens
from tests.leaderboard import make


def test_a_key_opens_until_it_is_too_old_or_the_password_changes(db: None) -> None:
    user = make.user()
    token = upload_tokens.token_for(user)
    assert upload_tokens.user_of(token) == user
    assert upload_tokens.user_of(token[:-1] + ("A" if token[-1] != "A" else "B")) is None
    assert upload_tokens.user_of("") is None
    user.set_password("another-long-one")
    user.save()
    assert upload_tokens.user_of(token) is None
    fresh = upload_tokens.token_for(user)
    user.is_active = False
    user.save()
    assert upload_tokens.user_of(fresh) is None


def test_an_old_key_opens_nothing(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    token = upload_tokens.token_for(make.user())
    monkeypatch.setattr(upload_tokens, "LIFE_DAYS", -1)
    assert upload_tokens.user_of(token) is None
