"""The exogenous part of background flow: how busy it is, when orders come, which and how large.

Owns clocks, signs and sizes of background orders. None of them looks at a book, so the router's
orders cannot change them: two runs of one seed see the same orders at the same times.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from router.model import NS
from venues.chance import Stream

Vector = NDArray[np.float64]

MOOD_FLOOR = 0.3
"""The part of activity that does not vary slowly."""

MOOD_LOG_VARIANCE = 1.0
"""Variance of the log of the part that does. Choice, with `MOOD_FLOOR`: the number of orders a
minute varies as measured (Fano factor), while half of the orders still come in bursts."""

MOOD_TIME_S = 200.0
"""Correlation time of the slow part. Measured: the autocorrelation of orders a minute falls from
0.5 after 1 minute to 0.2 after 10-20 minutes."""

MOOD_STEP_S = 10
"""Seconds over which activity is constant."""

BURST_GAP_MIN_S, BURST_GAP_MAX_S = 0.001, 0.3
"""Times between orders of one burst. Measured: half of all orders follow the one before within
12 ms (medium-tick) or 5 ms (large-tick)."""

MEMORY = 200
"""Orders that a sign can be copied from; the lags over which its memory is measured."""

BURST_REPEATS = 0.6
"""At most so often does an order within a burst repeat the side of the one before for no other
reason. Measured: products of signs less than 5 ms apart average 0.64 (medium-tick)."""

LOTS_MAX = 1000
"""Largest background order, lots."""


@dataclass(frozen=True, slots=True)
class Session:
    """The trading day and how activity is spread over it."""

    open_at: int
    """UTC nanoseconds."""
    close_at: int
    u_shape: tuple[float, ...]
    """Volume shares of equal parts of the day."""

    def activity(self, at: int) -> float:
        """Intensity relative to the day's mean."""
        parts = len(self.u_shape)
        part = (at - self.open_at) * parts // (self.close_at - self.open_at)
        return self.u_shape[min(max(part, 0), parts - 1)] * parts

    @property
    def unevenness(self) -> float:
        """Mean activity times mean of its inverse: 1 for a flat day."""
        parts = len(self.u_shape)
        return sum(1.0 / (share * parts) for share in self.u_shape) / parts


class Activity:
    """How busy the market is: the day's shape times a slow factor of mean 1, which is a constant
    and a log-normal part."""

    def __init__(self, session: Session, stream: Stream, log_variance: float) -> None:
        self._session = session
        self._stream = stream
        self.change(log_variance)
        self._keep = math.exp(-MOOD_STEP_S / MOOD_TIME_S)
        self._renew = math.sqrt(1.0 - self._keep * self._keep)
        self._mood = stream.normal()
        self._levels: list[float] = []

    def change(self, log_variance: float) -> None:
        """Another slow factor from the first step on that nobody has asked for yet."""
        self._sigma = math.sqrt(log_variance)

    def at(self, now: int) -> float:
        """Intensity relative to the mean of an average day."""
        step = max(0, now - self._session.open_at) // (MOOD_STEP_S * NS)
        while step >= len(self._levels):
            self._extend()
        return self._levels[step]

    def after(self, now: int, work: float) -> int:
        """When so many seconds of mean activity have passed since `now`, at least 1 ns later; from
        the close on activity is what it was then."""
        step_ns = MOOD_STEP_S * NS
        at = now
        while True:
            level = self.at(at)
            if at >= self._session.close_at:
                return at + 1 + round(work / level * NS)
            ends = at - (at - self._session.open_at) % step_ns + step_ns
            done = (ends - at) / NS * level
            if work <= done:
                return max(now + 1, at + round(work / level * NS))
            work -= done
            at = ends

    def near(self, span_s: float) -> float:
        """Mean activity in the seconds after an order, times their number: orders come when it is
        high, and its slow part does not fade in so short a time."""
        varying = math.exp(self._sigma * self._sigma) - 1.0
        return span_s * (1.0 + (1.0 - MOOD_FLOOR) ** 2 * varying)

    def _extend(self) -> None:
        at = self._session.open_at + len(self._levels) * MOOD_STEP_S * NS
        varying = math.exp(self._sigma * (self._mood - self._sigma / 2.0))
        mood = MOOD_FLOOR + (1.0 - MOOD_FLOOR) * varying
        self._levels.append(self._session.activity(at) * mood)
        self._mood = self._keep * self._mood + self._renew * self._stream.normal()


class Clock:
    """Times that come independently of one another at a rate that follows activity."""

    def __init__(self, stream: Stream, activity: Activity, rate: float) -> None:
        """`rate` is the mean number a second."""
        self._stream = stream
        self._activity = activity
        self.change(rate)

    def change(self, rate: float) -> None:
        """Another rate from the next time on."""
        self._wait = 1.0 / rate

    def after(self, at: int) -> int:
        """The next time, UTC nanoseconds."""
        return self._activity.after(at, self._stream.exponential() * self._wait)


def clustering(cv: float, session: Session) -> tuple[float, float]:
    """Probability that an order sets off another, and log-variance of the slow part of activity.

    For waits T with P(T = 0) = n, otherwise exponential at a rate that varies slowly as a, and
    std / mean = cv:  cv^2 + 1 = E[T^2] / E[T]^2 = 2 E[a] E[1/a] / (1 - n), where E[a] E[1/a] is
    that of the day's shape times that of the slow factor. If these two alone are more than cv
    asks for, the slow factor gives way.
    """
    wanted = (cv * cv + 1.0) / (2.0 * session.unevenness)
    most = _mood_unevenness(MOOD_LOG_VARIANCE)
    if wanted >= most:
        return 1.0 - most / wanted, MOOD_LOG_VARIANCE
    low, high = 0.0, MOOD_LOG_VARIANCE
    for _ in range(30):
        middle = (low + high) / 2.0
        low, high = (middle, high) if _mood_unevenness(middle) < wanted else (low, middle)
    return 0.0, low


@lru_cache
def _mood_unevenness(log_variance: float) -> float:
    """E[1/a] of the slow factor, whose mean is 1: a sum over the normal density."""
    z = np.linspace(-8.0, 8.0, 801)
    weights = np.exp(-z * z / 2.0)
    varying = np.exp(math.sqrt(log_variance) * z - log_variance / 2.0)
    return float(np.average(1.0 / (MOOD_FLOOR + (1.0 - MOOD_FLOOR) * varying), weights=weights))


class Bursts:
    """Self-exciting times: every order sets off another one, at once, with a given probability.

    So orders come in chains of geometric length, as in a Hawkes process whose kernel is short
    against the time between orders; the chains come at random times that follow activity.
    """

    def __init__(self, stream: Stream, activity: Activity, rate: float, follow: float) -> None:
        """`rate` orders a second, of which the share `follow` is set off by another."""
        self._stream = stream
        self._follow = follow
        self._first = Clock(stream, activity, rate * (1.0 - follow))
        self._begun = False

    def change(self, rate: float, follow: float) -> None:
        """Another rate and other bursts from the next order on."""
        self._follow = follow
        self._first.change(rate * (1.0 - follow))

    def after(self, at: int) -> tuple[int, bool]:
        """The next time, and whether it belongs to the burst of the order at `at`."""
        follows, self._begun = self._begun and self._stream.uniform() < self._follow, True
        if not follows:
            return self._first.after(at), False
        u = self._stream.uniform()
        gap = BURST_GAP_MIN_S * (BURST_GAP_MAX_S / BURST_GAP_MIN_S) ** (u * u)
        return at + round(gap * NS), True


def long_share(gamma: float) -> float:
    """How much of the first autocorrelation belongs to the part that falls as lag^-gamma.

    Measured: all of it where gamma is 0.25 or less (large-tick and micro-tick), a third at 0.5
    (medium-tick); a straight line through these is a choice.
    """
    return min(1.0, max(0.0, 1.0 - 2.7 * (gamma - 0.25)))


def short_memory(acf1: float) -> float:
    """Decay by lag of the part of the autocorrelation that does not fall as a power.

    Measured: 0.95 where acf1 is 0.78 (large-tick) and 0.45 where it is 0.39 (medium-tick); the
    power law through these is a choice.
    """
    return max(0.0, 1.0 - 1.6 * math.pow(1.0 - acf1, 2.4))


def autocorrelation(acf1: float, gamma: float) -> Vector:
    """What the signs' autocorrelation shall be, by lag from 1 to `MEMORY`:

    acf1 (L lag^-gamma + (1 - L) r^(lag - 1)),   L = long_share(gamma), r = short_memory(acf1).
    """
    lags = np.arange(1.0, MEMORY + 1.0)
    part, decay = long_share(gamma), short_memory(acf1)
    rho: Vector = acf1 * (part * lags**-gamma + (1.0 - part) * decay ** (lags - 1.0))
    return rho


@lru_cache
def copy_weights(acf1: float, gamma: float) -> tuple[float, ...]:
    """Probabilities, by lag, of copying an earlier sign, for that autocorrelation.

    A sign that copies the one of lag j with probability w_j, and is a coin otherwise, has
    autocorrelations that solve rho_k = sum_j w_j rho_|k-j| (Jacobs & Lewis 1978, DAR); here they
    are solved for w. Negative ones, which no such process has, count as 0.
    """
    if acf1 <= 0.0:
        return (0.0,) * MEMORY
    rho = autocorrelation(acf1, gamma)
    both: Vector = np.concatenate([[1.0], rho])
    apart = np.abs(np.subtract.outer(np.arange(MEMORY), np.arange(MEMORY)))
    weights = np.clip(np.linalg.solve(both[apart], rho), 0.0, None)
    return tuple((weights / max(1.0, float(weights.sum()))).tolist())


class Signs:
    """Sides of successive market orders, with the autocorrelation that `copy_weights` states.

    Within a burst an order repeats the one before with a probability of its own; all other
    copying has the rest of the weights, so that the sum is what was asked for.
    """

    def __init__(
        self,
        stream: Stream,
        *,
        acf1: float,
        gamma: float,
        follow: float,
        anticipation: float,
        ahead: float,
    ) -> None:
        """`follow` is the share of orders that belong to the burst of the one before;
        `anticipation` how much of what can be expected of a sign is; `ahead` the mean number of
        orders over which a response is told."""
        self._stream = stream
        self.change(acf1=acf1, gamma=gamma, follow=follow, anticipation=anticipation, ahead=ahead)
        self._past: deque[int] = deque(maxlen=MEMORY)
        while len(self._past) < MEMORY:
            self._past.appendleft(1 if stream.uniform() < 0.5 else -1)
        self._surprise = float(self._past[0])

    def change(
        self, *, acf1: float, gamma: float, follow: float, anticipation: float, ahead: float
    ) -> None:
        """Another memory of the same past."""
        weights = list(copy_weights(acf1, gamma))
        self._repeat = min(BURST_REPEATS, weights[0] / follow) if follow else 0.0
        repeated = self._repeat * follow
        weights[0] -= repeated
        self._weights = [weight / (1.0 - repeated) for weight in weights]
        self._cumulative = np.cumsum(self._weights)
        rho = autocorrelation(acf1, gamma).tolist()
        known = sum(w * r for w, r in zip(self._weights, rho, strict=True))
        self._anticipation = anticipation
        plain = 1.0 - anticipation
        total = 1.0 + sum(rho[: round(ahead)])
        self.response = anticipation * (1.0 - known) / (1.0 - repeated) + plain * total
        """Sum of the surprises of an order and of those that follow it, along its own side."""
        spread = (1.0 - known) * (1.0 + repeated) / (1.0 - repeated)
        lasting = 1.0 + 2.0 * sum(rho)
        self.variance = (anticipation * math.sqrt(spread) + plain * math.sqrt(lasting)) ** 2
        """Variance, for each order, of the sum of many surprises: k orders of one side in a row
        count k^2, k geometric."""

    def surprise(self, side: int) -> float:
        """That of an order that nobody of the background sends: its side less what was expected."""
        return side - self._anticipation * self._expected()

    def _expected(self) -> float:
        return sum(w * s for w, s in zip(self._weights, self._past, strict=True))

    def draw(self, *, in_burst: bool) -> tuple[int, float]:
        """The next sign, and its surprise: the sign less what it was expected to be. An order that
        repeats the one before within a burst has that one's: nobody had the time to learn."""
        repeat, u, coin = (self._stream.uniform() for _ in range(3))
        if in_burst and repeat < self._repeat:
            sign = self._past[0]
        else:
            expected = self._expected()
            lag = int(np.searchsorted(self._cumulative, u, side="right"))
            sign = self._past[lag] if lag < MEMORY else 1 if coin < 0.5 else -1
            self._surprise = sign - self._anticipation * expected
        self._past.appendleft(sign)
        return sign, self._surprise


class SizeLaw:
    """Sizes in lots: one with `p_lot`, else whole lots from 2 on with a Pareto tail."""

    def __init__(self, *, lot: int, p_lot: float, mean: float, tail_alpha: float) -> None:
        """`mean` is in shares; P(X > x) ~ x^-tail_alpha up to `LOTS_MAX` lots."""
        self.lot = lot
        self._p_lot = p_lot
        self._alpha = tail_alpha
        self._scale = _tail_scale((mean / lot - p_lot) / (1.0 - p_lot), tail_alpha)

    def shares(self, u: float) -> int:
        """The size that belongs to a uniform number: a larger number, a larger size."""
        if u < self._p_lot:
            return self.lot
        rest = (1.0 - u) / (1.0 - self._p_lot)
        tail = self._scale * math.pow(rest, -1.0 / self._alpha)
        return self.lot * min(LOTS_MAX, max(2, math.floor(tail)))

    def mean_between(self, least: int, most: int) -> float:
        """Mean shares if smaller sizes are raised to `least` and larger ones cut to `most`."""
        return _mean_between(self.lot, self._p_lot, self._scale, self._alpha, least, most)

    @property
    def mean(self) -> float:
        """Mean shares."""
        return self.lot * self.moment(1.0)

    def moment(self, power: float) -> float:
        """Mean of lots^power."""
        return _moment(self._p_lot, self._scale, self._alpha, power)


# A market file has few laws of size, and many markets are made of one file.


@lru_cache
def _mean_between(
    lot: int, p_lot: float, scale: float, alpha: float, least: int, most: int
) -> float:
    total = before = float(min(most, max(least, lot)))
    for lots in range(2, LOTS_MAX + 1):
        size = float(min(most, max(least, lots * lot)))
        total += (size - before) * _at_least(lots, p_lot, scale, alpha)
        before = size
    return total


@lru_cache
def _moment(p_lot: float, scale: float, alpha: float, power: float) -> float:
    return 1.0 + sum(
        (math.pow(lots, power) - math.pow(lots - 1.0, power)) * _at_least(lots, p_lot, scale, alpha)
        for lots in range(2, LOTS_MAX + 1)
    )


def _at_least(lots: int, p_lot: float, scale: float, alpha: float) -> float:
    """P(X >= lots), for two lots or more."""
    tail = 1.0 if lots <= 2 else min(1.0, math.pow(scale / lots, alpha))
    return (1.0 - p_lot) * tail


@lru_cache
def _tail_scale(mean: float, alpha: float) -> float:
    """The Pareto scale for which whole lots from 2 to `LOTS_MAX` have the mean, by bisection."""
    lots = np.arange(3.0, LOTS_MAX + 1.0)
    low, high = 0.1, float(LOTS_MAX)
    for _ in range(60):
        scale = (low + high) / 2.0
        # E = 2 + sum over n > 2 of P(X >= n), with P(X >= n) = min(1, (scale / n)^alpha).
        expected = 2.0 + float(np.minimum(1.0, (scale / lots) ** alpha).sum())
        low, high = (scale, high) if expected < mean else (low, scale)
    return (low + high) / 2.0
