"""The latent efficient price of a simulated market, in ticks.

Owns the law by which the price moves: it diffuses, it drifts with a pressure that queues show, it
answers background market orders, it carries the router's impact. Knows no book and no venue. It is
advanced only at times, and moved only by numbers, that the router cannot influence; the answer to
the router comes from `floor.impact`.

Law. A market order is worth a number of ticks. Of these, the share `late` comes as pressure and the
rest at once; a share of the whole stays for ever and the other fades exponentially. The share that
stays is as large as the day's variance allows: orders may not cause more than `flow_share` of it.
Pressure z is an Ornstein-Uhlenbeck process of variance 1 that orders push; the price drifts by
d z / tau a second. News that changes z by dz may move the price by -e d dz at once (e = `echo`):
with e = 1 pressure is the way back of a passing displacement, with e = 0 it is a trend. Diffusion
is the variance that is missing; it follows the day's shape.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from router.model import NS
from venues.floor import Floor
from venues.flow import Session


@dataclass(frozen=True, slots=True)
class PriceFacts:
    """The law's constants, in ticks and seconds."""

    start: float
    sigma_day: float
    day_seconds: float
    flow_variance_day: float
    """Variance of the day's answers to market orders if they stayed whole."""
    flow_share: float
    """Of the day's variance, at most so much is caused by market orders."""
    fade_s: float
    pressure: float
    """Ticks that pressure of size 1 is worth: d."""
    pressure_s: float
    """tau."""
    late: float
    """Share of the answer to an order that comes as pressure."""
    echo: float


class EfficientPrice:
    """The price that makers quote around."""

    def __init__(self, floor: Floor, session: Session, facts: PriceFacts) -> None:
        self._floor = floor
        self._session = session
        self.change(facts)
        self._ticks_per_bp = facts.start / 10_000.0
        self._least = facts.start / 10.0
        self._diffusion = floor.stream("price")
        self._pressing = floor.stream("pressure")
        self._now = floor.now
        self._value = facts.start
        self._fading = 0.0
        self.pressure = self._pressing.normal()
        """Where the price is about to go: positive, up."""

    def change(self, facts: PriceFacts) -> None:
        """Move by another law from the last advance on. Nothing is drawn and the price does not
        jump: a change may come at a time that the router chose."""
        self._facts = facts
        trend = 2.0 * (facts.pressure * (1.0 - facts.echo)) ** 2 / facts.pressure_s
        variance = facts.sigma_day**2 - trend * facts.day_seconds
        assert variance > 0.0, "pressure alone moves the price more than sigma_day_bp allows"
        flow = facts.flow_variance_day
        self._lasting = math.sqrt(min(1.0, facts.flow_share * variance / flow)) if flow else 1.0
        self._sigma = math.sqrt((variance - self._lasting**2 * flow) / facts.day_seconds)

    def advance(self, now: int) -> None:
        """Let time pass up to `now`. Two numbers, always."""
        facts = self._facts
        span = (now - self._now) / NS
        self._now = now
        scale = self._sigma * math.sqrt(span * self._session.activity(now))
        keep = math.exp(-span / facts.pressure_s)
        news = math.sqrt(1.0 - keep * keep) * self._pressing.normal()
        drift = (1.0 - keep) * self.pressure - facts.echo * news
        self._value += scale * self._diffusion.normal() + facts.pressure * drift
        self.pressure = keep * self.pressure + news
        self._fading *= math.exp(-span / facts.fade_s)

    def answer(self, ticks: float) -> None:
        """A market order was worth so many ticks."""
        late = self._facts.late * ticks
        self.pressure += late / self._facts.pressure
        self._value += self._lasting * ticks - late
        self._fading += (1.0 - self._lasting) * ticks

    def move(self, ticks: float) -> None:
        """A lasting move."""
        self._value += ticks

    @property
    def undisturbed(self) -> float:
        """The price without the router's impact, ticks, as of the last advance."""
        return self._value + self._fading

    def ticks(self, now: int) -> float:
        """The price, the router's impact included; it never falls below a tenth of the start."""
        impact = self._ticks_per_bp * self._floor.impact.bp(now)
        return max(self.undisturbed + impact, self._least)
