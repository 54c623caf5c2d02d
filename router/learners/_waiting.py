"""What waiting is worth to a share: it can be rested again before anybody must trade.

Owns the option's arithmetic (docs/hazard.md). Must not know arms' names, learners, rules or chance.
"""

from __future__ import annotations

import numpy as np

from router.ports import FloatArray


def option_bp(
    values: FloatArray, tails: FloatArray, queue_lots: FloatArray, lots: int, rounds: float
) -> float:
    """By how much less than u a share costs that is not done now, bp; 0 without a queue to rest in.

    `values` (K,) and `tails` (K, L) at the mean, `queue_lots` (K,) how many may rest at each. Of
    `lots` that rest as well as they can, F are expected to fill in a round, at G / F less than u:
    one of them is still not done after `rounds` with the probability (1 - F / lots)^rounds.
    """
    at = np.flatnonzero((queue_lots > 0.0) & (values > 0.0))
    if not len(at) or rounds <= 0.0 or lots <= 0:
        return 0.0
    kept = np.arange(tails.shape[1]) < queue_lots[at, np.newaxis]
    chances = np.where(kept, tails[at], 0.0)
    earned = (values[at, np.newaxis] * chances).ravel()
    best = np.argsort(-earned, kind="stable")[:lots]
    filled, gained = float(chances.ravel()[best].sum()), float(earned[best].sum())
    if not filled > 0.0 or not np.isfinite(gained):
        return 0.0
    stays = max(0.0, 1.0 - filled / lots)
    return float(gained / filled * (1.0 - stays**rounds))
