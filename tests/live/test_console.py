"""The operator's socket: an asker is answered whoever else holds places or descriptors."""

from __future__ import annotations

import json
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from router.runtime.console import ASKERS_MAX
from router.runtime.control import REQUEST_MAX, socket_path
from tests.live.driven import LOOPS, WAIT_S, driven, oms
from tests.scarce import no_descriptors

pytestmark = pytest.mark.parametrize("loop", LOOPS)
KILL = b'{"command": "kill", "scope": "all", "who": "Ada Byron", "reason": "a test"}\n'


def door() -> socket.socket:
    found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    found.settimeout(WAIT_S)
    return found


def told(asker: socket.socket) -> bytes:
    """What is said until the end."""
    said = b""
    while data := asker.recv(1 << 16):
        said += data
    return said


def test_a_kill_needs_no_descriptor_that_somebody_else_may_hold(tmp_path: Path, loop: str) -> None:
    with driven(tmp_path, [oms()], loop=loop) as driver, ExitStack() as stack:
        askers = [stack.enter_context(door()) for _ in range(3)]
        with no_descriptors():
            for asker in askers:
                asker.connect(socket_path(tmp_path))
                asker.sendall(KILL)
            answers = [json.loads(told(asker)) for asker in askers]
        assert [each["kill_id"] for each in answers] == list(driver.node.engine.state.kills)


def test_who_asks_nothing_gives_way_in_time(tmp_path: Path, loop: str) -> None:
    with driven(tmp_path, [oms()], loop=loop), ExitStack() as stack:
        idle = [stack.enter_context(door()) for _ in range(ASKERS_MAX)]
        for each in idle:
            each.connect(socket_path(tmp_path))
        with door() as asker:
            asker.connect(socket_path(tmp_path))
            asker.sendall(KILL)
            assert "kill_id" in json.loads(told(asker))
        assert [told(each) for each in idle] == [b""] * ASKERS_MAX


@pytest.mark.parametrize("how", ["in pieces", "without an end", "too long", "gone"])
def test_a_request_is_one_line(tmp_path: Path, loop: str, how: str) -> None:
    with driven(tmp_path, [oms()], loop=loop), door() as asker:
        asker.connect(socket_path(tmp_path))
        match how:
            case "in pieces":
                asker.sendall(KILL[:20])
                asker.sendall(KILL[20:])
                assert b"kill_id" in told(asker)
            case "without an end":
                asker.sendall(KILL.rstrip())
                asker.shutdown(socket.SHUT_WR)
                assert b"kill_id" in told(asker)
            case "too long":
                asker.sendall(b"x" * (REQUEST_MAX + 1))
                assert told(asker) == b""
            case _:
                asker.sendall(KILL)
                asker.close()
        with door() as other:
            other.connect(socket_path(tmp_path))
            other.sendall(b'{"command": "status"}\n')
            assert b"kills" in told(other)
