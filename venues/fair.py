"""The quotes that follow from the efficient price in a market of queues, the same for all venues.

Owns when a fair quote changes, and whether a fair price that was swept stays empty. Knows the price
and no book.
"""

from __future__ import annotations

import math

from router.model import NS
from venues.floor import Floor, seconds
from venues.price import EfficientPrice

WIDTH_SD = 0.15
"""Standard deviation of the half-spread that makers want, over the spread less a tick. Choice: the
time-weighted spread varies as measured where it is more than a tick (0.2-0.5 of its mean)."""

WIDTH_S = 60.0
"""Correlation time of that half-spread, seconds. Choice."""


class Fair:
    """Bid and offer around the efficient price p: floor(p - h) and ceil(p + h), with inertia."""

    def __init__(
        self,
        price: EfficientPrice,
        floor: Floor,
        *,
        spread_ticks: float,
        inertia: float,
        refill_halflife_s: float,
        no_refill_prob: float,
    ) -> None:
        """`inertia`: a quote stays until the price has left its tick by so many ticks: makers do
        not cancel and post again for every tremor."""
        self._price = price
        self._close_at = floor.facts.close_at
        self._refills = floor.stream("refill")
        self._patience = 0
        self._empty_until = {1: 0, -1: 0}
        self.change(
            spread_ticks=spread_ticks,
            inertia=inertia,
            refill_halflife_s=refill_halflife_s,
            no_refill_prob=no_refill_prob,
        )
        self.prepare()
        self._widths = floor.stream("width")
        self._width = self._widths.normal()
        self._now = floor.now
        at = price.ticks(floor.now)
        self.bid = math.floor(at - self._mean)
        """Ticks."""
        self.offer = max(self.bid + 1, math.ceil(at + self._mean))
        self.place = 0.0
        """Where the price is between those at which the quotes rise (+1) and fall (-1)."""

    def change(
        self,
        *,
        spread_ticks: float,
        inertia: float,
        refill_halflife_s: float,
        no_refill_prob: float,
    ) -> None:
        """Other quotes from the next update on."""
        self._inertia = inertia
        self._mean = (spread_ticks - 1.0) / 2.0
        self._varies = WIDTH_SD * (spread_ticks - 1.0)
        self._halflife_s = refill_halflife_s
        self._never = no_refill_prob

    def update(self, now: int) -> bool:
        """Follow the price; True if a quote has changed."""
        keep = math.exp(-(now - self._now) / NS / WIDTH_S)
        self._now = now
        self._width = keep * self._width + math.sqrt(1.0 - keep * keep) * self._widths.normal()
        half = max(0.0, self._mean + self._varies * self._width)
        at = self._price.ticks(now)
        bid, offer, slack = self.bid, self.offer, self._inertia
        if not bid - slack <= at - half < bid + 1 + slack:
            self.bid = math.floor(at - half)
        if not offer - 1 - slack < at + half <= offer + slack:
            self.offer = math.ceil(at + half)
        self.offer = max(self.offer, self.bid + 1)
        self.place = (2.0 * at - self.bid - self.offer) / (1.0 + 2.0 * slack)
        if self.bid != bid:
            self._empty_until[1] = 0
        if self.offer != offer:
            self._empty_until[-1] = 0
        return (self.bid, self.offer) != (bid, offer)

    def px(self, side: int) -> int:
        """The fair price of a side, ticks."""
        return self.bid if side > 0 else self.offer

    def prepare(self) -> None:
        """How long a fair price stays empty if it is swept next. Drawn before anything is swept, so
        that who sweeps how often moves no number."""
        never = self._refills.uniform() < self._never
        wait = self._refills.exponential() * self._halflife_s / math.log(2.0)
        self._patience = self._close_at if never else seconds(wait)

    def swept(self, side: int, now: int) -> None:
        """The fair price of a side has no shares left at any venue: it refills late, or not at all
        while it is the fair price."""
        self._empty_until[side] = now + self._patience

    def stays_empty(self, side: int, now: int) -> bool:
        """True while nobody posts at the fair price of a side."""
        return now < self._empty_until[side]
