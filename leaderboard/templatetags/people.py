"""Names of people."""

from django import template
from django.contrib.auth.models import AbstractBaseUser

register = template.Library()


@register.filter
def person(user: AbstractBaseUser) -> str:
    """A person's name with the user name, or that alone: `Ada Lovelace (ada)`."""
    profile = getattr(user, "profile", None)
    username = user.get_username()
    return f"{profile.name} ({username})" if profile and profile.name else username
