"""What a decision and a lesson cost: the hazard learner and LinUCB beside other people's learners.

Run as `python -m bench.learner [rounds]`: 8 venues, 16 features, 32 lots, the same numbers for all.
A decision goes from features to what is done: for the hazard learner, whose answer is a split,
that is scores and allocator; for those that pick one arm, the scores or chances of the arms.
Vowpal Wabbit and river are no dependencies of ours: `make opponents` installs them, and targets
that name one are judged only where it is.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from itertools import cycle

import numpy as np

from bench.learner_opponents import Subjects, bare, measured, river, vowpal
from bench.measure import Figures, Result, Subject, at_most, interleave, untargeted
from router.core.allocator import allocate
from router.learners.hazard import Hazard
from router.learners.linucb import LinUCB
from router.ports import Learner, Lesson, Markout, ScoreRequest

VENUES, FEATURES, LOTS = 8, 16, 32
ROUNDS, CALLS = 15, 200
ARMS = tuple(f"VENUE_{k}/lit_take" for k in range(VENUES))


def lesson(rng: np.random.Generator, i: int) -> Lesson:
    sent = int(rng.integers(1, LOTS + 1))
    filled = min(sent, int(rng.integers(0, 2)) * int(rng.geometric(0.1)))
    x = rng.standard_normal(FEATURES)
    return Lesson("XYZ", ARMS[i % VENUES], x, sent, filled, 0, "observed", None)


def markout(rng: np.random.Generator, i: int) -> Markout:
    x = rng.standard_normal(FEATURES)
    return Markout(ARMS[i % VENUES], x, 5, i % 3, float(rng.standard_normal()), 0.0)


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


def ours(
    name: str,
    learner: Learner,
    lessons: list[Lesson],
    markouts: list[Markout],
    requests: list[ScoreRequest],
) -> Subjects:
    """Scores, the split of those scores, lessons and markouts, of a learner that has taken them."""
    rng = np.random.Generator(np.random.Philox(key=2))
    state = learner.initial(FEATURES)
    for taught, marked in zip(lessons, markouts, strict=True):
        learner.learn(state, taught)
        learner.mark(state, marked)
    scores = [learner.score(state, asked, rng) for asked in requests]
    caps, floors = [LOTS] * VENUES, [0] * VENUES
    return {
        f"{name}_score": lambda i: learner.score(state, requests[i], rng),
        f"{name}_allocate": lambda i: allocate(
            scores[i].tails, scores[i].values, caps, floors, LOTS
        ),
        f"{name}_learn": lambda i: learner.learn(state, lessons[i]),
        f"{name}_mark": lambda i: learner.mark(state, markouts[i]),
    }


def main(rounds: int = ROUNDS) -> Result:
    rng = np.random.Generator(np.random.Philox(key=1))
    lessons = [lesson(rng, i) for i in range(CALLS)]
    markouts = [markout(rng, i) for i in range(CALLS)]
    requests = [request(rng) for _ in range(CALLS)]
    features = [asked.features for asked in requests]
    rewards = [taught.filled_lots / taught.sent_lots for taught in lessons]
    arms = [i % VENUES for i in range(CALLS)]
    opponents = {name: measured(name) for name in ("vowpalwabbit", "river")}
    there = {name for name, found in opponents.items() if not found.startswith("not")}
    linucb = LinUCB()
    subjects = ours("hazard", Hazard(), lessons, markouts, requests)
    subjects |= ours("linucb", linucb, lessons, markouts, requests)
    subjects |= bare(features, rewards, arms)
    if "vowpalwabbit" in there:
        subjects |= vowpal(features, rewards, arms)
    if "river" in there:
        subjects |= river(features, rewards, arms, linucb.gamma)
    figures = interleave(
        {name: each_of(call) for name, call in subjects.items()}, rounds=rounds, loops=CALLS
    )
    for name in ("hazard", "linucb"):
        figures.join(f"{name}_split", [f"{name}_score", f"{name}_allocate"])
        figures.join(f"{name}_update", [f"{name}_learn", f"{name}_mark"])
    return {
        "bench": "learner",
        "venues": VENUES,
        "features": FEATURES,
        "lots": LOTS,
        "rounds": rounds,
        "opponents": opponents,
        **figures.medians(),
        "ratios": ratios(figures, there),
    }


def ratios(figures: Figures, there: set[str]) -> Result:
    """Every target whose opponent is there, and what puts it into proportion."""
    to = figures.cpu_ratio
    found: Result = {}
    if "vowpalwabbit" in there:
        found |= {
            "hazard_decide_to_vowpal": at_most(to("hazard_split", "vowpal_decide"), 1.0),
            "hazard_update_to_vowpal": at_most(to("hazard_update", "vowpal_update"), 2.0),
            "linucb_decide_to_vowpal": at_most(to("linucb_score", "vowpal_decide"), 1 / 6),
            "hazard_score_to_vowpal": untargeted(to("hazard_score", "vowpal_decide")),
            "linucb_split_to_vowpal": untargeted(to("linucb_split", "vowpal_decide")),
            "linucb_decide_to_vowpal_parsed": untargeted(to("linucb_score", "vowpal_predict")),
        }
    if "river" in there:
        found |= {
            "linucb_update_to_river": at_most(to("linucb_update", "river_update"), 1 / 2),
            "linucb_update_to_river_forgetting": untargeted(
                to("linucb_update", "river_update_forgetting")
            ),
            "linucb_decide_to_river": untargeted(to("linucb_score", "river_decide")),
        }
    return found | {
        "hazard_decide_to_bare": untargeted(to("hazard_split", "bare_decide")),
        "hazard_update_to_bare": untargeted(to("hazard_update", "bare_update")),
        "linucb_decide_to_bare": untargeted(to("linucb_score", "bare_decide")),
        "linucb_update_to_bare": untargeted(to("linucb_update", "bare_update")),
    }


def each_of(call: Callable[[int], object]) -> Subject:
    """Call with 0, 1, 2 ... and begin again."""
    numbers = cycle(range(CALLS))
    return lambda: call(next(numbers))


if __name__ == "__main__":
    print(json.dumps(main(*map(int, sys.argv[1:2])), indent=2))
