"""A small world whose tails and values are known, and logs of it.

Six venues. What is hidden at one is 0 with probability p, else at least s lots with probability
s^-beta (the zero bin and power law of Ganchev et al. 2009). Half of the parents meet a thin market
and see it (the feature), and half of them, whichever market it is, are slowly found out: that is
not seen, and makes a parent's decisions alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np

from router.analysis.offpolicy.logged import IntArray, Logged, Taught
from router.ports import FloatArray, Lesson, ScoreRequest

ARMS = tuple(f"V{i}/dark_mid" for i in range(6))
ZERO = np.array([0.35, 0.5, 0.6, 0.4, 0.7, 0.2])
BETA = np.array([0.3, 0.5, 0.25, 0.9, 0.4, 1.2])
THIN = 0.12
"""Added to `ZERO` in a thin market, taken from it in another."""
FOUND_OUT = 0.08
"""Added to `ZERO` for a parent that is found out, taken from it for others."""
COST = np.array([0.5, 1.0, 0.0, 2.5, -0.5, 3.0])
"""Price and fee, bp."""
MARKOUT = np.array([0.5, 2.0, 1.0, 0.0, 3.0, -0.5])
"""Mean markout of a fill, bp."""
NOISE = 3.0
URGENCY = 6.0
LOTS = 20
DECISIONS = 4
"""Of a parent."""

Split = Callable[[np.random.Generator, int], IntArray]
"""`count` splits of LOTS lots: (count, 6)."""


def randomised(rng: np.random.Generator, count: int) -> IntArray:
    """Each lot to a venue by weights that are drawn for the split: from even to lopsided."""
    weights = np.exp(0.7 * rng.standard_normal((count, len(ARMS))))
    return np.asarray(
        rng.multinomial(LOTS, weights / weights.sum(axis=1, keepdims=True)), dtype=np.int64
    )


def always(*split: int) -> Split:
    """The same split whatever is drawn."""
    return lambda _, count: np.tile(np.array(split, dtype=np.int64), (count, 1))


@dataclass(frozen=True, slots=True)
class Log:
    decisions: list[Logged]
    lessons: list[Taught]


def log_of(seed: int, *, logging: Split, target: Split, parents: int, draws: int = 64) -> Log:
    """What a logging split has placed, learned and earned, and what the target would place."""
    rng = np.random.Generator(np.random.Philox(key=seed))
    found = Log([], [])
    for number in range(parents):
        thin, found_out = rng.integers(2, size=2)
        for _ in range(DECISIONS):
            placed = logging(rng, 1)[0]
            filled = np.minimum(placed, hidden(rng, thin, found_out))
            markout = np.where(filled > 0, MARKOUT + NOISE * rng.standard_normal(6), np.nan)
            decision = Logged(
                seq=len(found.decisions) + 1,
                parent_id=f"P{number}",
                day=0,
                request=request(thin),
                min_lots=np.zeros(6, dtype=np.int64),
                placed=placed,
                observable=np.ones(6, dtype=bool),
                draws=logging(rng, draws),
                target_draws=target(rng, draws),
                is_drawn=True,
                known=placed.copy(),
                filled=filled,
                markout_bp=markout,
            )
            found.decisions.append(decision)
            found.lessons.extend(lessons(decision))
    return found


def request(thin: int) -> ScoreRequest:
    return ScoreRequest(
        symbol="XYZ",
        arms=ARMS,
        features=np.full((6, 1), 2.0 * thin - 1.0),
        cost_bp=COST,
        displayed_lots=np.zeros(6),
        lots=LOTS,
        urgency_bp=URGENCY,
        participation=1.0,
    )


def lessons(decision: Logged) -> list[Taught]:
    return [
        Taught(
            decision.parent_id,
            Lesson(
                symbol="XYZ",
                arm=arm,
                features=decision.request.features[i],
                sent_lots=int(decision.placed[i]),
                filled_lots=int(decision.filled[i]),
                min_lots=0,
                outcome="observed",
                markout_bp=float(decision.markout_bp[i]) if decision.filled[i] else None,
            ),
        )
        for i, arm in enumerate(ARMS)
        if decision.placed[i]
    ]


def _zero(thin: int, found_out: int) -> FloatArray:
    return np.asarray(ZERO + THIN * (2 * thin - 1) + FOUND_OUT * (2 * found_out - 1))


def hidden(rng: np.random.Generator, thin: int, found_out: int) -> IntArray:
    """V_i: floor(U^(-1/beta)) is at least s with probability s^-beta."""
    power = np.floor(np.minimum(rng.random(6) ** (-1.0 / BETA), 1e6)).astype(np.int64)
    return np.where(rng.random(6) < _zero(thin, found_out), 0, power)


def tails(thin: int, found_out: int) -> FloatArray:
    """(6, LOTS) P(V_i >= j)."""
    sizes = np.arange(1, LOTS + 1, dtype=np.float64)
    power = sizes ** -BETA[:, np.newaxis]
    return np.asarray((1.0 - _zero(thin, found_out))[:, np.newaxis] * power)


def truth(split: IntArray, reference_bp: float) -> float:
    """What a fixed split earns a decision, bp times lots, over all parents there might be."""
    values = URGENCY - COST - (MARKOUT - reference_bp)
    placed = np.arange(1, LOTS + 1) <= split[:, np.newaxis]
    worlds = [tails(thin, found_out) for thin, found_out in product((0, 1), repeat=2)]
    return float(np.mean([values @ (each * placed).sum(axis=1) for each in worlds]))
