"""Plays an acceptance script against Sluice: sends what the peer sends, judges what Sluice says.

Owns the peer's numbers, the matching of expectations, and silence where none is stated. What Sluice
is, a session in memory or a daemon behind a socket, is a `Side`'s business.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol

from tests.fix.definitions import Run, Step
from tests.fix.protocol import (
    ADMIN_TYPES,
    Breach,
    Listener,
    Said,
    cut,
    pairs,
    require,
    shown,
)
from tests.fix.shorthand import THEM, US, Shorthand

WAYS = ("whole", "bytes", "together")
"""Each message in one read; every byte in its own; as many messages in one read as can be."""
MUST_EXPLAIN = frozenset(("3", "j"))
"""Messages that are nothing without Text(58)."""
MAY_EXPLAIN = frozenset(("3", "5"))


class Conn(Protocol):
    """One connection, seen from the peer's end."""

    def hear(self, data: bytes) -> None:
        """Bytes to Sluice; returns when it has dealt with them."""

    def said(self) -> bytes:
        """What Sluice has written since the last call."""

    @property
    def closed(self) -> bool:
        """True if Sluice has closed it."""

    def ended(self) -> bool:
        """The same, if that is what must be: waits for it."""

    def hang_up(self) -> None:
        """Close it from the peer's end."""


class Side(Protocol):
    """Sluice, as a script sees it."""

    @property
    def now(self) -> int:
        """UTC nanoseconds."""

    def open(self) -> Conn:
        """A connection is up."""

    def wait(self, seconds: float) -> None:
        """Let time pass."""

    def restart(self) -> None:
        """The process ends without a word and starts again."""

    def act(self, action: str, text: str) -> None:
        """Something that Sluice does by its own will."""

    def delivered(self) -> list[str]:
        """What reached the application and no answer shows, since the last call."""

    @property
    def tells(self) -> frozenset[str]:
        """What `delivered` can hold: `message`, `alert`."""


class Peer:
    """One connection's other end: what it sends next, what it expects next."""

    def __init__(self, run: Run) -> None:
        self.conn: Conn | None = None
        self.up = False
        self.next = 1
        """MsgSeqNum(34) of its next message."""
        self.expected = 1
        """MsgSeqNum(34) of Sluice's next."""
        self.listener = Listener(run.version.begin_string, US, THEM[run.role])
        self.heard: list[Said] = []
        self.rest = b""

    def collect(self) -> None:
        """Read what has been said."""
        if self.conn is not None:
            found, self.rest = cut(self.rest + self.conn.said(), self.listener.begin_string)
            self.heard += found


class Player:
    """Plays one run."""

    def __init__(self, run: Run, side: Side, way: str = "whole") -> None:
        self._run = run
        self._side = side
        self._way = way
        self._peers = {"": Peer(run), "other": Peer(run)}
        self._peer = self._peers[""]
        self._words = Shorthand(run)
        self._batch: list[bytes] = []
        self._deferred: list[str] = []
        self._log: list[str] = []
        self._delivered: list[str] = []

    def play(self) -> None:
        """Every step, and then silence.

        Raises:
            Breach: says in which line, and what was said until then.
        """
        line = 0
        try:
            for step in self._run.steps():
                line = step.line
                self._step(step)
            self._settle()
            self._delivered += self._side.delivered()
            require(not self._delivered, f"delivered, and not stated: {self._delivered}")
        except Breach as breach:
            log = "\n  ".join(self._log)
            where = f"{self._run.script.name}.def:{line}: {self._run.name}, {self._way}"
            raise Breach(f"{where}: {breach}\n  {log}") from None

    # --- Steps ---------------------------------------------------------------------------------

    def _step(self, step: Step) -> None:
        match step.verb:
            case "I" | "R":
                self._send(step.verb, step.text)
            case "E":
                self._expect(step.text)
            case "other":
                verb, _, text = step.text.partition(" ")
                self._settle()
                self._peer = self._peers["other"]
                self._step(Step(verb, text, step.line))
                self._flush()
                self._peer = self._peers[""]
            case "logon":
                self._logon(step.text)
            case "alive":
                self._send("I", "35=1|112=alive")
                self._expect("35=0|112=alive")
            case _:
                self._settle()
                self._happen(step.verb, step.text)

    def _happen(self, verb: str, text: str) -> None:
        self._log.append(f"{verb} {text}")
        match verb:
            case "connect":
                self._connect()
            case "disconnect":
                self._hang_up()
            case "restart":
                self._side.restart()
                self._peer.up = False
            case "wait":
                self._side.wait(float(text))
            case "A":
                action, _, rest = text.partition(" ")
                self._side.act(action, self._words.wire(rest, self._side.now))
            case "G":
                self._got(text)

    def _connect(self) -> None:
        peer = self._peer
        peer.conn = self._side.open()
        peer.up = True
        peer.heard.clear()
        peer.rest = b""

    def _hang_up(self) -> None:
        assert self._peer.conn is not None
        self._peer.up = False
        self._peer.conn.hang_up()

    def _logon(self, text: str) -> None:
        """Both Logons, in the order of the role: `fields of theirs -> fields of ours`."""
        theirs, _, ours = text.partition("->")
        steps = [("E", ours), ("I", theirs)]
        if self._run.role == "acceptor":
            steps.reverse()
        self._settle()
        self._happen("connect", "")
        for verb, fields in steps:
            message = f"35=A|{fields.strip()}"
            if verb == "I":
                self._send("I", message)
            else:
                self._expect(message)

    def _got(self, text: str) -> None:
        """The application was given this message, or was told of this."""
        if ("alert" if text.startswith("alert=") else "message") not in self._side.tells:
            return
        self._delivered += self._side.delivered()
        require(self._delivered, f"not delivered: {text}")
        told = self._delivered.pop(0)
        wanted = set(self._words.fill(text, self._side.now).split("|"))
        require(wanted <= set(told.split("|")), f"delivered {told}, not {text}")
        flagged = [part for part in told.split("|") if part.startswith("flag=")]
        require(wanted >= set(flagged), f"flagged {flagged}, not {text}")

    # --- The peer sends ------------------------------------------------------------------------

    def _send(self, verb: str, text: str) -> None:
        if self._way != "together" or self._must_wait(text):
            self._settle()
        if verb == "R":
            frame = self._exactly(text)
        else:
            frame, counted = self._words.message(text, self._peer.next, self._side.now)
            self._count(counted)
        self._log.append(f"I {shown(frame)}")
        self._batch.append(frame)
        if self._way != "together":
            self._feed()

    def _must_wait(self, text: str) -> bool:
        """True if the message cannot be sent before what is expected so far has been said.

        Sluice's application answers after it has read all that came at once.
        """
        asked = [shown(frame).split("|35=")[-1] for frame in self._batch]
        told = [each.removeprefix("35=") for each in self._deferred]
        answers = any(each.partition("|")[0] not in ADMIN_TYPES for each in asked + told)
        return bool(self._words.unknown(text)) or (bool(told) and answers)

    def _feed(self) -> None:
        conn = self._peer.conn
        assert conn is not None, "connect first"
        data = b"".join(self._batch)
        self._batch.clear()
        chunks = [data]
        if self._way == "bytes":
            chunks = [data[at : at + 1] for at in range(len(data))]
        for chunk in chunks:
            conn.hear(chunk)

    def _count(self, counted: Mapping[str, str]) -> None:
        """The number that the peer has spent."""
        peer = self._peer
        number = counted.get("34", "")
        if not number.isdigit():
            return
        fresh_logon = counted["35"] == "A" and counted.get("43") != "Y"
        peer.next = int(number) + 1 if fresh_logon else max(peer.next, int(number) + 1)
        if counted["35"] == "4" and counted.get("36", "").isdigit():
            peer.next = max(peer.next, int(counted["36"]))

    def _exactly(self, text: str) -> bytes:
        """Exactly these fields; `{next}` is the number of the peer's next message."""
        if "{next}" in text:
            text = text.replace("{next}", str(self._peer.next))
            self._peer.next += 1
        return self._words.exactly(text, self._side.now)

    # --- Sluice says ---------------------------------------------------------------------------

    def _expect(self, text: str) -> None:
        if self._way == "together" and self._batch and text != "disconnect":
            self._deferred.append(text)
            return
        self._flush()
        if text == "disconnect":
            self._closed()
        else:
            self._match(text)

    def _flush(self) -> None:
        if self._batch:
            self._feed()
        deferred, self._deferred = self._deferred, []
        for text in deferred:
            self._match(text)

    def _closed(self) -> None:
        peer = self._peer
        assert peer.conn is not None
        peer.collect()
        require(not peer.heard, f"said, and not stated: {[shown(s.frame) for s in peer.heard]}")
        require(peer.conn.ended(), "Sluice has not closed the connection")
        require(not peer.rest, "half a message")
        peer.up = False
        self._log.append("E disconnect")

    def _settle(self) -> None:
        """All that was said is stated, and nothing else is said."""
        self._flush()
        peer = self._peer
        peer.collect()
        require(not peer.heard, f"said, and not stated: {[shown(s.frame) for s in peer.heard]}")
        require(not peer.rest, "half a message was said")
        closed = peer.up and peer.conn is not None and peer.conn.closed
        require(not closed, "Sluice has closed the connection, and that is not stated")

    def _match(self, text: str) -> None:
        peer = self._peer
        peer.collect()
        require(peer.heard, f"not said: {text}")
        said = peer.heard.pop(0)
        self._log.append(f"E {shown(said.frame)}")
        peer.listener.judge(said, self._side.now)
        try:
            self._equal(said, text)
        except Breach as breach:
            raise Breach(f"{shown(said.frame)} is not {text}: {breach}") from None
        if said.msg_type == "4" and said.get("123") != "Y":
            peer.expected = int(said.get("36"))
        elif not said.possible_duplicate:
            peer.expected = said.seq + 1

    def _equal(self, said: Said, text: str) -> None:
        """Each stated field is there; of an administrative message, and of a header, no other."""
        stated = pairs(text)
        wanted = [each for each in stated if not each[0].startswith("-")]
        require(said.msg_type == dict(stated)["35"], "another MsgType")
        if said.msg_type == "A":
            tags = {tag.lstrip("-") for tag, _ in stated}
            wanted += [each for each in self._words.terms if each[0] not in tags]
        if "34" not in dict(wanted):
            wanted.append(("34", str(self._peer.expected)))
        for tag, value in wanted:
            self._field(said, tag, value)
        for tag, _ in stated:
            require(not (tag.startswith("-") and said.get(tag[1:])), f"{tag[1:]} is there")
        require(said.get("58") or said.msg_type not in MUST_EXPLAIN, "Text(58) is missing")
        known = {tag for tag, _ in wanted}
        free = {"122"} if said.possible_duplicate else set()
        odd = said.header() - known - free - {"8", "9", "35", "34", "49", "52", "56"}
        require(not odd, f"{sorted(odd)} in the header")
        if said.msg_type in ADMIN_TYPES:
            may = known | ({"58"} if said.msg_type in MAY_EXPLAIN else set())
            extra = [each for each in said.body() if each[0] not in may]
            require(not extra, f"{extra} is too much")
            require(len(set(said.body())) == len(list(said.body())), "a field stands twice")

    def _field(self, said: Said, tag: str, value: str) -> None:
        found = said.get(tag)
        require(found, f"{tag} is missing")
        if value.startswith("~"):
            require(re.search(value[1:], found), f"{tag}={found} is not like {value[1:]}")
            return
        name = self._words.kept(value)
        if name:
            self._words.names[name] = found
            return
        wanted = self._words.fill(value, self._side.now)
        require(wanted in ("*", found), f"{tag}={found}, not {wanted}")
