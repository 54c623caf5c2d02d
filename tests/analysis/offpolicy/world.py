"""A small world whose tails and values are known, and logs of it.

Six venues. What is hidden at one is 0 with probability p, else at least s lots with probability
s^-beta (the zero bin and power law of Ganchev et al. 2009). Half of the parents meet a thin market
and see it (the feature), and half of them, whichever market it is, are found out: that is
not seen, and makes a parent's decisions alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np

from router.analysis.offpolicy.behaviour import Behaviour
from router.analysis.offpolicy.logged import IntArray, Logged, Taught
from router.analysis.offpolicy.propensity import DRAWS, Purpose, sample, shares, stream
from router.core.exploring import Room
from router.core.ledger import Ledger
from router.core.narrowing import Narrowed
from router.ports import Arrays, FloatArray, Learner, Lesson, ScoreRequest

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


OFFERS = [Narrowed(cap=LOTS, caps=(), floor=0, min_qty=0)] * len(ARMS)
"""No rule stands in the way; a lot is a share."""

Truth = Callable[[float], float]
"""From the reference markout, bp, to what the target earns a decision, bp times lots."""


@dataclass(frozen=True, slots=True)
class Log:
    decisions: list[Logged]
    lessons: list[Taught]

    def add(self, parent_id: str, decision: Logged) -> list[Taught]:
        """Take a decision in; its lessons."""
        decision.parent_id, decision.seq = parent_id, len(self.decisions) + 1
        taught = lessons(decision)
        self.decisions.append(decision)
        self.lessons.extend(taught)
        return taught


def log_of(seed: int, *, logging: Split, target: Split, parents: int, draws: int = DRAWS) -> Log:
    """What a logging split has placed, learned and earned, and what the target would place."""
    rng = np.random.Generator(np.random.Philox(key=seed))
    found = Log([], [])
    for number in range(parents):
        thin, found_out = rng.integers(2, size=2)
        for _ in range(DECISIONS):
            placed = logging(rng, 1)[0]
            decision = met(rng, thin, found_out, placed)
            decision.draws, decision.target_draws = logging(rng, draws), target(rng, draws)
            found.add(f"P{number}", decision)
    return found


def learned_log(seed: int, *, logging: Learner, target: Learner, parents: int) -> tuple[Log, Truth]:
    """The log of a learner that learns as it goes, and a target that is taught the same.

    The truth is that of the parents that were met: what the target places depends on them.
    """
    rng = np.random.Generator(np.random.Philox(key=seed))
    own, other = logging.initial(1), target.initial(1)
    found, wins = Log([], []), []
    for number in range(parents):
        thin, found_out = rng.integers(2, size=2)
        for _ in range(DECISIONS):
            seq, asked = len(found.decisions) + 1, request(thin)
            chance = np.random.Generator(np.random.Philox(key=seed, counter=[0, 0, 0, seq]))
            decision = met(rng, thin, found_out, drawn(logging, own, asked, chance, draws=1)[0])
            again = stream(seed, Purpose.LOGGED, seq=seq), stream(seed, Purpose.TARGET, seq=seq)
            decision.draws = drawn(logging, own, asked, again[0])
            decision.target_draws = drawn(target, other, asked, again[1])
            for each in found.add(f"P{number}", decision):
                each.teach(logging, own)
                each.teach(target, other)
            wins.append((tails(thin, found_out) * shares(decision.target_draws, LOTS)).sum(axis=1))
    mean = np.mean(wins, axis=0)
    return found, lambda reference_bp: float(values(reference_bp) @ mean)


def drawn(
    learner: Learner,
    state: Arrays,
    asked: ScoreRequest,
    rng: np.random.Generator,
    draws: int = DRAWS,
) -> IntArray:
    """(draws, 6) what a learner would place."""
    free = Behaviour(asked, Room(OFFERS, LOTS, 1, 0.0), None, Ledger())
    return sample(learner, state, free, rng=rng, draws=draws).lots


def met(rng: np.random.Generator, thin: int, found_out: int, placed: IntArray) -> Logged:
    """A decision and what it met; who else might have placed what is filled in later."""
    filled = np.minimum(placed, hidden(rng, thin, found_out))
    markout = np.where(filled > 0, MARKOUT + NOISE * rng.standard_normal(6), np.nan)
    return Logged(
        seq=0,
        parent_id="",
        day=0,
        request=request(thin),
        min_lots=np.zeros(6, dtype=np.int64),
        placed=placed,
        observable=np.ones(6, dtype=bool),
        draws=placed[np.newaxis],
        target_draws=placed[np.newaxis],
        is_drawn=True,
        known=placed.copy(),
        filled=filled,
        markout_bp=markout,
    )


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
    placed = np.arange(1, LOTS + 1) <= split[:, np.newaxis]
    worlds = [tails(thin, found_out) for thin, found_out in product((0, 1), repeat=2)]
    return float(np.mean([values(reference_bp) @ (each * placed).sum(axis=1) for each in worlds]))


def values(reference_bp: float) -> FloatArray:
    """(6,) of a filled lot, bp."""
    return np.asarray(URGENCY - COST - (MARKOUT - reference_bp))
