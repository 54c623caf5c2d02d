"""The fallback: a fixed table of shares, set by hand or from last period's fills.

Owns nothing that is learned: it works when model, features or markouts fail.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from router.learners._shares import proportional
from router.ports import Arrays, Learner, Lesson, ScoreRequest, Scores


class Static(Learner):
    """Splits by a table of shares by arm.

    For example `shares: {LIT_A/lit_take: 0.5, DARK_A/dark_mid: 0.3}`. Shares are relative: they
    need not add up to 1, and those of the candidates at hand count. An arm that is not in the table
    has the share `other`; if no candidate has a share, all are alike.
    """

    shares: dict[str, Annotated[float, Field(ge=0.0)]] = Field(default_factory=dict)
    """Arm key (`MIC/tactic`) to share, dimensionless."""
    other: float = Field(0.0, ge=0.0)
    """The share of an arm that the table does not name."""

    def initial(self, dimensions: int) -> Arrays:
        """Nothing."""
        return {}

    def score(self, state: Arrays, request: ScoreRequest, rng: np.random.Generator) -> Scores:
        """Tails in proportion to the shares, the value 1 bp for all: prices do not count."""
        shares = np.array([self.shares.get(arm, self.other) for arm in request.arms], dtype=float)
        if not (shares > 0.0).any():
            shares = np.ones(len(request.arms))
        tails = proportional(shares, request.lots)
        return Scores(tails, tails.copy(), np.ones(len(request.arms)))

    def learn(self, state: Arrays, lesson: Lesson) -> None:
        """Nothing is learned."""
