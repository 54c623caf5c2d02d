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

_LN2 = math.log(2.0)
_DECAYS = tuple(-_LN2 / half_life for half_life in HALF_LIVES)
"""Of each exponential, per second."""
_FADE = -_LN2 / (2.0 * RATE_HALF_LIFE)
"""Between executions the square root of the rate decays at half the rate's speed, per second."""
_GAINS = tuple(weight / (_FADE - decay) for weight, decay in zip(WEIGHTS, _DECAYS, strict=True))


@dataclass(slots=True)
class Impact:
    """The displacement of the efficient price that the router's trading has caused.

    Between two executions the path is known in closed form: with p the pressure sqrt(23400 |v| / V)
    right after the last one, term k is S_k e^(-a t) + w_k p (e^(-b t) - e^(-a t)) / (a - b), where
    a = ln2 / h_k and b = ln2 / 240 s. Looking at it changes nothing.
    """

    y: float
    """Peak of a constant-rate parent over sigma sqrt(Q/V)."""
    sigma_day_bp: float
    adv: int
    at: int
    """UTC nanoseconds of the last execution or leak."""
    _terms: list[float] = field(default_factory=lambda: [0.0] * len(WEIGHTS))
    """Basis points of each exponential right after it."""
    _rate: float = 0.0
    """Net shares a second right after it, + bought."""
    _leaks: dict[float, float] = field(default_factory=dict)
    _quiet: bool = True

    def change(self, y: float, sigma_day_bp: float, adv: int, now: int) -> None:
        """Another law from here on; what was caused so far fades as it would have."""
        if not self._quiet:
            self._fold(now)
        self.y, self.sigma_day_bp, self.adv = y, sigma_day_bp, adv

    def execute(self, side: int, qty: int, now: int) -> None:
        """An execution of the router: `side` +1 bought, -1 sold."""
        self._fold(now)
        self._rate += side * qty * _LN2 / RATE_HALF_LIFE

    def leak(self, side: int, bp: float, half_life_s: float, now: int) -> None:
        """Somebody noticed and trades ahead: a displacement of `bp` that decays."""
        self._fold(now)
        self._leaks[half_life_s] = self._leaks.get(half_life_s, 0.0) + side * bp

    def bp(self, now: int) -> float:
        """The displacement at `now`, bp of the price; 0 before the router has traded."""
        if self._quiet:
            return 0.0
        seconds = (now - self.at) / NS
        moved = sum(self._terms_after(seconds))
        for half_life, bp in self._leaks.items():
            moved += bp * math.exp(-_LN2 * seconds / half_life)
        return moved

    def _terms_after(self, seconds: float) -> list[float]:
        scale = self.y / 2.0 * self.sigma_day_bp / math.sqrt(DAY_SECONDS)
        pressure = math.copysign(math.sqrt(DAY_SECONDS * abs(self._rate) / self.adv), self._rate)
        pressure *= scale
        fade = math.exp(_FADE * seconds)
        found = []
        for term, decay, gain in zip(self._terms, _DECAYS, _GAINS, strict=True):
            left = math.exp(decay * seconds)
            found.append(term * left + pressure * gain * (fade - left))
        return found

    def _fold(self, now: int) -> None:
        """Let the path begin anew at `now`."""
        seconds = max(0, now - self.at) / NS
        self._terms = self._terms_after(seconds)
        self._rate *= math.exp(2.0 * _FADE * seconds)
        for half_life in self._leaks:
            self._leaks[half_life] *= math.exp(-_LN2 * seconds / half_life)
        self.at = max(self.at, now)
        self._quiet = False
