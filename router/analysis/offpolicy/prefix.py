"""Prefix replay: where the target's split is within what was placed, its outcome was seen.

Owns which decisions those are, and what they add to the sums (docs/evaluation.md). No weights
and no model, hence the only estimate that a deterministic log allows; but it speaks of the
decisions within the prefix alone, which are not like the others.

The trap: after a partial fill it is known that larger sizes would have failed, after a full fill
nothing is known of them. Who uses the known ones keeps the failures only. So lots beyond the placed
ones count as not observed, however the fill ended.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from router.analysis.offpolicy.logged import Logged
from router.ports import FloatArray


@dataclass(frozen=True, slots=True)
class PrefixTerms:
    """What one decision adds to the sums."""

    share: float
    """Share of the target's draws within the prefix: 0 or 1 for a target that does not draw."""
    target: float
    """What the target earns in them, bp times lots, times `share`."""
    logged: float
    """What was earned, bp times lots, times `share`."""


def prefix_terms(decision: Logged, worth: FloatArray, logged: float) -> PrefixTerms:
    """The terms of a decision: `worth` (K,) of a filled lot, bp; `logged` is what it earned.

    A draw a' is within the prefix if a'_i <= known_i for every i: a matter of x, a and a', never of
    the fill. Its lots j <= a'_i were filled if r_i >= j, so it earns sum_i worth_i min(a'_i, r_i).
    """
    within = (decision.target_draws <= decision.known).all(axis=1)
    filled = np.minimum(decision.target_draws, decision.filled)
    share = float(within.mean())
    return PrefixTerms(share, float((within * (filled @ worth)).mean()), share * logged)
