"""What the router says of itself: over its control socket, and in its journal when it is gone."""

from __future__ import annotations

import json
import socket
from typing import Any

from config.settings import load_settings
from router import build
from router.core import fold
from router.core.state import State
from router.journal.recovery import read_steps
from router.journal.storage import FileStorage
from router.runtime import control
from tests.interop.engine import QuickFixProcess
from tests.interop.processes import WAIT_S, House

MESSAGES = 6
"""Of the session layer, within which both ends must agree."""


def agreed(house: House, name: str, engine: QuickFixProcess) -> tuple[int, int]:
    """The session's next MsgSeqNum in and out, once both ends have the same.

    A message may be under way between the two questions. And QuickFIX answers a ResendRequest(2)
    that came early without counting it: with the next heartbeat it asks for that number again.

    Raises:
        AssertionError: they did not agree within a few messages.
    """
    for _ in range(MESSAGES):
        heard = engine.admin
        told = _status(house)["sessions"][name]
        ours, theirs = (told["next_in"], told["next_out"]), engine.ask_numbers()
        if ours == theirs[::-1]:
            return ours
        engine.until(lambda before=heard: engine.admin > before, "another message")  # type: ignore[misc]
    raise AssertionError(f"{name}: ours {ours}, QuickFIX's {theirs}")


def _status(house: House) -> dict[str, Any]:
    with socket.socket(socket.AF_UNIX) as door:
        door.settimeout(WAIT_S)
        door.connect(control.socket_path(house.state))
        door.sendall(b'{"command": "status"}\n')
        with door.makefile("rb") as answer:
            found: dict[str, Any] = json.loads(answer.readline())
    return found


def folded(house: House) -> State:
    """The router's state as its journal tells it."""
    made_of = build.parts(load_settings(house.config, house.overrides))
    state = build.engine(made_of.env, made_of.family).state
    for _, step in read_steps(FileStorage(house.state)):
        for message in (step.event, *step.commands):
            if message is not None:
                fold.apply(state, step.now, message)
    return state
