"""The daemon's signs of life: what it says of itself once a second, for whoever watches it.

Owns the message and its encoding. It is no history: nothing is decided by it, nobody answers it,
and one that is lost is followed by the next. Must not know how it is sent, nor what is made of it.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Literal

import msgspec

SOCKET_NAME = "health.sock"
"""In the state folder: where a health process waits for signs."""
SIGNS_MAX = 128 * 1024
"""Bytes of one message: a datagram that is longer is not sent."""
FORMAT = 1
"""Raised when a field changes its meaning."""

BUCKETS_S = (
    *(0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025),
    *(0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
)
"""Upper ends of a histogram's buckets; 20 and 50 ms are what alerts ask for."""

Phase = Literal["recovering", "reconciling", "running", "stopping"]
"""The daemon's life, in this order."""


class Histogram(msgspec.Struct):
    """Durations since the process began."""

    counts: list[int] = msgspec.field(default_factory=lambda: [0] * (len(BUCKETS_S) + 1))
    """By bucket, not cumulative; the last is for what is longer than all."""
    total_s: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(BUCKETS_S, seconds)] += 1
        self.total_s += seconds


class SessionSigns(msgspec.Struct, frozen=True):
    """One FIX session."""

    kind: str
    """`oms`, `orders`, `data`, `copies` (that we are given) or `drop` (that we give)."""
    logged_on: bool
    wanted: bool
    """It is in its hours, and no operator has logged it out."""
    next_in: int
    next_out: int
    unsent: int
    """Bytes that wait for the peer."""
    held: int
    """Messages that wait for a gap to be filled."""


class VenueSigns(msgspec.Struct, frozen=True):
    """One venue's order entry, as the core sees it."""

    open: bool
    reconciled: bool
    unknown: int
    """Children whose fate is not known."""
    suspense: int
    """Executions whose order we do not know."""


class JournalSigns(msgspec.Struct, frozen=True):
    """The writer and its disk."""

    durability: str
    last_seq: int
    syncs: int
    """Batches that were made durable in this life."""
    syncing_s: float
    """How long the sync under way has taken; 0 if there is none."""
    on_reserve: bool
    """The disk is full, and the headroom is in use: no new risk is taken."""
    poisoned: str
    """Why the disk has failed, if it has."""
    market_dropped: int = 0
    """Records of market data that the disk did not take."""


class Signs(msgspec.Struct, frozen=True):
    """How the daemon stands."""

    phase: Phase
    pid: int
    shard: str
    version: str
    config_hash: str
    at: int
    """UTC nanoseconds of the wall clock."""
    clock_ahead_s: float
    """The wall clock less the clock that orders are stamped with: 0 until one of them is set."""
    seq: int = 0
    epoch: int = 0
    folded: int = 0
    """Steps that recovery has folded so far."""
    ready: bool = False
    """Every venue takes new risk, and every instrument has a price to judge by."""
    unpriced: int = 0
    """Instruments without a price to judge by, where venues tell prices."""
    batches: int = 0
    queued: int = 0
    """Inputs and connections that wait for the next batch."""
    timers_late_s: float = 0.0
    """For how long the first deadline has passed; 0 if it has not."""
    kills: tuple[str, ...] = ()
    freezes: int = 0
    parents_open: int = 0
    illegal_transitions: int = 0
    lessons: dict[str, int] = {}
    """By learner."""
    refused_models: tuple[str, ...] = ()
    market_age_s: dict[str, float] = {}
    """By symbol, of the freshest lit book; missing where there is none."""
    limits: dict[str, float] = {}
    """By limit, how much of what it allows is used by whoever uses most of it; 1 is all."""
    sessions: dict[str, SessionSigns] = {}
    venues: dict[str, VenueSigns] = {}
    journal: JournalSigns | None = None
    loop_lag: Histogram = msgspec.field(default_factory=Histogram)
    batch: Histogram = msgspec.field(default_factory=Histogram)
    """From the first byte that came in to the last that went out."""
    parent_to_child: Histogram = msgspec.field(default_factory=Histogram)
    """The same, of batches in which a new parent was routed, once for each: an upper bound."""
    sync: Histogram = msgspec.field(default_factory=Histogram)
    chore_failures: dict[str, int] = {}
    """By chore, how often it has failed in this life."""
    resident_bytes: int = 0
    """Memory that is in use; like what follows 0 if it cannot be seen."""
    open_files: int = 0
    open_files_max: int = 0
    """Descriptors that there may be."""
    format: int = FORMAT


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Signs)


def encode(signs: Signs) -> bytes:
    """As msgpack; without sessions if it would be too long for a datagram."""
    data = _encoder.encode(signs)
    if len(data) > SIGNS_MAX:
        data = _encoder.encode(msgspec.structs.replace(signs, sessions={}, market_age_s={}))
    return data


def decode(data: bytes) -> Signs:
    """What `encode` made.

    Raises:
        ValueError: it is something else, or of a version that we do not know.
    """
    try:
        signs = _decoder.decode(data)
    except msgspec.DecodeError as error:
        raise ValueError(f"not signs of a daemon: {error}") from None
    if signs.format != FORMAT:
        raise ValueError(f"signs of format {signs.format}; {FORMAT} is understood")
    return signs
