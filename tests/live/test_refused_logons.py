"""Logons that the session itself refuses: in the log with their reason, rationed, and nobody else's
harm.
"""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from functools import partial
from ipaddress import ip_network
from pathlib import Path

import pytest

from router.fix.dictionary import dictionary
from router.fix.refusals import FLOOD_MAX, REFUSALS_MAX
from router.fix.schedule import Schedule
from router.fix.versions import FIX44
from router.journal.storage import FileStorage
from router.model import NS
from router.runtime.links import Door
from tests.live.driven import LOOPS, WAIT_S, Client, Driver, driven, earned, oms, until

pytestmark = pytest.mark.parametrize("loop", LOOPS)
SOUND, TEST_SESSION = "98=0|108=30|", "98=0|108=30|464=Y|"


def call(driver: Driver, body: str, name: str = "OMS") -> str:
    """A Logon on a connection of its own. Returns the Text(58) of the Logout; empty: silence."""
    with Client(name).connect(driver.port) as client:
        client.send("A", body)
        try:
            said = client.read()
        except (AssertionError, ConnectionError):
            return ""
        assert said.msg_type == "5"
        return said.get("58")


def lines(driver: Driver, count: int) -> list[tuple[object, object]]:
    """Session and reason of each refusal in the log, once there are so many."""
    until(lambda: len(driver.lines.named("stranger_refused")) >= count, "refusals in the log")
    named = driver.lines.named("stranger_refused")
    return [(each.get("session"), each["reason"]) for each in named]


@pytest.mark.parametrize(
    ("body", "told", "reason"),
    [
        ("98=0|108=7200|", False, "Unacceptable HeartBtInt"),
        ("98=1|108=30|", False, "Unsupported EncryptMethod"),
        ("98=0|108=30|11=A|", False, "Tag not defined for this message type (11)"),
        (TEST_SESSION, True, "TestMessageIndicator mismatch"),
        ("98=0|108=30|553=a|554=hunter2|925=hunter3|", True, "NewPassword(925) is not served"),
    ],
)
def test_the_log_has_the_reason_whatever_the_peer_is_told(
    tmp_path: Path, loop: str, body: str, told: bool, reason: str
) -> None:
    with driven(tmp_path, [oms(validate=dictionary(FIX44))], loop=loop) as driver:
        assert call(driver, body) == (reason if told else "")
        assert lines(driver, 1) == [("OMS", reason)]
        refusal = driver.ask(driver.live.connections)["OMS"]["last_refusal"]
        assert (refusal["reason"], refusal["peer"].split(":")[0]) == (reason, "127.0.0.1")
        assert "hunter" not in repr(driver.lines.lines)


def test_a_session_out_of_its_hours_is_in_the_log(tmp_path: Path, loop: str) -> None:
    link = oms()
    second = time.time_ns() // NS % 86_400
    starts = (second + 7_200) % 86_400
    link.schedule = Schedule(start_time=starts, end_time=(starts + 3_600) % 86_400)
    with driven(tmp_path, [link], loop=loop) as driver:
        assert call(driver, SOUND) == "the session is closed at this time"
        assert lines(driver, 1) == [("OMS", "the session is closed at this time")]


def test_a_second_connection_and_a_logon_that_is_a_duplicate_are_in_the_log(
    tmp_path: Path, loop: str
) -> None:
    with driven(tmp_path, [oms()], loop=loop) as driver, Client().connect(driver.port) as client:
        client.log_on()
        assert call(driver, SOUND) == ""
        assert lines(driver, 1) == [("OMS", "the session has a connection")]
        client.send("5")
        client.read()
        client.close()
        until(lambda: driver.ask(driver.live.connections)["OMS"].keys() == {"last_refusal"}, "")
        with Client().connect(driver.port) as again:
            again.send("A", f"43=Y|122=20260105-14:29:00|{SOUND}")
            assert lines(driver, 2)[1] == ("OMS", "its Logon is a duplicate")


def test_what_a_session_refuses_is_rationed(tmp_path: Path, loop: str) -> None:
    with driven(tmp_path, [oms()], loop=loop, durability="sync") as driver:
        began = time.monotonic()
        answered = sum(call(driver, TEST_SESSION) != "" for _ in range(5 * REFUSALS_MAX))
        assert REFUSALS_MAX <= answered <= REFUSALS_MAX + earned(began)
        assert driver.node.links["OMS"].session.next_out == answered + 1, "no more numbers spent"
        assert len(lines(driver, answered)) == answered
        told = driver.ask(driver.live.connections)["OMS"]["last_refusal"]["reason"]
        assert told == "TestMessageIndicator mismatch", "and not that it called too often"


class HeldStorage(FileStorage):
    """A disk that stands still while it is told to."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.free = threading.Event()
        self.free.set()

    def sync(self, name: str) -> None:
        super().sync(name)
        assert self.free.wait(WAIT_S)


def queued(driver: Driver, count: int) -> bool:
    """Whether so much waits for the disk."""
    return driver.live.pump.queued >= count


def test_many_at_once_behind_a_disk_that_stands_still_are_rationed(
    tmp_path: Path, loop: str
) -> None:
    storage = HeldStorage(tmp_path)
    with (
        driven(tmp_path, [oms()], loop=loop, storage=storage, durability="sync") as driver,
        ExitStack() as stack,
    ):
        began = time.monotonic()
        storage.free.clear()
        try:
            for number in range(3 * REFUSALS_MAX):
                client = stack.enter_context(Client().connect(driver.port))
                client.send("A", TEST_SESSION)
                if number == 0:
                    until(lambda: driver.live.pump.syncing, "a record of the first")
                else:
                    until(partial(queued, driver, number), "it waits")
        finally:
            storage.free.set()
        until(lambda: not driver.ask(lambda: driver.live.pump.wires), "their end")
        spent = driver.node.links["OMS"].session.next_out - 1
        assert REFUSALS_MAX <= spent <= REFUSALS_MAX + earned(began)


def test_sessions_that_are_set_up_wrongly_do_not_shut_out_a_sound_one(
    tmp_path: Path, loop: str
) -> None:
    """They come from one address, as behind a gateway."""
    far = Door(allowed=(ip_network("192.0.2.0/24"),))
    links = [oms(), oms("WRONG"), oms("FAR", door=far)]
    with driven(tmp_path, links, loop=loop) as driver:
        for _ in range(REFUSALS_MAX + 5):
            call(driver, TEST_SESSION, "WRONG")
            call(driver, SOUND, "TYPO")
            call(driver, SOUND, "FAR")
        with Client().connect(driver.port) as client:
            client.log_on()


def test_a_logon_that_is_answered_ends_the_row(tmp_path: Path, loop: str) -> None:
    with driven(tmp_path, [oms()], loop=loop) as driver:
        number = 1
        for _ in range(3):
            for _ in range(REFUSALS_MAX - 1):
                assert call(driver, TEST_SESSION) == "TestMessageIndicator mismatch"
            with Client().connect(driver.port) as client:
                client.next_out = number
                client.log_on()
                client.send("5")
                assert client.read().msg_type == "5"
                number = client.next_out
            until(lambda: driver.node.links["OMS"].conn is None, "its end")


def test_an_address_that_floods_is_closed_before_it_speaks(tmp_path: Path, loop: str) -> None:
    with driven(tmp_path, [oms()], loop=loop) as driver:
        calls = 0
        while (None, "refused too often") not in lines(driver, min(calls, 1)):
            call(driver, TEST_SESSION)
            calls += 1
            assert calls < 10 * FLOOD_MAX, "it is not kept out before it says who it is"
        assert calls > FLOOD_MAX
