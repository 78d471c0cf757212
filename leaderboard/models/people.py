"""What the site knows of a person beside the account, and what it tells them."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from leaderboard.enums import MailChoice, NotificationKind
from leaderboard.models.challenges import Challenge, Phase
from leaderboard.models.teams import Team


class Profile(models.Model):
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="profile", primary_key=True
    )
    name = models.CharField(max_length=120, blank=True)
    affiliation = models.CharField(max_length=200, blank=True)
    orcid = models.CharField("ORCID", max_length=19, blank=True)
    time_zone = models.CharField(max_length=64, blank=True, help_text="Empty: the browser's.")
    mail = models.CharField(max_length=8, choices=MailChoice, default=MailChoice.EACH)

    def __str__(self) -> str:
        return self.name or self.user.get_username()


class TermsAcceptance(models.Model):
    """Who accepted which version of a challenge's terms, when; kept when they leave."""

    challenge = models.ForeignKey(Challenge, models.CASCADE, related_name="acceptances")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="acceptances")
    version = models.PositiveIntegerField()
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["at"]
        constraints = [
            models.UniqueConstraint(fields=["challenge", "user", "version"], name="terms_accepted_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: terms {self.version} of {self.challenge}"


class Invitation(models.Model):
    """An invitation to a team, to an address or (without one) to whoever has the link."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="invitations")
    email = models.EmailField(blank=True)
    token = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(
        null=True, blank=True, help_text="Of one to an address: it works once."
    )
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.email or 'a link'} to {self.team}"


class AttemptGrant(models.Model):
    """Further attempts that organizers gave a team, with their reason."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="grants")
    phase = models.ForeignKey(Phase, models.CASCADE, related_name="grants")
    valid = models.PositiveIntegerField(default=0)
    invalid = models.PositiveIntegerField(default=0)
    reason = models.CharField(max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["at"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(valid=0, invalid=0), name="grant_gives_something"),
        ]

    def __str__(self) -> str:
        return f"{self.valid} valid and {self.invalid} invalid for {self.team}"


class Announcement(models.Model):
    challenge = models.ForeignKey(Challenge, models.CASCADE, related_name="announcements")
    title = models.CharField(max_length=160)
    text = models.TextField(help_text="Markdown.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return self.title


class Mailed(models.Model):
    """What goes out by mail; the row is the queue of record, `mail_after` its lease and its back-off."""

    mail_after = models.DateTimeField(
        null=True, blank=True, help_text="When to try (again); None: it is not to be mailed."
    )
    mailed_at = models.DateTimeField(null=True, blank=True)
    mail_error = models.CharField(max_length=300, blank=True)
    mail_tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        abstract = True


# Of its mails the sweeper asks every few seconds.
_TO_MAIL = models.Q(mailed_at__isnull=True, mail_after__isnull=False)


class Letter(Mailed):
    """A mail to an address that no notification stands for (confirm, reset, invite); deleted once sent.

    It carries secret links, so that nothing of it is kept.
    """

    to = models.EmailField()
    subject = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField(blank=True)
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["at"]
        indexes = [models.Index(fields=["mail_after"], condition=_TO_MAIL, name="letters_to_mail")]

    def __str__(self) -> str:
        return f"{self.subject}, to {self.to}"


class Notification(Mailed):
    """One thing told to one person: in the site, and by mail as they chose."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=32, choices=NotificationKind)
    title = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    url = models.CharField(max_length=300, blank=True)
    key = models.CharField(max_length=120, help_text="What it is about: told once.")
    at = models.DateTimeField(default=timezone.now, editable=False)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["user", "-at"]),
            models.Index(fields=["mail_after"], condition=_TO_MAIL, name="notices_to_mail"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="told_once"),
            models.CheckConstraint(
                condition=models.Q(kind__in=NotificationKind.values), name="notification_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class AuditEvent(models.Model):
    """What was changed, by whom, from what to what; `public` ones are the challenge's log of rule changes."""

    challenge = models.ForeignKey(Challenge, models.CASCADE, related_name="audit_events")
    phase = models.ForeignKey(Phase, models.SET_NULL, null=True, blank=True, related_name="audit_events")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now, editable=False)
    what = models.CharField(max_length=200)
    before = models.TextField(blank=True)
    after = models.TextField(blank=True)
    reason = models.CharField(max_length=500, blank=True)
    public = models.BooleanField(default=False)

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return self.what


class Worker(models.Model):
    """A worker process and when it was last heard of."""

    name = models.CharField(max_length=200, unique=True)
    pid = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    queues = models.CharField(
        max_length=300,
        blank=True,
        default="",
        db_default="",
        help_text="That it reads; empty: not told, all.",
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
