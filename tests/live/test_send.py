"""`sluice send` to an acceptor that wants TLS and credentials."""

from __future__ import annotations

from pathlib import Path

import pytest

from router.cli import run
from router.cli.errors import ExitCode
from router.fix.codec import time_text
from router.fix.credentials import Credentials, PasswordProof, SignatureProof, hash_password
from router.fix.session import Received
from router.runtime.links import Door, Link
from router.runtime.live import TlsSettings
from tests.live.certs import Authority
from tests.live.driven import LOOPBACK, Driver, Reporter, driven, oms

REFUSED = ExitCode.REFUSED
PASSWORD = "open sesame"
KEY = b"0123456789abcdef0123456789abcdef"


class Filler(Reporter):
    """Fills every order at once."""

    def _message(self, link: Link, received: Received, now: int) -> None:
        order = received.message.get
        qty, name = order("38"), order("11")
        body = f"37=P\x0111={name}\x0117=E1\x01150=F\x0139=2\x0155=ACME\x0154=1\x0138={qty}\x01"
        body += f"32={qty}\x0131=40\x01151=0\x0114={qty}\x016=40\x0160={time_text(now)}\x01"
        link.session.send("8", body, now)
        self._recorder.session_alone(now, link, (), received)


class Given:
    """Certificates, and files as a user of the shell has them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ca = Authority(folder)
        self.server = self.ca.issue("server", "fix.example.com")
        self.own = self.ca.issue("own")
        self.tls = TlsSettings(self.server.certificate, self.server.private_key, self.ca.file)

    def secret(self, name: str, content: bytes) -> str:
        path = self.folder / name
        path.write_bytes(content + b"\n")
        path.chmod(0o600)
        return str(path)

    @property
    def options(self) -> list[str]:
        """All that TLS needs."""
        own = self.own
        files = ["--tls-certificate", str(own.certificate), "--tls-key", str(own.private_key)]
        return [*files, "--tls-ca", str(self.ca.file), "--server-name", "fix.example.com"]


@pytest.fixture
def given(tmp_path: Path) -> Given:
    (tmp_path / "files").mkdir(mode=0o700)
    return Given(tmp_path / "files")


def send(driver: Driver, *options: str) -> int:
    port = f"fix.acceptor.port={driver.port}"
    return run(["send", "buy", "100", "--json", "--wait", "5", "--set", port, *options])


def guarded(proof: object) -> Link:
    credentials = Credentials(proof)  # type: ignore[arg-type]
    return oms(door=Door(allowed=LOOPBACK, credentials=credentials, logon_refusal="logout"))


def test_with_a_certificate_and_a_password(
    tmp_path: Path, given: Given, capsys: pytest.CaptureFixture[str]
) -> None:
    link = guarded(PasswordProof("desk", (hash_password(PASSWORD),)))
    right = given.secret("right", PASSWORD.encode())
    wrong = given.secret("wrong", b"open barley")
    with driven(tmp_path / "s", [link], tls=given.tls, kind=Filler) as driver:
        assert send(driver, *given.options, "--username", "desk", "--password-file", right) == 0
        assert '"cum_qty": 100' in capsys.readouterr().out
        assert (
            send(driver, *given.options, "--username", "desk", "--password-file", wrong) == REFUSED
        )
        said = capsys.readouterr().err
        assert "credentials not accepted" in said
        assert "barley" not in said
        assert send(driver, *given.options) == REFUSED


def test_with_a_signed_logon(
    tmp_path: Path, given: Given, capsys: pytest.CaptureFixture[str]
) -> None:
    key = given.secret("key", KEY)
    with driven(tmp_path / "s", [guarded(SignatureProof(KEY))], kind=Filler) as driver:
        assert send(driver, "--signing-key-file", key) == 0
        assert '"cum_qty": 100' in capsys.readouterr().out
        other = given.secret("other", b"x" * 32)
        assert send(driver, "--signing-key-file", other) == REFUSED


def test_what_tls_needs_and_does_not_get(
    tmp_path: Path, given: Given, capsys: pytest.CaptureFixture[str]
) -> None:
    def said() -> str:
        return capsys.readouterr().err

    with driven(tmp_path / "s", [oms()], tls=given.tls, kind=Filler) as driver:
        ca = ["--tls-ca", str(given.ca.file)]
        assert send(driver, *ca) != 0
        assert "the peer's certificate: IP address mismatch" in said()
        assert send(driver, *ca, "--server-name", "fix.example.com") != 0
        assert "the logon was not accepted" in said()
        assert send(driver) != 0, "plainly, to an acceptor that is asked for TLS"
        said()
        given.own.private_key.chmod(0o644)
        assert send(driver, *given.options) == 4
        assert "has mode 0644, others may use it; allowed: 0600 or 0400" in said()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--server-name", "x"], "need --tls-ca"),
        (["--username", "desk"], "--username and --password-file go together"),
        (["--password-file", "x", "--username", "desk", "--signing-key-file", "y"], "not both"),
        (["--password-file", "no/such", "--username", "desk"], "cannot be read"),
        (
            ["--set", "fix.acceptor.tls.certificate=a", "--set", "fix.acceptor.tls.private_key=b"],
            "give --tls-ca",
        ),
    ],
)
def test_options_that_do_not_fit_together(
    options: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["send", "buy", "100", *options]) == 4
    assert text in capsys.readouterr().err


def test_a_secret_that_others_may_read_is_not_used(
    given: Given, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path(given.secret("loose", PASSWORD.encode()))
    path.chmod(0o644)
    assert run(["send", "buy", "1", "--username", "desk", "--password-file", str(path)]) == 4
    said = capsys.readouterr().err
    assert "others may read it" in said
    assert PASSWORD not in said
