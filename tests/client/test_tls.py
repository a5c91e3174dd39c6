"""TLS on loopback, for real: an authority that only the environment vouches for is refused, and no key is logged."""

from __future__ import annotations

import datetime
import ipaddress
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from takedown_cli.client import tls
from takedown_cli.client.transport import Transport
from takedown_cli.core.errors import UnreachableError
from takedown_cli.protocol.addresses import IntakeAddress
from tests.client.hostile import Server, _Handler


@dataclass(frozen=True)
class Tls:
    """A server on loopback under a self-made authority, whose certificate is in ``authority``."""

    server: Server
    authority: Path

    @property
    def origin(self) -> str:
        return f"https://localhost:{self.server.server_port}"


def _certificate(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    ca: bool,
    days: tuple[int, int] = (-3, 1),
) -> x509.Certificate:
    name, day = x509.NameAttribute, datetime.timedelta(days=1)
    now = datetime.datetime.now(datetime.UTC)
    hosts = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    usage = {"digital_signature": not ca, "key_cert_sign": ca, "crl_sign": ca}
    others = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only")
    every = {**usage, **dict.fromkeys((*others, "decipher_only"), False)}
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([name(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([name(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + days[0] * day)
        .not_valid_after(now + days[1] * day)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**every), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if not ca:
        made = made.add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return made.sign(issuer_key, hashes.SHA256())


@contextmanager
def serving_tls(folder: Path, *, days: tuple[int, int] = (-3, 1)) -> Iterator[Tls]:
    """A server under an authority of its own making, whose file is in ``folder``; valid on these days from today."""
    root, leaf = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    pem = serialization.Encoding.PEM
    authority, chain = folder / "authority.pem", folder / "server.pem"
    authority.write_bytes(_certificate("Eve", root, "Eve", root, ca=True).public_bytes(pem))
    private = leaf.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    certificate = _certificate("localhost", leaf, "Eve", root, ca=False, days=days)
    chain.write_bytes(private + certificate.public_bytes(pem))
    server = Server(("127.0.0.1", 0), _Handler)
    server.behaviour, server.seen = lambda *_: (200, {}, b"hello"), []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Tls(server, authority)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def eavesdropper(tmp_path: Path) -> Iterator[Tls]:
    """Somebody who stands between, with an authority of their own making."""
    with serving_tls(tmp_path) as server:
        yield server


def _python_believes(server: Tls) -> bool:
    """Whether the standard library's default context would talk to it: the control of each experiment."""
    try:
        with (
            socket.create_connection(("127.0.0.1", server.server.server_port)) as plain,
            ssl.create_default_context().wrap_socket(plain, server_hostname="localhost") as safe,
        ):
            safe.sendall(b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n")
            return bool(safe.recv(1))
    except ssl.SSLCertVerificationError:
        return False


def test_a_self_made_authority_is_refused(eavesdropper: Tls) -> None:
    with Transport(IntakeAddress.parse(eavesdropper.origin)) as transport, pytest.raises(UnreachableError):
        transport.get("/v1/keys")
    assert eavesdropper.server.seen == []


def test_ssl_cert_file_makes_no_authority(eavesdropper: Tls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(eavesdropper.authority))
    assert _python_believes(eavesdropper)
    eavesdropper.server.seen.clear()
    with Transport(IntakeAddress.parse(eavesdropper.origin)) as transport, pytest.raises(UnreachableError):
        transport.get("/v1/keys")
    assert eavesdropper.server.seen == []


@pytest.mark.skipif(shutil.which("openssl") is None, reason="names the file as OpenSSL looks for it")
def test_ssl_cert_dir_makes_no_authority(eavesdropper: Tls, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = eavesdropper.authority.parent / "authorities"
    folder.mkdir()
    command = ["openssl", "x509", "-noout", "-subject_hash", "-in", str(eavesdropper.authority)]
    name = subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()
    shutil.copy(eavesdropper.authority, folder / f"{name}.0")
    monkeypatch.setenv("SSL_CERT_DIR", str(folder))
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    assert _python_believes(eavesdropper)
    with Transport(IntakeAddress.parse(eavesdropper.origin)) as transport, pytest.raises(UnreachableError):
        transport.get("/v1/keys")


def _trust(monkeypatch: pytest.MonkeyPatch, authority: Path) -> None:
    """As if the platform's own store held it."""
    usual = ssl.get_default_verify_paths()
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: usual._replace(openssl_cafile=str(authority)))


def test_sslkeylogfile_gets_no_keys(eavesdropper: Tls, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(eavesdropper.authority))
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "control.log"))
    assert _python_believes(eavesdropper)
    assert b"TRAFFIC_SECRET" in (tmp_path / "control.log").read_bytes()
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys.log"))
    _trust(monkeypatch, eavesdropper.authority)
    with Transport(IntakeAddress.parse(eavesdropper.origin)) as transport:
        assert transport.get("/v1/keys").body == b"hello"
    assert not (tmp_path / "keys.log").exists()


def test_a_proxy_reached_by_tls_obeys_no_environment_either(
    eavesdropper: Tls, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(eavesdropper.authority))
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys.log"))
    intake = IntakeAddress.parse("http://localhost:9")  # what is asked of a proxy is seen in full
    with Transport(intake, eavesdropper.origin) as transport, pytest.raises(UnreachableError):
        transport.get("/v1/keys")
    assert eavesdropper.server.seen == []
    assert not (tmp_path / "keys.log").exists()


def test_another_name_than_the_certificates_is_refused(eavesdropper: Tls, monkeypatch: pytest.MonkeyPatch) -> None:
    _trust(monkeypatch, eavesdropper.authority)
    port = eavesdropper.server.server_port
    with (
        Transport(IntakeAddress.parse(f"https://127.1:{port}")) as transport,
        pytest.raises(UnreachableError),
    ):
        transport.get("/v1/keys")
    assert eavesdropper.server.seen == []


def test_without_a_store_the_authorities_are_certifis(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    usual = ssl.get_default_verify_paths()
    nowhere = usual._replace(openssl_cafile=str(tmp_path / "none"), openssl_capath=str(tmp_path))
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: nowhere)
    assert len(tls.make_context().get_ca_certs()) > 50


def _windows_store(monkeypatch: pytest.MonkeyPatch, certificates: list[bytes]) -> ssl.SSLContext:
    """A context on a Windows that holds these certificates as roots, and whose other store cannot be read."""

    def listed(store: str) -> list[tuple[bytes, str, bool]]:
        if store != "ROOT":
            raise PermissionError
        return [(data, "x509_asn", True) for data in certificates]

    monkeypatch.setattr(ssl, "enum_certificates", listed, raising=False)
    return tls.make_context()


def test_one_bad_certificate_in_the_store_of_windows_costs_only_itself(
    eavesdropper: Tls, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = ssl.PEM_cert_to_DER_cert(eavesdropper.authority.read_text())
    context = _windows_store(monkeypatch, [b"", b"\x30\x03rot", good, good[:-7], b"\xff" * 300])
    assert context.get_ca_certs(binary_form=True) == [good]


def test_an_empty_store_of_windows_leaves_certifis_authorities(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(_windows_store(monkeypatch, [b"\x30\x03rot"]).get_ca_certs()) > 50
