"""How long a message is under way: heavy-tailed, in order, longer while many are sent.

Owns the delay of one channel (one venue, one kind of message, one direction). Knows no messages.

Law: log-normal with median p50 and sigma = ln(p99 / p50) / 2.326, so that
both quantiles come true, times max(1, sqrt(rate / busy)). `rate` is the exponential average of
messages a second over the last second, `busy` is `BUSY` times the usual rate, at least one.
Messages of a channel do not overtake one another.

A delay is drawn by the moment at which a message leaves, not by how many left before it: one more
message, say because the router sent an order, changes the delay of no other that leaves at another
time, unless it holds it up.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from router.model import NS
from router.plugin import Plugin
from venues.chance import Stream

Z99 = 2.326
"""The standard normal's 99 % quantile."""

DRAWS = 8192
"""Different delays of a channel; a power of two."""

BUSY = 4.0
"""From so many times the usual rate on messages slow down. A choice: below that, the two quantiles
of the market file hold as they stand (they are of ordinary traffic)."""

USUAL_S = 300.0
"""Seconds over which the usual rate is averaged."""

_MIX = 0x9E3779B97F4A7C15
"""Odd; 2^64 over the golden ratio: spreads neighbouring moments over the table (Knuth 6.4)."""


class Latency(Plugin):
    """One-way latencies of a venue, milliseconds: the `latency` keys of the vocabulary."""

    md_p50: float = Field(ge=0)
    md_p99: float = Field(ge=0)
    order_p50: float = Field(ge=0)
    order_p99: float = Field(ge=0)

    @model_validator(mode="after")
    def _ordered(self) -> Latency:
        for name, p50, p99 in (
            ("md", self.md_p50, self.md_p99),
            ("order", self.order_p50, self.order_p99),
        ):
            if p99 < p50 or (p99 > 0.0 and p50 == 0.0):
                raise ValueError(f"{name}_p50 must be above 0 and at most {name}_p99")
        return self


class Channel:
    """Messages of one kind between one venue and its client, one way."""

    __slots__ = ("_arrived", "_delays", "_last", "_quantiles", "_rate", "_stream", "_usual")

    def __init__(self, seed: int, purpose: str, p50_ms: float, p99_ms: float) -> None:
        self._stream = seed, purpose
        self.change(p50_ms, p99_ms)
        self._arrived = 0
        self._last = 0
        self._rate = 0.0
        self._usual = 1.0

    def change(self, p50_ms: float, p99_ms: float) -> None:
        """Other quantiles from here on."""
        self._quantiles = p50_ms, p99_ms
        self._delays: NDArray[np.int64] | None = None

    def _drawn(self) -> NDArray[np.int64]:
        """The delays, (DRAWS,); made when they are wanted: by many channels nothing is ever sent.

        The normals are the same whatever the quantiles are.
        """
        p50_ms, p99_ms = self._quantiles
        median = p50_ms * 1e6
        sigma = math.log(p99_ms / p50_ms) / Z99 if median else 0.0
        normals = Stream(*self._stream).normals(DRAWS)
        return np.rint(median * np.exp(sigma * normals)).astype(np.int64)

    def arrival(self, at: int) -> int:
        """When a message that leaves at `at` arrives; calls are in order of time."""
        gap = (at - self._last) / NS
        self._last = at
        rate = self._rate * math.exp(-gap)
        self._rate = rate + 1.0
        self._usual += (rate - self._usual) * (1.0 - math.exp(-gap / USUAL_S))
        if self._delays is None:
            self._delays = self._drawn()
        delay = self._delays.item(((at * _MIX) >> 48) & (DRAWS - 1))
        load = rate / (BUSY * max(1.0, self._usual))
        if load > 1.0:
            delay = round(delay * math.sqrt(load))
        arrived = at + delay
        if arrived < self._arrived:
            arrived = self._arrived
        self._arrived = arrived
        return arrived
