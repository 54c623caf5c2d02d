"""A connection as the driver holds it: bytes counted both ways, and bounded both ways.

Owns the bounds: how fast bytes are taken in, how many may wait to be handled, and how many, and for
how long, may wait for a peer that does not read. Knows no session but by its name; what bytes mean
is its keeper's business.
"""

from __future__ import annotations

import asyncio
import fcntl
import socket
import termios
from dataclasses import dataclass
from enum import IntFlag
from typing import Protocol, cast

from router.fix.addresses import IpAddress, peer_address
from router.runtime.tls import Peer, peer

MIB = 1024 * 1024
TURN_MAX = 64 * 1024
"""Bytes of one connection that are handled before it is the others' turn."""
IN_WAITING_MAX = MIB
"""Bytes of one connection that may wait to be handled before it is read no further."""
IN_STEP = MIB // 4
"""The rate is looked at once in so many bytes."""
IN_BURST_S = 1.0
"""So many seconds' worth may come at once."""
CLOSE_S = 5.0
"""How long bytes written before a close may take to leave."""
IN_PER_S = 64 * MIB
"""Bytes of one connection taken in a second; more are left with the peer."""
SYSTEM_OUT = 256 * 1024
"""Bytes that the system may hold for a peer besides (Linux doubles it); it would take megabytes of
them from what we see waiting."""
KEEPALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one connection may cost. Bytes and real seconds."""

    out_hard: int = 16 * MIB
    """Bytes that wait for the peer before it is cut. What was journaled is resent later."""
    out_s: float = 10.0
    """How long it may take none of them, or leave more than the soft limit waiting."""

    @property
    def out_soft(self) -> int:
        """Above it resends pause."""
        return self.out_hard // 4


DEFAULT_BOUNDS = Bounds()


class Hold(IntFlag):
    """Why a connection is not read for a while."""

    WAITING = 1
    """Too many of its bytes wait to be handled."""
    RATE = 2
    CHECK = 4
    """Its credentials are checked."""


class Keeper(Protocol):
    """Whose connection it is: the doorway's until it has logged on, then the driver's."""

    def opened(self, wire: Wire) -> None:
        """The connection is up, with TLS if there is any."""

    def data(self, wire: Wire, data: bytes) -> None:
        """Bytes of the peer."""

    def lost(self, wire: Wire, why: BaseException | None) -> None:
        """The connection is gone."""

    def congested(self, wire: Wire, slow: bool) -> None:
        """The peer reads too slowly, or does so no more."""


class Wire(asyncio.Protocol):
    """One connection."""

    def __init__(self, conn: int, keeper: Keeper, address: IpAddress | None = None) -> None:
        self.conn = conn
        self.keeper = keeper
        self.address = address
        self.name = ""
        """The session that it is for, once that is known."""
        self.where = ""
        """The peer's address and port."""
        self.tls = Peer()
        self.bounds = DEFAULT_BOUNDS
        self.since = 0
        """When it was opened, UTC nanoseconds."""
        self.bytes_in = self.bytes_out = 0
        self.is_lost = False
        """The connection is gone; what has come is still to be handled."""
        self.answered = False
        self.answered = False
        """It has led to a session that was logged on. Known when it is over."""
        self.fault = ""
        """Why it was lost, if not in order."""
        self.over = asyncio.Event()
        self._transport: asyncio.Transport | None = None
        self._loop: asyncio.AbstractEventLoop
        self._inbox: list[bytes] = []
        self._waiting = 0
        self._holds = Hold(0)
        self._look_at = IN_STEP
        """Bytes in at which the rate is looked at again."""
        self._paid_until = 0.0
        self._slow_since: float | None = None
        self._left = 0
        """Bytes that had left when they were last counted, and since when no more have."""
        self._stuck_since: float | None = None
        self._closing_since: float | None = None

    # -- asyncio's side --------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is up, and so is its TLS."""
        self._loop = asyncio.get_running_loop()
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass of it
        self.tls = peer(transport.get_extra_info("ssl_object"))
        name = transport.get_extra_info("peername")
        if name:
            address = peer_address(name[0])
            self.where = (
                f"[{address}]:{name[1]}" if address.version == 6 else f"{address}:{name[1]}"
            )
        prepare(transport.get_extra_info("socket"))
        self.bound(self.bounds)
        self.keeper.opened(self)

    def data_received(self, data: bytes) -> None:
        """Bytes of the peer."""
        self.bytes_in += len(data)
        if self.bytes_in >= self._look_at:
            self._look_at_rate()
        self.keeper.data(self, data)

    def pause_writing(self) -> None:
        """More waits than the soft limit."""
        self._slow_since = self._loop.time()
        self.keeper.congested(self, True)

    def resume_writing(self) -> None:
        """What waited has left, or most of it."""
        self._slow_since = None
        self.keeper.congested(self, False)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        if self._transport is not None:
            self._transport = None
            self.keeper.lost(self, exc)

    # -- the keeper's side -----------------------------------------------------------------------

    @property
    def unsent(self) -> int:
        """Bytes that wait for the peer."""
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    @property
    def under_way(self) -> bool:
        """Bytes wait here, or in our system until the peer's has them. Under TLS some may wait
        between the two for a moment: look twice.
        """
        if self.unsent or self._transport is None or self._transport.is_closing():
            return self.unsent > 0
        descriptor = self._transport.get_extra_info("socket").fileno()
        return any(fcntl.ioctl(descriptor, termios.TIOCOUTQ, bytes(4)))

    @property
    def slow(self) -> bool:
        """More than the soft limit waits."""
        return self._slow_since is not None

    def bound(self, bounds: Bounds) -> None:
        """Set the bounds that hold from now on."""
        self.bounds = bounds
        if self._transport is not None:
            self._transport.set_write_buffer_limits(bounds.out_soft, bounds.out_soft // 2)

    def write(self, data: bytes) -> None:
        """Send bytes, or keep them until the peer takes them. Lost if the connection is."""
        transport = self._transport
        if transport is not None and not transport.is_closing():
            self.bytes_out += len(data)
            transport.write(data)

    def put(self, data: bytes) -> bool:
        """Keep bytes until it is their turn. True if there were none, and it is to be queued."""
        inbox = self._inbox
        first = not inbox
        inbox.append(data)
        self._waiting += len(data)
        if self._waiting > IN_WAITING_MAX:
            self.hold(Hold.WAITING)
        return first

    def take(self) -> bytes:
        """Bytes for one turn; empty if none wait."""
        inbox = self._inbox
        if not inbox:
            return b""
        data = inbox[0]
        if len(data) <= TURN_MAX:
            del inbox[0]
        else:
            inbox[0], data = data[TURN_MAX:], data[:TURN_MAX]
        self._waiting -= len(data)
        if self._holds and self._waiting <= IN_WAITING_MAX // 2:
            self.release(Hold.WAITING)
        return data

    @property
    def waits(self) -> bool:
        """True while there is something left for another turn."""
        return bool(self._inbox)

    def hold(self, why: Hold) -> None:
        """Leave what comes with the peer until the same `why` is released."""
        if not self._holds and self._transport is not None:
            self._transport.pause_reading()
        self._holds |= why

    def release(self, why: Hold) -> None:
        """Read on, if nothing else holds it."""
        if self._holds & why:
            self._holds &= ~why
            if not self._holds and self._transport is not None:
                self._transport.resume_reading()

    def close(self) -> None:
        """Close when what was written has left, or when that takes too long."""
        if self._transport is not None and self._closing_since is None:
            self._closing_since = self._loop.time()
            self._transport.close()

    def abort(self) -> None:
        """Close now; what waits is lost."""
        if self._transport is not None:
            self._transport.abort()

    def abandon(self) -> None:
        """Close now, and leave what waits to be handled: the peer will be asked for it again.

        The keeper hears of it at once, and without fail. uvloop says nothing of a call whose caller
        is cancelled in the moment in which it comes up.
        """
        self._inbox.clear()
        self._waiting = 0
        self.abort()
        self.connection_lost(None)

    def trouble(self, now: float) -> str:
        """Why the connection is to be cut, if it is; seconds of the loop's clock. Ask now and then.

        After a close it is cut without a word.
        """
        unsent = self.unsent
        if self._closing_since is not None:
            if now - self._closing_since >= CLOSE_S:
                self.abort()
            return ""
        if not unsent:
            self._stuck_since = None
            return ""
        left = self.bytes_out - unsent
        if self._stuck_since is None or left != self._left:
            self._left, self._stuck_since = left, now
        if unsent > self.bounds.out_hard:
            return f"{unsent} bytes wait for it, {self.bounds.out_hard} may"
        if now - self._stuck_since >= self.bounds.out_s:
            return f"it has read nothing for {self.bounds.out_s:g} s, {unsent} bytes wait"
        if self._slow_since is not None and now - self._slow_since >= self.bounds.out_s:
            return f"more than {self.bounds.out_soft} bytes have waited for {self.bounds.out_s:g} s"
        return ""

    def _look_at_rate(self) -> None:
        """Every step of bytes is paid for with time; who has none left is not read until it has."""
        now = self._loop.time()
        steps = (self.bytes_in - self._look_at) // IN_STEP + 1
        price = steps * IN_STEP / IN_PER_S
        self._paid_until = max(self._paid_until, now - IN_BURST_S) + price
        self._look_at += steps * IN_STEP
        if self._paid_until > now:
            self.hold(Hold.RATE)
            self._loop.call_at(self._paid_until, self.release, Hold.RATE)


def prepare(found: socket.socket | None) -> None:
    """Small messages leave at once, a dead peer is noticed below the heartbeat too, and what a peer
    does not read waits with us, where it is counted.
    """
    if found is None or found.family == socket.AF_UNIX:
        return
    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SYSTEM_OUT)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in KEEPALIVE.items():
        if hasattr(socket, option):
            found.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
