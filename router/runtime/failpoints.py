"""Failpoints: named places in the shell where a test may let the daemon die, its disk fail, or time
pass. `SLUICE_FAILPOINT=name:n:kill|eio|delay` arms one, or several with commas between them.

Owns the list of the places and what happens there. A place is a function; a point is before or
after it. Arming wraps the function, so what is not armed costs nothing: there is no call to skip.
The core has none: it does nothing that could be interrupted.
"""

from __future__ import annotations

import errno
import functools
import inspect
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from router.journal.headroom import HEADROOM_NAME
from router.journal.market import MarketFile
from router.journal.segments import Journal
from router.journal.spare import SPARE_NAME
from router.journal.storage import FileStorage
from router.runtime.doorway import Doorway
from router.runtime.heads import HeadKeeper
from router.runtime.live import Live
from router.runtime.node import Node
from router.runtime.pump import Pump
from router.runtime.wire import Wire

__all__ = ["Armed", "FailpointError", "Spec", "arm", "names", "parse"]

Action = Literal["kill", "eio", "delay"]
Moment = Literal["before", "within", "after"]
Applies = Callable[[tuple[Any, ...]], bool]
"""Whether a call's arguments are those that a place is about."""

DELAY_S = 0.2
"""What `delay` takes of the thread that it meets, real seconds."""


class FailpointError(ValueError):
    """What was asked for does not exist; the text says what does."""


@dataclass(frozen=True, slots=True)
class Spec:
    """One point that is to be armed: what happens when it is passed for the n-th time."""

    name: str
    n: int
    action: Action

    def __str__(self) -> str:
        return f"{self.name}:{self.n}:{self.action}"


@dataclass(frozen=True, slots=True)
class _Place:
    name: str
    owner: type
    method: str
    applies: Applies = lambda _: True
    partly: bool = False
    """It writes its last argument, and may do so in part: there is a point within."""

    @property
    def moments(self) -> tuple[Moment, ...]:
        return ("before", "within", "after") if self.partly else ("before", "after")


def _file(prefix: str) -> Applies:
    """Calls of a storage about a file whose name begins so."""
    return lambda args: str(args[1]).startswith(prefix)


def _frame(msg_type: str) -> Applies:
    """Writes to a connection that hold a message of a kind."""
    sign = f"\x0135={msg_type}\x01".encode()
    return lambda args: sign in args[1]


_JOURNAL, _MARKET = _file("journal-"), _file("market-")

_MESSAGES = {
    "logon": "A",
    "logout": "5",
    "heartbeat": "0",
    "test_request": "1",
    "resend_request": "2",
    "reject": "3",
    "sequence_reset": "4",
    "report": "8",
    "cancel_reject": "9",
    "mass_cancel_report": "r",
    "business_reject": "j",
    "new_order": "D",
    "cancel": "F",
    "order_status": "H",
    "mass_status": "AF",
    "quote_request": "R",
    "market_data_request": "V",
}
"""Every kind of message that leaves, by MsgType(35)."""

_PLACES = (
    # Recovery, in its order.
    _Place("disk.lock", FileStorage, "lock"),
    _Place("recovery.open", Journal, "open"),
    _Place("recovery.market", MarketFile, "open"),
    _Place("recovery.fold", Node, "recover"),
    _Place("recovery.restarted", Node, "start"),
    _Place("recovery.ready", Live, "_until_ready"),
    _Place("life.listen", Doorway, "listen"),
    # The journal, as the driver uses it.
    _Place("journal.append", Journal, "append"),
    _Place("journal.write", Journal, "write"),
    _Place("journal.sync", Journal, "sync"),
    _Place("journal.close", Journal, "close"),
    _Place("market.append", MarketFile, "append"),
    _Place("market.flush", MarketFile, "flush"),
    # The disk below it: rotation is create, sync, release, where a spare is ready rename, truncate,
    # sync, release; headroom is create, remove.
    _Place("disk.write_journal", FileStorage, "write", _JOURNAL, partly=True),
    _Place("disk.write_market", FileStorage, "write", _MARKET, partly=True),
    _Place("disk.sync_journal", FileStorage, "sync", _JOURNAL),
    _Place("disk.create_journal", FileStorage, "create", _JOURNAL),
    _Place("disk.create_spare", FileStorage, "create", _file(SPARE_NAME)),
    _Place("disk.rename_spare", FileStorage, "rename", _file(SPARE_NAME)),
    _Place("disk.create_market", FileStorage, "create", _MARKET),
    _Place("disk.create_headroom", FileStorage, "create", _file(HEADROOM_NAME)),
    _Place("disk.remove_headroom", FileStorage, "remove", _file(HEADROOM_NAME)),
    _Place("disk.truncate_journal", FileStorage, "truncate", _JOURNAL),
    _Place("disk.release_journal", FileStorage, "release", _JOURNAL),
    _Place("disk.close", FileStorage, "close"),
    _Place("disk.put_snapshot", FileStorage, "put", _file("snapshot")),
    _Place("heads.publish", HeadKeeper, "publish"),
    # A batch: handle, append, write, sync, leave.
    _Place("batch.handle", Pump, "_handle"),
    _Place("batch.leave", Pump, "_leave"),
    _Place("batch.send", Pump, "_send"),
    _Place("batch.poison", Pump, "_poison"),
    _Place("batch.last_cancels", Node, "last_cancels"),
    # Sessions: a venue that has logged on is asked for its orders, its reconciliation.
    _Place("session.connected", Node, "connected"),
    _Place("session.accepted", Node, "accepted"),
    _Place("session.logged_on", Node, "_logged_on"),
    _Place("session.logged_out", Node, "_logged_out"),
    _Place("session.closed", Node, "closed"),
    _Place("session.resend", Node, "_resend_piece"),
    # An operator, time, the end.
    _Place("operator.control", Node, "control"),
    _Place("operator.session", Node, "operate"),
    _Place("node.tick", Node, "tick"),
    _Place("life.logout", Node, "logout"),
    _Place("life.drain", Live, "_drain"),
    _Place("life.stop", Pump, "stop"),
    *(_Place(f"send.{name}", Wire, "write", _frame(kind)) for name, kind in _MESSAGES.items()),
)

_BY_NAME = {
    f"{place.name}.{moment}": (place, moment) for place in _PLACES for moment in place.moments
}


def names() -> list[str]:
    """Every point, in the order in which a life meets them, more or less."""
    return list(_BY_NAME)


def parse(text: str) -> list[Spec]:
    """What `SLUICE_FAILPOINT` asks for.

    Raises:
        FailpointError: a name, number or action that there is not.
    """
    return [_parse_one(each.strip()) for each in text.split(",")]


def _parse_one(text: str) -> Spec:
    parts = text.split(":")
    if len(parts) != 3:
        raise FailpointError(f"failpoint {text!r}: allowed: NAME:N:ACTION, as in {_EXAMPLE}")
    name, number, action = parts
    if name not in _BY_NAME:
        raise FailpointError(f"failpoint {name!r}: no such name; allowed: {', '.join(_BY_NAME)}")
    if not number.isdecimal() or not int(number):
        raise FailpointError(f"failpoint {text!r}: N is {number!r}; allowed: 1 and above")
    if action not in get_args(Action):
        allowed = ", ".join(get_args(Action))
        raise FailpointError(f"failpoint {text!r}: action {action!r}; allowed: {allowed}")
    if action == "eio" and _BY_NAME[name][0].owner is not FileStorage:
        disks = ", ".join(each for each in _BY_NAME if _BY_NAME[each][0].owner is FileStorage)
        raise FailpointError(f"failpoint {text!r}: only a disk has EIO; allowed: {disks}")
    return Spec(name, int(number), action)  # type: ignore[arg-type]


_EXAMPLE = "journal.write.before:7:kill"


# -- what is armed ---------------------------------------------------------------------------------


@dataclass(slots=True)
class Armed:
    """Points that are armed, and how often each was passed."""

    passed: dict[str, int] = field(default_factory=dict)
    _undo: list[Callable[[], None]] = field(default_factory=list)

    def wrap(self, spec: Spec) -> None:
        """Put a point into its place."""
        place, moment = _BY_NAME[spec.name]
        original = place.owner.__dict__[place.method]
        self.passed.setdefault(spec.name, 0)
        setattr(place.owner, place.method, _wrapped(original, place, moment, self, spec))
        self._undo.append(lambda: setattr(place.owner, place.method, original))

    def count(self, spec: Spec) -> None:
        """A point was passed: act if it is its time."""
        self.passed[spec.name] += 1
        if self.passed[spec.name] == spec.n:
            _act(spec)

    def disarm(self) -> None:
        """Put the functions back as they were."""
        while self._undo:
            self._undo.pop()()


def arm(specs: list[Spec]) -> Armed:
    """Arm points for the rest of this process, or until they are disarmed."""
    armed = Armed()
    for spec in specs:
        armed.wrap(spec)
    return armed


def _act(spec: Spec) -> None:
    match spec.action:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "eio":
            raise OSError(errno.EIO, f"{os.strerror(errno.EIO)} (failpoint {spec})")
        case "delay":
            threading.Event().wait(DELAY_S)


Method = Callable[..., Any]


def _wrapped(original: Method, place: _Place, moment: Moment, armed: Armed, spec: Spec) -> Method:
    """The function with the point in it."""

    @contextmanager
    def point(args: tuple[Any, ...]) -> Iterator[None]:
        due = place.applies(args)
        if due and moment == "before":
            armed.count(spec)
        yield
        if due and moment == "after":
            armed.count(spec)

    @functools.wraps(original)
    def method(*args: Any, **kwargs: Any) -> Any:
        with point(args):
            if moment == "within" and place.applies(args):
                *others, data = args
                original(*others, data[: len(data) // 2])
                armed.count(spec)
            return original(*args, **kwargs)

    @functools.wraps(original)
    async def later(*args: Any, **kwargs: Any) -> Any:
        with point(args):
            result: Awaitable[Any] = original(*args, **kwargs)
            return await result

    return later if inspect.iscoroutinefunction(original) else method
