"""Before the Logon: who may knock, how many, how long, and what credentials cost whom."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import ExitStack
from ipaddress import ip_network
from pathlib import Path

import pytest

from router.fix.codec import Message
from router.fix.credentials import HASH_KIB_MAX, Credentials, PasswordProof, hash_password
from router.fix.lobby import FROM_ONE_ADDRESS_MAX
from router.fix.refusals import REFUSALS_MAX
from router.runtime.links import Door
from tests.live.driven import (
    HOST,
    LOOPBACK,
    LOOPS,
    WAIT_S,
    Client,
    Driver,
    driven,
    earned,
    oms,
    until,
)
from tests.scarce import little_memory, no_descriptors

pytestmark = pytest.mark.parametrize("loop", LOOPS)
ELSEWHERE = (ip_network("192.0.2.0/24"),)


def refusals(driver: Driver, count: int = 1) -> list[str]:
    until(lambda: len(driver.lines.named("stranger_refused")) >= count, "refusals in the log")
    return [str(line["reason"]) for line in driver.lines.named("stranger_refused")]


def logs_on(driver: Driver, name: str = "OMS") -> None:
    with Client(name).connect(driver.port) as client:
        client.log_on()
        client.order("X")
        assert client.read().get("11") == "X"


# --- who may knock -------------------------------------------------------------------------------


def test_an_address_that_no_session_allows_is_closed_before_it_speaks(
    tmp_path: Path, loop: str
) -> None:
    link = oms(door=Door(allowed=ELSEWHERE))
    with driven(tmp_path, [link], loop=loop) as driver, Client().connect(driver.port) as client:
        assert client.dropped()
        assert refusals(driver) == ["no session allows its address"]


def test_without_allowed_addresses_nobody_may_log_on(tmp_path: Path, loop: str) -> None:
    with (
        driven(tmp_path, [oms(door=Door())], loop=loop) as driver,
        Client().connect(driver.port) as client,
    ):
        assert client.dropped()


def test_an_address_of_another_session_is_dropped_without_a_word(tmp_path: Path, loop: str) -> None:
    links = [oms(), oms("FAR", door=Door(allowed=ELSEWHERE))]
    with driven(tmp_path, links, loop=loop) as driver:
        with Client("FAR").connect(driver.port) as client:
            client.send("A", "98=0|108=30|")
            assert client.dropped()
        assert refusals(driver) == ["the session does not allow its address"]
        logs_on(driver)
        assert driver.node.links["FAR"].session.next_out == 1, "no number was spent"


@pytest.mark.parametrize(
    ("host", "at"), [("::1", "::1"), ("::", "127.0.0.1"), ("::", "::1"), ("0.0.0.0", "127.0.0.1")]
)
def test_ipv6_ipv4_and_one_in_the_other(tmp_path: Path, loop: str, host: str, at: str) -> None:
    with (
        driven(tmp_path, [oms()], loop=loop, host=host) as driver,
        Client().connect(driver.port, host=at) as client,
    ):
        client.log_on()
        port = client.socket.getsockname()[1]
        told = driver.ask(driver.live.connections)["OMS"]["peer"]
        assert told == (f"[{at}]:{port}" if ":" in at else f"{at}:{port}")


# --- what a stranger may cost --------------------------------------------------------------------


def test_a_stranger_s_words_cost_it_the_connection(tmp_path: Path, loop: str) -> None:
    words = {
        b"GET / HTTP/1.1\r\n\r\n": "garbled before the Logon",
        Client().frame("0", ""): "the first message is not a Logon",
        Client("NOBODY").frame("A", "98=0|108=30|"): "unknown session 'FIX.4.4/NOBODY/SLUICE'",
        Client().frame("A", f"98=0|108=30|58={'x' * 4096}|"): "a frame of ",
    }
    with driven(tmp_path, [oms()], loop=loop) as driver:
        for said, reason in words.items():
            with Client().connect(driver.port) as client:
                client.socket.sendall(said)
                assert client.dropped()
            assert refusals(driver)[-1].startswith(reason)
            driver.lines.lines.clear()
        logs_on(driver)


def test_a_slow_loris_has_its_time_and_no_more(tmp_path: Path, loop: str) -> None:
    with (
        driven(tmp_path, [oms()], loop=loop, patience_s=0.3) as driver,
        Client().connect(driver.port) as silent,
        Client().connect(driver.port) as slow,
    ):
        slow.socket.sendall(slow.frame("A", "98=0|108=30|")[:-1])
        assert silent.dropped()
        assert slow.dropped()
        assert refusals(driver, 2) == ["no Logon in time"] * 2
        logs_on(driver)


def test_eight_strangers_from_an_address(tmp_path: Path, loop: str) -> None:
    with driven(tmp_path, [oms()], loop=loop) as driver, ExitStack() as stack:
        clients = [
            stack.enter_context(Client().connect(driver.port)) for _ in range(FROM_ONE_ADDRESS_MAX)
        ]
        with Client().connect(driver.port) as one_more:
            assert one_more.dropped()
        assert refusals(driver) == ["8 connections of its address have not logged on"]
        clients[0].log_on()
        with Client().connect(driver.port) as client:
            client.send("0")
            assert client.dropped()
        assert refusals(driver, 2)[1] == "the first message is not a Logon", "there was room again"


def test_who_is_refused_again_and_again_has_no_line_for_each_time(
    tmp_path: Path, loop: str
) -> None:
    with driven(tmp_path, [oms()], loop=loop) as driver:
        began = time.monotonic()
        for _ in range(3 * REFUSALS_MAX):
            with Client().connect(driver.port) as client:
                client.socket.sendall(b"GET / HTTP/1.1\r\n\r\n")
                assert client.dropped()
        assert REFUSALS_MAX <= len(refusals(driver)) <= REFUSALS_MAX + earned(began)
        logs_on(driver)


def test_without_descriptors_it_waits_and_does_not_spin(tmp_path: Path, loop: str) -> None:
    with driven(tmp_path, [oms()], loop=loop) as driver:
        client = Client()
        client.socket = socket.socket()
        client.socket.settimeout(WAIT_S)
        with no_descriptors():
            client.socket.connect((HOST, driver.port))
            until(lambda: bool(driver.lines.named("accept_paused")), "the pause")
            before = time.process_time()
            threading.Event().wait(0.4)
            spent = time.process_time() - before
        with client:
            client.log_on()
        (line,) = driver.lines.named("accept_paused")
        assert line["reason"] == "too many open files"
        assert spent < 0.06, "the processor was not kept busy"


# --- credentials ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hashed() -> str:
    return hash_password("open sesame")


def guarded(hashed: str, name: str = "OMS", **settings: object) -> Door:
    credentials = Credentials(PasswordProof("desk", (hashed,)))
    return Door(allowed=LOOPBACK, credentials=credentials, **settings)  # type: ignore[arg-type]


RIGHT, WRONG = "553=desk|554=open sesame|", "553=desk|554=open barley|"


def test_a_password_lets_in_and_what_came_meanwhile_is_kept_in_order(
    tmp_path: Path, loop: str, hashed: str
) -> None:
    link = oms(door=guarded(hashed))
    with driven(tmp_path, [link], loop=loop) as driver, Client().connect(driver.port) as client:
        client.send("A", f"98=0|108=30|{RIGHT}")
        for number in range(100):
            client.order(f"A{number}")
        assert client.read().msg_type == "A"
        assert [client.read().get("11") for _ in range(100)] == [f"A{n}" for n in range(100)]


@pytest.mark.parametrize("refusal", ["silent", "logout"])
def test_a_wrong_password_is_told_so_or_not(
    tmp_path: Path, loop: str, hashed: str, refusal: str
) -> None:
    link = oms(door=guarded(hashed, logon_refusal=refusal))
    with driven(tmp_path, [link], loop=loop) as driver:
        with Client().connect(driver.port) as client:
            client.send("A", f"98=0|108=30|{WRONG}")
            if refusal == "logout":
                said = client.read()
                assert (said.msg_type, said.get("58")) == ("5", "credentials not accepted")
            assert client.dropped()
        told = driver.ask(driver.live.connections)["OMS"]["last_refusal"]
        assert told["reason"] == "credentials not accepted"
        assert "barley" not in repr(driver.lines.lines)


def test_a_check_without_memory_bars_nobody(tmp_path: Path, loop: str, hashed: str) -> None:
    dear = hashed.replace("m=65536", f"m={HASH_KIB_MAX}")
    link = oms(door=guarded(dear, logon_refusal="logout"))
    with driven(tmp_path, [link], loop=loop) as driver:
        with little_memory():
            for _ in range(REFUSALS_MAX + 1):
                with Client().connect(driver.port) as client:
                    client.send("A", f"98=0|108=30|{RIGHT}")
                    assert client.read().get("58") == "credentials could not be checked"
        told = {"session": "OMS", "address": HOST}
        assert driver.lines.named("credentials_not_checked") == [told]
        assert driver.lines.named("stranger_refused") == []


def test_others_go_on_while_passwords_are_checked(tmp_path: Path, loop: str, hashed: str) -> None:
    links = [oms(), oms("A", door=guarded(hashed)), oms("B", door=guarded(hashed))]
    with (
        driven(tmp_path, links, loop=loop) as driver,
        Client().connect(driver.port) as other,
        ExitStack() as stack,
    ):
        other.log_on()
        strangers = [
            stack.enter_context(Client(name).connect(driver.port)) for name in ("A", "B") * 3
        ]
        for stranger in strangers:
            stranger.send("A", f"98=0|108=30|{WRONG}")
        trips = 0
        while len(driver.lines.named("stranger_refused")) < len(strangers):
            other.order(f"X{trips}")
            other.read()
            trips += 1
        assert all(stranger.dropped() for stranger in strangers)
        assert trips > 50, "six checks take 50 ms and more each: in the loop, six trips at most"


def test_a_connection_may_go_while_its_password_is_checked(
    tmp_path: Path, loop: str, hashed: str
) -> None:
    with driven(tmp_path, [oms(door=guarded(hashed))], loop=loop) as driver:
        for _ in range(5):
            client = Client().connect(driver.port)
            client.send("A", f"98=0|108=30|{RIGHT}")
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            client.close()
        until(lambda: not driver.ask(driver.live.connections), "their end")
        assert not driver.logged_on("OMS")
        with Client().connect(driver.port) as client:
            client.send("A", f"98=0|108=30|141=Y|{RIGHT}")
            assert client.read().msg_type == "A"


class Gate:
    """A proof that is judged when the test says so."""

    def __init__(self) -> None:
        self.entered, self.open = threading.Event(), threading.Event()

    def holds(self, logon: Message, now: int) -> bool:
        self.entered.set()
        return self.open.wait(WAIT_S)


def test_the_driver_leaves_in_the_middle_of_a_check(tmp_path: Path, loop: str) -> None:
    gate = Gate()
    door = Door(allowed=LOOPBACK, credentials=Credentials(gate))
    with (
        driven(tmp_path, [oms(door=door)], loop=loop) as driver,
        Client().connect(driver.port) as client,
    ):
        client.send("A", "98=0|108=30|")
        assert gate.entered.wait(WAIT_S)
        driver.stop()
        assert client.dropped()
        gate.open.set()


def test_nobody_is_judged_or_let_in_once_the_driver_leaves(tmp_path: Path, loop: str) -> None:
    """One Logon is judged, one waits for it, and a session holds up the end until it is over."""
    gate = Gate()
    door = Door(allowed=LOOPBACK, credentials=Credentials(gate))
    links = [oms(), oms("B", door=door)]
    with (
        driven(tmp_path, links, loop=loop) as driver,
        Client().connect(driver.port) as client,
        Client("B").connect(driver.port) as judged,
        Client("B").connect(driver.port) as waits,
    ):
        client.log_on()
        judged.send("A", "98=0|108=30|")
        assert gate.entered.wait(WAIT_S)
        waits.send("A", "98=0|108=30|")
        waits.order("X")
        driver.stop()
        assert client.read().msg_type == "5"
        gate.open.set()
        assert judged.dropped()
        assert waits.dropped()
        until(lambda: not judging(), "the end of the check")
        driver.ask(lambda: None)
        assert driver.node.links["B"].session.next_in == 1
        client.send("5")


def judging() -> list[str]:
    """Threads in which credentials are judged."""
    names = [each.name for each in threading.enumerate()]
    return [name for name in names if name.startswith("credentials")]


def test_a_check_takes_its_time_after_the_logon_was_in_time(tmp_path: Path, loop: str) -> None:
    gate = Gate()
    door = Door(allowed=LOOPBACK, credentials=Credentials(gate))
    with (
        driven(tmp_path, [oms(door=door)], loop=loop, patience_s=0.2) as driver,
        Client().connect(driver.port) as client,
        Client().connect(driver.port) as silent,
    ):
        client.send("A", "98=0|108=30|")
        assert silent.dropped(), "its time is up"
        client.order("X")
        gate.open.set()
        assert client.read().msg_type == "A"
        assert client.read().get("11") == "X"


def test_guesses_of_one_address_come_to_an_end(tmp_path: Path, loop: str, hashed: str) -> None:
    with driven(tmp_path, [oms(door=guarded(hashed))], loop=loop) as driver:
        began = time.monotonic()
        for _ in range(REFUSALS_MAX + 5):
            with Client().connect(driver.port) as client:
                client.send("A", f"98=0|108=30|{WRONG}")
                assert client.dropped()
        assert REFUSALS_MAX <= len(refusals(driver)) <= REFUSALS_MAX + earned(began)
