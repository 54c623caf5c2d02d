"""Sluice in memory, for the acceptance scripts: a session, what it has stored, an application.

The order application stands behind either role: it answers every NewOrderSingle(D) with one
ExecutionReport(8), read and written by the router's own translation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, get_type_hints

from router.fix import from_oms
from router.fix.application import Outgoing, outgoing
from router.fix.dialects import dialect
from router.fix.dictionary import Dictionary, Rules
from router.fix.dictionary import dictionary as make_dictionary
from router.fix.session import Received, ResendNeeded, Session, SessionConfig
from router.fix.states import ALERTS
from router.fix.versions import Version
from router.messages import OrderReceived, OrderTerms, RefuseMessage, Report
from router.model import ExecType, OrdStatus
from tests.fix.definitions import Run
from tests.fix.shorthand import THEM, US

T0 = 1_767_623_400_000_000_000
"""2026-01-05 14:30:00 UTC, nanoseconds."""
LOGON = re.compile(rb"8=FIX.*\x0110=\d{3}\x01", re.DOTALL)
NS = 1_000_000_000
OTHER_SETTINGS = {"use_data_dictionary", *get_type_hints(Rules)}
"""What a script may set beside the settings of a session: how its dictionary judges."""
ANSWERS = frozenset("389j")
"""Messages that answer an order: the application takes them and says nothing."""


def settings(run: Run) -> dict[str, Any]:
    """A run's session settings as values.

    Raises:
        KeyError: there is no such setting.
    """
    kinds = get_type_hints(SessionConfig)
    found: dict[str, Any] = {}
    for name, text in run.settings.items():
        if name in OTHER_SETTINGS:
            continue
        kind = kinds[name]
        found[name] = text == "Y" if kind is bool else kind(text) if kind in (int, float) else text
    return found


def dictionary(version: Version, run: Run) -> Dictionary | None:
    """The dictionary that a run's messages are judged by."""
    if run.settings.get("use_data_dictionary") == "N":
        return None
    kinds = get_type_hints(Rules)
    return cached(version, Rules(**{n: t == "Y" for n, t in run.settings.items() if n in kinds}))


@cache
def cached(version: Version, rules: Rules) -> Dictionary:
    """A version's dictionary: made once."""
    return make_dictionary(version, rules)


def session_config(run: Run) -> SessionConfig:
    """One session as a run wants it."""
    version = run.version
    config = SessionConfig(
        sender_comp_id=US,
        target_comp_id=THEM[run.role],
        role="acceptor" if run.role == "acceptor" else "initiator",
        begin_string=version.begin_string,
        default_appl_ver_id=version.appl_ver_id if version.fixt else "",
        validate=dictionary(version, run),
    )
    return replace(config, **settings(run))


@dataclass(slots=True)
class Application:
    """Answers orders, and keeps what it is given beside them."""

    name: str
    version: Version

    orders: dict[str, OrderTerms] = field(default_factory=dict)
    given: list[str] = field(default_factory=list)

    def take(self, received: Received, now: int) -> list[Outgoing]:
        """What a message is answered with."""
        message = received.message
        if message.msg_type in ANSWERS:
            self.given.append(told(received))
            return []
        spoken = dialect(self.version)
        read = from_oms.read(self.name, message, received.seq, spoken)
        answer: Report | RefuseMessage
        if isinstance(read, RefuseMessage):
            answer = read
        elif isinstance(read, OrderReceived):
            answer = self._order(read)
        else:
            raise AssertionError(f"no script sends 35={message.msg_type}")
        out = outgoing(answer, now, {self.name: spoken})
        assert out is not None
        return [out]

    def _order(self, order: OrderReceived) -> Report:
        """An id that is known opens nothing: its state, or a refusal if the content is other."""
        known = self.orders.setdefault(order.cl_ord_id, order.terms)
        exec_type, reason, status = ExecType.NEW, "", OrdStatus.NEW
        if known is not order.terms:
            exec_type = ExecType.ORDER_STATUS
            if known != order.terms:
                exec_type, reason = ExecType.REJECTED, "6"
        return Report(
            session=self.name,
            parent_id=f"P-{order.cl_ord_id}",
            cl_ord_id=order.cl_ord_id,
            exec_id=f"E-{order.cl_ord_id}-{len(self.orders)}",
            exec_type=exec_type,
            ord_status=status,
            terms=known,
            cum_qty=0,
            leaves_qty=known.order_qty,
            notional=0,
            ord_rej_reason=reason,
        )


def told(received: Received) -> str:
    """A message as a script's `G` line states it."""
    fields_of = "|".join(f"{tag}={value}" for tag, value in received.message.pairs)
    flags = "".join(f"|flag={each.reason}/{each.ref_tag}" for each in received.flags)
    return fields_of + flags


def alerts(faults: Iterable[str]) -> list[str]:
    """What a script's `G` lines state of the faults that a node keeps."""
    codes = [part for fault in faults for part in fault.split(": ")[1:2]]
    return [f"alert={code}" for code in codes if code in ALERTS]


class MemoryConn:
    """The peer's end of the session's connection."""

    def __init__(self, side: Memory) -> None:
        self._side = side
        self.out = bytearray()
        self.closed = False

    def hear(self, data: bytes) -> None:
        if not self.closed:
            self._side.hear(data)

    def said(self) -> bytes:
        data = bytes(self.out)
        self.out.clear()
        return data

    def ended(self) -> bool:
        return self.closed

    def hang_up(self) -> None:
        self._side.lose()


class Memory:
    """One session without I/O, as a `Side`."""

    tells = frozenset(("message", "alert"))

    def __init__(self, run: Run, **changes: Any) -> None:
        """`changes` are settings that the script does not know of."""
        self.config = replace(session_config(run), **changes)
        self.now = T0
        self.application = Application(self.config.session_id, run.version)
        self.stored: dict[int, bytes] = {}
        self.session = Session(self.config)
        self._conn: MemoryConn | None = None
        self._alerts: list[str] = []
        self._refusal: str | None = None
        self._at_the_door = b""

    def open(self) -> MemoryConn:
        assert self._conn is None, "a session has one connection"
        self._conn = MemoryConn(self)
        conn = self._conn
        self.session.connect(self.now)
        self.settle()
        return conn

    def hear(self, data: bytes) -> None:
        """Bytes of the peer; a Logon that is refused at the door does not reach the session."""
        if self._refusal is None:
            self.session.receive(data, self.now)
        else:
            self._at_the_door += data
            if not LOGON.fullmatch(self._at_the_door):
                return
            self.session.refuse_logon("no", self.now, self._refusal)
            self._refusal = None
        self.settle()

    def lose(self) -> None:
        """The connection is gone."""
        if self._conn is not None:
            self._conn = None
            self.session.lost(self.now)
            self.settle()

    def restart(self) -> None:
        self._conn = None
        was = self.session
        self.session = Session(self.config, next_in=was.next_in, next_out=was.next_out)
        self.session.reset_owed = was.begins_again

    def wait(self, seconds: float) -> None:
        """Every deadline on the way is served in its time."""
        end = self.now + round(seconds * NS)
        while (due := self.session.deadline()) is not None and due <= end:
            self.now = max(self.now, due)
            self.session.tick(self.now)
            self.settle()
        self.now = end

    def act(self, action: str, text: str) -> None:
        match action:
            case "send":
                msg_type, _, body = text.removeprefix("35=").partition("\x01")
                self.session.send(msg_type, body and f"{body}\x01", self.now)
            case "logout":
                self.session.logout(text, self.now)
            case "reset":
                self.session.reset(self.now)
            case "skip":
                self.session.skip_to(int(text), self.now)
            case "refuse":
                self._refusal = text
            case _:
                raise AssertionError(f"A {action}: allowed: send logout reset skip refuse")
        self.settle()

    def delivered(self) -> list[str]:
        given = self.application.given + self._alerts
        self.application.given.clear()
        self._alerts.clear()
        return given

    def settle(self) -> None:
        """Carry out all that the session wants, until it wants nothing more."""
        self._collect()
        while events := self.session.take_events():
            for event in events:
                if isinstance(event, Received):
                    for out in self.application.take(event, self.now):
                        self.session.send(out.msg_type, out.body, self.now)
                elif isinstance(event, ResendNeeded):
                    self.session.resend(self._range(event.begin, event.end), self.now)
                elif type(event).__name__ == "Alert":
                    self._alerts.append(f"alert={event.code}")  # type: ignore[union-attr]
            self._collect()
        if self.session.wants_close and self._conn is not None:
            self._conn.closed = True
            self.lose()

    def _range(self, begin: int, end: int) -> list[tuple[int, bytes]]:
        return [(seq, self.stored[seq]) for seq in sorted(self.stored) if begin <= seq <= end]

    def _collect(self) -> None:
        for frame in self.session.take_frames():
            if frame.fresh:
                if frame.seq in self.stored:
                    self.stored.clear()
                self.stored[frame.seq] = frame.data
            if frame.live and self._conn is not None:
                self._conn.out += self.speak(frame.data)

    def speak(self, frame: bytes) -> bytes:
        """A frame as it goes on the wire."""
        return frame
