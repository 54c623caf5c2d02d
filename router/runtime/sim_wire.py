"""Wires of the simulated driver, and who stands at their other ends.

Owns the state of a connection whose two ends learn for themselves that it is gone, and how long
things take on it. Knows neither time nor the node.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from router.model import NS


class Endpoint(Protocol):
    """A machine without I/O at the other end of wires."""

    def opened(self, name: str, conn: int, now: int) -> None:
        """A wire is up; `name` is the node's name of the session that it is for."""

    def received(self, conn: int, data: bytes, now: int) -> None:
        """Bytes of a wire."""

    def closed(self, conn: int, now: int) -> None:
        """A wire is gone. Also told of one that the endpoint has closed itself."""

    def deadline(self) -> int | None:
        """When `tick` is wanted."""

    def tick(self, now: int) -> None:
        """Let timers fire that are due."""

    def take_writes(self) -> list[tuple[int, bytes]]:
        """What is to be sent, by wire, in order."""

    def take_closes(self) -> list[int]:
        """Wires that are to be closed after that."""


@dataclass(frozen=True, slots=True)
class Delays:
    """How long things take, nanoseconds. A wire's delay is drawn evenly from its two bounds."""

    wire_min: int = 100_000
    wire_max: int = 500_000
    reconnect: int = NS
    restart: int = 2 * NS
    split: float = 0.1
    """How often bytes arrive in two pieces, a delay apart."""


@dataclass(slots=True)
class Wire:
    """A connection between the node and an endpoint. Each end learns for itself that it is gone."""

    conn: int
    name: str
    peer: Endpoint
    carries: bool = True
    """Takes bytes in."""
    delivers: bool = True
    """Hands bytes out: what is under way when a wire breaks may still arrive."""
    near: bool = True
    """The node's end is open."""
    far: bool = True
    there_at: int = 0
    """Bytes do not overtake each other: when the last arrive at the peer, and at the node."""
    back_at: int = 0
    flips: int = 0
    """So many more deliveries have a bit that is not what it was."""
    _turned: bool = False

    def flipped(self, data: bytes, rng: np.random.Generator) -> bytes:
        """The bytes, or with one bit of them turned; not twice in turn.

        Two in the halves of one frame may cancel out in its CheckSum(10), and nobody could tell
        (seed 7828).
        """
        self._turned = self.flips > 0 and not self._turned
        if not self._turned:
            return data
        self.flips -= 1
        at = int(rng.integers(8 * len(data)))
        turned = bytearray(data)
        turned[at // 8] ^= 1 << at % 8
        return bytes(turned)


def together(writes: list[tuple[int, bytes]]) -> dict[int, list[bytes]]:
    """What was written at once, by wire: it arrives as one, as on a socket."""
    found: dict[int, list[bytes]] = {}
    for conn, data in writes:
        found.setdefault(conn, []).append(data)
    return found
