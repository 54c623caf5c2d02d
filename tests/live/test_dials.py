"""Sessions that we open: hosts in turn, one that never logs on, TLS with names and certificates."""

from __future__ import annotations

import asyncio
import itertools
import ssl
import threading
from pathlib import Path

import pytest

from router.fix.schedule import Schedule
from router.runtime.clock import Clock
from router.runtime.dialer import Dialer
from router.runtime.live import Address, Dial, TlsSettings
from router.runtime.wire import Wire
from tests.live.certs import Authority
from tests.live.driven import LOOPS, WAIT_S, Driver, Host, Lines, driven, until, venue

pytestmark = pytest.mark.parametrize("loop", LOOPS)


def dial(*hosts: Host, wait: float = 0.05, **settings: object) -> Dial:
    addresses = tuple(each.address for each in hosts)
    return Dial("LIT", addresses, wait, **settings)  # type: ignore[arg-type]


def failure(driver: Driver) -> str:
    until(lambda: bool(driver.lines.named("dial_failed")), "a failed call")
    return str(driver.lines.named("dial_failed")[0]["error"])


def test_a_host_that_takes_the_call_and_never_logs_on_does_not_stop_the_next(
    tmp_path: Path, loop: str
) -> None:
    with (
        Host() as silent,
        Host() as second,
        driven(
            tmp_path, [venue(logon_timeout=0.3)], loop=loop, dials=[dial(silent, second)]
        ) as driver,
        silent.take() as never,
        second.answer(),
    ):
        until(lambda: driver.logged_on("LIT"))
        assert never.read().msg_type == "A"
        assert never.dropped()
        (line,) = driver.lines.named("dial_failed")
        assert (line["port"], line["wait_s"]) == (silent.address.port, 0)


def test_a_host_that_is_no_name_does_not_stop_the_next(tmp_path: Path, loop: str) -> None:
    with Host() as host:
        addresses = (Address("fix..example.com", 1), host.address)
        dials = [Dial("LIT", addresses, 0.05)]
        with driven(tmp_path, [venue()], loop=loop, dials=dials) as driver, host.answer():
            until(lambda: driver.logged_on("LIT"))
            assert failure(driver) == "the host is no name that can be looked up"


def test_after_a_session_the_first_host_is_called_again(tmp_path: Path, loop: str) -> None:
    with Host() as gone:
        pass
    with (
        Host() as second,
        driven(tmp_path, [venue()], loop=loop, dials=[dial(gone, second)]) as driver,
    ):
        for _ in range(2):
            with second.answer():
                until(lambda: driver.logged_on("LIT"))
        refused = [line["port"] for line in driver.lines.named("dial_failed")]
        assert refused == [gone.address.port] * 2


def test_round_robin_calls_the_next_host_after_a_session(tmp_path: Path, loop: str) -> None:
    with Host() as first, Host() as second:
        dials = [dial(first, second, host_selection="round_robin")]
        with driven(tmp_path, [venue()], loop=loop, dials=dials) as driver:
            for host in (first, second, first):
                with host.answer():
                    until(lambda: driver.logged_on("LIT"))


def test_delays_grow_while_nobody_logs_us_on_and_start_again_after_a_logon(
    tmp_path: Path, loop: str
) -> None:
    with (
        Host() as host,
        driven(tmp_path, [venue()], loop=loop, dials=[dial(host, reconnect_max_s=0.2)]) as driver,
    ):
        for _ in range(4):
            host.take().close()
        with host.answer():
            until(lambda: driver.logged_on("LIT"))
        host.take().close()
        until(lambda: len(driver.lines.named("dial_failed")) == 5)
        waits = [float(str(line["wait_s"])) for line in driver.lines.named("dial_failed")]
        full = [0.05, 0.1, 0.2, 0.2, 0.05]
        assert all(0.8 * most <= wait <= most for wait, most in zip(waits, full, strict=True)), (
            waits
        )


def test_tls_with_a_name_that_is_not_the_host_s(tmp_path: Path, loop: str) -> None:
    ca = Authority(tmp_path)
    own = ca.issue("own")
    tls = TlsSettings(own.certificate, own.private_key, ca.file, server_name="fix.example.com")
    names: list[str | None] = []
    server = ca.server(ca.issue("venue", "fix.example.com"))
    server.sni_callback = lambda _, name, __: names.append(name)
    with (
        Host() as host,
        driven(tmp_path / "s", [venue()], loop=loop, dials=[dial(host, tls=tls)]) as driver,
        host.answer(server) as peer,
    ):
        until(lambda: driver.logged_on("LIT"))
        assert names == ["fix.example.com"]
        assert isinstance(peer.socket, ssl.SSLSocket)
        assert peer.socket.version() == "TLSv1.3"
        assert peer.socket.getpeercert(True) == own.der
        assert driver.ask(driver.live.connections)["LIT"]["tls"].startswith("TLS_")


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("name", "the peer's certificate: Hostname mismatch"),
        ("ca", "the peer's certificate: self-signed certificate in certificate chain"),
        ("expired", "the peer's certificate: certificate has expired"),
        ("tls_1_2", "the peer does not speak TLS 1.3"),
        ("no_certificate", "the peer wants a certificate: set tls.certificate"),
        ("fingerprint", "the peer's certificate is another one: "),
    ],
)  # fmt: skip
def test_a_venue_that_is_not_who_it_should_be_gets_no_logon(
    tmp_path: Path, loop: str, case: str, reason: str
) -> None:
    ca = Authority(tmp_path)
    own = ca.issue("own")
    real = ca.issue("venue", "fix.example.com", expired=case == "expired")
    tls = TlsSettings(
        None if case == "no_certificate" else own.certificate,
        None if case == "no_certificate" else own.private_key,
        Authority(tmp_path, "other").file if case == "ca" else ca.file,
        server_name="other.example.com" if case == "name" else "fix.example.com",
        fingerprints={"LIT": frozenset({"0" * 64})} if case == "fingerprint" else {},
    )
    server = ca.server(real)
    if case == "tls_1_2":
        server.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        Host() as host,
        driven(tmp_path / "s", [venue()], loop=loop, dials=[dial(host, wait=5, tls=tls)]) as driver,
    ):
        try:
            with host.take(server, keep=case == "no_certificate") as peer:
                assert peer.dropped()
        except (ssl.SSLError, ConnectionError):
            pass
        assert failure(driver).startswith(reason)
        told = driver.ask(driver.live.connections)["LIT"]["last_failure"]
        assert told.startswith(reason)


def test_an_unverified_venue_is_held_to_its_fingerprint(tmp_path: Path, loop: str) -> None:
    ca = Authority(tmp_path)
    real = ca.issue("venue", "nobody.example.com")
    tls = TlsSettings(verify=False, fingerprints={"LIT": frozenset({real.fingerprint})})
    server = ca.server(real)
    server.verify_mode = ssl.CERT_NONE
    with (
        Host() as host,
        driven(tmp_path / "s", [venue()], loop=loop, dials=[dial(host, tls=tls)]) as driver,
        host.answer(server),
    ):
        until(lambda: driver.logged_on("LIT"))


@pytest.mark.parametrize("name", ["localhost", "other.example.com"])
def test_a_venue_s_certificate_may_hold_a_name_that_is_no_text(
    tmp_path: Path, loop: str, name: str
) -> None:
    """Whether it is the venue's is still judged by the others."""
    ca = Authority(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    strange = ca.issue_latin("latin")
    server.load_cert_chain(strange.certificate, strange.private_key)
    tls = TlsSettings(ca=ca.file, server_name=name)
    with (
        Host() as host,
        driven(tmp_path / "s", [venue()], loop=loop, dials=[dial(host, tls=tls)]) as driver,
    ):
        if name == "localhost":
            with host.answer(server):
                until(lambda: driver.logged_on("LIT"))
        else:
            with pytest.raises((ssl.SSLError, ConnectionError)):
                host.answer(server)
            assert failure(driver).startswith("the peer's certificate: Hostname mismatch")


class Hours(Schedule):
    """A schedule that opens when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.open = threading.Event()

    def is_open(self, now: int) -> bool:
        return self.open.is_set()


def test_a_session_is_not_called_outside_its_hours(tmp_path: Path, loop: str) -> None:
    hours = Hours()
    closed, other = venue(), venue("OTHER")
    closed.schedule = hours
    with Host() as host, Host() as second:
        dials = [dial(host), Dial("OTHER", (second.address,), 0.05)]
        with driven(tmp_path, [closed, other], loop=loop, dials=dials) as driver:
            for _ in range(3):  # the other one is called, and called again
                second.take().close()
            assert not host.is_called
            assert [line["session"] for line in driver.lines.named("dial_failed")][:2] == [
                "OTHER"
            ] * 2
            hours.open.set()
            with host.answer():
                until(lambda: driver.logged_on("LIT"))


class Keeper:
    """Whose connection it is; it is told that it is lost."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.ended = asyncio.Event()

    def opened(self, wire: Wire) -> None:
        self.told.append("opened")

    def data(self, wire: Wire, data: bytes) -> None:
        self.told.append("data")

    def lost(self, wire: Wire, why: BaseException | None) -> None:
        self.told.append("lost")
        self.ended.set()

    def congested(self, wire: Wire, slow: bool) -> None:
        self.told.append("congested")


def test_a_call_that_is_given_up_in_the_moment_in_which_it_is_taken_is_lost_once(loop: str) -> None:
    keeper, wires = Keeper(), list[Wire]()

    async def body(address: Address) -> None:
        def admit(wire: Wire) -> None:
            wire.keeper = keeper
            wires.append(wire)
            calls.cancel()

        dialer = Dialer(
            Dial("LIT", (address,), 0.05),
            admit=admit,
            conns=itertools.count(1),
            clock=Clock(),
            log=Lines(),
            may_dial=lambda *_: True,
        )
        calls = asyncio.get_running_loop().create_task(dialer.run())
        await asyncio.gather(calls, return_exceptions=True)
        wires[0].write(b"what was decided meanwhile")
        await asyncio.wait_for(keeper.ended.wait(), WAIT_S)

    with Host() as host, asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(body(host.address))
    assert len(wires) == 1
    assert keeper.told == ["lost"]
