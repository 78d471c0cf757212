"""Mail: rows are the queue, messages only hints; a mail server that is away delays and loses nothing."""

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from smtplib import SMTPRecipientsRefused
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.utils import timezone

from leaderboard import tasks
from leaderboard.enums import MailChoice, NotificationKind
from leaderboard.models import Letter, Notification

logger = logging.getLogger(__name__)
AT_ONCE = 500
# Minutes until the next try; the first is also the lease of a try, so it is longer than EMAIL_TIMEOUT.
BACK_OFF = (1, 2, 5, 10, 30, 60)
DUE = Q(mailed_at__isnull=True, mail_after__lte=Now())


def write(to: str, template: str, **context: Any) -> Letter:
    """Write a letter by `mail/<template>.{txt,html}` and have it sent when the transaction commits.

    The subject is the context's `subject`.
    """
    subject, text, html = rendered(template, **context)
    return post(to, subject, text, html)


def post(to: str, subject: str, text: str, html: str = "") -> Letter:
    """Have a finished letter sent when the transaction commits."""
    letter = Letter.objects.create(
        to=to, subject=_one_line(subject), text=text, html=html, mail_after=timezone.now()
    )
    speak_of(f"letter:{letter.pk}")
    return letter


def rendered(template: str, **context: Any) -> tuple[str, str, str]:
    """Subject, plain text and HTML of a mail."""
    context |= {"site": settings.SITE_URL}
    text = render_to_string(f"mail/{template}.txt", context).strip() + "\n"
    return _one_line(context["subject"]), text, render_to_string(f"mail/{template}.html", context)


def speak_of(what: str) -> None:
    """Send the message of one mail when the transaction commits."""
    transaction.on_commit(partial(tasks.send_mail.delay, what), robust=True)


def waiting() -> list[str]:
    """What is due: `letter:<pk>`, `notification:<pk>`, and for a day's mail together `digest:<user>`."""
    letters = Letter.objects.filter(DUE).values_list("pk", flat=True)[:AT_ONCE]
    notices = Notification.objects.filter(DUE).values_list("pk", "user_id", "user__profile__mail")[:AT_ONCE]
    told = [
        f"digest:{user}" if choice == MailChoice.DIGEST else f"notification:{pk}"
        for pk, user, choice in notices
    ]
    return [*(f"letter:{pk}" for pk in letters), *dict.fromkeys(told)]


def send(what: str) -> None:
    """Send what one name of `waiting` stands for; does nothing where it is sent, or not due yet."""
    kind, _, pk = what.partition(":")
    SENDERS[kind](int(pk))


def _send_letter(pk: int) -> None:
    for letter in _claim(Letter.objects.filter(pk=pk)):
        if _went_out(Letter.objects.filter(pk=pk), letter.to, letter.subject, letter.text, letter.html):
            letter.delete()


def _send_notification(pk: int) -> None:
    for notice in _claim(Notification.objects.filter(pk=pk)):
        content = rendered(
            "notification",
            subject=notice.title,
            notice=notice,
            is_markdown=notice.kind == NotificationKind.ANNOUNCEMENT,
        )
        _went_out(Notification.objects.filter(pk=pk), notice.user.email, *content)


def _send_digest(user: int) -> None:
    notices = _claim(Notification.objects.filter(user_id=user))
    if not notices:
        return
    count = len(notices)
    subject = notices[0].title if count == 1 else f"{notices[0].title}, and {count - 1} more"
    content = rendered("digest", subject=subject, notices=notices)
    rows = Notification.objects.filter(pk__in=[notice.pk for notice in notices])
    _went_out(rows, User.objects.get(pk=user).email, *content)


SENDERS: Mapping[str, Callable[[int], None]] = {
    "letter": _send_letter,
    "notification": _send_notification,
    "digest": _send_digest,
}


def _claim(rows: "QuerySet[Any]") -> list[Any]:
    """Take the due ones of some rows: none of them is due again before the back-off is over."""
    with transaction.atomic():
        taken = list(rows.filter(DUE).select_for_update(skip_locked=True))
        if not taken:
            return []
        tries = max(row.mail_tries for row in taken)
        pause = timedelta(minutes=BACK_OFF[min(tries, len(BACK_OFF) - 1)])
        rows.filter(pk__in=[row.pk for row in taken]).update(
            mail_tries=F("mail_tries") + 1, mail_after=Now() + Value(pause)
        )
    return taken


def _went_out(rows: "QuerySet[Any]", to: str, subject: str, text: str, html: str) -> bool:
    """Hand one mail over and note in `rows` how that went; sent twice rather than not at all."""
    message = EmailMultiAlternatives(subject, text, settings.DEFAULT_FROM_EMAIL, [to])
    if html:
        message.attach_alternative(html, "text/html")
    try:
        message.send()
    except SMTPRecipientsRefused as refused:
        hopeless = all(code >= 500 for code, _ in refused.recipients.values())
        rows.update(mail_error=str(refused)[:300], **({"mail_after": None} if hopeless else {}))
        return False
    except Exception as error:  # noqa: BLE001 whatever it is: the row says so, and it is tried again
        # Not its text: servers repeat addresses in it.
        logger.warning("A mail did not go out (%s)", type(error).__name__)
        rows.update(mail_error=f"{type(error).__name__}: {error}"[:300])
        return False
    rows.update(mailed_at=Now(), mail_error="")
    return True


def _one_line(subject: str) -> str:
    return " ".join(subject.split())[:200]
