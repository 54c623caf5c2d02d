"""How likely each lot of a decision was: posterior draws, each placed as the decision was.

Owns the Monte Carlo of docs/evaluation.md and the chance that it draws with. It costs M scores a
decision, too much for the hot path, so it is done by whoever reads the journal, from what the
journal has: the request, the caps, the seq, and the learner's state as the fold of its lessons.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from router.analysis.offpolicy.behaviour import Behaviour
from router.analysis.offpolicy.logged import IntArray, at_least
from router.core.placing import lots
from router.ports import Arrays, FloatArray, Learner, Scores

DRAWS = 64
"""M."""

FLOOR = 0.02
"""Propensities below it count as this much: a lot that none of 64 draws placed has 1/66."""


class Purpose(IntEnum):
    """What is drawn. Streams of two purposes never meet, nor do they meet a decision's own."""

    LOGGED = 1
    TARGET = 2
    RESAMPLES = 3


def stream(seed: int, purpose: Purpose, *, seq: int = 0, index: int = 0) -> np.random.Generator:
    """The chance of one decision: the `index`-th of step `seq`.

    The four words of Philox's counter are (blocks drawn, purpose, index, seq). A decision's own
    chance has the purpose 0 (core.chance), so it is independent of these draws. It must be: a draw
    that repeats the decision would make what was done look likelier than it was.
    """
    return np.random.Generator(np.random.Philox(key=seed, counter=[0, purpose, index, seq]))


@dataclass(frozen=True, slots=True)
class Sample:
    """Draws of one learner for one decision."""

    lots: IntArray
    """(M, K)."""
    varies: bool
    """True if any two draws had different scores, whatever was placed, and draws had a say."""


def sample(
    learner: Learner,
    state: Arrays,
    behaviour: Behaviour,
    *,
    rng: np.random.Generator,
    draws: int = DRAWS,
) -> Sample:
    """Score and act M times, as the decision did: caps, floors, MinQty(110), budget and gate.

    A decision in which no draw had a say (opted out, frozen, the fallback's) does not vary: its
    propensities are those of what is certain, as near to 0 and 1 as M draws can tell.
    """
    drawn = [learner.score(state, behaviour.request, rng) for _ in range(draws)]
    lot = behaviour.room.lot
    placed = [behaviour.act(scores).quantities for scores in drawn]
    return Sample(
        lots=np.array([[lots(shares, lot) for shares in row] for row in placed], dtype=np.int64),
        varies=not behaviour.is_fixed(drawn[0])
        and any(_differ(scores, drawn[0]) for scores in drawn[1:]),
    )


def _differ(a: Scores, b: Scores) -> bool:
    return not (np.array_equal(a.tails, b.tails) and np.array_equal(a.values, b.values))


def propensities(draws: IntArray, width: int) -> FloatArray:
    """(K, width) pi_ij = (1 + #{draws with s_i >= j}) / (M + 2), draws (M, K).

    Learning.md section 6: the share of draws with one more of each kind, so never 0 or 1.
    """
    counts = at_least(draws, width).sum(axis=0)
    return np.asarray((1.0 + counts) / (len(draws) + 2.0))


def shares(draws: IntArray, width: int) -> FloatArray:
    """(K, width) the share of the target's draws that place at least j lots: P(a'_i >= j)."""
    return np.asarray(at_least(draws, width).mean(axis=0))
