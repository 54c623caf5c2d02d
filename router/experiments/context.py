"""Six venues whose liquidity and markouts follow the context, and a break at half time.

Owns the frame of the contextual worlds: venues, features, prices, what breaks; the law of hidden
quantities and of markouts is a `Nature`, of which this file has the well-specified one: hazards
that are logistic in the features, on the geometric bins of docs/hazard.md, and linear
markouts. `misspecified.py` has another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from router.experiments.world import SYMBOL, Moment, hidden_lots, paths, stream
from router.ports import FloatArray, ScoreRequest

ARMS = (
    "LIT_1/lit_take",
    "LIT_2/lit_take",
    "DARK_1/dark_ioc",
    "DARK_2/dark_ioc",
    "DARK_3/dark_ioc",
    "SDP_1/dealer_quote",
)
LIT, POOLS, DEALER = slice(0, 2), slice(2, 5), slice(5, 6)
COUNT = len(ARMS)

COST_BP = np.array([2.2, 2.0, 0.15, 0.15, 0.15, 1.7])
"""Half a spread of 4 bp and the fee, or the midpoint and the fee."""

URGENCY_BP = 5.0
"""What it costs not to fill now: to cross later, and some."""

ADVERSE_BP = np.array([0.3, -0.3, -0.5, 0.0, 0.5, 0.0])
"""Mean markout at each venue, over that of all venues: they sum to 0."""

FEATURES, COMMON = 5, 3
"""Features of a candidate; the first are the market's, the others its venue's."""

PERSISTENCE = 0.9
"""Autocorrelation of a feature from one decision to the next."""

LOTS = 5, 60
"""Bounds of the lots of one decision."""

NOISE_BP = 3.0
"""Standard deviation of one markout around its mean; docs/hazard.md."""

TOXIC_BP = 3.0
"""What the markout of the pool that turns toxic rises by at the break."""

FEE_CUT_BP = 1.0
"""What the second lit venue becomes cheaper by at the break."""

SWAPPED = (2, 3)
"""The pools that swap their liquidity at the break."""

TOXIC, CUT = 4, 1


class Nature(Protocol):
    """A law of hidden quantities and markouts, of one seed."""

    def tails(self, x: FloatArray, lots: int) -> FloatArray:
        """(K, lots): P(V >= j) given features (K, D)."""

    def markouts_bp(self, x: FloatArray) -> FloatArray:
        """(K,): the mean markout given features (K, D), before the break's own part."""

    def swap(self, one: int, other: int) -> None:
        """Two venues exchange their liquidity."""


class Context:
    """A stream of decisions of one `Nature` a seed."""

    arms = ARMS
    dimensions = FEATURES

    def __init__(self, decisions: int) -> None:
        self.decisions = decisions
        self.breaks_at = decisions // 2

    def nature(self, law: np.random.Generator) -> Nature:
        """That of a seed."""
        return Logistic.draw(law)

    def moments(self, seed: int) -> Iterator[Moment]:
        """At the break two pools swap, one turns toxic, one fee is cut; only the fee is told."""
        law, seen, sizes, chance = (stream(seed, purpose) for purpose in range(4))
        nature = self.nature(law)
        cost, toxic = COST_BP.copy(), np.zeros(COUNT)
        market = seen.standard_normal(COMMON)
        own = seen.standard_normal((COUNT, FEATURES - COMMON))
        for at in range(self.decisions):
            if at == self.breaks_at:
                nature.swap(*SWAPPED)
                toxic[TOXIC] = TOXIC_BP
                cost[CUT] -= FEE_CUT_BP
            market = _next(market, seen)
            own = _next(own, seen)
            x = np.concatenate([np.tile(market, (COUNT, 1)), own], axis=1)
            yield self._moment(nature, x, cost, toxic, sizes, chance)

    def _moment(
        self,
        nature: Nature,
        x: FloatArray,
        cost: FloatArray,
        toxic: FloatArray,
        sizes: np.random.Generator,
        chance: np.random.Generator,
    ) -> Moment:
        lots = int(sizes.integers(LOTS[0], LOTS[1] + 1))
        tails = nature.tails(x, lots)
        adverse = nature.markouts_bp(x) + toxic
        request = ScoreRequest(
            symbol=SYMBOL,
            arms=ARMS,
            features=x,
            cost_bp=cost.copy(),
            displayed_lots=_displayed(tails),
            lots=lots,
            urgency_bp=URGENCY_BP,
            participation=1.0,
        )
        return Moment(
            request=request,
            hidden=hidden_lots(tails, chance.random(COUNT)),
            markouts_bp=paths(adverse, NOISE_BP, chance),
            tails=tails,
            values=URGENCY_BP - cost - adverse,
        )


@dataclass(slots=True)
class Logistic:
    """Hazards sigma(alpha + w x) by geometric bin, markouts a + b x."""

    alpha: FloatArray
    """(K, bins)."""
    weights: FloatArray
    """(K, D)."""
    adverse: FloatArray
    """(K, D)."""

    @classmethod
    def draw(cls, law: np.random.Generator) -> Logistic:
        """Lit venues nearly always have something, pools seldom and then much, the dealer a few."""
        alpha = np.full((COUNT, BINS), -1.0)
        alpha[LIT, 0] = -3.0
        alpha[POOLS, 0], alpha[POOLS, 1:] = 1.0, -1.5
        alpha[DEALER, 0], alpha[DEALER, 3:] = -2.0, 1.0
        alpha += 0.4 * law.standard_normal(alpha.shape)
        weights = 0.5 * law.standard_normal((COUNT, FEATURES))
        return cls(alpha, weights, 0.4 * law.standard_normal((COUNT, FEATURES)))

    def tails(self, x: FloatArray, lots: int) -> FloatArray:
        """The product of survivals, geometric within a bin."""
        logits = self.alpha + np.einsum("kd,kd->k", self.weights, x)[:, np.newaxis]
        log_survival = -np.logaddexp(0.0, logits)
        return np.asarray(np.exp(log_survival @ _survived(lots)))

    def markouts_bp(self, x: FloatArray) -> FloatArray:
        """Linear."""
        return np.asarray(ADVERSE_BP + np.einsum("kd,kd->k", self.adverse, x))

    def swap(self, one: int, other: int) -> None:
        """Levels and slopes of the hazards."""
        for part in (self.alpha, self.weights):
            part[[one, other]] = part[[other, one]]


EDGES = np.array([0, 1, 2, 4, 8, 16, 32, 64])
"""Bin b holds EDGES[b] .. EDGES[b+1] - 1 lots: the bins of the default learner, so that its model
is right here."""

BINS = len(EDGES) - 1


def _survived(lots: int) -> FloatArray:
    """(BINS, lots): the part of each bin that must be survived to reach 1..lots."""
    widths = np.diff(EDGES)[:, np.newaxis]
    sizes = np.arange(1, lots + 1)
    return np.asarray(np.clip((sizes - EDGES[:-1, np.newaxis]) / widths, 0.0, 1.0))


def _next(state: FloatArray, seen: np.random.Generator) -> FloatArray:
    """One step of an autoregression with variance 1."""
    fresh = np.sqrt(1.0 - PERSISTENCE**2) * seen.standard_normal(state.shape)
    return np.asarray(PERSISTENCE * state + fresh)


def _displayed(tails: FloatArray) -> FloatArray:
    """(K,): what lit venues and the dealer show: their expected quantity, whole lots; pools 0."""
    shown = np.rint(tails.sum(axis=1))
    shown[POOLS] = 0.0
    return np.asarray(shown)
