"""Sessions over a socket: orders and reports, several sessions, a second connection, the end."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from router.cli.knock import ask
from tests.live.driven import LOOPS, Client, driven, oms, until
from tests.live.test_slow_readers import StuckDisk

pytestmark = pytest.mark.parametrize("loop", LOOPS)


@pytest.mark.parametrize("durability", ["page-cache", "sync"])
def test_orders_are_answered_in_order(tmp_path: Path, loop: str, durability: str) -> None:
    with (
        driven(tmp_path, [oms()], loop=loop, durability=durability) as driver,  # type: ignore[arg-type]
        Client().connect(driver.port) as client,
    ):
        client.log_on()
        client.socket.sendall(b"".join(client.frame("D", f"11=A{n}|38=1|") for n in range(50)))
        answers = [client.read() for _ in range(50)]
        assert [each.get("11") for each in answers] == [f"A{n}" for n in range(50)]
        assert [each.get("34") for each in answers] == [str(n) for n in range(2, 52)]


def test_a_second_connection_of_a_live_session_is_dropped_without_a_word(
    tmp_path: Path, loop: str
) -> None:
    with (
        driven(tmp_path, [oms()], loop=loop) as driver,
        Client().connect(driver.port) as first,
        Client().connect(driver.port) as second,
    ):
        first.log_on()
        second.send("A", "98=0|108=30|")
        assert second.dropped()
        first.order("X")
        assert first.read().get("34") == "2"


def test_who_was_lost_may_call_again_while_a_batch_waits_for_the_disk(
    tmp_path: Path, loop: str
) -> None:
    disk, links = StuckDisk(tmp_path), [oms(), oms("OTHER")]
    with (
        driven(tmp_path, links, loop=loop, durability="sync", storage=disk) as driver,
        Client("OTHER").connect(driver.port) as other,
        Client().connect(driver.port) as client,
    ):
        other.log_on()
        client.log_on()
        pump = driver.live.pump
        disk.free.clear()
        other.order("X")
        until(lambda: driver.ask(lambda: pump.syncing), "a batch")
        client.order("last words")
        client.close()
        until(lambda: driver.ask(lambda: any(each.is_lost for each in pump.wires.values())))
        client.connect(driver.port).send("A", "98=0|108=30|")
        until(lambda: driver.ask(lambda: len(pump.wires)) == 3, "the next call")
        disk.free.set()
        answer = client.read()
        assert (answer.msg_type, answer.get("34")) == ("A", "3"), "behind the last report"
        assert driver.ask(lambda: links[0].session.next_in) == 4
        assert driver.node.faults == []


def test_the_end_is_a_logout_and_the_connection_is_over(tmp_path: Path, loop: str) -> None:
    with driven(tmp_path, [oms()], loop=loop) as driver, Client().connect(driver.port) as client:
        client.log_on()
        driver.stop()
        said = client.read()
        assert (said.msg_type, said.get("58")) == ("5", "Sluice is stopping")
        client.send("5")
        assert client.dropped()


def test_what_is_known_of_connections(tmp_path: Path, loop: str) -> None:
    with (
        driven(tmp_path, [oms(), oms("OTHER")], loop=loop) as driver,
        Client().connect(driver.port) as client,
    ):
        client.log_on()
        client.order("X")
        client.read()
        (told,) = driver.ask(driver.live.connections).items()
        name, facts = told
        assert name == "OMS"
        host, port = client.socket.getsockname()
        assert facts["peer"] == f"{host}:{port}"
        assert facts["bytes_in"] > 150
        assert facts["bytes_out"] > 100
        assert (facts["unsent"], facts["slow"], facts["tls"]) == (0, False, "")
        client.close()
        until(lambda: not driver.ask(driver.live.connections), "its end")


def test_heartbeats_come_of_themselves(tmp_path: Path, loop: str) -> None:
    with driven(tmp_path, [oms()], loop=loop) as driver, Client().connect(driver.port) as client:
        client.send("A", "98=0|108=1|")
        assert client.read().msg_type == "A"
        start = time.monotonic()
        assert [client.read().msg_type for _ in range(3)] == ["0", "1", "0"]
        # A second of silence, 1.2 seconds without a word of theirs, another second of silence.
        assert 1.9 < time.monotonic() - start < 3


def test_an_operator_is_told_of_connections_too(tmp_path: Path, loop: str) -> None:
    with driven(tmp_path, [oms()], loop=loop) as driver, Client().connect(driver.port) as client:
        client.log_on()
        told = ask(tmp_path, {"command": "status"})
        connection = told["sessions"]["OMS"]["connection"]
        assert connection["peer"].endswith(f":{client.socket.getsockname()[1]}")
        assert connection["bytes_in"] > 50
