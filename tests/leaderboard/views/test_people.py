"""Profile, terms, notifications, announcements; log-in limits and the second factor of organizers."""

import re
from datetime import UTC, datetime

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from leaderboard.domain import invitations, notifications, people, uploads
from leaderboard.enums import NotificationKind
from leaderboard.messages import Refused
from leaderboard.models import Challenge, Letter, Notification, Profile
from tests.leaderboard import make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh_limits() -> None:
    cache.clear()


def as_user(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


PROFILE = {
    "name": "Ada Lovelace",
    "affiliation": "Analytical Society",
    "orcid": "https://orcid.org/0000000218250097",
    "time_zone": "Asia/Tokyo",
    "mail": "digest",
}


def test_a_profile_is_saved_and_its_orcid_checked() -> None:
    user = make.user()
    client = as_user(user)
    assert client.post("/profile/", PROFILE)["Location"] == "/profile/"
    saved = Profile.objects.get(user=user)
    assert (saved.orcid, saved.time_zone, saved.mail) == ("0000-0002-1825-0097", "Asia/Tokyo", "digest")
    wrong = client.post("/profile/", PROFILE | {"orcid": "0000-0002-1825-0098", "name": "Eve"})
    assert "This is no ORCID iD" in wrong.content.decode()
    assert client.post("/profile/", PROFILE | {"time_zone": "Mars/Base"}).status_code == 200
    assert Profile.objects.get(user=user).name == "Ada Lovelace"


def test_nobody_has_a_profile_page_but_who_is_logged_in() -> None:
    for path in ("/profile/", "/notifications/"):
        assert Client().get(path)["Location"] == f"/accounts/login/?next={path}"


def test_times_are_told_in_the_profile_s_zone_before_the_browser_s() -> None:
    opens = datetime(2031, 7, 1, 12, 0, tzinfo=UTC)
    challenge = make.phase(opens_at=opens).challenge
    user = make.user()
    client = as_user(user)
    client.cookies["tz"] = "America/New_York"
    path = challenge.get_absolute_url()
    assert "1 Jul 2031, 08:00 EDT" in client.get(path).content.decode()
    people.change_profile(user, time_zone="Asia/Tokyo")
    page = client.get(path).content.decode()
    assert "1 Jul 2031, 21:00 JST" in page
    assert "(12:00 UTC)" in page
    people.change_profile(user, time_zone="")
    assert "08:00 EDT" in client.get(path).content.decode()


def test_new_terms_are_accepted_on_their_page_and_lead_on() -> None:
    challenge, user = make.challenge(terms="Be fair."), make.user()
    client, path = as_user(user), reverse("terms", args=[challenge.slug])
    assert "Accept them to go on" in client.get(path).content.decode()
    answer = client.post(f"{path}?next=/notifications/", {"terms": "on", "version": 1})
    assert answer["Location"] == "/notifications/"
    assert not people.must_accept_terms(user, challenge)
    assert "You have accepted them" in client.get(path).content.decode()
    stolen = client.post(f"{path}?next=//evil.example/", {"terms": "on", "version": 1})
    assert stolen["Location"] == challenge.get_absolute_url()


def test_whoever_has_not_accepted_the_terms_as_they_are_is_led_to_them_before_submitting() -> None:
    phase = make.phase(challenge=make.challenge(terms="Be fair."))
    entry = make.entry(make.team(phase.challenge))
    user = entry.team.members.get()
    path = f"{phase.get_absolute_url()}submit/"
    client = as_user(user)
    assert client.get(path).status_code == 200
    Challenge.objects.update(terms_version=2)
    terms = f"{reverse('terms', args=[phase.challenge.slug])}?next={path}"
    for answer in (client.get(path), client.post(path, {"name": "x"})):
        assert answer["Location"] == terms
    phase.challenge.refresh_from_db()
    with pytest.raises(Refused) as refused:
        uploads.begin(phase, entry, user, "fields.zip", 100)
    assert refused.value.code == "terms_not_accepted"
    assert client.post(terms, {"terms": "on", "version": 2})["Location"] == path
    assert client.get(path).status_code == 200


def told(user: User, key: str = "k", text: str = "", url: str = "") -> Notification:
    notifications.tell([user], NotificationKind.SCORED, key, "Warp is scored", text, url)
    return Notification.objects.get(user=user, key=key)


def test_the_bell_counts_until_what_it_counts_is_read() -> None:
    user = make.user()
    client = as_user(user)
    for number in range(3):
        told(user, str(number), url="/challenges/")
    assert "Notifications, 3 unread" in client.get("/notifications/").content.decode()
    first = Notification.objects.earliest("pk")
    assert client.get(f"/notifications/{first.pk}/")["Location"] == "/challenges/"
    assert "Notifications, 2 unread" in client.get("/notifications/").content.decode()
    client.post("/notifications/read/")
    assert "unread" not in client.get("/notifications/").content.decode()


def test_another_s_notification_is_not_there() -> None:
    row = told(make.user())
    assert as_user(make.user()).get(f"/notifications/{row.pk}/").status_code == 404
    row.refresh_from_db()
    assert row.read_at is None
    assert as_user(make.user()).get("/notifications/read/").status_code == 405


def test_what_is_told_is_text_but_for_organizers_markdown() -> None:
    user = make.user()
    told(user, text="[click](https://evil.example) <script>")
    notifications.tell([user], NotificationKind.ANNOUNCEMENT, "a", "News", "*Read* <script>x</script>this")
    page = as_user(user).get("/notifications/").content.decode()
    assert "[click](https://evil.example) &lt;script&gt;" in page
    assert "<em>Read</em>" in page
    assert "<script>x" not in page


def test_organizers_announce_and_all_may_read() -> None:
    challenge, organizer = make.challenge(), make.user()
    challenge.organizers.add(organizer)
    member = make.team(challenge).members.get()
    write, path = reverse("announce", args=[challenge.slug]), reverse("announcements", args=[challenge.slug])
    assert as_user(member).get(write).status_code == 404
    assert as_user(member).post(write, {"title": "x", "text": "x"}).status_code == 404
    assert "Write one" not in as_user(member).get(path).content.decode()
    client = as_user(organizer)
    assert "told to 1 participant " in client.get(write).content.decode()
    client.post(write, {"title": "Data fixed", "text": "Pair *3* was wrong."})
    assert "Pair <em>3</em> was wrong." in Client().get(path).content.decode()
    assert Notification.objects.get(user=member).title == "Data fixed"


# --- Log-in, sign-up ------------------------------------------------------------------------------

SIGN_UP = {"username": "grace", "password1": "compile-the-compiler", "password2": "compile-the-compiler"}


def sign_up(client: Client, address: str, **changes: str) -> int:
    return client.post("/accounts/signup/", SIGN_UP | {"email": address} | changes).status_code


def test_an_account_is_made_with_a_mailed_link_and_works_once_confirmed() -> None:
    client = Client()
    assert sign_up(client, "grace@example.org") == 302
    letter = Letter.objects.get()
    assert (letter.to, letter.subject) == ("grace@example.org", "Confirm your e-mail address")
    address = next(word for word in letter.text.split() if "/confirm-email/" in word)
    assert address in letter.html
    wanted = {"login": "grace", "password": SIGN_UP["password1"]}
    Client().post("/accounts/login/", wanted)
    assert not EmailAddress.objects.get().verified
    client.post(address.replace("http://testserver", ""))
    assert EmailAddress.objects.get().verified
    assert Client().post("/accounts/login/", wanted)["Location"] == "/"


def test_sign_up_and_reset_do_not_tell_who_has_an_account() -> None:
    known = make.user(username="ada")
    EmailAddress.objects.create(user=known, email=known.email, verified=True, primary=True)
    answers = []
    for address in (known.email, "nobody@example.org"):
        up = Client().post("/accounts/signup/", SIGN_UP | {"email": address}, follow=True)
        reset = Client().post("/accounts/password/reset/", {"email": address}, follow=True)
        assert (up.status_code, reset.status_code) == (200, 200)
        answers.append([page.content.decode().replace(address, "ADDRESS") for page in (up, reset)])
        User.objects.filter(username="grace").delete()
    assert answers[0] == answers[1]
    subjects = list(Letter.objects.order_by("pk").values_list("to", "subject"))
    assert subjects == [
        (known.email, "You have an account already"),
        (known.email, "Choose a new password"),
        ("nobody@example.org", "Confirm your e-mail address"),
        ("nobody@example.org", "Choose a new password"),
    ]


def test_log_in_says_the_same_of_a_wrong_password_and_of_nobody() -> None:
    make.user(username="ada", password="right-password")
    pages = []
    for name in ("ada", "bob"):
        page = Client().post("/accounts/login/", {"login": name, "password": "wrong-password"})
        text = page.content.decode().replace(name, "")
        pages.append(re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text))
    assert "are not correct" in pages[0]
    assert pages[0] == pages[1]


def test_five_wrong_passwords_close_an_account_for_a_while_and_no_other() -> None:
    for name in ("ada", "bob"):
        user = make.user(username=name, password="right-password")
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)

    def log_in(name: str, password: str) -> str:
        form = {"login": name, "password": password}
        return Client().post("/accounts/login/", form, follow=True).content.decode()

    for _ in range(5):
        assert "Wait five minutes" not in log_in("ada", "wrong-password")
    assert "Too many failed tries. Wait five minutes" in log_in("ada", "right-password")
    assert "Log out" in log_in("bob", "right-password")


def test_signing_up_in_bulk_is_stopped_with_a_page_that_says_so() -> None:
    statuses = [sign_up(Client(), f"p{n}@example.org", username=f"p{n}") for n in range(11)]
    assert statuses == [302] * 10 + [429]
    page = Client().post("/accounts/signup/", SIGN_UP | {"email": "x@example.org"}).content.decode()
    assert "Too many tries" in page
    assert User.objects.count() == 10


def test_a_made_up_forwarding_header_does_not_get_around_the_limit() -> None:
    made = [
        Client().post(
            "/accounts/signup/",
            SIGN_UP | {"email": f"p{n}@example.org", "username": f"p{n}"},
            headers={"X-Forwarded-For": f"10.0.0.{n}"},
        )
        for n in range(11)
    ]
    assert made[-1].status_code == 429


def test_the_mailed_invitation_s_link_confirms_the_address_it_was_mailed_to() -> None:
    team = make.team(make.challenge(), name="Engines")
    invitation = invitations.invite(team, team.members.get(), "grace@example.org")
    path = reverse("invitation", args=[invitation.token])
    client = Client()
    page = client.get(path).content.decode()
    assert "email=grace%40example.org" in page
    answer = client.post("/accounts/signup/", SIGN_UP | {"email": "Grace@example.org"})
    assert answer["Location"] == path
    assert EmailAddress.objects.get(email="grace@example.org").verified
    client.post(path, {"version": 1})
    assert team.members.filter(username="grace").exists()


def test_the_link_confirms_no_other_address() -> None:
    team = make.team(make.challenge())
    invitation = invitations.invite(team, team.members.get(), "grace@example.org")
    client = Client()
    client.get(reverse("invitation", args=[invitation.token]))
    assert client.post("/accounts/signup/", SIGN_UP | {"email": "eve@example.org"}).status_code == 302
    addresses = EmailAddress.objects.filter(user__username="grace")
    assert list(addresses.values_list("email", "verified")) == [("eve@example.org", False)]
    # The confirmed address leads back to the invitation.
    letter = Letter.objects.get(to="eve@example.org")
    address = next(word for word in letter.text.split() if "/confirm-email/" in word)
    answer = client.post(address.replace("http://testserver", ""))
    assert answer["Location"] == reverse("invitation", args=[invitation.token])


# --- The second factor of organizers --------------------------------------------------------------


@pytest.fixture
def organized(settings: Settings) -> tuple[Challenge, User]:
    settings.REQUIRE_ORGANIZER_MFA = True
    challenge, organizer = make.challenge(), make.user(is_staff=True)
    challenge.organizers.add(organizer)
    return challenge, organizer


def test_organizers_set_up_a_second_factor_before_any_page_of_theirs(
    organized: tuple[Challenge, User],
) -> None:
    challenge, organizer = organized
    client = as_user(organizer)
    for path in (reverse("announce", args=[challenge.slug]), "/organize/", "/organize/anything/", "/admin/"):
        for answer in (client.get(path), client.post(path)):
            assert (answer.status_code, answer["Location"]) == (302, reverse("mfa_activate_totp")), path
    assert client.get(challenge.get_absolute_url()).status_code == 200
    TOTP.activate(organizer, generate_totp_secret())
    assert client.get(reverse("announce", args=[challenge.slug])).status_code == 200


def test_others_learn_nothing_of_it(organized: tuple[Challenge, User]) -> None:
    assert as_user(make.user()).get(reverse("announce", args=[organized[0].slug])).status_code == 404


def test_the_admin_has_no_log_in_of_its_own(settings: Settings) -> None:
    answer = Client().get("/admin/login/?next=/admin/")
    assert answer["Location"].startswith("/accounts/login/")


def test_a_form_that_is_too_old_is_told_from_a_page_that_one_may_not_see() -> None:
    answer = Client(enforce_csrf_checks=True).post("/accounts/login/", {"login": "ada", "password": "x"})
    assert answer.status_code == 403
    assert "<h1>Send the form again</h1>" in answer.content.decode()
