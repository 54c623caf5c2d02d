"""Messages as the wire has them, with `|` for SOH; no code under test frames them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from router.fix.session import (
    Received,
    ResendNeeded,
    Session,
    SessionConfig,
    SessionEvent,
)
from router.fix.versions import Version

T0 = 1_767_623_400_000_000_000
"""2026-01-05 14:30:00 UTC, nanoseconds."""
T0_TEXT = "20260105-14:30:00.000"
S = 1_000_000_000
SLUICE = SessionConfig(sender_comp_id="SLUICE", target_comp_id="OMS", role="acceptor")
OMS = SessionConfig(sender_comp_id="OMS", target_comp_id="SLUICE", role="initiator")
HEADER = ("35", "34", "43")


def raw(text: str) -> bytes:
    """Exactly these fields, `|` for SOH."""
    return text.replace("|", "\x01").encode("latin-1")


def framed(text: str, begin_string: str = "FIX.4.4") -> bytes:
    """The fields from MsgType(35) on, between 8, 9 and 10."""
    body = raw(text)
    head = f"8={begin_string}\x019={len(body)}\x01".encode() + body
    return head + f"10={sum(head) % 256:03d}\x01".encode()


def said(
    text: str,
    sender: str = "OMS",
    target: str = "SLUICE",
    time: str = T0_TEXT,
    begin_string: str = "FIX.4.4",
) -> bytes:
    """A message from shorthand `35=A|34=1|98=0|`: 49, 52 and 56 are put behind 34 (and 43)."""
    fields = text.rstrip("|").split("|")
    size = next(
        (i for i, each in enumerate(fields) if each.partition("=")[0] not in HEADER), len(fields)
    )
    head, rest = fields[:size], fields[size:]
    head += [f"49={sender}", f"52={time}", f"56={target}"]
    return framed("".join(f"{each}|" for each in head + rest), begin_string)


def pipes(frames: bytes | Iterable[bytes]) -> list[str]:
    """Frames as text, one message a line."""
    data = frames if isinstance(frames, bytes) else b"".join(frames)
    text = data.decode("latin-1").replace("\x01", "|")
    return [f"8=FIX{each}" for each in text.split("8=FIX")[1:]]


def speaks(version: Version) -> dict[str, Any]:
    """The settings of a session that speaks a version."""
    default_appl_ver_id = version.appl_ver_id if version.fixt else ""
    return {"begin_string": version.begin_string, "default_appl_ver_id": default_appl_ver_id}


class OneSide:
    """A session whose peer is the test: what it is told, what it says, what it reports.

    Frames are kept as a journal keeps them, so that a ResendNeeded is answered.
    """

    def __init__(
        self,
        config: SessionConfig,
        *,
        way: str = "whole",
        next_in: int = 1,
        next_out: int = 1,
        answers: bool = True,
    ) -> None:
        self.config = config
        self.session = Session(config, next_in=next_in, next_out=next_out)
        self.events: list[SessionEvent] = []
        self.appl = "1137=9|" if self.session.version.fixt else ""
        """What ends the body of a Logon in this version."""
        self.stored: dict[int, bytes] = {}
        self.written: list[bytes] = []
        self.now = T0
        self.way = way
        self.answers = answers
        self.open: list[ResendNeeded] = []
        """What the store was asked for and has not answered."""

    def connect(self) -> None:
        self.session.connect(self.now)
        self.settle()

    def hears(self, *frames: bytes) -> None:
        """Feed frames whole, byte by byte, or all in one read."""
        data = b"".join(frames)
        chunks: Sequence[bytes] = frames
        if self.way == "bytes":
            chunks = [data[i : i + 1] for i in range(len(data))]
        elif self.way == "at once":
            chunks = [data]
        for chunk in chunks:
            self.session.receive(chunk, self.now)
            self.settle()

    def told(self, *texts: str) -> None:
        """Feed shorthand messages of the peer, sent now."""
        time = at(self.now)
        config = self.config
        names = (config.target_comp_id, config.sender_comp_id, time, config.begin_string)
        self.hears(*(said(t, *names) for t in texts))

    def wait(self, seconds: float) -> None:
        """Let time pass; every deadline on the way is served in its time."""
        end = self.now + round(seconds * S)
        while (due := self.session.deadline()) is not None and due <= end:
            self.now = max(self.now, due)
            self.session.tick(self.now)
            self.settle()
        self.now = end

    def send(self, msg_type: str, body: str) -> int:
        seq = self.session.send(msg_type, body.replace("|", "\x01"), self.now)
        self.settle()
        return seq

    def lose(self) -> None:
        self.open.clear()
        self.session.lost(self.now)
        self.settle()

    def restart(self) -> None:
        """The process ends, and another goes on with what a journal has of this one."""
        was = self.session
        self.session = Session(self.config, next_in=was.next_in, next_out=was.next_out)
        self.session.reset_owed = was.begins_again
        self.open.clear()

    def settle(self) -> None:
        self.collect()
        self.listen()
        if self.answers:
            self.answer()

    def listen(self) -> None:
        """Take the events; of what they ask the store is told."""
        while events := self.session.take_events():
            self.events += events
            for event in events:
                if isinstance(event, ResendNeeded):
                    self.open = [event]

    def answer(self) -> None:
        """The store answers all that it was asked for, piece by piece."""
        while self.open:
            self.resend(self.open.pop(0))
            self.listen()
        self.collect()

    def resend(self, event: ResendNeeded) -> None:
        frames = [
            (seq, self.stored[seq])
            for seq in sorted(self.stored)
            if event.begin <= seq <= event.end
        ]
        self.session.resend(frames, self.now)

    def collect(self) -> None:
        for frame in self.session.take_frames():
            if frame.fresh:
                if frame.seq in self.stored:
                    self.stored.clear()
                self.stored[frame.seq] = frame.data
            if frame.live:
                self.written.append(frame.data)

    def says(self) -> list[str]:
        """What was written since the last call, as `pipes`."""
        written, self.written = self.written, []
        return pipes(written)

    def expected(self, *texts: str) -> list[str]:
        """Shorthand of what this side should say, sent now, as `pipes` shows it."""
        return ours(*texts, config=self.config, time=at(self.now))

    def reports(self) -> list[SessionEvent]:
        events, self.events = self.events, []
        return events

    def received(self) -> list[tuple[str, int, bool]]:
        """MsgType, MsgSeqNum and PossDup of what reached the application since the last call."""
        return [
            (event.message.msg_type, event.seq, event.poss_dup)
            for event in self.reports()
            if isinstance(event, Received)
        ]


def at(now: int) -> str:
    """UTCTimestamp of T0 and a while, milliseconds; within the hour that T0 is in."""
    millis = (now - T0) // 1_000_000
    minutes, millis = divmod(millis, 60_000)
    return f"20260105-14:{30 + minutes:02d}:{millis // 1000:02d}.{millis % 1000:03d}"


def ours(*texts: str, config: SessionConfig = SLUICE, time: str = T0_TEXT) -> list[str]:
    """Shorthand of what the session under test says, as `pipes` shows it."""
    names = (config.sender_comp_id, config.target_comp_id, time, config.begin_string)
    return pipes([said(t, *names) for t in texts])


class Pair:
    """An initiator and an acceptor, wired back to back."""

    def __init__(self, **changes: object) -> None:
        self.oms = OneSide(replace(OMS, **changes))  # type: ignore[arg-type]
        self.sluice = OneSide(replace(SLUICE, **changes))  # type: ignore[arg-type]
        self.up = False

    def connect(self) -> None:
        self.up = True
        self.sluice.connect()
        self.oms.connect()
        self.carry()

    def carry(self) -> None:
        """Let what is written arrive, until both are silent."""
        while self.up and (self.oms.written or self.sluice.written):
            for one, other in ((self.oms, self.sluice), (self.sluice, self.oms)):
                written, one.written = one.written, []
                for data in written:
                    other.hears(data)

    def cut(self, *, lose: bool = True) -> None:
        """The connection breaks; what is under way is lost."""
        self.up = False
        for side in (self.oms, self.sluice):
            if lose:
                side.written.clear()
            side.lose()

    def wait(self, seconds: float) -> None:
        """Time passes for both, in steps of a tenth of a second."""
        for _ in range(round(seconds * 10)):
            self.oms.wait(0.1)
            self.sluice.wait(0.1)
            self.carry()
