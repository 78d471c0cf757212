"""The shipped configuration of the proxy, run: nginx before two web servers with few threads."""

import base64
import http.client
import os
import shutil
import ssl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import takewhile
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.core.files.base import ContentFile

from leaderboard.domain import pictures, upload_tokens, uploads
from leaderboard.models import Phase, Picture, Rendering, Upload
from tests.deploy.shipped import GIVEN, ROOT
from tests.leaderboard import make
from tests.leaderboard.stack import Stack, free_port, listens

CONF = ROOT / "deploy" / "nginx.conf"
HOST = GIVEN["SITE_HOST"]
SUBMIT = "/challenges/lumir/phases/validation/submit/"
MIB = 2**20
NONE: Mapping[str, str] = {}
# More than the web server has threads for, and fewer than one address may have open.
TRICKLES = 12


class Proxy:
    """nginx with the shipped configuration; only places, ports and what an older nginx lacks are changed."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.stack = stack
        self.plain, self.port, pages, transfers = (free_port() for _ in range(4))
        changes = {
            "/tmp/": f"{folder}/",  # noqa: S108 the proxy's own
            "listen 8080": f"listen 127.0.0.1:{self.plain}",
            "listen 8443": f"listen 127.0.0.1:{self.port}",
            "server web:8000 resolve;": f"server 127.0.0.1:{pages};",
            "server transfers:8000 resolve;": f"server 127.0.0.1:{transfers};",
            "http2 on;": "",
            "/run/secrets/": f"{folder}/",
            "/data/media/": f"{settings.MEDIA_ROOT}/",
        }
        written = CONF.read_text()
        for shipped, here in changes.items():
            assert shipped in written
            written = written.replace(shipped, here)
        (folder / "nginx.conf").write_text(written)
        certify(folder)
        stack.web(pages)
        stack.web(transfers)
        rights = ["-g", "daemon off; user root;" if os.geteuid() == 0 else "daemon off;"]
        found = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
        assert found, "make browser fetches nginx"
        nginx = stack.run("nginx", [found, "-e", "stderr", "-p", str(folder), "-c", "nginx.conf", *rights])
        stack.wait(lambda: nginx.poll() is not None or all(map(listens, (pages, transfers, self.port))))
        assert nginx.poll() is None, stack.log()
        self.line = self.connect()

    def connect(self) -> http.client.HTTPSConnection:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=context)

    def ask(
        self, method: str, path: str, body: bytes = b"", *, headers: Mapping[str, str] = NONE
    ) -> tuple[int, bytes, dict[str, str]]:
        self.line.request(method, path, body or None, {"Host": HOST, **headers})
        answer = self.line.getresponse()
        return answer.status, answer.read(), dict(answer.headers)

    def begun(
        self, method: str, path: str, length: int, headers: Mapping[str, str]
    ) -> http.client.HTTPSConnection:
        """A connection on which a body is announced."""
        line = self.connect()
        line.putrequest(method, path, skip_host=True)
        for name, value in {"Host": HOST, "Content-Length": str(length), **headers}.items():
            line.putheader(name, value)
        line.endheaders()
        return line


def certify(folder: Path) -> None:
    """A certificate that nobody believes, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    (folder / "tls_certificate").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "tls_key").write_bytes(key.private_bytes(serialization.Encoding.PEM, *plain))


@pytest.fixture
def phase(transactional_db: None) -> Phase:
    return make.phase(challenge=make.challenge(slug="lumir"))


@pytest.fixture
def proxy(stack: Stack, phase: Phase, tmp_path: Path) -> Iterator[Proxy]:
    stack.environment |= {
        "HTTPS": "true",
        "ALLOWED_HOSTS": HOST,
        "SITE_URL": f"https://{HOST}",
        "TRUSTED_PROXIES": "1",
        "ACCEL_REDIRECT": "/private/",
        "WEB_WORKERS": "1",
        "WEB_THREADS": "2",
    }
    made = Proxy(stack, tmp_path)
    yield made
    made.line.close()


def picture(phase: Phase) -> tuple[str, Picture]:
    """A picture of a public dataset, and its address."""
    dataset = make.dataset(phase.challenge, public=True)
    phase.datasets.add(dataset)
    rendering = Rendering.objects.create(
        case=dataset.cases.all()[0], made_of="x", state="done", facts={}, seconds=1.0
    )
    content = b"a picture"
    facts = {"kind": "fixed", "plane": "axial", "width": 4, "height": 4, "sha256": "ab" * 32}
    made = Picture.objects.create(rendering=rendering, bytes=len(content), **facts)
    pictures.store().save(made.path, ContentFile(content))
    return f"/challenges/{phase.challenge.slug}/pictures/{rendering.name}/{made.filename}", made


def private_files_come_only_through_the_site(proxy: Proxy, phase: Phase) -> None:
    address, made = picture(phase)
    status, body, headers = proxy.ask("GET", address)
    assert (status, body) == (200, b"a picture")
    assert headers["ETag"] == f'"{made.sha256[:32]}"'
    assert (headers["Cache-Control"], headers["X-Content-Type-Options"]) == ("private, no-cache", "nosniff")
    assert "X-Accel-Redirect" not in headers
    assert proxy.ask("GET", address, headers={"Range": "bytes=2-4"})[:2] == (206, b"pic")
    below = Path(pictures.store().path(made.path)).relative_to(settings.MEDIA_ROOT)
    assert proxy.ask("GET", f"/private/{below}")[0] == 404


def a_body_without_a_reason_is_refused(proxy: Proxy) -> None:
    large = bytes(3 * MIB)
    assert proxy.ask("POST", "/accounts/login/", large)[0] == 413
    # A form with a file is for who seems to be logged in; the site then finds that nobody is.
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    assert proxy.ask("POST", SUBMIT, large, headers=form)[0] == 413
    assert proxy.ask("POST", SUBMIT, large, headers=form | {"Cookie": "sessionid=guessed"})[0] == 403


def an_upload_is_on_the_sites_disk_while_it_comes(proxy: Proxy, phase: Phase) -> None:
    captain = make.user()
    make.entry(make.team(phase.challenge, captain), name="Demons")
    known = {"Authorization": f"Bearer {upload_tokens.token_for(captain)}", "Tus-Resumable": "1.0.0"}
    told = {"phase": "lumir/validation", "entry": "demons", "filename": "fields.zip"}
    metadata = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in told.items())
    begun = known | {"Upload-Length": str(6 * MIB), "Upload-Metadata": metadata}
    status, body, headers = proxy.ask("POST", "/uploads/", headers=begun)
    assert status == 201, body
    piece = known | {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    line = proxy.begun("PATCH", headers["Location"], 6 * MIB, piece)
    line.send(bytes(5 * MIB))
    part = Path(settings.UPLOADS_ROOT) / f"{Upload.objects.get().pk}.part"
    proxy.stack.wait(lambda: part.exists() and part.stat().st_size == uploads.BLOCK)
    line.send(bytes(MIB))
    assert line.getresponse().status == 204
    line.close()


def what_an_asker_says_of_its_address_is_not_believed(proxy: Proxy) -> None:
    # Ten a minute are counted of each address.
    found = []
    for number in range(11):
        told = {"Content-Type": "application/csp-report", "X-Forwarded-For": f"203.0.113.{number}"}
        found.append(proxy.ask("POST", "/csp-reports/", b"{}", headers=told)[0])
    assert found == [204] * 10 + [429]


def trickles_stop_no_page(proxy: Proxy, phase: Phase) -> None:
    board = f"/challenges/lumir/phases/{phase.slug}/"
    with ExitStack() as lines:

        def trickle(path: str, headers: Mapping[str, str] = NONE) -> http.client.HTTPSConnection:
            line = proxy.begun("POST", path, 1000, headers)
            line.send(b"a")
            lines.callback(line.close)
            return line

        # With these the site reads the form before it refuses.
        token = {"Origin": f"https://{HOST}", "Content-Type": "multipart/form-data; boundary=x"}
        token["Cookie"] = f"csrftoken={'a' * 32}"
        form = token | {"Cookie": f"{token['Cookie']}; sessionid=guessed"}
        for _ in range(TRICKLES):
            trickle("/accounts/login/", token)
            trickle(SUBMIT, form)
        assert proxy.ask("GET", board)[0] == 200
        # Sixteen transfers at once are for one address.
        more = [trickle(SUBMIT, form) for _ in range(16 - TRICKLES + 1)]
        assert more[-1].getresponse().status == 503
        assert proxy.ask("GET", board)[0] == 200


def says(log: Path, view: str) -> bool:
    """Whether a view was asked of the process whose log this is."""
    return f"view={view}\n" in log.read_text()


def large_answers_come_from_the_processes_for_transfers(proxy: Proxy, phase: Phase) -> None:
    pages, transfers = (proxy.stack.logs / f"{number}-web.log" for number in (0, 1))
    board = f"/challenges/lumir/phases/{phase.slug}/"
    for path, view in ((f"{board}pairs.csv", "pairs_csv"), (f"{board}?figure=none", "leaderboard")):
        assert proxy.ask("GET", path)[0] in {200, 404}
        proxy.stack.wait(partial(says, transfers, view))
    assert not says(pages, "pairs_csv")
    # A form stays where its body is bounded, whatever it asks for.
    assert proxy.ask("POST", f"{board}?figure=none", bytes(3 * MIB))[0] == 413


def passwords_are_not_tried_without_end(proxy: Proxy) -> None:
    # Thirty at once, one more each second; who trickled has had some of them.
    found = (proxy.ask("POST", "/accounts/login/")[0] for _ in range(400))
    let_in = list(takewhile(lambda status: status != 429, found))
    assert set(let_in) == {403}
    assert 30 - TRICKLES <= len(let_in) < 400
    assert proxy.ask("GET", "/accounts/login/")[0] == 200


def the_rest_of_what_it_promises(proxy: Proxy) -> None:
    assert proxy.ask("GET", "/metrics")[0] == 404
    assert proxy.ask("GET", "/transfer")[0] == 404
    line = http.client.HTTPConnection("127.0.0.1", proxy.plain, timeout=60)
    line.request("GET", "/accounts/login/", headers={"Host": HOST})
    answer = line.getresponse()
    assert (answer.status, answer.headers["Location"]) == (301, f"https://{HOST}/accounts/login/")
    line.close()


def test_the_shipped_proxy(proxy: Proxy, phase: Phase) -> None:
    private_files_come_only_through_the_site(proxy, phase)
    a_body_without_a_reason_is_refused(proxy)
    an_upload_is_on_the_sites_disk_while_it_comes(proxy, phase)
    what_an_asker_says_of_its_address_is_not_believed(proxy)
    trickles_stop_no_page(proxy, phase)
    large_answers_come_from_the_processes_for_transfers(proxy, phase)
    passwords_are_not_tried_without_end(proxy)
    the_rest_of_what_it_promises(proxy)
