"""What people are told, in the site and by mail as each chose; each thing once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from leaderboard.domain import audit, mail
from leaderboard.enums import MailChoice, NotificationKind, SubmissionState
from leaderboard.messages import notice
from leaderboard.models import (
    Announcement,
    AuditEvent,
    Challenge,
    Notification,
    Phase,
    Profile,
    Rescoring,
    Submission,
    Team,
)
from leaderboard.words import moment, zone

_K = NotificationKind
DIGEST_AT = time(7)
CLOSING_SOON = timedelta(hours=48)
OPENED_LATELY = timedelta(days=1)


def tell(
    users: Iterable[User],
    kind: NotificationKind,
    key: str,
    title: str,
    text: str = "",
    url: str = "",
    *,
    by_mail: bool = True,
) -> None:
    """Tell each of `users` once: whoever was told of `key` before hears nothing.

    Call it inside the transaction of what it tells of: the mail goes out when that commits.
    """
    wanted = {user.pk: user for user in users if user.is_active}
    told = Notification.objects.filter(key=key, user__in=wanted).values_list("user_id", flat=True)
    for pk in list(told):
        del wanted[pk]
    profiles = Profile.objects.in_bulk(wanted)
    at = timezone.now()
    rows = [
        Notification(
            user=user,
            kind=kind,
            key=key,
            title=title[:200],
            text=text,
            url=url,
            at=at,
            mail_after=first_try(profiles.get(pk), at) if by_mail and user.email else None,
        )
        for pk, user in wanted.items()
    ]
    Notification.objects.bulk_create(rows, ignore_conflicts=True)
    due = Notification.objects.filter(mail.DUE, key=key, user__in=wanted)
    for pk in due.values_list("pk", flat=True):
        mail.speak_of(f"notification:{pk}")


def first_try(profile: Profile | None, at: datetime) -> datetime | None:
    """When the mail of something told at `at` goes out: at once, with the next digest, or never."""
    choice = profile.mail if profile else MailChoice.EACH
    if choice == MailChoice.DIGEST:
        return next_digest(at, zone(profile.time_zone if profile else ""))
    return at if choice == MailChoice.EACH else None


def next_digest(at: datetime, where: ZoneInfo) -> datetime:
    """The next morning in a person's zone."""
    local = at.astimezone(where)
    today = datetime.combine(local.date(), DIGEST_AT, where)
    return today if today > local else datetime.combine(local.date() + timedelta(days=1), DIGEST_AT, where)


def reschedule(profile: Profile) -> None:
    """Let what is not mailed yet follow a changed choice of mail."""
    unsent = Notification.objects.filter(user=profile.user, mailed_at=None, mail_after__isnull=False)
    unsent.update(mail_after=first_try(profile, timezone.now()))


def members(team: Team) -> QuerySet[User]:
    return User.objects.filter(memberships__team=team)


def participants(challenge: Challenge) -> QuerySet[User]:
    return User.objects.filter(memberships__challenge=challenge)


def read(user: User, *pks: int) -> None:
    """Mark some notifications of a person as read, or all where none is named."""
    unread = Notification.objects.filter(user=user, read_at=None)
    (unread.filter(pk__in=pks) if pks else unread).update(read_at=timezone.now())


def submission_ended(pk: UUID | str) -> None:
    """Tell a team how its submission ended by itself; of a failure the organizers too."""
    submission = Submission.objects.select_related("entry__team", "phase__challenge").get(pk=pk)
    facts = {
        "entry": submission.entry.name,
        "team": submission.entry.team.name,
        "phase": submission.phase.name,
        "filename": submission.filename,
        "count": f"{len(submission.problems)} problem{'s' if len(submission.problems) != 1 else ''}",
    }
    # With the time: a failed submission that is tried again may end again.
    key = f"{submission.state}:{pk}:{submission.finished_at:%Y%m%d%H%M%S%f}"
    was_scored_before = submission.state == SubmissionState.CANCELLED
    kind = _K.SAME_FILE if was_scored_before else _K(submission.state)
    url = submission.get_absolute_url()
    tell(members(submission.entry.team), kind, key, *notice(kind, **facts), url)
    if submission.state == SubmissionState.FAILED:
        organizers = submission.phase.challenge.organizers.all()
        tell(organizers, kind, f"organizers:{key}", *notice("failed-organizers", **facts), url)


def of_the_organizers(submission: Submission, code: str, reason: str) -> None:
    """Tell a team what the organizers did with its submission; `code` is one of the notices."""
    team = submission.entry.team
    facts = {"entry": submission.entry.name, "phase": submission.phase.name, "filename": submission.filename}
    key = f"{code}:{submission.pk}:{timezone.now():%Y%m%d%H%M%S%f}"
    told = notice(code, **facts, reason=reason)
    tell(members(team), _K.TEAM, key, *told, submission.get_absolute_url())


def rescored(rescoring: Rescoring) -> None:
    """Tell the teams whose submissions were scored anew, and the organizers, that the new values count."""
    phase = rescoring.phase
    concerned = User.objects.filter(
        Q(memberships__team__entries__submissions__evaluations__rescoring=rescoring)
        | Q(organized_challenges=phase.challenge_id)
    ).distinct()
    told = notice(_K.RESCORED, phase=phase.name, reason=rescoring.decision_reason)
    tell(concerned, _K.RESCORED, f"rescored:{rescoring.pk}", *told, phase.get_absolute_url())


def no_room(challenge: Challenge, name: str, size: str, free: str) -> None:
    """Tell the organizers that an upload was refused for want of room; once an hour."""
    told = notice(_K.NO_ROOM, name=name, size=size, free=free)
    key = f"no-room:{challenge.pk}:{timezone.now():%Y%m%d%H}"
    with transaction.atomic():
        tell(challenge.organizers.all(), _K.NO_ROOM, key, *told, reverse("organize", args=[challenge.slug]))


def made_organizer(user: User, challenge: Challenge, who: str) -> None:
    """Tell a person that they run a challenge from now on."""
    key = f"organizer:{challenge.pk}:{timezone.now():%Y%m%d%H%M%S%f}"
    told = notice("organizer", who=who, challenge=challenge.name)
    tell([user], _K.INVITATION, key, *told, reverse("organize", args=[challenge.slug]))


def team_changed(users: Iterable[User], team: Team, code: str, **facts: object) -> None:
    """Tell of a change in a team; `code` is one of the notices."""
    key = f"team:{team.pk}:{code}:{timezone.now():%Y%m%d%H%M%S%f}"
    # Who is out of a team, or never was in it, cannot read its page.
    page = team.challenge if code in {"removed", "moved"} else team
    tell(users, _K.TEAM, key, *notice(code, team=team.name, **facts), page.get_absolute_url())


def rules_changed(events: Sequence[AuditEvent]) -> None:
    """Tell participants of changed rules: the public lines of the log that one change wrote, together."""
    public = [event for event in events if event.public]
    if not public:
        return
    challenge, phase = public[0].challenge, public[0].phase
    lines = "\n".join(_change_in_words(event) for event in public)
    title, text = notice("rule-change", what=phase.name if phase else challenge.name, changes=lines)
    url = phase.get_absolute_url() if phase else challenge.get_absolute_url()
    tell(participants(challenge), _K.RULE_CHANGE, f"rules:{public[0].pk}", title, text, url)


def _change_in_words(event: AuditEvent) -> str:
    change = f"from {event.before or 'nothing'} to {event.after or 'nothing'}"
    changed = f"{event.what}: {change}." if event.before or event.after else f"{event.what}."
    return f"{changed} {event.reason}".strip()


def announce(challenge: Challenge, by: User, title: str, text: str) -> Announcement:
    """Publish an announcement of the organizers and tell every participant and organizer."""
    with transaction.atomic():
        made = Announcement.objects.create(challenge=challenge, by=by, title=title, text=text)
        audit.record(challenge, by, f"Announcement: {title}")
        url = reverse("announcements", args=[challenge.slug])
        heard = User.objects.filter(
            Q(memberships__challenge=challenge) | Q(organized_challenges=challenge)
        ).distinct()
        tell(heard, _K.ANNOUNCEMENT, f"announcement:{made.pk}", title, text, f"{url}#announcement-{made.pk}")
    return made


def tell_of_phases() -> None:
    """Tell participants of phases that opened or close soon; again where organizers move the date."""
    now = timezone.now()
    running = Phase.objects.filter(paused=False, opens_at__lte=now).select_related("challenge")
    for phase in running.filter(Q(closes_at=None) | Q(closes_at__gt=now), opens_at__gt=now - OPENED_LATELY):
        before = User.objects.filter(
            memberships__challenge=phase.challenge, memberships__joined_at__lte=phase.opens_at
        )
        _tell_of_phase(before, phase, _K.PHASE_OPENED, phase.opens_at)
    for phase in running.filter(closes_at__gt=now, closes_at__lte=now + CLOSING_SOON):
        _tell_of_phase(participants(phase.challenge), phase, _K.PHASE_CLOSING, phase.closes_at)


def _tell_of_phase(users: QuerySet[User], phase: Phase, kind: NotificationKind, at: datetime | None) -> None:
    key = f"{kind}:{phase.pk}:{at:%Y%m%d%H%M%S}"
    for name, some in _by_zone(users.exclude(notifications__key=key)).items():
        with timezone.override(zone(name)):
            closes = moment(phase.closes_at)
            title, text = notice(
                kind,
                phase=phase.name,
                challenge=phase.challenge.name,
                closes=closes,
                until=f" until {closes}" if closes else "",
            )
        with transaction.atomic():
            tell(some, kind, key, title, text, phase.get_absolute_url())


def _by_zone(users: QuerySet[User]) -> Mapping[str, list[User]]:
    """People by the time zone of their profile: a time is told to each in their own."""
    zones: dict[str, list[User]] = defaultdict(list)
    for user in users.select_related("profile"):
        profile = getattr(user, "profile", None)
        zones[profile.time_zone if profile else ""].append(user)
    return zones
