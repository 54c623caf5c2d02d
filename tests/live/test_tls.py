"""TLS over loopback: who gets in, who does not, and what is said of it in the log alone."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import pytest

from router.runtime.live import TlsSettings
from tests.live.certs import Authority
from tests.live.driven import LOOPS, WAIT_S, Client, Driver, driven, oms, until

pytestmark = pytest.mark.parametrize("loop", LOOPS)


class Pki:
    """Everybody's certificates."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.ca = Authority(folder)
        self.stranger = Authority(folder, "other-ca")
        self.server = self.ca.issue("server", "localhost")
        self.client = self.ca.issue("client")

    def settings(self, **changes: object) -> TlsSettings:
        """The acceptor's, mutual."""
        own = {
            "certificate": self.server.certificate,
            "private_key": self.server.private_key,
            "ca": self.ca.file,
        }
        return TlsSettings(**{**own, **changes})  # type: ignore[arg-type]


@pytest.fixture
def pki(tmp_path: Path) -> Pki:
    return Pki(tmp_path / "pki")


def call(driver: Driver, context: ssl.SSLContext | None) -> Client:
    return Client().connect(driver.port, context=context, name="localhost")


def goes_on(driver: Driver, context: ssl.SSLContext) -> None:
    """The acceptor is none the worse for who was there before."""
    with call(driver, context) as client:
        client.log_on()
        client.order("X")
        assert client.read().get("11") == "X"


def refusal(driver: Driver) -> str:
    until(lambda: bool(driver.lines.named("stranger_refused")), "a refusal in the log")
    (line,) = driver.lines.named("stranger_refused")
    return str(line["reason"])


def test_both_show_certificates_and_speak_tls_1_3(tmp_path: Path, pki: Pki, loop: str) -> None:
    with (
        driven(tmp_path / "s", [oms()], loop=loop, tls=pki.settings()) as driver,
        call(driver, pki.ca.client(pki.client)) as client,
    ):
        client.log_on()
        client.order("X", reports=2_000)
        assert [client.read().get("17") for _ in range(2_000)] == [f"X-{n}" for n in range(2_000)]
        assert isinstance(client.socket, ssl.SSLSocket)
        assert client.socket.version() == "TLSv1.3"
        told = driver.ask(driver.live.connections)["OMS"]
        assert told["fingerprint"] == pki.client.fingerprint
        assert told["tls"].startswith("TLS_")


def test_without_a_ca_clients_show_nothing(tmp_path: Path, pki: Pki, loop: str) -> None:
    with driven(tmp_path / "s", [oms()], loop=loop, tls=pki.settings(ca=None)) as driver:
        goes_on(driver, pki.ca.client())


def no_certificate(pki: Pki) -> ssl.SSLContext:
    return pki.ca.client()


def of_another_ca(pki: Pki) -> ssl.SSLContext:
    return pki.ca.client(pki.stranger.issue("fake"))


def expired(pki: Pki) -> ssl.SSLContext:
    return pki.ca.client(pki.ca.issue("old", expired=True))


@pytest.mark.parametrize(
    ("shows", "reason"),
    [
        (no_certificate, "TLS: the peer shows no certificate, and tls.ca wants one"),
        (of_another_ca, "TLS: the peer's certificate: unable to get local issuer certificate"),
        (expired, "TLS: the peer's certificate: certificate has expired"),
    ],
)
def test_a_client_whose_certificate_is_missing_or_wrong(
    tmp_path: Path, pki: Pki, loop: str, shows: object, reason: str
) -> None:
    assert callable(shows)
    with driven(tmp_path / "s", [oms()], loop=loop, tls=pki.settings()) as driver:
        # With TLS 1.3 its handshake is over before ours has seen what it shows, or does not.
        with call(driver, shows(pki)) as client:
            client.send("A", "98=0|108=30|")
            assert client.dropped()
        assert refusal(driver) == reason
        goes_on(driver, pki.ca.client(pki.client))


def test_tls_1_2_is_refused(tmp_path: Path, pki: Pki, loop: str) -> None:
    context = pki.ca.client(pki.client)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with driven(tmp_path / "s", [oms()], loop=loop, tls=pki.settings()) as driver:
        with pytest.raises(ssl.SSLError):
            call(driver, context)
        assert refusal(driver) == "TLS: the peer does not speak TLS 1.3"
        goes_on(driver, pki.ca.client(pki.client))


@pytest.mark.parametrize("says", ["logon", "http", "noise"])
def test_who_does_not_speak_tls_is_dropped(tmp_path: Path, pki: Pki, loop: str, says: str) -> None:
    with driven(tmp_path / "s", [oms()], loop=loop, tls=pki.settings()) as driver:
        with call(driver, None) as client:
            words = {
                "logon": client.frame("A", "98=0|108=30|"),
                "http": b"GET / HTTP/1.1\r\n\r\n",
                "noise": bytes(range(256)) * 8,
            }
            client.socket.sendall(words[says])
            said = client.socket.recv(100)
            assert b"8=FIX" not in said, "a TLS alert at most"
        assert refusal(driver).startswith("TLS: the peer ")
        goes_on(driver, pki.ca.client(pki.client))


def test_a_certificate_is_bound_to_its_session(tmp_path: Path, pki: Pki, loop: str) -> None:
    other = pki.ca.issue("other-client")
    tls = pki.settings(fingerprints={"OMS": frozenset({pki.client.fingerprint})})
    with driven(tmp_path / "s", [oms(), oms("FREE")], loop=loop, tls=tls) as driver:
        with call(driver, pki.ca.client(other)) as client:
            client.send("A", "98=0|108=30|")
            assert client.dropped()
        assert refusal(driver) == "the session does not allow its certificate"
        told = driver.ask(driver.live.connections)["OMS"]["last_refusal"]
        assert told["reason"] == "the session does not allow its certificate"
        goes_on(driver, pki.ca.client(pki.client))
        free = Client("FREE").connect(driver.port, context=pki.ca.client(other), name="localhost")
        with free:
            free.log_on()


def test_a_client_s_certificate_may_hold_a_name_that_is_no_text(
    tmp_path: Path, pki: Pki, loop: str
) -> None:
    strange = pki.ca.issue_latin("latin")
    tls = pki.settings(fingerprints={"OMS": frozenset({strange.fingerprint})})
    with driven(tmp_path / "s", [oms()], loop=loop, tls=tls) as driver:
        goes_on(driver, pki.ca.client(strange))


def test_a_client_that_goes_in_the_middle_of_its_handshake(
    tmp_path: Path, pki: Pki, loop: str
) -> None:
    with driven(tmp_path / "s", [oms()], loop=loop, tls=pki.settings()) as driver:
        for hard in (False, True):
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            half = pki.ca.client().wrap_bio(incoming, outgoing, server_hostname="localhost")
            with pytest.raises(ssl.SSLWantReadError):
                half.do_handshake()
            hello = outgoing.read()
            raw = socket.create_connection(("127.0.0.1", driver.port))
            raw.sendall(hello[:-10])
            if hard:  # RST instead of FIN
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            raw.close()
        until(lambda: len(driver.lines.named("stranger_refused")) == 2, "two refusals")
        said = {line["reason"] for line in driver.lines.named("stranger_refused")}
        assert said <= {
            "TLS: closed in the midst of the handshake",
            "TLS: connection reset by peer",
        }
        goes_on(driver, pki.ca.client(pki.client))


@pytest.mark.parametrize("logged_on", [False, True])
@pytest.mark.parametrize("how", ["noise", "reset", "goodbye"])
def test_a_connection_that_ends_badly_harms_nobody_else(
    tmp_path: Path, pki: Pki, loop: str, logged_on: bool, how: str
) -> None:
    with driven(tmp_path / "s", [oms(), oms("BAD")], loop=loop, tls=pki.settings()) as driver:
        context = pki.ca.client(pki.client)
        bad = Client("BAD").connect(driver.port, context=context, name="localhost")
        if logged_on:
            bad.log_on()
        assert isinstance(bad.socket, ssl.SSLSocket)
        match how:
            case "noise":  # no record of TLS
                raw = socket.socket(fileno=bad.socket.detach())
                raw.sendall(bytes(range(256)) * 4)
            case "reset":
                raw = socket.socket(fileno=bad.socket.detach())
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            case _:
                bad.socket.settimeout(WAIT_S)
                raw = bad.socket.unwrap()
        raw.close()
        until(lambda: not driver.ask(driver.live.connections).get("BAD", {}).get("peer"), "its end")
        goes_on(driver, context)
