"""What the learner remembers between decisions changes no bit of any score."""

from __future__ import annotations

import numpy as np
import pytest

from router.learners import _sheet
from router.learners._stored import Identity, from_bytes, to_bytes
from router.learners.hazard import Hazard
from router.ports import Arrays, Lesson, Markout, ScoreRequest, Scores

D = 4
ARMS = ("A/lit_take", "B/lit_make", "C/dark_mid", "NEVER/lit_take")


def rng(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=seed))


def request(draw: np.random.Generator) -> ScoreRequest:
    arms = (ARMS, ARMS[:2], ARMS[::-1])[draw.integers(3)]
    return ScoreRequest(
        symbol=("ONE", "TWO")[draw.integers(2)],
        arms=arms,
        features=draw.standard_normal((len(arms), D)),
        cost_bp=draw.uniform(0.0, 3.0, len(arms)),
        displayed_lots=np.zeros(len(arms)),
        lots=int(draw.integers(1, 40)),
        urgency_bp=5.0,
        participation=1.0,
        child_lots=(256, 64)[draw.integers(2)],
    )


def study(learner: Hazard, state: Arrays, draw: np.random.Generator) -> None:
    """A lesson, a markout, both or neither, of one of three arms."""
    arm, x = ARMS[draw.integers(3)], draw.standard_normal(D)
    symbol, child_lots = ("ONE", "TWO")[draw.integers(2)], (256, 64)[draw.integers(2)]
    if draw.random() < 0.6:
        filled = int(draw.integers(0, 9))
        learner.learn(state, Lesson(symbol, arm, x, 8, filled, 0, "observed", None, child_lots))
    if draw.random() < 0.4:
        learner.mark(state, Markout(arm, x, 8, int(draw.integers(3)), 1.0, 0.0))


def bits(scores: Scores) -> list[bytes]:
    return [part.tobytes() for part in (scores.tails, scores.mean_tails, scores.values)]


@pytest.mark.parametrize("sheets_max", [256, 2])
def test_with_and_without_memory_scores_are_the_same_bit_by_bit(
    sheets_max: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_sheet, "SHEETS_MAX", sheets_max)
    learner, draw = Hazard(gamma=0.97), rng(1)
    states = [learner.initial(D), learner.initial(D)]
    identity = Identity("hazard", 1, D)
    for i in range(400):
        state = states[int(draw.random() < 0.1)]
        study(learner, state, draw)
        asked = request(draw)
        scores = learner.score(state, asked, rng(i))
        forgetful = Hazard(gamma=0.97).score(state, asked, rng(i))
        assert bits(scores) == bits(forgetful), i
        if i % 50 == 49:
            stored = from_bytes(to_bytes(state, identity, i), identity, learner.shape)
            assert bits(learner.score(stored.arrays, asked, rng(i))) == bits(scores)


def test_memory_is_no_part_of_what_a_learner_is() -> None:
    used, fresh = Hazard(), Hazard()
    used.score(used.initial(D), request(rng(2)), rng(2))
    assert used == fresh
    as_shipped = {"gamma": 0.9985, "kappa": 0.3, "footprint": 8.0, "waits": 16.0}
    assert used.model_dump() == fresh.model_dump() == as_shipped
