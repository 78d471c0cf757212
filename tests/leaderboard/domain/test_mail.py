"""Mail: what it says, and that no fault of a mail server loses one."""

import email
import email.policy
import socketserver
import threading
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from leaderboard.domain import mail, notifications
from leaderboard.enums import MailChoice, NotificationKind
from leaderboard.models import Letter, Notification, Profile
from tests.leaderboard import make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def mailbox(settings: Settings, tmp_path: Path) -> Path:
    """Mails land as files, as in the site's settings; Django's test runner had put its own in their place."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")
    return tmp_path / "mail"


def received(mailbox: Path) -> list[EmailMessage]:
    found = []
    for path in sorted(mailbox.glob("*")):
        # The backend puts a line of dashes after each.
        for text in path.read_bytes().split(b"\n" + b"-" * 79 + b"\n"):
            if text.strip():
                found.append(email.message_from_bytes(text.strip(), policy=email.policy.default))
    return found


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    text: str = body.get_content()
    return text


def told(
    mail_choice: str = MailChoice.EACH, title: str = "Ranked", text: str = "", url: str = ""
) -> Notification:
    user = make.user()
    Profile.objects.create(user=user, mail=mail_choice)
    notifications.tell([user], NotificationKind.SCORED, "key", title, text, url)
    return Notification.objects.get(user=user)


def due(row: Notification | Letter) -> None:
    type(row).objects.filter(pk=row.pk).update(mail_after=timezone.now() - timedelta(seconds=1))


def test_a_notification_is_mailed_in_both_forms_with_its_link(mailbox: Path) -> None:
    row = told(title="A & B\nis scored", text="All <cases> are done.", url="/submissions/1/")
    assert mail.waiting() == [f"notification:{row.pk}"]
    mail.send(f"notification:{row.pk}")
    (message,) = received(mailbox)
    assert message["Subject"] == "A & B is scored"
    assert message["To"] == row.user.email
    text, html = part(message, "plain"), part(message, "html")
    assert "All <cases> are done." in text
    assert "All &lt;cases&gt; are done." in html
    for body in (text, html):
        assert "http://localhost:8000/submissions/1/" in body
        assert "http://localhost:8000/profile/" in body
    row.refresh_from_db()
    assert (row.mailed_at is not None, row.mail_tries, row.mail_error) == (True, 1, "")
    assert mail.waiting() == []


def test_a_message_that_comes_twice_mails_once(mailbox: Path) -> None:
    row = told()
    for _ in range(3):
        mail.send(f"notification:{row.pk}")
    assert len(received(mailbox)) == 1


def test_who_wants_no_mail_gets_none_and_reads_it_in_the_site(mailbox: Path) -> None:
    row = told(MailChoice.OFF)
    mail.send(f"notification:{row.pk}")
    assert (received(mailbox), mail.waiting(), row.read_at) == ([], [], None)


def test_a_day_s_notifications_go_into_one_mail(mailbox: Path) -> None:
    first = told(MailChoice.DIGEST, title="First", text="One.", url="/one/")
    for number, name in enumerate(("Second", "Third")):
        notifications.tell([first.user], NotificationKind.ANNOUNCEMENT, f"{number}", name, "*Read* it.")
    assert mail.waiting() == [], "it waits for the morning"
    Notification.objects.update(mail_after=timezone.now() - timedelta(seconds=1))
    assert mail.waiting() == [f"digest:{first.user_id}"]
    for _ in range(2):
        mail.send(f"digest:{first.user_id}")
    (message,) = received(mailbox)
    assert message["Subject"] == "Third, and 2 more"
    text, html = part(message, "plain"), part(message, "html")
    for name in ("First", "Second", "Third"):
        assert name in text
        assert name in html
    assert "<em>Read</em> it." in html
    assert "http://localhost:8000/one/" in text
    assert not Notification.objects.filter(mailed_at=None).exists()


def test_a_letter_s_row_with_its_secret_link_is_gone_once_it_is_sent(mailbox: Path) -> None:
    letter = mail.write(
        "grace@example.org",
        "invitation",
        subject="Ada invites you",
        who="Ada",
        team="Warp & Co",
        challenge="LUMIR",
        url="/invitations/secret/",
        until="tomorrow",
    )
    assert mail.waiting() == [f"letter:{letter.pk}"]
    mail.send(f"letter:{letter.pk}")
    (message,) = received(mailbox)
    assert message["To"] == "grace@example.org"
    assert "the team Warp & Co in LUMIR" in part(message, "plain")
    assert "the team Warp &amp; Co in LUMIR" in part(message, "html")
    assert not Letter.objects.exists()
    mail.send(f"letter:{letter.pk}")
    assert len(received(mailbox)) == 1


def test_a_mail_server_that_is_away_delays_and_loses_nothing(settings: Settings, mailbox: Path) -> None:
    row, letter = told(), mail.post("grace@example.org", "Subject", "Text")
    backend = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    waits = []
    for tries in range(1, 4):
        for what in mail.waiting():
            mail.send(what)
        assert mail.waiting() == [], "nothing is hammered"
        row.refresh_from_db()
        letter.refresh_from_db()
        assert (row.mail_tries, letter.mail_tries) == (tries, tries)
        assert "ConnectionRefusedError" in row.mail_error
        assert row.mail_after is not None
        waits.append(round((row.mail_after - timezone.now()).total_seconds() / 60))
        due(row)
        due(letter)
    assert waits == [1, 2, 5]
    settings.EMAIL_BACKEND = backend
    for what in mail.waiting():
        mail.send(what)
    assert {message["To"] for message in received(mailbox)} == {row.user.email, "grace@example.org"}
    row.refresh_from_db()
    assert (row.mail_error, row.mail_tries) == ("", 4)


class RefusingServer(socketserver.StreamRequestHandler):
    """As much of SMTP as is needed to refuse a recipient for good."""

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        for line in self.rfile:
            verb = line[:4].upper()
            answer = {b"RCPT": b"550 no such user", b"QUIT": b"221 bye"}.get(verb, b"250 fine")
            self.wfile.write(answer + b"\r\n")
            if verb == b"QUIT":
                return


@pytest.fixture
def refusing(settings: Settings) -> Iterator[None]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), RefusingServer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.server_address[1]
        yield
        server.shutdown()


@pytest.mark.usefixtures("refusing")
def test_an_address_that_is_refused_for_good_is_not_tried_again() -> None:
    row = told()
    mail.send(f"notification:{row.pk}")
    row.refresh_from_db()
    assert (row.mail_after, row.mailed_at) == (None, None)
    assert "no such user" in row.mail_error


@pytest.mark.django_db(transaction=True)
def test_eight_workers_with_one_message_send_one_mail(mailbox: Path) -> None:
    row = told()
    barrier = threading.Barrier(8)

    def run() -> None:
        barrier.wait()
        mail.send(f"notification:{row.pk}")
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(received(mailbox)) == 1
