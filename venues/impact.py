"""The price response to the router: a propagator, applied once, to every execution of an owner.

Owns the impact path in basis points of the price. Knows nothing of books and venues: background
flow moves the price through the book and never comes here.

Law (bp, seconds, v in shares a second, V = ADV, sigma in bp a day):

    m(t) = (Y / 2) (sigma / sqrt(23400)) sum_k w_k int sqrt(23400 |v(s)| / V) sign(v(s))
                                                        exp(-ln2 (t - s) / h_k) ds

with v the net executed shares a second, averaged exponentially with a half-life of 120 s. Square
root in rate and inverse square root in time lie on the boundary without price manipulation
(Gatheral 2010); the nine exponentials follow t^(-1/2) within 12 % from 1 s to a day.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from router.model import NS

DAY_SECONDS = 23_400
"""Seconds of continuous trading in the day that sigma and ADV speak of."""

HALF_LIVES = (0.5, 2.0, 8.0, 32.0, 128.0, 512.0, 2048.0, 8192.0, 32768.0)
"""Seconds."""

WEIGHTS = (0.239, 0.540, 0.239, 0.106, 0.061, 0.027, 0.016, 0.0036, 0.0097)

RATE_HALF_LIFE = 120.0
"""Seconds. The square root is not additive: a short window makes rare large orders nearly free."""

STEP_MAX = 5.0
"""Seconds over which the rate is held constant when the path is advanced."""

_LN2 = math.log(2.0)


def _decays(step: float) -> tuple[list[tuple[float, float]], float]:
    """For a step in seconds: (decay, weighted integral) of each exponential; the rate's decay."""
    terms = []
    for half_life, weight in zip(HALF_LIVES, WEIGHTS, strict=True):
        decay = math.exp(-_LN2 * step / half_life)
        terms.append((decay, weight * (1.0 - decay) * half_life / _LN2))
    return terms, math.exp(-_LN2 * step / RATE_HALF_LIFE)


@dataclass(slots=True)
class Impact:
    """The displacement of the efficient price that the router's trading has caused."""

    y: float
    """Peak of a constant-rate parent over sigma sqrt(Q/V)."""
    sigma_day_bp: float
    adv: int
    now: int
    """UTC nanoseconds up to which the path is known."""
    _terms: list[float] = field(default_factory=lambda: [0.0] * len(WEIGHTS))
    _rate: float = 0.0
    _leaks: dict[float, float] = field(default_factory=dict)
    _quiet: bool = True

    def execute(self, side: int, qty: int, now: int) -> None:
        """An execution of the router: `side` +1 bought, -1 sold."""
        self._advance(now)
        self._rate += side * qty * _LN2 / RATE_HALF_LIFE
        self._quiet = False

    def leak(self, side: int, bp: float, half_life_s: float, now: int) -> None:
        """Somebody noticed and trades ahead: a displacement of `bp` that decays."""
        self._advance(now)
        self._leaks[half_life_s] = self._leaks.get(half_life_s, 0.0) + side * bp
        self._quiet = False

    def bp(self, now: int) -> float:
        """The displacement at `now`, bp of the price; 0 before the router has traded."""
        if self._quiet:
            return 0.0
        self._advance(now)
        prefactor = self.y / 2.0 * self.sigma_day_bp / math.sqrt(DAY_SECONDS)
        return prefactor * sum(self._terms) + sum(self._leaks.values())

    def _advance(self, now: int) -> None:
        if self._quiet:
            self.now = max(self.now, now)
        while self.now < now:
            span = min((now - self.now) / NS, STEP_MAX)
            self._step(span)
            self.now = now if span < STEP_MAX else min(now, self.now + round(span * NS))

    def _step(self, span: float) -> None:
        terms, rate_decay = _decays(span)
        # The rate in the middle of the step: exact to second order in the step.
        middle = self._rate * math.sqrt(rate_decay)
        pressure = math.copysign(math.sqrt(DAY_SECONDS * abs(middle) / self.adv), middle)
        for index, (decay, gain) in enumerate(terms):
            self._terms[index] = self._terms[index] * decay + pressure * gain
        self._rate *= rate_decay
        for half_life in self._leaks:
            self._leaks[half_life] *= math.exp(-_LN2 * span / half_life)
