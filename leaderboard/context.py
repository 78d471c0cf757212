"""What every page knows: the challenge it belongs to, for the navigation."""

from functools import cached_property

from django.contrib.auth.models import User
from django.http import HttpRequest

from leaderboard import rules
from leaderboard.domain import teams
from leaderboard.models import Challenge, Notification, Phase, Team
from leaderboard.queries import challenges

# What in an address tells the challenge.
LOOKUPS = {"challenge": "slug", "team": "teams__slug", "submission": "phases__submissions"}


class Nav:
    """The current challenge, its phases and the viewer's team; each read at most once, when asked for."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def _named(self) -> dict[str, str]:
        """What in the address tells the challenge, by its lookup."""
        match = self._request.resolver_match
        return {
            LOOKUPS[name]: value for name, value in (match.kwargs if match else {}).items() if name in LOOKUPS
        }

    @cached_property
    def _of_address(self) -> list[challenges.PhaseRow]:
        """The phases of the challenge whose slug is in the address, which come with it in one query."""
        return challenges.phases_in(self._named["slug"]) if "slug" in self._named else []

    @cached_property
    def challenge(self) -> Challenge | None:
        """The challenge of the address, else the newest one."""
        if self._of_address:
            return self._of_address[0].phase.challenge
        found = Challenge.objects.filter(**self._named).first() if self._named else None
        return found or Challenge.objects.order_by("-created_at").first()

    @cached_property
    def phases(self) -> list[challenges.PhaseRow]:
        return self._of_address or (challenges.phases_of(self.challenge) if self.challenge else [])

    @cached_property
    def phase(self) -> Phase | None:
        return challenges.current_phase(self.phases)

    @cached_property
    def team(self) -> Team | None:
        user = self._request.user
        if self.challenge is None or not isinstance(user, User):
            return None
        return teams.team_of(user, self.challenge)

    @cached_property
    def organizes(self) -> bool:
        """Whether the viewer organizes the current challenge; a second factor is asked for on the way."""
        return self.challenge is not None and rules.organizes(self._request.user, self.challenge)

    @property
    def _may_look(self) -> bool:
        return self.challenge is not None and rules.is_organizer(self._request.user, self.challenge)

    @cached_property
    def eyes(self) -> str:
        """Through whose eyes an organizer looks at the page; empty for their own, and for anybody else."""
        word = self._request.GET.get("as", "")
        if not word or self._request.path.startswith("/organize/") or not self._may_look:
            return ""
        return word if word in rules.LOOKS else "public"

    @cached_property
    def asked(self) -> str:
        """What the address asks for beside the eyes to look through."""
        query = self._request.GET.copy()
        query.pop("as", None)
        return query.urlencode(safe=",:")

    @cached_property
    def unread(self) -> int:
        """How many notifications the viewer has not read."""
        user = self._request.user
        return Notification.objects.filter(user=user, read_at=None).count() if isinstance(user, User) else 0


def nav_of(request: HttpRequest) -> Nav:
    """The navigation of a request, the same each time."""
    found: Nav = vars(request).setdefault("nav", Nav(request))
    return found


def site(request: HttpRequest) -> dict[str, Nav]:
    """Context processor: `nav` in every template (django-allauth has a `site` of its own)."""
    return {"nav": nav_of(request)}
