"""An OMS made of QuickFIX: a process that is told what to send on stdin and tells all on stdout.

Every line is JSON. In: `{"type": "D", "fields": [[11, "X"], ...]}`. Out: `{"event": ..., "text":
...}` with event `logon`, `logout`, or the name of the QuickFIX callback and the message as it was
on the wire. Knows nothing of the router; imports nothing of it.
"""

from __future__ import annotations

import json
import sys
import threading
from typing import Any

import quickfix as fix

_lock = threading.Lock()


def tell(event: str, text: str = "") -> None:
    """One line to the test."""
    with _lock:
        sys.stdout.write(json.dumps({"event": event, "text": text}) + "\n")
        sys.stdout.flush()


class Oms(fix.Application):  # type: ignore[misc]
    """Tells everything that QuickFIX calls it with."""

    def __init__(self) -> None:
        super().__init__()
        self.session_id: Any = None

    def onCreate(self, session_id: Any) -> None:
        self.session_id = session_id

    def onLogon(self, session_id: Any) -> None:
        tell("logon")

    def onLogout(self, session_id: Any) -> None:
        tell("logout")

    def toAdmin(self, message: Any, session_id: Any) -> None:
        tell("admin_out", message.toString())

    def fromAdmin(self, message: Any, session_id: Any) -> None:
        tell("admin_in", message.toString())

    def toApp(self, message: Any, session_id: Any) -> None:
        tell("app_out", message.toString())

    def fromApp(self, message: Any, session_id: Any) -> None:
        tell("app_in", message.toString())


def numbers(session_id: Any) -> str:
    """The next MsgSeqNum in and out, as fields 789 and 34 would say them."""
    session = fix.Session.lookupSession(session_id)
    return f"789={session.getExpectedTargetNum()}\x0134={session.getExpectedSenderNum()}\x01"


def send(oms: Oms, line: str) -> None:
    """An application message from a line of stdin."""
    asked = json.loads(line)
    message = fix.Message()
    message.getHeader().setField(fix.StringField(35, asked["type"]))
    for tag, value in asked["fields"]:
        message.setField(fix.StringField(tag, value))
    fix.Session.sendToTarget(message, oms.session_id)


def main(config: str) -> None:
    """Log on and serve stdin until it ends; then log out."""
    settings = fix.SessionSettings(config)
    oms = Oms()
    store, log = fix.FileStoreFactory(settings), fix.FileLogFactory(settings)
    initiator = fix.SocketInitiator(oms, store, settings, log)
    initiator.start()
    for line in sys.stdin:
        if line == "numbers\n":
            tell("numbers", numbers(oms.session_id))
        else:
            send(oms, line)
    initiator.stop()


if __name__ == "__main__":
    main(sys.argv[1])
