"""Tiny i.i.d. worlds with a known answer, and the way of a lesson through them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from router.core.allocator import allocate
from router.ports import Arrays, Learner, Lesson, ScoreRequest

A, B = "A/dark_mid", "B/dark_mid"
NOTHING = np.zeros(0)

IntArray = NDArray[np.int64]


def rng(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=seed))


def told(
    arm: str,
    sent: int,
    filled: int,
    *,
    min_lots: int = 0,
    outcome: str = "observed",
    markout: float | None = None,
) -> Lesson:
    return Lesson("XYZ", arm, NOTHING, sent, filled, min_lots, outcome, markout)


def asked(
    arms: Sequence[str],
    lots: int,
    *,
    cost: float | Sequence[float] = 0.0,
    shown: float | Sequence[float] = 0.0,
    urgency: float = 1.0,
) -> ScoreRequest:
    count = len(arms)
    return ScoreRequest(
        symbol="XYZ",
        arms=tuple(arms),
        features=np.zeros((count, 0)),
        cost_bp=np.broadcast_to(np.asarray(cost, dtype=np.float64), count),
        displayed_lots=np.broadcast_to(np.asarray(shown, dtype=np.float64), count),
        lots=lots,
        urgency_bp=urgency,
        participation=1.0,
    )


def given(
    learner: Learner,
    state: Arrays,
    request: ScoreRequest,
    draw: np.random.Generator,
    caps: Sequence[int] | None = None,
) -> tuple[int, ...]:
    """Lots by arm, as the engine would give them."""
    scores = learner.score(state, request, draw)
    count, lots = len(request.arms), request.lots
    found = allocate(scores.tails, scores.values, caps or [lots] * count, [0] * count, lots)
    return found.lots_per_candidate


def average(learner: Learner, state: Arrays, request: ScoreRequest, draws: int) -> list[float]:
    """Mean lots by arm over chance, the state held still."""
    draw = rng(5)
    return list(np.mean([given(learner, state, request, draw) for _ in range(draws)], axis=0))


def weights(learner: Learner, state: Arrays, request: ScoreRequest) -> list[float]:
    """The weights w of a split by shares, read back from its mean tails T(1) = w / (w + 1/2)."""
    first = learner.score(state, request, rng(0)).mean_tails[:, 0]
    return list(0.5 * first / (1.0 - first))


def play(learner: Learner, state: Arrays, request: ScoreRequest, volumes: IntArray) -> IntArray:
    """(rounds, K) lots sent, where `volumes` (rounds, K) were hidden; every child is a lesson."""
    draw, history = rng(7), np.zeros_like(volumes)
    for i, hidden in enumerate(volumes):
        history[i] = given(learner, state, request, draw)
        for arm, sent, volume in zip(request.arms, history[i], hidden, strict=True):
            if sent > 0:
                learner.learn(state, told(arm, int(sent), int(min(sent, volume))))
    return history


def two_pools(rounds: int, seed: int = 11) -> IntArray:
    """Volumes of A: 20 lots half of the time, of B: 5 lots four times in five; else none.

    The best split of 10 lots is 5 and 5: B's first five are there with 0.8, its sixth never.
    """
    here = rng(seed).random((rounds, 2)) < (0.5, 0.8)
    return np.where(here, (20, 5), 0).astype(np.int64)
