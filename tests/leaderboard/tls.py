"""TLS before a server that cannot speak it, in a process of its own, and certificates for it.

    python -m tests.leaderboard.tls CERTIFICATE SERVER [SAID]

SERVER is the path of a socket or HOST:PORT; SAID, in hexadecimal digits, is what a client says in plain
before it begins with TLS, answered with an S. The port is printed.
"""

import asyncio
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LIFE = timedelta(days=1)


def certified(folder: Path, name: str) -> Path:
    """Key and certificate of 127.0.0.1 in one file, which is its own CA."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + LIFE)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / f"{name}.pem"
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@contextmanager
def before(server: str, certificate: Path, said: bytes = b"") -> Iterator[int]:
    """Run it; yields the port."""
    command = [sys.executable, "-m", __name__, str(certificate), server, said.hex()]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.kill()


async def _hand_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(2**16):
            target.write(data)
    target.close()


async def _serve(certificate: str, server: str, said: bytes) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    host, _, port = server.rpartition(":")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if said and await reader.readexactly(len(said)) == said:
            writer.write(b"S")
        try:
            await writer.start_tls(context)
        except ssl.SSLError:  # who does not believe the certificate hangs up
            return
        opened = asyncio.open_connection(host, port) if host else asyncio.open_unix_connection(server)
        inside, to_inside = await opened
        await asyncio.gather(_hand_on(reader, to_inside), _hand_on(inside, writer))

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        sys.stdout.write(f"{listening.sockets[0].getsockname()[1]}\n")
        sys.stdout.flush()
        await listening.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], sys.argv[2], bytes.fromhex(sys.argv[3])))
