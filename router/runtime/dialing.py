"""Whom to call next, and how long to wait before: the policy of one session that we open.

Owns the order of hosts and the delays between calls. Knows no socket and no clock. A host that
takes the call has not answered yet: only a Logon(A) of its own counts (fix.md, S10).
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Literal

from router.runtime.tls import TlsSettings

HostSelection = Literal["priority", "round_robin"]

RECONNECT_MAX_S = 30.0
JITTER = 0.2
"""The largest share of a delay that a session's own jitter takes away."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where somebody listens."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Dial:
    """A session that we open."""

    name: str
    hosts: tuple[Address, ...]
    reconnect_s: float
    reconnect_max_s: float = RECONNECT_MAX_S
    host_selection: HostSelection = "priority"
    tls: TlsSettings | None = None

    def __post_init__(self) -> None:
        assert self.hosts, f"{self.name}: no host"
        assert self.reconnect_s > 0, f"{self.name}: reconnect_s {self.reconnect_s}"


class Dialing:
    """The calls of one session.

    `priority` starts with the first host after every session that was logged on; `round_robin`
    with the host after the one that it was logged on to. Hosts that fail are followed by the next
    at once, and by a delay when all have failed: twice as long each time, up to a bound.
    """

    def __init__(self, dial: Dial) -> None:
        self.dial = dial
        self._next = 0
        self._failed = 0
        """Calls since the last Logon."""

    @property
    def host(self) -> Address:
        """Whom to call now."""
        return self.dial.hosts[self._next]

    def logged_on(self) -> float:
        """The call led to a session, which is over. Returns seconds until the next call."""
        self._failed = 0
        first = self.dial.host_selection == "priority"
        self._next = 0 if first else (self._next + 1) % len(self.dial.hosts)
        return self._delay(0)

    def failed(self) -> float:
        """Nobody answered, or not with a Logon. Returns seconds until the next call."""
        hosts = len(self.dial.hosts)
        self._failed += 1
        self._next = (self._next + 1) % hosts
        rounds, rest = divmod(self._failed, hosts)
        return 0.0 if rest else self._delay(rounds - 1)

    def _delay(self, doublings: int) -> float:
        """Sessions that lost the same venue at once do not all call again at once.

        The jitter comes from the name and the attempt: no chance, and no two names alike.
        """
        longest = max(self.dial.reconnect_s, self.dial.reconnect_max_s)
        delay = min(self.dial.reconnect_s * 2.0 ** min(doublings, 32), longest)
        seed = f"{self.dial.name}/{self._failed}".encode()
        return delay * (1 - JITTER * zlib.crc32(seed) / 2**32)
