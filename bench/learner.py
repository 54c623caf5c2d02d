"""What a decision and a lesson of the hazard learner cost, against a plain numpy LinUCB.

Run as `python -m bench.learner [rounds]`. The LinUCB below is the floor: one matrix-vector product
an arm, no tails, no censoring, no split. The libraries that the targets name (Vowpal Wabbit, river)
are no dependencies of ours, so those targets are not judged here.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from itertools import cycle

import numpy as np

from bench.measure import Result, Subject, interleave, untargeted
from router.core.allocator import allocate
from router.learners.hazard import Hazard
from router.ports import Arrays, FloatArray, Lesson, ScoreRequest

VENUES, FEATURES, LOTS = 8, 16, 32
ROUNDS, CALLS = 15, 200
ARMS = tuple(f"VENUE_{k}/lit_take" for k in range(VENUES))


class LinUCB:
    """Disjoint LinUCB (Li et al. 2010) with Sherman-Morrison updates of the stacked inverses."""

    def __init__(self) -> None:
        self.inverse = np.tile(np.eye(FEATURES), (VENUES, 1, 1))
        self.sums = np.zeros((VENUES, FEATURES))
        self.theta = np.zeros((VENUES, FEATURES))

    def decide(self, x: FloatArray) -> int:
        mean = self.theta @ x
        width = np.sqrt((self.inverse @ x) @ x)
        return int(np.argmax(mean + width))

    def update(self, arm: int, x: FloatArray, reward: float) -> None:
        gain = self.inverse[arm] @ x
        self.inverse[arm] -= np.outer(gain, gain / (1.0 + gain @ x))
        self.sums[arm] += reward * x
        self.theta[arm] = self.inverse[arm] @ self.sums[arm]


def lesson(rng: np.random.Generator, i: int) -> Lesson:
    sent = int(rng.integers(1, LOTS + 1))
    filled = min(sent, int(rng.integers(0, 2)) * int(rng.geometric(0.1)))
    x = rng.standard_normal(FEATURES)
    markout = float(rng.standard_normal()) if filled else None
    return Lesson("XYZ", ARMS[i % VENUES], x, sent, filled, 0, "observed", markout)


def request(rng: np.random.Generator) -> ScoreRequest:
    return ScoreRequest(
        symbol="XYZ",
        arms=ARMS,
        features=rng.standard_normal((VENUES, FEATURES)),
        cost_bp=rng.uniform(0.0, 3.0, VENUES),
        displayed_lots=rng.integers(0, 20, VENUES).astype(np.float64),
        lots=LOTS,
        urgency_bp=5.0,
        participation=10.0,
    )


def main(rounds: int = ROUNDS) -> Result:
    rng = np.random.Generator(np.random.Philox(key=1))
    learner, floor = Hazard(), LinUCB()
    state: Arrays = learner.initial(FEATURES)
    lessons = [lesson(rng, i) for i in range(CALLS)]
    requests = [request(rng) for _ in range(CALLS)]
    for taught in lessons:
        learner.learn(state, taught)
    scores = [learner.score(state, asked, rng) for asked in requests]
    caps, floors = [LOTS] * VENUES, [0] * VENUES
    subjects: dict[str, Callable[[int], object]] = {
        "hazard_score": lambda i: learner.score(state, requests[i], rng),
        "allocate": lambda i: allocate(scores[i].tails, scores[i].values, caps, floors, LOTS),
        "hazard_learn": lambda i: learner.learn(state, lessons[i]),
        "linucb_decide": lambda i: floor.decide(requests[i].features[0]),
        "linucb_update": lambda i: floor.update(i % VENUES, lessons[i].features, 1.0),
    }
    figures = interleave(
        {name: each_of(call) for name, call in subjects.items()}, rounds=rounds, loops=CALLS
    )
    figures.join("hazard_decide", ["hazard_score", "allocate"])
    return {
        "bench": "learner",
        "venues": VENUES,
        "features": FEATURES,
        "lots": LOTS,
        "rounds": rounds,
        **figures.medians(),
        "ratios": {
            "decide_to_linucb": untargeted(figures.cpu_ratio("hazard_decide", "linucb_decide")),
            "update_to_linucb": untargeted(figures.cpu_ratio("hazard_learn", "linucb_update")),
        },
    }


def each_of(call: Callable[[int], object]) -> Subject:
    """Call with 0, 1, 2 ... and begin again."""
    numbers = cycle(range(CALLS))
    return lambda: call(next(numbers))


if __name__ == "__main__":
    print(json.dumps(main(*map(int, sys.argv[1:2])), indent=2))
