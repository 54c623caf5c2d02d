"""Peers that do not read, or send too fast: cut or held back, alone; no execution is lost."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from pathlib import Path

import pytest

from router.fix.codec import Message, decode
from router.fix.framing import Framer
from router.journal.storage import FileStorage
from router.runtime import wire
from tests.live.driven import HOST, LOOPS, WAIT_S, Client, Driver, driven, oms, until

pytestmark = pytest.mark.parametrize("loop", LOOPS)
REPORTS, AN_ORDER = 50_000, 5


def reluctant(port: int) -> Client:
    """A client whose window is small, so that little is under way when it stops reading."""
    client = Client("SLOW")
    client.socket = socket.socket()
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    client.socket.settimeout(WAIT_S)
    client.socket.connect((HOST, port))
    return client


def cut(driver: Driver) -> str:
    until(lambda: bool(driver.lines.named("slow_reader_cut")), "the cut")
    (line,) = driver.lines.named("slow_reader_cut")
    assert line["session"] == "SLOW"
    return str(line["reason"])


def order(client: Client, count: int, reports: int = AN_ORDER) -> None:
    """So many orders, each with its reports. Whoever is cut meanwhile has sent enough."""
    frames = [client.frame("D", f"11=A{number}|38={reports}|") for number in range(count)]
    with contextlib.suppress(ConnectionError):
        client.socket.sendall(b"".join(frames))


def rest(client: Client) -> list[Message]:
    """Every message that still comes."""
    framer, found = Framer(), []
    with contextlib.suppress(ConnectionError):
        while data := client.socket.recv(1 << 16):
            found += framer.feed(data)
    return [decode(each) for each in found]


def comes_back(client: Client, driver: Driver, next_in: int) -> list[Message]:
    """Log on again, ask for what is missing, and read up to the last report."""
    client.next_out, last = driver.ask(lambda: _numbers(driver))
    client.close()
    client.connect(driver.port)
    client.send("A", "98=0|108=30|")
    client.send("2", f"7={next_in}|16=0|")
    found: list[Message] = []
    while not found or int(found[-1].get("34")) < last:
        message = client.read()
        if message.msg_type == "8":
            found.append(message)
    return found


def _numbers(driver: Driver) -> tuple[int, int]:
    session = driver.node.links["SLOW"].session
    return session.next_in, session.next_out - 1


def test_who_stops_reading_is_cut_and_gets_every_execution_once_when_it_is_back(
    tmp_path: Path, loop: str
) -> None:
    links = [oms("SLOW", out_buffer_bytes=4 << 20), oms("OTHER")]
    with (
        driven(tmp_path, links, loop=loop) as driver,
        reluctant(driver.port) as slow,
        Client("OTHER").connect(driver.port) as other,
    ):
        slow.log_on()
        other.log_on()
        sender = threading.Thread(target=order, args=(slow, REPORTS // AN_ORDER))
        sender.start()
        trips = 0
        while not driver.lines.named("slow_reader_cut"):
            other.order(f"X{trips}")
            assert other.read().get("11") == f"X{trips}"
            trips += 1
        sender.join()
        assert "bytes wait for it, 4194304 may" in cut(driver)
        assert trips > 4, "the other session goes on meanwhile, in turns"
        first = rest(slow)
        until(lambda: not driver.logged_on("SLOW"))
        again = comes_back(slow, driver, int(first[-1].get("34")) + 1)
        assert {each.get("43") for each in again} == {"Y"}
        orders = int(again[-1].get("11")[1:]) + 1
        told = [each.get("17") for each in (*first, *again) if each.msg_type == "8"]
        assert len(told) > len(first) > 0
        assert told == [f"A{n}-{k}" for n in range(orders) for k in range(AN_ORDER)]


def test_the_hard_limit_is_held_at_once(tmp_path: Path, loop: str) -> None:
    with (
        driven(tmp_path, [oms("SLOW", out_buffer_bytes=1 << 20)], loop=loop) as driver,
        reluctant(driver.port) as slow,
    ):
        slow.log_on()
        order(slow, 40_000, reports=1)
        reason = cut(driver)
        waited = int(reason.partition(" ")[0])
        assert reason == f"{waited} bytes wait for it, 1048576 may"
        assert waited < (1 << 20) + 262_144, "a batch more, not what a second brings"


def test_who_reads_nothing_for_too_long_is_cut(tmp_path: Path, loop: str) -> None:
    with (
        driven(tmp_path, [oms("SLOW", out_buffer_s=0.5)], loop=loop) as driver,
        reluctant(driver.port) as slow,
    ):
        slow.log_on()
        slow.order("A", 30_000)  # some 3 MB: below the soft limit
        assert "it has read nothing for 0.5 s" in cut(driver)
        assert driver.ask(driver.live.connections) == {}


def test_who_is_above_the_soft_limit_for_too_long_is_cut_although_it_reads(
    tmp_path: Path, loop: str
) -> None:
    links = [oms("SLOW", out_buffer_bytes=8 << 20, out_buffer_s=0.5)]
    with driven(tmp_path, links, loop=loop) as driver, reluctant(driver.port) as slow:
        slow.log_on()
        slow.order("A", 50_000)
        while not driver.lines.named("slow_reader_cut"):
            slow.socket.recv(1_000)
            threading.Event().wait(0.001)
        assert "more than 2097152 bytes have waited for 0.5 s" in cut(driver)


def test_a_burst_that_is_read_is_not_cut(tmp_path: Path, loop: str) -> None:
    links = [oms("SLOW", out_buffer_bytes=8 << 20, out_buffer_s=0.5)]
    with driven(tmp_path, links, loop=loop) as driver, reluctant(driver.port) as slow:
        slow.log_on()
        slow.order("A", 40_000)  # twice the soft limit
        until(lambda: driver.ask(lambda: driver.node.links["SLOW"].slow), "resends to pause")
        assert [slow.read().get("17") for _ in range(40_000)] == [f"A-{n}" for n in range(40_000)]
        until(lambda: not driver.ask(lambda: driver.node.links["SLOW"].slow), "them to go on")
        assert driver.lines.named("slow_reader_cut") == []


def test_a_logout_that_is_not_read_does_not_keep_the_connection(
    tmp_path: Path, loop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "CLOSE_S", 0.3)
    links = [oms("SLOW", logout_timeout=0.1)]
    with driven(tmp_path, links, loop=loop) as driver, reluctant(driver.port) as slow:
        slow.log_on()
        slow.order("A", 30_000)
        until(lambda: driver.node.reported == 30_000)
        slow.send("A", "98=0|108=30|")  # a second Logon: they are expelled, and do not answer
        until(lambda: not driver.ask(driver.live.connections), "the end of the connection")


def test_who_sends_faster_than_it_may_is_read_more_slowly(
    tmp_path: Path, loop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "IN_PER_S", 1 << 20)
    with driven(tmp_path, [oms()], loop=loop) as driver, Client().connect(driver.port) as client:
        client.log_on()
        data = b"".join(client.frame("0", f"112={'x' * 900}|") for _ in range(3_000))
        assert len(data) > 2_900_000
        start = time.perf_counter()
        client.socket.sendall(data)
        client.order("X")
        assert client.read().get("11") == "X"
        took = time.perf_counter() - start
        # One second's worth at once, the rest at 1 MiB/s.
        assert 1.5 < took < 4


class StuckDisk(FileStorage):
    """A disk whose syncs take until the test says otherwise."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.free = threading.Event()
        self.free.set()

    def sync(self, name: str) -> None:
        assert self.free.wait(WAIT_S)
        super().sync(name)


def test_while_the_disk_is_slow_no_more_is_read_than_may_wait(tmp_path: Path, loop: str) -> None:
    disk = StuckDisk(tmp_path)
    with (
        driven(tmp_path, [oms()], loop=loop, durability="sync", storage=disk) as driver,
        Client().connect(driver.port) as client,
    ):
        client.log_on()
        disk.free.clear()
        client.order("A")
        body = f"11=B|38=1|58={'x' * 8_000}|"
        frames = b"".join(client.frame("D", body) for _ in range(2_000))
        sender = threading.Thread(target=client.socket.sendall, args=(frames,))
        sender.start()

        def taken() -> int:
            return int(driver.ask(driver.live.connections)["OMS"]["bytes_in"])

        until(lambda: taken() > wire.IN_WAITING_MAX)
        threading.Event().wait(0.2)
        assert taken() < wire.IN_WAITING_MAX + 600_000, "a read more"
        disk.free.set()
        assert [client.read().get("11") for _ in range(2_001)] == ["A", *["B"] * 2_000]
        sender.join()
