"""Six dark pools without context: the setting of Ganchev, Nevmyvaka, Kearns & Vaughan (2009).

Owns the law: a pool is empty with a probability of its own, and otherwise holds a quantity from a
truncated power law; pools and decisions are independent. All fills are worth the same, so the
reward is shares.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from router.experiments.world import SPANS, SYMBOL, Moment, hidden_lots, stream
from router.ports import FloatArray, ScoreRequest

POOLS = 6
P_ZERO = 0.67, 0.96
"""Bounds of the zero bin. Source: Ganchev et al., of 48 stocks and pools."""

BETA = 0.25, 1.3
"""Bounds of the exponent, P(V = v) ~ v^-beta. Source: as `P_ZERO`."""

LARGEST = 512
"""Lots at which the power law ends. Choice: the heaviest pool has more than anyone asks for."""

LOTS = 20, 200
"""Bounds of the lots of one decision."""


class Dark:
    """The pools' parameters are drawn anew for each seed."""

    arms = tuple(f"DARK_{number}/dark_ioc" for number in range(1, POOLS + 1))
    dimensions = 1
    breaks_at = None

    def __init__(self, decisions: int) -> None:
        self.decisions = decisions

    def moments(self, seed: int) -> Iterator[Moment]:
        """Features are 0 and markouts are 0: there is nothing to see but fills."""
        law, sizes, chance = (stream(seed, purpose) for purpose in range(3))
        curves = fill_curves(law.uniform(*P_ZERO, POOLS), law.uniform(*BETA, POOLS))
        nothing = np.zeros((POOLS, len(SPANS)))
        for _ in range(self.decisions):
            lots = int(sizes.integers(LOTS[0], LOTS[1] + 1))
            tails = curves[:, :lots]
            request = ScoreRequest(
                symbol=SYMBOL,
                arms=self.arms,
                features=np.zeros((POOLS, self.dimensions)),
                cost_bp=np.zeros(POOLS),
                displayed_lots=np.zeros(POOLS),
                lots=lots,
                urgency_bp=1.0,
                participation=1.0,
            )
            yield Moment(
                request=request,
                hidden=hidden_lots(tails, chance.random(POOLS)),
                markouts_bp=nothing,
                tails=tails,
                values=np.ones(POOLS),
            )


def fill_curves(p_zero: FloatArray, beta: FloatArray) -> FloatArray:
    """(K, LOTS max): P(V >= j) = (1 - p_zero) sum_{v >= j} v^-beta / sum_{v >= 1} v^-beta."""
    weights = np.arange(1, LARGEST + 1) ** -beta[:, np.newaxis]
    survival = np.cumsum(weights[:, ::-1], axis=1)[:, ::-1] / weights.sum(axis=1, keepdims=True)
    return np.asarray((1.0 - p_zero[:, np.newaxis]) * survival[:, : LOTS[1]])
